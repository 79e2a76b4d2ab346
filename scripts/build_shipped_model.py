"""Make the model folder that ships inside the package: encoder, ATT&CK head, calibration, card, manifest.

    python scripts/build_shipped_model.py --data DIR --encoder-of MODEL --sigma RULES --out src/loglm/data/model

MODEL is a model folder that holds the encoder: what `loglm model export` made of the run folder that
scripts/pretrain_shipped_encoder.py left, or the shipped model to keep its encoder. The head learns from the
recordings of DATA/attack whose licence allows shipped weights, from ordinary logs of DATA/logs/corpus and from the
strings of the Sigma rules; the rules themselves are not in the folder. Scales and thresholds are set on scores of
datasets and clean machines by heads that never met them (six folds).

The head reads words, so a new encoder or card needs no new head:

    python scripts/build_shipped_model.py --encoder-of MODEL --head-of SHIPPED --out SHIPPED
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import torch

from loglm import __version__
from loglm.artifacts.folder import open_model_dir, write_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.detection.sigma import SigmaRules
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.attack_benchmark import base_labels
from loglm.evaluation.attack_data import load_recordings, ordinary_recordings
from loglm.evaluation.window_table import WindowTable, build_window_table, join_tables
from loglm.training.attack.calibration import calibrate, out_of_fold_metrics, score_out_of_fold
from loglm.training.attack.examples import make_examples, table_words
from loglm.training.attack.head import HeadPlan, train_attack_head
from loglm.training.attack.intel_texts import intel_texts
from loglm.training.attack.rule_texts import rule_texts
from loglm.training.attack.scoring import fit_head, table_scorer

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
ENCODER_FILES = ("encoder.onnx", "model.safetensors", "tokenizer.json", "config.json")


def main() -> None:
    """Run all steps."""
    options = _arguments()
    torch.set_num_threads(options.threads)
    encoder, manifest = open_model_dir(options.encoder_of)
    head, calibration, metrics = _head_of(options.head_of) if options.head_of else _head(options)
    about = {
        "name": options.name,
        "version": options.version,
        "loglm_version": __version__,
        "licence": "Apache-2.0; data licences in README.md",
        "created": time.strftime("%Y-%m-%d"),
        "encoder": manifest["encoder"],
        "metrics_environments_left_out": metrics,
    }
    write_model_dir(
        options.out,
        lambda folder: _fill(folder, encoder, options.card, head, calibration),
        about=about,
        overwrite=True,
    )


def _head_of(model: Path) -> tuple[AttackHead, Calibration, dict[str, dict[str, float]]]:
    folder, manifest = open_model_dir(model)
    return AttackHead.load(folder), Calibration.load(folder), manifest["metrics_environments_left_out"]


def _head(options: argparse.Namespace) -> tuple[AttackHead, Calibration, dict[str, dict[str, float]]]:
    table = _table(options.data, options.sigma, options.windows)
    texts = [rule_texts(SigmaRules.load(options.sigma).strings(per_rule=8)), intel_texts(options.data / "intel")]
    words = table_words(table, texts)
    labels = base_labels()
    allowed = frozenset(i for i, r in enumerate(table.recordings) if r.dataset not in NOT_FOR_SHIPPING)
    print(f"{len(allowed)} recordings, {len(table)} windows, {len(words.words)} words", flush=True)

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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with attack/, intel/ and logs/corpus/")
    parser.add_argument("--encoder-of", type=Path, required=True, help="model folder whose encoder to put in")
    parser.add_argument("--sigma", type=Path, help="Sigma rules: folder or archive")
    parser.add_argument("--head-of", type=Path, help="model folder whose head to put in, instead of training one")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--card", type=Path, default=Path("docs/model_card.md"), help="model card to put in")
    parser.add_argument("--windows", type=Path, help="keep the window table here, or take it from here")
    parser.add_argument("--name", default="loglm-nano")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.head_of is None and (options.data is None or options.sigma is None):
        parser.error("a head is trained on --data and --sigma; or give --head-of")
    return options


if __name__ == "__main__":
    main()
