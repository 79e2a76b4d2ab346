"""From a finished run folder to a model folder: encoder as ONNX, checked against the weights, beside an ATT&CK head."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save

from loglm import __version__
from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.folder import check_target, open_model_dir, write_model_dir
from loglm.corpus.shards import TokenShard
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.training.batches import pad_rows
from loglm.training.export import WeightFormat, export_encoder, parity
from loglm.training.run_folder import RunFiles, load_run
from loglm.training.shared_weights import share_weights

__all__ = ["ExportOptions", "export_model"]

_LOWEST_PARITY: dict[WeightFormat, float] = {"fp16": 0.999, "fp32": 0.9999}
"""Smallest cosine between a vector of the exported encoder and of the weights."""
_PARITY_BATCH = 16


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
    about: dict[str, Any] = {
        "name": options.name,
        "version": "1",
        "loglm_version": __version__,
        "licence": "as the logs that it learned from",
        "created": time.strftime("%Y-%m-%d", time.gmtime()),
        "encoder": results,
    }

    def fill(folder: Path) -> None:
        halved = {weight: value.half() for weight, value in model.state_dict().items()}
        (folder / "model.safetensors").write_bytes(save(halved))
        export_encoder(model, folder / "encoder.onnx", options.precision)
        if options.precision == "fp16":
            share_weights(folder / "encoder.onnx", folder / "model.safetensors")
        results["parity_cosine"] = round(_checked_parity(model, folder / "encoder.onnx", files, options), 5)
        shutil.copyfile(files.tokenizer, folder / "tokenizer.json")
        config = {"encoder": model.config.to_json()}
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        for part in head:
            part.save(folder)
        (folder / "README.md").write_text(_card(about, model.config, has_head=bool(head)), encoding="utf-8")

    say("exporting the encoder to ONNX and comparing its vectors with the trained one's")
    write_model_dir(target, fill, about=about, overwrite=options.overwrite)
    return about


def _checked_parity(model: LogEncoderModel, encoder: Path, files: RunFiles, options: ExportOptions) -> float:
    shard = TokenShard.load(files.sample)
    rows = sorted((shard[i] for i in range(len(shard))), key=len)
    batches = [pad_rows(rows[start : start + _PARITY_BATCH]) for start in range(0, len(rows), _PARITY_BATCH)]
    worst = parity(model, encoder, [(ids.numpy(), mask.numpy()) for ids, mask in batches])
    lowest = _LOWEST_PARITY[options.precision]
    if not worst >= lowest or np.isnan(worst):
        advice = "" if options.precision == "fp32" else "; export with --precision fp32"
        raise ModelError(
            f"the exported encoder differs from the trained one: cosine {worst:.4f} on a held-out event, at least "
            f"{lowest} expected{advice}"
        )
    return worst


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
