"""Whether a run folder or checkpoint is of the run that is asked for, and in which settings it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from loglm.errors import TrainingError

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
            texts |= dict.fromkeys(_differences(part, found.get(part), wanted.get(part), found.get("minutes")))
    return list(texts)


def _differences(part: str, there: Any, asked: Any, minutes: float | None) -> Iterator[str]:
    if not (isinstance(there, dict) and isinstance(asked, dict)):
        yield f"{_name(part, there or asked)} {_shown(there)} there, {_shown(asked)} asked"
        return
    differing = [key for key in {**asked, **there} if there.get(key) != asked.get(key)]
    for key in differing:
        if _FOLLOWS.get(key) in differing:
            continue
        name = _OPTIONS.get(key, key)
        if part in ("replay", "pairs"):
            name = f"--{part} ({key})"
        elif key in _OF_STAGE:
            name = f"{name} ({asked.get('stage', part)} stage)"
        of_minutes = f" (of --minutes {minutes:g})" if key == "max_steps" and minutes is not None else ""
        yield f"{name} {_shown(there.get(key))}{of_minutes} there, {_shown(asked.get(key))} asked"


def _name(part: str, value: Any) -> str:
    is_stage = isinstance(value, dict) and "stage" in value
    return f"{part} stage" if is_stage else _OPTIONS.get(part, part)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return f"{value['max_steps']:,} steps" if "max_steps" in value else "one"
    text = str(value)
    return f"sha256 {text[:_SHOWN_SHA256]}" if len(text) == _SHA256_CHARS else text[:_SHOWN_CHARS]
