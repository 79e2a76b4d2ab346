"""Make the encoder that ships inside the package, from raw logs to ``encoder.onnx``.

    MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456 \\
    python scripts/pretrain_shipped_encoder.py --data DIR --run RUNDIR

Steps: corpus (only sources whose licence allows shipped weights), tokenizer, content-only masked pretraining,
contrastive stage. Each step leaves its result in RUNDIR and is skipped when that is there, so a killed run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from loglm.artifacts.config import ENCODER_SIZES
from loglm.corpus.shards import TokenShard
from loglm.corpus.texts import CorpusSource, collect_texts
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer, train_tokenizer
from loglm.training.pretrain import PretrainPlan, TrainingState, evaluate_masked, pretrain

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


def main() -> None:
    """Run all steps."""
    options = _arguments()
    run: Path = options.run
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    _make_corpus(options.data, run)
    shard, weights = TokenShard.load(run / "train.npz"), np.load(run / "weights.npy")
    held_out = TokenShard.load(run / "held_out.npz")
    tokenizer = load_tokenizer(run / "tokenizer.json")
    roles = TokenRoles.of(tokenizer)
    torch.manual_seed(options.seed)
    model = LogEncoderModel(ENCODER_SIZES[options.size])
    tokens = int(shard.lengths.sum())
    print(f"{len(shard)} texts, {tokens} tokens; {sum(p.numel() for p in model.parameters())} parameters", flush=True)
    results = {}
    for plan in (
        PretrainPlan("masked", options.masked_steps, learning_rate=2e-3, mask_share=0.2, seed=options.seed),
        PretrainPlan("contrastive", options.contrastive_steps, learning_rate=5e-4, mask_share=0.15, seed=options.seed),
    ):
        if plan.max_steps == 0:
            continue
        state = pretrain(
            model, shard, weights, plan, roles=roles, run_dir=run / options.size, report=_reporter(plan.max_steps)
        )
        loss, accuracy = evaluate_masked(model, held_out, roles=roles)
        results[plan.stage] = {
            "steps": state.step,
            "tokens": state.tokens,
            "seconds": round(state.seconds),
            "skipped_steps": state.skipped,
            "held_out_masked_loss_nats": round(loss, 4),
            "held_out_masked_accuracy": round(accuracy, 4),
        }
        print(plan.stage, results[plan.stage], flush=True)
        torch.save(model.state_dict(), run / options.size / f"{plan.stage}.pt")
        (run / options.size / "results.json").write_text(json.dumps(results, indent=1))


def _make_corpus(data: Path, run: Path) -> None:
    if (run / "card.json").is_file():
        return
    sources = [
        *(CorpusSource(f"attack/{n}", (str(data / "attack" / n),), lic) for n, lic in ATTACK_SOURCES.items()),
        *(CorpusSource(f"corpus/{n}", (str(data / "logs/corpus" / n),), lic) for n, lic in CORPUS_SOURCES.items()),
    ]
    started = time.monotonic()
    corpus = collect_texts(
        sources,
        report=lambda name, events, texts: print(f"{name}: {events} events, {texts} new texts", flush=True),
    )
    print(f"read in {time.monotonic() - started:.0f} s", flush=True)
    weights = corpus.sampling_weights()
    random = np.random.default_rng(0)
    sample = random.choice(len(weights), size=min(120_000, len(weights)), replace=False, p=weights / weights.sum())
    tokenizer = train_tokenizer(corpus.texts[i] for i in sample)
    tokenizer.save(str(run / "tokenizer.json"))
    shard = corpus.tokenize(tokenizer, max_tokens=192)
    held_out = random.random(len(shard)) < 0.02
    _subset(shard, ~held_out).save(run / "train.npz")
    _subset(shard, held_out).save(run / "held_out.npz")
    np.save(run / "weights.npy", weights[~held_out])
    card = [
        {"source": s.name, "licence": s.licence, "events": e, "rejected": r}
        for s, e, r in zip(sources, corpus.events, corpus.rejected, strict=True)
    ]
    (run / "card.json").write_text(json.dumps({"texts": len(corpus.texts), "sources": card}, indent=1))


def _subset(shard: TokenShard, keep: np.ndarray) -> TokenShard:
    picked = np.flatnonzero(keep)
    return TokenShard.from_sequences([shard[i] for i in picked], list(shard.source[picked]), shard.source_names)


def _reporter(max_steps: int):  # type: ignore[no-untyped-def]
    def report(state: TrainingState, rate: float) -> None:
        if state.step % 50 == 0:
            speed = state.tokens / max(state.seconds, 1e-9)
            left = state.seconds / state.step * (max_steps - state.step)
            print(
                f"step {state.step}/{max_steps} loss {state.loss:.3f} accuracy {state.accuracy:.3f} rate {rate:.2e} "
                f"{speed:.0f} tokens/s, {left / 60:.0f} min left",
                flush=True,
            )

    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/ and logs/corpus/")
    parser.add_argument("--run", type=Path, required=True, help="folder for results and checkpoints")
    parser.add_argument("--size", choices=list(ENCODER_SIZES), default="nano")
    parser.add_argument("--masked-steps", type=int, default=2_000)
    parser.add_argument("--contrastive-steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
