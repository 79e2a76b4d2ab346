"""Whether a run folder or checkpoint is of the run that is asked for, and in which settings it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from loglm.artifacts.config import ENCODER_SIZES
from loglm.errors import TrainingError
from loglm.training.optimizer import Optimizer
from loglm.training.plan import highest_rate

__all__ = ["differing_settings", "refuse_another_run"]

_OF_STAGE: Final = ("max_steps", "learning_rate", "mask_share")
"""Settings of which the stages of one run have their own."""
_OPTIONS: Final = {
    "max_steps": "--steps",
    "micro_batches": "--accumulate times --workers",
    "masked_loss_weight": "--masked-weight",
    "width": "--size (width)",
    "max_tokens": "tokens of an event",
    "sha256": "contents",
    **{
        name: f"--{name.replace('_', '-')}"
        for name in (
            *("learning_rate", "schedule", "batch_tokens", "optimizer", "masking", "mask_unit", "mask_share"),
            *("positives", "seed", "layers", "family", "pooling", "corpus", "start", "replay", "pairs", "teacher"),
        )
    },
}
"""By what a user sets what a run is known by."""
_FOLLOWS: Final = {
    "warmup_steps": "max_steps",
    "heads": "width",
    "intermediate": "width",
    "vocab_size": "tokenizer",
    "tokenizer": "corpus",
}
"""Settings that follow from another one, and are not named beside it."""
_OF_SIZE: Final = ("layers", "max_tokens")
"""Settings that an encoder has of its size where they are not given."""
_ABOUT: Final = frozenset(("loglm_version", "minutes"))
"""What ``run.json`` says that a run need not agree in."""
_SHOWN_CHARS: Final = 40
_SHA256_CHARS: Final = 64
_SHOWN_SHA256: Final = 8


def refuse_another_run(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Compare what a file says its run is with what this run is.

    Args:
        path: The file.
        found: What it says: encoder, plans, hashes of what the run learns from, as JSON values.
        wanted: The same of this run.

    Raises:
        TrainingError: They differ; says in which settings.
    """
    differing = differing_settings(found, wanted)
    if differing:
        raise TrainingError(
            f"{path}: this folder is of a run with other settings: {'; '.join(differing)}. Give another --out for a "
            "new run, or the options and corpus of that one to go on with it"
        )


def differing_settings(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The settings in which two runs differ, such as ``--steps (masked stage) 100 there, 50 asked``."""
    parts = [name for name in {**wanted, **found} if name not in _ABOUT]
    differing = {part for part in parts if found.get(part) != wanted.get(part)}
    texts: dict[str, None] = {}
    for part in parts:
        if part in differing and _FOLLOWS.get(part) not in differing:
            texts |= dict.fromkeys(_differences(part, found, wanted, differing))
    return list(texts)


def _differences(
    part: str, found: Mapping[str, Any], wanted: Mapping[str, Any], parts_differing: set[str]
) -> Iterator[str]:
    there, asked = found.get(part), wanted.get(part)
    if not (isinstance(there, dict) and isinstance(asked, dict)):
        yield f"{_name(part, there or asked)} {_compared(there, asked)}"
        return
    minutes = found.get("minutes")
    differing = [key for key in {**asked, **there} if there.get(key) != asked.get(key)]
    for key in differing:
        if _FOLLOWS.get(key) in {*differing, *parts_differing}:
            continue
        if all(_is_usual(key, values, run) for values, run in ((there, found), (asked, wanted))):
            continue
        name = _OPTIONS.get(key, key)
        if part in ("replay", "pairs"):
            name = f"--{part} ({key})"
        elif key in _OF_STAGE:
            name = f"{name} ({asked.get('stage', part)} stage)"
        of_minutes = f" (of --minutes {minutes:g})" if key == "max_steps" and minutes is not None else ""
        yield f"{name} {_compared(there.get(key), asked.get(key), of_minutes)}"


def _is_usual(key: str, values: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Whether a setting is what a run has of its size, optimiser and start where it is not given."""
    encoder = run.get("encoder")
    width = encoder.get("width") if isinstance(encoder, dict) else None
    if key in _OF_SIZE:
        return any(size.width == width and getattr(size, key) == values.get(key) for size in ENCODER_SIZES.values())
    stage: Any = values.get("stage")
    optimizer: Any = values.get("optimizer")
    if key != "learning_rate" or not isinstance(width, int) or width < 1 or optimizer not in get_args(Optimizer):
        return False
    usual = highest_rate(stage, width=width, optimizer=optimizer, continued="start" in run)
    return bool(values.get(key) == usual)


def _compared(there: Any, asked: Any, about: str = "") -> str:
    """In few characters, or in all of them where those are equal."""
    shown, wanted = _shown(there), _shown(asked)
    if shown == wanted:
        shown, wanted = str(there), str(asked)
    return f"{shown}{about} there, {wanted} asked"


def _name(part: str, value: Any) -> str:
    is_stage = isinstance(value, dict) and "stage" in value
    return f"{part} stage" if is_stage else _OPTIONS.get(part, part)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return f"{value['max_steps']:,} steps" if "max_steps" in value else "one"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"sha256 {text[:_SHOWN_SHA256]}" if len(text) == _SHA256_CHARS else text[:_SHOWN_CHARS]
