"""Make the model folder that ships inside the package: encoder, ATT&CK head, calibration, card, manifest.

    python scripts/build_shipped_model.py --data DIR --run RUNDIR --sigma RULES --target src/loglm/data/model

RUNDIR is what scripts/pretrain_shipped_encoder.py left. The head learns from the recordings of DATA/attack whose
licence allows shipped weights and from the strings of the Sigma rules; the rules themselves are not in the folder.
Thresholds are set on scores of benign machines by heads that were not trained on them (three folds).
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from loglm import __version__
from loglm.artifacts.config import ENCODER_SIZES
from loglm.artifacts.folder import write_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.features import hash_features
from loglm.detection.head import AttackHead
from loglm.detection.sigma import SigmaRules
from loglm.evaluation.attack_data import load_recordings
from loglm.evaluation.window_table import WindowTable, build_window_table
from loglm.models.encoder import LogEncoderModel
from loglm.runtime.encoder import LogEncoder
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.attack_calibration import calibrate, out_of_fold_metrics, score_out_of_fold
from loglm.training.attack_examples import fit_head, make_examples, rule_texts
from loglm.training.attack_head import HeadPlan, train_attack_head
from loglm.training.batches import pad_batch
from loglm.training.export import export_encoder, parity

NOT_FOR_SHIPPING = frozenset({"ait-alerts", "zeek-testing"})
WINDOW_FALSE_POSITIVES = 0.02
"""Share of a channel's benign windows, out of fold, that may be at or above its threshold."""


def main() -> None:
    """Run all steps."""
    options = _arguments()
    torch.set_num_threads(options.threads)
    table = _table(options.data / "attack", options.sigma, options.table)
    rules = rule_texts(SigmaRules.load(options.sigma).strings(per_rule=8))
    encoder_file = options.run / options.size / "encoder.onnx"
    report = _export(options.run, options.size, encoder_file)
    named = {technique for recording in table.recordings for technique in recording.base_techniques}
    labels = tuple(sorted(named | {technique for _, techniques in rules for technique in techniques}))
    texts = [*table.texts, *(text for text, _ in rules)]
    features = hash_features(texts)
    vectors = _vectors(options, encoder_file, texts) if options.vectors else None
    trained_on = {i for i, r in enumerate(table.recordings) if r.dataset not in NOT_FOR_SHIPPING}
    fit = partial(
        fit_head,
        table,
        labels=labels,
        seed=0,
        rules=False,
        rule_examples=rules,
        features=features,
        vectors=None if vectors is None else vectors[: len(table.texts)],
        rule_vectors=None if vectors is None else vectors[len(table.texts) :],
    )
    scores = score_out_of_fold(table, trained_on, fit)
    examples = make_examples(
        table,
        trained_on,
        labels,
        rules=rules,
        vectors=None if vectors is None else vectors[: len(table.texts)],
        rule_vectors=None if vectors is None else vectors[len(table.texts) :],
        features=features,
    )
    head = train_attack_head(examples, HeadPlan(), report=lambda epoch, loss: print(epoch, round(loss, 4), flush=True))
    head, calibration = calibrate(table, head, scores, false_positives=WINDOW_FALSE_POSITIVES)
    metrics = out_of_fold_metrics(table, head, scores, calibration)
    print(json.dumps(metrics, indent=1), flush=True)
    about = {
        "name": f"loglm-{options.size}",
        "version": options.version,
        "loglm_version": __version__,
        "licence": "Apache-2.0; data licences in README.md",
        "created": time.strftime("%Y-%m-%d"),
        "encoder": report,
        "metrics_by_recording_out_of_fold": metrics,
    }
    write_model_dir(
        options.target,
        lambda folder: _fill(folder, options, encoder_file, head, calibration),
        about=about,
        overwrite=True,
    )


def _fill(
    folder: Path, options: argparse.Namespace, encoder_file: Path, head: AttackHead, calibration: Calibration
) -> None:
    shutil.copyfile(encoder_file, folder / "encoder.onnx")
    shutil.copyfile(options.run / "tokenizer.json", folder / "tokenizer.json")
    config = {"encoder": ENCODER_SIZES[options.size].to_json()}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    head.save(folder)
    calibration.save(folder)
    shutil.copyfile(options.card, folder / "README.md")


def _table(data: Path, sigma: Path, cached: Path | None) -> WindowTable:
    if cached is not None and cached.is_file():
        return WindowTable.load(cached)
    rules = SigmaRules.load(sigma)
    recordings = [r for r in load_recordings(data) if r.dataset not in NOT_FOR_SHIPPING]
    table = build_window_table(data, recordings, match=rules.match)
    if cached is not None:
        table.save(cached)
    return table


def _export(run: Path, size: str, encoder_file: Path) -> dict[str, object]:
    model = LogEncoderModel(ENCODER_SIZES[size])
    model.load_state_dict(torch.load(run / size / "contrastive.pt", weights_only=True))
    export_encoder(model, encoder_file)
    from loglm.corpus.shards import TokenShard

    shard = TokenShard.load(run / "held_out.npz")
    batches = [pad_batch(shard, np.arange(start, start + 16)) for start in (0, 500, 1000)]
    worst = parity(model, encoder_file, [(ids.numpy(), mask.numpy()) for ids, mask in batches])
    report: dict[str, object] = {"int8_parity_cosine": round(worst, 5)}
    report |= json.loads((run / size / "results.json").read_text(encoding="utf-8"))
    print(report, flush=True)
    return report


def _vectors(options: argparse.Namespace, encoder_file: Path, texts: list[str]) -> np.ndarray:
    from onnxruntime import InferenceSession

    session = InferenceSession(str(encoder_file), providers=["CPUExecutionProvider"])
    encoder = LogEncoder(
        session, load_tokenizer(options.run / "tokenizer.json"), ENCODER_SIZES[options.size], cache_size=0
    )
    return np.concatenate([encoder.embed_texts(texts[at : at + 4096]) for at in range(0, len(texts), 4096)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/")
    parser.add_argument("--run", type=Path, required=True, help="folder of the pretraining run")
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: folder or archive")
    parser.add_argument("--target", type=Path, required=True, help="model folder to write")
    parser.add_argument("--card", type=Path, default=Path("docs/model_card.md"), help="model card to put in")
    parser.add_argument("--table", type=Path, help="keep the window table here, or take it from here")
    parser.add_argument("--size", choices=list(ENCODER_SIZES), default="nano")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--vectors", action="store_true", help="let the head use event vectors beside the features")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
