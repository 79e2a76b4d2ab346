"""``loglm evaluate compare``: two suites side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.evaluation.suite.comparing import Comparison, Difference

__all__ = ["compare"]


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Folder of loglm evaluate suite.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    as_json: AsJson = False,
) -> None:
    """What became of each figure from suite A to suite B, and what differs in models, data and versions.

    Figures are of the same task, data, model name and metric. Apart: the 95 % intervals do not touch; where they do,
    a difference says little. The table shows figures of all systems and sources together, --json each.
    """
    from loglm.cli.output import print_json
    from loglm.evaluation.suite.comparing import compare_suites
    from loglm.evaluation.suite.folder import SuiteFolder

    found = compare_suites(SuiteFolder(first).read(), SuiteFolder(second).read())
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    from loglm.reports.sanitize import one_line

    for change in found.changes:
        typer.echo(one_line(f"{change.what}: {change.first} in A, {change.second} in B"))
    if not found.changes:
        typer.echo("Models, data, options and versions are the same.")
    _print_differences(_summary(found.differences))
    for name, only in (("A", found.only_first), ("B", found.only_second)):
        if only:
            tasks, models = (", ".join(dict.fromkeys(place[column] for place in only)) for column in (0, 2))
            typer.echo(one_line(f"Only in {name}: {plural(len(only), 'figure')}; tasks: {tasks}; models: {models}"))


def _summary(differences: Sequence[Difference]) -> list[Difference]:
    from loglm.evaluation.scores import Score, summary_scores

    scores = [Score(d.task, d.data, d.model, d.metric, d.second, 0) for d in differences]
    shown = {score.place for score in summary_scores(scores)}
    return [d for d in differences if (d.task, d.data, d.model, d.metric) in shown]


def _print_differences(differences: Sequence[Difference]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from loglm.cli.score_tables import shown_figure, shown_interval
    from loglm.reports.sanitize import one_line

    if not differences:
        typer.echo("No figure is in both.")
        return
    table = Table("task", "data", "model", "metric", "A", "B", "B - A", "apart")
    for d in differences:
        names = (escape(one_line(name)) for name in (d.task, d.data, d.model, d.metric))
        apart = "" if d.apart is None else "yes" if d.apart else "no"
        figures = (shown_interval(d.first), shown_interval(d.second), shown_figure(d.difference, "+,.3f"))
        table.add_row(*names, *figures, apart)
    Console(width=200).print(table)
