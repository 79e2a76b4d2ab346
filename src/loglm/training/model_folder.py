"""From a finished run folder to a model folder: encoder as ONNX, checked against the weights, beside an ATT&CK head."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from loglm import __version__
from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.folder import check_target, open_model_dir, write_model_dir
from loglm.corpus.shards import TokenShard
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.training.batches import pad_rows
from loglm.training.encoder_files import write_encoder
from loglm.training.export import WeightFormat
from loglm.training.run_folder import RunFiles, load_run

__all__ = ["ExportOptions", "export_model"]

_PARITY_BATCH = 16
_ORIGIN = ("corpus", "tokenizer", "start", "replay", "pairs", "teacher")
"""What a run learned from, in ``run.json`` by sha256; a corpus by that of ``corpus.json``, which names its shards."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What goes into the model folder."""

    name: str
    precision: WeightFormat = "fp16"
    head: bool = True
    """Also an ATT&CK head, without which `loglm detect` cannot use the folder."""
    head_of: Path | None = None
    """Model folder to take the head from; the shipped model for None."""
    overwrite: bool = False


def export_model(
    run_dir: Path,
    target: Path,
    options: ExportOptions,
    *,
    say: Callable[[str], None] = lambda line: None,  # noqa: ARG005
) -> dict[str, Any]:
    """Write a model folder, whole or not at all.

    Args:
        run_dir: Run folder that `loglm pretrain` finished.
        target: The folder to make.
        options: What to put in.
        say: Called with what is begun.

    Returns:
        The manifest's facts.

    Raises:
        ModelError: The run is not finished or was altered, or the exported encoder differs from the weights.
        InputError: The target exists, or cannot be written.
    """
    check_target(target, overwrite=options.overwrite)
    files = RunFiles(run_dir)
    say(f"reading {run_dir}")
    model = load_run(files)
    head = _head(options)
    results = json.loads(files.results.read_text(encoding="utf-8"))
    results["learned_from"] = _learned_from(files)
    about: dict[str, Any] = {
        "name": options.name,
        "version": "1",
        "loglm_version": __version__,
        "licence": "as the logs that it learned from",
        "created": time.strftime("%Y-%m-%d", time.gmtime()),
        "encoder": results,
    }

    def fill(folder: Path) -> None:
        advice = "" if options.precision == "fp32" else "; export with --precision fp32"
        worst = write_encoder(model, folder, _sample(files), precision=options.precision, advice=advice)
        results["parity_cosine"] = round(worst, 5)
        shutil.copyfile(files.tokenizer, folder / "tokenizer.json")
        config = {"encoder": model.config.to_json()}
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        for part in head:
            part.save(folder)
        (folder / "README.md").write_text(_card(about, model.config, has_head=bool(head)), encoding="utf-8")

    say("exporting the encoder to ONNX and comparing its vectors with the trained one's")
    write_model_dir(target, fill, about=about, overwrite=options.overwrite)
    return about


def _learned_from(files: RunFiles) -> dict[str, Any]:
    run = json.loads(files.run.read_text(encoding="utf-8"))
    return {key: run[key] for key in _ORIGIN if key in run}


def _sample(files: RunFiles) -> list[tuple[Tensor, Tensor]]:
    """Held-out events of a run in batches."""
    shard = TokenShard.load(files.sample)
    rows = sorted((shard[i] for i in range(len(shard))), key=len)
    return [pad_rows(rows[start : start + _PARITY_BATCH]) for start in range(0, len(rows), _PARITY_BATCH)]


def _head(options: ExportOptions) -> tuple[AttackHead, Calibration] | tuple[()]:
    if not options.head:
        return ()
    folder, _ = open_model_dir(options.head_of)
    return AttackHead.load(folder), Calibration.load(folder)


def _card(about: dict[str, Any], config: EncoderConfig, *, has_head: bool) -> str:
    head = "`loglm detect --model` uses its ATT&CK head, which reads words." if has_head else "It has no ATT&CK head."
    return "\n".join(
        [
            f"# {about['name']}",
            "",
            f"A LogLM event encoder ({config.family}, {about['encoder']['parameters']:,} parameters, vectors of "
            f"{config.vector_width} numbers), trained with loglm {__version__}. {head}",
            "",
            *_score_table(about["encoder"]["stages"]),
            *(
                f"Mean cosine to the vectors of the model that it was distilled from, {split}: {cosine}.\n"
                for split, cosine in about["encoder"].get("cosine_to_teacher", {}).items()
            ),
            "Its weights may hold traces of the logs it learned from: share it as you would share those.",
            "",
        ]
    )


def _score_table(stages: dict[str, Any]) -> list[str]:
    rows = [
        f"| {stage} | {split} | {score['loss_nats']} | {score['bits_per_byte']} | {score['accuracy']} |"
        for stage, facts in stages.items()
        for split, score in facts["scores"].items()
    ]
    head = ["| stage | split | loss, nats per token | bits per byte | masked accuracy |", "|---|---|---|---|---|"]
    return [*head, *rows, ""] if rows else []
