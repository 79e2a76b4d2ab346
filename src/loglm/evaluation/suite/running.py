"""Running a suite: each task is measured, taken from what is kept, or listed with the reason why it cannot be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from loglm import __version__
from loglm.errors import EmptyInputError, InputError, LogLMError
from loglm.evaluation.scores import Score, join_seeds
from loglm.evaluation.suite.facts import ModelFacts, SuiteFacts, TaskFacts, code_sha256, data_facts, packages
from loglm.evaluation.suite.folder import Suite, SuiteFolder, task_key
from loglm.evaluation.suite.registry import TASKS
from loglm.evaluation.suite.task import Say, SuiteInputs, SuiteModels, SuiteOptions, SuiteTask, TaskRun

__all__ = ["SuitePlan", "run_suite"]


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """What is to be measured."""

    tasks: Sequence[SuiteTask]
    """Of `TASKS`; finished ones of the others are shown too, where they are kept."""
    inputs: SuiteInputs
    options: SuiteOptions
    models: SuiteModels
    about_models: Sequence[ModelFacts]


def run_suite(plan: SuitePlan, folder: SuiteFolder, *, say: Say, show: Callable[[Suite], None]) -> Suite:
    """Measure what is not kept, and write facts and scores after each task.

    Args:
        plan: Tasks, models and data.
        folder: Where to write.
        say: Is told what is going on.
        show: Is given all that is measured so far, after each task.

    Raises:
        InputError: Two models have one name, or the folder holds something else.
        EmptyInputError: No task could be measured; says why.
    """
    _refuse_equal_names(plan.about_models)
    folder.prepare()
    facts = _facts(plan)
    tasks: list[TaskFacts] = []
    scores: list[Score] = []
    suite = Suite(facts, scores)
    for task in TASKS:
        result = _result(task, plan, facts, folder, say)
        if result is None:
            continue
        about, own = result
        tasks.append(about)
        scores += own
        if scores:
            suite = Suite(replace(facts, tasks=tuple(tasks)), tuple(scores))
            folder.write(suite)
            show(suite)
    if not scores:
        reasons = "; ".join(f"{task.name}: {task.reason}" for task in tasks)
        raise EmptyInputError(f"nothing could be measured. {reasons}")
    return suite


def _facts(plan: SuitePlan) -> SuiteFacts:
    inputs: dict[str, Path | None] = {name: getattr(plan.inputs, name) for name in ("data", "corpus", "table")}
    return SuiteFacts(
        loglm_version=__version__,
        created=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
        inputs={name: path.resolve().name for name, path in inputs.items() if path is not None},
        options=asdict(plan.options),
        packages=packages(),
        models=plan.about_models,
        tasks=(),
    )


def _result(
    task: SuiteTask, plan: SuitePlan, facts: SuiteFacts, folder: SuiteFolder, say: Say
) -> tuple[TaskFacts, list[Score]] | None:
    """Facts and scores of a task; None for one that is not asked for and not kept."""
    is_asked = task in plan.tasks
    try:
        data = data_facts(task.files(plan.inputs))
    except LogLMError as error:
        return _refused(task, error, say) if is_asked else None
    key = task_key(task.name, data, facts)
    if kept := folder.kept(key, task.name):
        other = (
            "" if kept[0].code == code_sha256() else f", by other code of LogLM; remove {folder.path} to measure anew"
        )
        say(f"{task.name}: measured before{other}")
        return kept
    if not is_asked:
        return None
    try:
        about, scores = _measure(task, plan, say)
    except (LogLMError, OSError) as error:
        return _refused(task, error, say)
    about = replace(about, data=data)
    folder.keep(key, about, scores)
    return about, scores


def _measure(task: SuiteTask, plan: SuitePlan, say: Say) -> tuple[TaskFacts, list[Score]]:
    notes: list[str] = []

    def note(what: str) -> None:
        say(what)
        notes.append(what)

    started = time.monotonic()
    scores = join_seeds(task.score(TaskRun(plan.inputs, plan.options, plan.models, say, note)))
    seconds = round(time.monotonic() - started, 1)
    say(f"{task.name}: {len(scores):,} figures in {seconds:,.1f} s")
    about = TaskFacts(
        task.name,
        seconds=seconds,
        measured=time.strftime("%Y-%m-%d", time.gmtime()),
        code=code_sha256(),
        tables=tuple(dict.fromkeys(score.task for score in scores)),
        notes=tuple(notes),
    )
    return about, scores


def _refused(task: SuiteTask, error: Exception, say: Say) -> tuple[TaskFacts, list[Score]]:
    say(f"{task.name}: not measured: {error}")
    return TaskFacts(task.name, str(error)), []


def _refuse_equal_names(models: Sequence[ModelFacts]) -> None:
    counts = Counter(model.name for model in models)
    for name, number in counts.items():
        if number > 1:
            raise InputError(f"{number} models are called {name!r}, so their rows cannot be told apart; rename one")
