"""Make the encoder that ships inside the package, from raw logs to a run folder of `loglm pretrain`.

    python scripts/pretrain_shipped_encoder.py --data DIR --run RUNDIR --size nano --steps 5000 --workers 2 --threads 1
    loglm model export RUNDIR/nano --out MODELDIR

Steps: corpus (only sources whose licence allows shipped weights, Sigma rules' strings and ATT&CK's texts; others, for
measuring, in its odts split) with its tokenizer, in RUNDIR/corpus; RUNDIR/pairs.jsonl, for the recipes that try them:
procedure examples and strings of rules, each with the description of its technique, without the newest procedure
examples, on which `loglm evaluate suite` measures; pretraining, in RUNDIR/SIZE. A corpus that is there is taken as it
is, and a killed run goes on. `--no-texts` leaves rules and ATT&CK out of the corpus, `--no-newest` the newest procedure
examples, which the shipped encoder has read, `--no-recordings` the datasets that `loglm evaluate attack` measures on,
`--no-benchmarks` texts equal or near to those of logs/benchmarks; `--steps 0` ends with corpus and pairs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import orjson

from loglm.artifacts.config import ENCODER_SIZES
from loglm.attack.intel import read_objects, read_procedures
from loglm.corpus.build import build_corpus
from loglm.corpus.folder import CORPUS_JSON
from loglm.corpus.options import BuildOptions
from loglm.corpus.sources import CorpusSource
from loglm.detection.sigma import SigmaRules
from loglm.evaluation.attack_benchmark import DATASETS
from loglm.evaluation.technique_retrieval import read_queries
from loglm.training.attack.intel_texts import intel_texts
from loglm.training.launch import launch
from loglm.training.recipe import PretrainRecipe

ATTACK_SOURCES = {
    "benign-windows": "MIT, Apache-2.0",
    "cowrie": "GPL-3.0",
    "currentis": "CC0-1.0",
    "dfir-museum": "MIT",
    "elastic-examples": "Apache-2.0",
    "evtx-attack-samples": "GPL-3.0",
    "evtx-to-mitre-attack": "CC0-1.0",
    "honeypots-uqo": "Unlicense",
    "invictus-aws": "MIT",
    "msticpy": "MIT",
    "open-xp-rules": "Apache-2.0",
    "panther": "Apache-2.0",
    "plaso-text": "Apache-2.0",
    "rita": "GPL-3.0",
    "security-datasets": "MIT",
    "sigma-regression": "DRL-1.1",
    "slips": "GPL-2.0",
    "splunk-attack-data": "Apache-2.0",
    "stratosphere-testing": "GPL-2.0",
    "stratus-red-team": "Apache-2.0",
    "vxcontrol-xp-rules": "Apache-2.0",
    "westermo-flows": "CC-BY-4.0",
}
CORPUS_SOURCES = {
    "aicoe_lad_events": "GPL-3.0",
    "apache_logs_to_mysql": "Apache-2.0",
    "crowdsec_hub": "MIT",
    "data_hacking": "MIT",
    "datadog_integrations_extras": "BSD-3-Clause",
    "elastic_beats": "Apache-2.0",
    "fail2ban": "GPL-2.0-or-later",
    "fluent_bit_tests": "Apache-2.0",
    "grafana_loki": "AGPL-3.0",
    "lnav": "BSD-2-Clause",
    "matomo_web_logs": "GPL-3.0",
    "ossec": "GPL-2.0",
    "paloalto_splunk_samples": "ISC",
    "splunk_eventgen": "Apache-2.0",
    "suricata_alerts": "MIT",
    "wazuh": "GPL-2.0",
    "wazuh_ruleset": "GPL-2.0",
    "zeek_zat": "MIT",
}
MEASURED_SOURCES = ("loghub", "ocsf_raw_samples", "sekoia_intake_formats", "ssh_honeypot", "tenzir_library")
_RULE_STRINGS = 8
_NEWEST = 2_000
"""Procedure examples that are kept back."""


def main() -> None:
    """Run all steps."""
    options = _arguments()
    corpus: Path = options.run / "corpus"
    if not (corpus / CORPUS_JSON).is_file():
        with tempfile.TemporaryDirectory() as folder:
            newest = options.newest
            texts = _text_sources(options.data, Path(folder), newest=newest) if options.texts else []
            sources = [*_sources(options.data, () if options.recordings else DATASETS), *texts]
            build = BuildOptions(max_tokens=192, tokenizer=options.tokenizer)
            benchmarks = () if options.benchmarks else _benchmarks(options.data)
            build_corpus(sources, corpus, build, benchmarks=benchmarks, progress=_say)
    pairs: Path = options.run / "pairs.jsonl"
    if not pairs.is_file():
        partial = pairs.with_suffix(".partial")
        partial.write_bytes(b"".join(orjson.dumps(pair) + b"\n" for pair in _pairs(options.data)))
        partial.replace(pairs)
    if options.steps == 0:
        return
    recipe = PretrainRecipe(
        corpus=corpus,
        run_dir=options.run / options.size,
        size=options.size,
        steps=options.steps,
        minutes=options.minutes,
        contrastive_share=options.contrastive_share,
        pooling="first-last",
        masking=options.masking,
        mask_share=options.mask_share,
        batch_tokens=options.step_tokens // options.workers,
        learning_rate=options.learning_rate,
        threads=options.threads,
        seed=options.seed,
    )
    print(json.dumps(launch(recipe, processes=options.workers, quiet=False), indent=1))


def _pairs(data: Path) -> Iterator[dict[str, str]]:
    """Examples and the technique that they show, as the group too: examples of one technique are not told apart."""
    described = {o.id: f"{o.name}: {o.description}" for o in read_objects(data / "intel") if o.type == "attack-pattern"}
    newest = _newest(data)
    examples = [(p.text, p.technique) for p in read_procedures(data / "intel") if p.text not in newest]
    examples += [(orjson.dumps(r).decode(), t) for r, techniques in _rule_records(data) for t in techniques[:1]]
    for text, technique in examples:
        if technique in described:
            yield {"first": text, "second": described[technique], "group": technique}


def _newest(data: Path) -> set[str]:
    return set(read_queries(data / "intel", most=_NEWEST).queries)


def _benchmarks(data: Path) -> list[CorpusSource]:
    folders = sorted(path for path in (data / "logs/benchmarks").iterdir() if path.is_dir())
    return [CorpusSource(folder.name, (str(folder),)) for folder in folders]


def _sources(data: Path, left_out: Collection[str]) -> list[CorpusSource]:
    attack = {name: licence for name, licence in ATTACK_SOURCES.items() if name not in left_out}
    return [
        *(CorpusSource(f"attack/{n}", (str(data / "attack" / n),), lic) for n, lic in attack.items()),
        *(CorpusSource(f"corpus/{n}", (str(data / "logs/corpus" / n),), lic) for n, lic in CORPUS_SOURCES.items()),
        *(
            CorpusSource(f"measured/{n}", (str(data / "logs/corpus" / n),), "for measuring only", "odts")
            for n in MEASURED_SOURCES
        ),
    ]


def _text_sources(data: Path, folder: Path, *, newest: bool) -> list[CorpusSource]:
    """Strings of rules as records with the fields that they are looked for in, and ATT&CK's texts by paragraph."""
    rules, attack = folder / "rules.jsonl", folder / "attack.log"
    rules.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record, _ in _rule_records(data)))
    left_out = set() if newest else _newest(data)
    texts = (text for text in intel_texts(data / "intel").texts if text not in left_out)
    paragraphs = (line for text in texts for line in text.splitlines())
    attack.write_text("".join(f"{' '.join(line.split())}\n" for line in paragraphs if line.strip()), encoding="utf-8")
    return [
        CorpusSource("texts/sigma-rules", (str(rules),), "DRL-1.1"),
        CorpusSource("texts/attack", (str(attack),), "ATT&CK terms of use"),
    ]


def _rule_records(data: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """What a rule looks for, as a record, and the techniques that it names."""
    for example in SigmaRules.load(data / "sigma/rules.tar.zst").strings(per_rule=_RULE_STRINGS):
        source = example.log_source
        fields = {key or "message": " ".join(values) for key, values in example.fields.items()}
        if fields:
            about = {"product": source.product, "service": source.service, "category": source.category}
            yield about | fields, sorted(example.techniques)


def _say(step: str, done: int, total: int) -> None:
    print(f"{step}: {done} of {total}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/, logs/corpus/, sigma/ and intel/")
    parser.add_argument("--run", type=Path, required=True, help="folder for corpus, results and checkpoints")
    parser.add_argument("--size", choices=list(ENCODER_SIZES), default="nano")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="of both stages together")
    length.add_argument("--minutes", type=float, help="of both stages together")
    parser.add_argument("--tokenizer", type=Path, help="of another corpus, instead of learning one")
    parser.add_argument("--no-texts", dest="texts", action="store_false", help="neither rules nor ATT&CK in the corpus")
    parser.add_argument("--no-newest", dest="newest", action="store_false", help="nor the newest procedure examples")
    parser.add_argument("--no-benchmarks", dest="benchmarks", action="store_false", help="nor texts of benchmarks")
    parser.add_argument("--no-recordings", dest="recordings", action="store_false", help="no dataset of the benchmark")
    parser.add_argument("--masking", choices=["content-only", "plain"], default="content-only")
    parser.add_argument("--mask-share", type=float, default=0.2, help="the shipped encoder's; .3 was better since")
    parser.add_argument("--step-tokens", type=int, default=8_192)
    parser.add_argument("--learning-rate", type=float, help="instead of the size's")
    parser.add_argument("--contrastive-share", type=float, default=0.0, help="part of them for a second stage")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
