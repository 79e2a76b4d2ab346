"""Make the model folder that ships inside the package: encoder, ATT&CK head, calibration, card, manifest.

    python scripts/build_shipped_model.py --data DIR --run RUNDIR --sigma RULES --target src/loglm/data/model

RUNDIR is what scripts/pretrain_shipped_encoder.py left; with ``--encoder-of MODEL`` in place of ``--run`` the encoder
is that of another model folder. The head learns from the recordings of DATA/attack whose licence allows shipped
weights, from ordinary logs of DATA/logs/corpus and from the strings of the Sigma rules; the rules themselves are not in
the folder. Scales and thresholds are set on scores of datasets and clean machines by heads that never met them (six
folds).
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from loglm import __version__
from loglm.artifacts.config import ENCODER_SIZES
from loglm.artifacts.folder import open_model_dir, write_model_dir
from loglm.corpus.shards import TokenShard
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.detection.sigma import SigmaRules
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.attack_data import load_recordings, ordinary_recordings
from loglm.evaluation.window_table import WindowTable, build_window_table, join_tables
from loglm.models.encoder import LogEncoderModel
from loglm.training.attack_calibration import calibrate, out_of_fold_metrics, score_out_of_fold
from loglm.training.attack_examples import make_examples, table_words
from loglm.training.attack_head import HeadPlan, train_attack_head
from loglm.training.attack_scoring import fit_head, table_scorer
from loglm.training.batches import pad_batch
from loglm.training.export import export_encoder, parity
from loglm.training.rule_texts import rule_texts

NOT_FOR_SHIPPING = frozenset({"ait-alerts", "zeek-testing"})
ORDINARY = (
    "aicoe_lad_events",
    "apache_logs_to_mysql",
    "datadog_integrations_extras",
    "elastic_beats",
    "fluent_bit_tests",
    "lnav",
    "matomo_web_logs",
    "paloalto_splunk_samples",
    "splunk_eventgen",
    "zeek_zat",
)
"""Folders of DATA/logs/corpus: logs of many formats without labels, from which the head learns what is ordinary."""
WINDOWS_PER_ORDINARY_FILE = 40
WINDOW_FALSE_POSITIVES = 0.005
"""Share of the windows of clean machines, out of fold, that may be at or above the threshold."""
ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "config.json")


def main() -> None:
    """Run all steps."""
    options = _arguments()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        encoder, report = _encoder(options, Path(scratch))
        head, calibration, metrics = _head(options)
        about = {
            "name": f"loglm-{options.size}",
            "version": options.version,
            "loglm_version": __version__,
            "licence": "Apache-2.0; data licences in README.md",
            "created": time.strftime("%Y-%m-%d"),
            "encoder": report,
            "metrics_environments_left_out": metrics,
        }
        write_model_dir(
            options.target,
            lambda folder: _fill(folder, encoder, options.card, head, calibration),
            about=about,
            overwrite=True,
        )


def _head(options: argparse.Namespace) -> tuple[AttackHead, Calibration, dict[str, dict[str, float]]]:
    table = _table(options.data, options.sigma, options.table)
    rules = rule_texts(SigmaRules.load(options.sigma).strings(per_rule=8))
    named = {technique for recording in table.recordings for technique in recording.base_techniques}
    labels = tuple(sorted(named | {technique for _, techniques in rules for technique in techniques}))
    words = table_words(table, rules)
    allowed = frozenset(i for i, r in enumerate(table.recordings) if r.dataset not in NOT_FOR_SHIPPING)
    print(f"{len(allowed)} recordings, {len(table)} windows, {len(words.words)} words, {len(rules)} rules", flush=True)

    def fit(recordings: frozenset[int]) -> Scorer:
        print(f"fold: {len(recordings)} recordings to learn from", flush=True)
        return table_scorer(table, words, fit_head(table, words, recordings, labels, seed=0), rules=False)

    scores = score_out_of_fold(table, allowed, fit)
    examples = make_examples(table, words, allowed, labels)
    head = train_attack_head(examples, HeadPlan(), report=lambda epoch, loss: print(epoch, round(loss, 4), flush=True))
    head, calibration = calibrate(table, head, scores, false_positives=WINDOW_FALSE_POSITIVES)
    metrics = out_of_fold_metrics(table, head, scores, calibration)
    print(json.dumps(metrics, indent=1), flush=True)
    return head, calibration, metrics


def _encoder(options: argparse.Namespace, scratch: Path) -> tuple[Path, dict[str, object]]:
    """A folder with the encoder's files, and what is known of its training."""
    if options.run is None:
        folder, manifest = open_model_dir(options.encoder_of)
        for name in ENCODER_FILES:
            shutil.copyfile(folder / name, scratch / name)
        return scratch, dict(manifest["encoder"])
    report = _export(options.run, options.size, scratch / "encoder.onnx")
    shutil.copyfile(options.run / "tokenizer.json", scratch / "tokenizer.json")
    config = {"encoder": ENCODER_SIZES[options.size].to_json()}
    (scratch / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return scratch, report


def _fill(folder: Path, encoder: Path, card: Path, head: AttackHead, calibration: Calibration) -> None:
    for name in ENCODER_FILES:
        shutil.copyfile(encoder / name, folder / name)
    head.save(folder)
    calibration.save(folder)
    shutil.copyfile(card, folder / "README.md")


def _table(data: Path, sigma: Path, cached: Path | None) -> WindowTable:
    if cached is not None and cached.is_file():
        return WindowTable.load(cached)
    match = SigmaRules.load(sigma).match
    labelled = [r for r in load_recordings(data / "attack") if r.dataset not in NOT_FOR_SHIPPING]
    corpus = data / "logs" / "corpus"
    table = join_tables(
        build_window_table(data / "attack", labelled, match=match),
        build_window_table(
            corpus, ordinary_recordings(corpus, ORDINARY), match=match, max_windows=WINDOWS_PER_ORDINARY_FILE
        ),
    )
    if cached is not None:
        table.save(cached)
    return table


def _export(run: Path, size: str, encoder_file: Path) -> dict[str, object]:
    model = LogEncoderModel(ENCODER_SIZES[size])
    model.load_state_dict(torch.load(run / size / "contrastive.pt", weights_only=True))
    export_encoder(model, encoder_file)
    shard = TokenShard.load(run / "held_out.npz")
    batches = [pad_batch(shard, np.arange(start, start + 16)) for start in (0, 500, 1000)]
    worst = parity(model, encoder_file, [(ids.numpy(), mask.numpy()) for ids, mask in batches])
    report: dict[str, object] = {"int8_parity_cosine": round(worst, 5)}
    report |= json.loads((run / size / "results.json").read_text(encoding="utf-8"))
    print(report, flush=True)
    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/ and logs/corpus/")
    encoder = parser.add_mutually_exclusive_group(required=True)
    encoder.add_argument("--run", type=Path, help="folder of the pretraining run")
    encoder.add_argument("--encoder-of", type=Path, help="model folder whose encoder to keep")
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: folder or archive")
    parser.add_argument("--target", type=Path, required=True, help="model folder to write")
    parser.add_argument("--card", type=Path, default=Path("docs/model_card.md"), help="model card to put in")
    parser.add_argument("--table", type=Path, help="keep the window table here, or take it from here")
    parser.add_argument("--size", choices=list(ENCODER_SIZES), default="nano")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
