"""Running a suite: each task is measured, taken from what is kept, or listed with the reason why it cannot be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from loglm import __version__
from loglm.corpus.executors import Executor, ThisProcess
from loglm.errors import EmptyInputError, InputError, LogLMError
from loglm.evaluation.scores import Score, join_seeds
from loglm.evaluation.suite.facts import DataFacts, ModelFacts, SuiteFacts, TaskFacts, code_sha256, data_facts, packages
from loglm.evaluation.suite.folder import Suite, SuiteFolder, task_key
from loglm.evaluation.suite.registry import TASKS
from loglm.evaluation.suite.task import Say, SuiteInputs, SuiteModels, SuiteOptions, SuiteTask, TaskRun
from loglm.plurals import plural

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


@dataclass(frozen=True, slots=True)
class _Job:
    """One task, as it is sent to where it is measured."""

    task: str
    """Name, of `TASKS`."""
    plan: SuitePlan
    say: Say


_Result = tuple[TaskFacts, list[Score]]


def run_suite(
    plan: SuitePlan,
    folder: SuiteFolder,
    *,
    say: Say,
    show: Callable[[Suite], None],
    executor: Executor | None = None,
) -> Suite:
    """Measure what is not kept, and write facts and scores after each task.

    Args:
        plan: Tasks, models and data.
        folder: Where to write.
        say: Is told what is going on.
        show: Is given all that is measured so far, after each task.
        executor: Where tasks are measured; here, one after the other, where it is None. Those that take the time run
            here in any case, after the others.

    Raises:
        InputError: Two models have one name, or the folder holds something else.
        EmptyInputError: No task could be measured; says why.
    """
    _refuse_equal_names(plan.about_models)
    folder.prepare()
    facts = _facts(plan)
    results: dict[str, _Result] = {}
    todo: list[SuiteTask] = []
    data: dict[str, DataFacts] = {}
    for task in TASKS:
        _look_up(task, plan, facts, folder, say, results, data)
        if task.name in data and task.name not in results:
            todo.append(task)
    suite = _written(facts, results, folder, show)
    for about, scores in _measured(todo, plan, say, executor or ThisProcess()):
        name = about.name
        if not about.reason:
            about = replace(about, data=data[name])
            folder.keep(task_key(name, data[name], facts), about, scores)
        results[name] = about, scores
        suite = _written(facts, results, folder, show)
    if not suite.scores:
        reasons = "; ".join(f"{task.name}: {task.reason}" for task in suite.facts.tasks)
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


def _look_up(
    task: SuiteTask,
    plan: SuitePlan,
    facts: SuiteFacts,
    folder: SuiteFolder,
    say: Say,
    results: dict[str, _Result],
    data: dict[str, DataFacts],
) -> None:
    """Put into ``results`` what is kept or refused at once, and into ``data`` what there is to measure on."""
    is_asked = task in plan.tasks
    try:
        own = data_facts(task.files(plan.inputs))
    except LogLMError as error:
        if is_asked:
            results[task.name] = _refused(task.name, error, say)
        return
    if kept := folder.kept(task_key(task.name, own, facts), task.name):
        other = (
            "" if kept[0].code == code_sha256() else f", by other code of LogLM; remove {folder.path} to measure anew"
        )
        say(f"{task.name}: measured before{other}")
        results[task.name] = kept
    elif is_asked:
        data[task.name] = own


def _measured(tasks: Sequence[SuiteTask], plan: SuitePlan, say: Say, executor: Executor) -> Iterator[_Result]:
    """Results in the order in which they are ready."""
    for place, is_timed in ((executor, False), (ThisProcess(), True)):
        jobs = [_Job(task.name, plan, say) for task in tasks if task.is_timed == is_timed]
        for about, scores in place.run(_measure, jobs):
            if about.reason:
                say(f"{about.name}: not measured: {about.reason}")
            else:
                say(f"{about.name}: {plural(len(scores), 'figure')} in {about.seconds:,.1f} s")
            yield about, scores


def _measure(job: _Job) -> _Result:
    """Figures of a task, or the reason why there are none."""
    plan, notes = job.plan, list[str]()
    task = next(task for task in TASKS if task.name == job.task)

    def note(what: str) -> None:
        job.say(what)
        notes.append(what)

    started = time.monotonic()
    try:
        scores = join_seeds(task.score(TaskRun(plan.inputs, plan.options, plan.models, job.say, note)))
    except (LogLMError, OSError) as error:
        return TaskFacts(task.name, str(error)), []
    about = TaskFacts(
        task.name,
        seconds=round(time.monotonic() - started, 1),
        measured=time.strftime("%Y-%m-%d", time.gmtime()),
        code=code_sha256(),
        tables=tuple(dict.fromkeys(score.task for score in scores)),
        notes=tuple(dict.fromkeys(notes)),
    )
    return about, scores


def _written(
    facts: SuiteFacts, results: Mapping[str, _Result], folder: SuiteFolder, show: Callable[[Suite], None]
) -> Suite:
    """What is measured so far, in the order of `TASKS`; written where there are figures."""
    found = [results[task.name] for task in TASKS if task.name in results]
    suite = Suite(
        replace(facts, tasks=tuple(about for about, _ in found)), tuple(score for _, own in found for score in own)
    )
    if suite.scores:
        folder.write(suite)
        show(suite)
    return suite


def _refused(name: str, error: Exception, say: Say) -> _Result:
    say(f"{name}: not measured: {error}")
    return TaskFacts(name, str(error)), []


def _refuse_equal_names(models: Sequence[ModelFacts]) -> None:
    counts = Counter(model.name for model in models)
    for name, number in counts.items():
        if number > 1:
            raise InputError(f"{number} models are called {name!r}, so their rows cannot be told apart; rename one")
