"""The tasks of the suite, in the order in which they run; a new one is a module and a line here."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from loglm.errors import InputError
from loglm.evaluation.suite import (
    anomalies,
    attack_windows,
    descriptions,
    frozen_embeddings,
    hidden_tokens,
    last_layer,
    patterns,
    retrieval,
    speed,
    subsampling,
    templates,
    triage,
)
from loglm.evaluation.suite.task import SuiteTask

__all__ = ["TASKS", "choose_tasks"]

TASKS: tuple[SuiteTask, ...] = (
    hidden_tokens.TASK,
    templates.TASK,
    descriptions.TASK,
    anomalies.TASK,
    frozen_embeddings.TASK,
    last_layer.TASK,
    attack_windows.TASK,
    retrieval.TASK,
    subsampling.TASK,
    patterns.TASK,
    triage.TASK,
    speed.TASK,
)


def choose_tasks(names: Sequence[str]) -> list[SuiteTask]:
    """Tasks by name, in the order of `TASKS`; all of them for no name.

    Raises:
        InputError: There is no such task; says which may have been meant.
    """
    known = [task.name for task in TASKS]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InputError(f"no task {name!r}. {hint}There are {', '.join(known)}")
    return [task for task in TASKS if not names or task.name in names]
