"""``loglm evaluate suite``: every benchmark, one table of scores and one page."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson, Models, Ray, Runs, SentenceEncoder, Threads, WindowsFile

if TYPE_CHECKING:
    from loglm.evaluation.suite.folder import Suite
    from loglm.evaluation.suite.running import SuitePlan
    from loglm.evaluation.suite.task import SuiteInputs, SuiteOptions

__all__ = ["suite"]


def suite(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for scores.csv, suite.json and report.html.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled logs, as for loglm evaluate downstream.")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Corpus folder that the models learned from: its test splits are measured on."),
    ] = None,
    model: Models = None,
    run: Runs = None,
    table: WindowsFile = None,
    tasks: Annotated[str | None, typer.Option("--tasks", help="Only these, separated by commas.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer lines, one seed, no all-MiniLM: a first look.")] = False,
    sentence_encoder: SentenceEncoder = True,
    ray: Ray = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Run every benchmark and write one CSV and one HTML page, with the versions of models, data and code.

    Tasks: hidden-tokens (needs --corpus), attack-windows (needs --windows), and templates, descriptions,
    anomalies, frozen-embeddings, last-layer, retrieval, subsampling, patterns, triage and speed (need --data; retrieval
    for log events needs --windows too).
    What cannot be measured is listed with its reason, and the rest goes on. Rows are models, beside TF-IDF, BM25,
    all-MiniLM, a 5-gram model and untrained encoders, as far as their packages are there.

    On Ray (extra loglm[ray]) tasks are measured beside each other, and speed here afterwards, when nothing else
    is; the figures are the same.

    The same command goes on after a kill: tasks finished with the same models, data and options are not measured again.
    loglm evaluate compare sets two such folders side by side.
    """
    from loglm.cli.output import print_json
    from loglm.corpus.executors import make_executor
    from loglm.evaluation.suite.folder import SuiteFolder
    from loglm.evaluation.suite.running import run_suite
    from loglm.evaluation.suite.task import QUICK, SuiteInputs, SuiteOptions

    options = QUICK if quick else SuiteOptions()
    options = replace(options, threads=threads, general=options.general and sentence_encoder)
    models, runs = [*(model or [])], [*(run or [])]
    if ray is not None:  # a worker may stand in another folder
        data, corpus, table = (path and path.resolve() for path in (data, corpus, table))
        models, runs = [path.resolve() for path in models], [path.resolve() for path in runs]
    plan = _plan(tasks, SuiteInputs(data, corpus, table), options, models, runs)
    executor = make_executor(ray_address=ray)
    measured = run_suite(plan, SuiteFolder(out), say=_say, show=partial(_write_page, out), executor=executor)
    if as_json:
        print_json(asdict(measured))
    else:
        _print(measured, out)


def _plan(
    tasks: str | None, inputs: SuiteInputs, options: SuiteOptions, models: list[Path], runs: list[Path]
) -> SuitePlan:
    from loglm.cli.judged_models import JudgedModels
    from loglm.evaluation.suite.registry import choose_tasks
    from loglm.evaluation.suite.running import SuitePlan

    chosen = choose_tasks([name.strip() for name in tasks.split(",")] if tasks else [])
    judged = JudgedModels(models, runs, options.seeds, options.threads, options.general, inputs.corpus)
    return SuitePlan(chosen, inputs, options, judged, judged.about())


def _write_page(out: Path, measured: Suite) -> None:
    from loglm.evaluation.suite.folder import REPORT_HTML
    from loglm.evaluation.suite.page import suite_page
    from loglm.evaluation.suite.registry import TASKS
    from loglm.reports.score_page import write_score_page

    write_score_page(suite_page(measured, TASKS), out / REPORT_HTML)


def _print(measured: Suite, out: Path) -> None:
    from loglm.cli.score_tables import print_score_tables
    from loglm.evaluation.suite.folder import REPORT_HTML

    print_score_tables(measured.scores)
    for task in measured.facts.tasks:
        if task.reason:
            typer.echo(f"{task.name}: not measured: {task.reason}")
    typer.echo(f"All figures: {out / 'scores.csv'}; page: {out / REPORT_HTML}")


def _say(what: str) -> None:
    typer.echo(what, err=True)
