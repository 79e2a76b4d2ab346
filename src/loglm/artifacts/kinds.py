"""What a folder with a manifest holds: a model, or something else that is written and checked as models are."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Final

from loglm.errors import ModelError

__all__ = ["ANOMALY_STATE", "CONTEXT_ENCODER", "MODEL", "refuse_kind"]

MODEL: Final = "model"
"""Of a manifest that names no kind."""
CONTEXT_ENCODER: Final = "context encoder"
ANOMALY_STATE: Final = "anomaly state"
_SHOWN: Final = 40
"""Characters of a kind that is none of these."""
_CALLED: Final = {ANOMALY_STATE: "state of `loglm anomalies`"}
_READ_BY: Final = {
    MODEL: "`loglm model check {root}` says what can be done with it",
    CONTEXT_ENCODER: "`loglm anomalies LOGS --context-encoder {root}` reads it",
    ANOMALY_STATE: "`loglm info --state {root}` says what it holds; "
    "`loglm anomalies LOGS --state {root}` goes on from it",
}


def refuse_kind(found: str, place: Path, root: Path, *, wanted: Collection[str]) -> None:
    """Complain of a folder that holds something else than is wanted, and say what reads it.

    Args:
        found: What its manifest says that it holds.
        place: As it was given.
        root: The folder of versions that it is one of, or the folder itself.
        wanted: What can be used; the first is named.

    Raises:
        ModelError: It is none of them.
    """
    if found in wanted:
        return
    advice = _READ_BY.get(found, "give another folder").format(root=shlex.quote(str(root)))
    raise ModelError(f"{place}: a {_CALLED.get(found, found[:_SHOWN])}, no {next(iter(wanted))}. {advice}")
