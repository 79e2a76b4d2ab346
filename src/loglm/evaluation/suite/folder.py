"""The folder of a suite: ``suite.json`` and ``scores.csv``, and the finished tasks that a killed one goes on from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loglm.errors import InputError
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import Score, read_scores, write_scores
from loglm.evaluation.suite.facts import DataFacts, ModelFacts, SuiteFacts, TaskFacts
from loglm.reports.jsonfile import json_text
from loglm.reports.output import open_report

__all__ = ["REPORT_HTML", "SCORES_CSV", "SUITE_JSON", "Suite", "SuiteFolder", "task_key"]

SUITE_JSON = "suite.json"
SCORES_CSV = "scores.csv"
REPORT_HTML = "report.html"
_KEPT = "tasks"
_FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Suite:
    """What a suite measured."""

    facts: SuiteFacts
    scores: Sequence[Score]


def task_key(name: str, data: DataFacts, facts: SuiteFacts) -> str:
    """sha256 of all that a task's figures depend on."""
    models = [(model.name, model.sha256) for model in facts.models]
    parts = [name, data.sha256, facts.loglm_version, dict(facts.options), dict(facts.packages), models]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class SuiteFolder:
    """Where a suite lies.

    Finished tasks are kept by what their figures depend on, so that those of other models, data or options stay.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder where there is none.

        Raises:
            InputError: It holds something else, or cannot be made.
        """
        kept = self.path / _KEPT
        if self.path.is_dir() and not kept.is_dir() and any(self.path.iterdir()):
            raise InputError(f"{self.path}: holds other files than those of a suite; give a new folder to --out")
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be made ({error.strerror}); give another folder to --out") from error

    def read(self) -> Suite:
        """The suite that was written here.

        Raises:
            InputError: There is none, or a file cannot be read.
        """
        path = self.path / SUITE_JSON
        if not path.is_file():
            reason = f"no {SUITE_JSON} in it" if self.path.is_dir() else "there is no such folder"
            raise InputError(f"{self.path}: no suite here ({reason}); make one with `loglm evaluate suite`")
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            version = facts.pop("format_version")
            if version != _FORMAT_VERSION:
                raise InputError(f"{path}: format {version}, but this loglm reads format {_FORMAT_VERSION}")
            found = _suite_facts(facts)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: cannot be read ({error}); measure again with `loglm evaluate suite`") from error
        return Suite(found, read_scores(self.path / SCORES_CSV))

    def write(self, suite: Suite) -> None:
        """Write facts and scores; each file appears whole."""
        with open_report(self.path / SCORES_CSV) as stream:
            write_scores(stream, suite.scores)
        with open_report(self.path / SUITE_JSON) as stream:
            stream.write(json_text({"format_version": _FORMAT_VERSION, **asdict(suite.facts)}, indent=True) + "\n")

    def keep(self, key: str, task: TaskFacts, scores: Sequence[Score]) -> None:
        """Keep a finished task."""
        with open_report(self._kept(key, task.name)) as stream:
            stream.write(json_text({"key": key, "task": asdict(task), "scores": [asdict(score) for score in scores]}))

    def kept(self, key: str, name: str) -> tuple[TaskFacts, list[Score]] | None:
        """A finished task; None where there is none, or it cannot be read."""
        try:
            data = json.loads(self._kept(key, name).read_text(encoding="utf-8"))
            if data["key"] != key:
                return None
            return _task_facts(data["task"]), [_score(score) for score in data["scores"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _kept(self, key: str, name: str) -> Path:
        return self.path / _KEPT / f"{name}-{key[:12]}.json"


def _suite_facts(data: dict[str, Any]) -> SuiteFacts:
    models = [ModelFacts(**model) for model in data.pop("models")]
    tasks = [_task_facts(task) for task in data.pop("tasks")]
    facts = SuiteFacts(**data, models=models, tasks=tasks)
    if not all(isinstance(part, Mapping) for part in (facts.inputs, facts.options, facts.packages)):
        raise ValueError("inputs, options and packages have to be tables")
    return facts


def _task_facts(data: dict[str, Any]) -> TaskFacts:
    files = data.pop("data")
    lists = {name: tuple(data[name]) for name in ("tables", "notes")}
    return TaskFacts(**data | lists, data=None if files is None else DataFacts(**files))


def _score(data: dict[str, Any]) -> Score:
    value = {name: math.nan if number is None else float(number) for name, number in data.pop("value").items()}
    return Score(**data, value=Interval(**value))
