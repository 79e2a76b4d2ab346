"""``loglm evaluate extraction``: how often time, host, user and addresses are what parser tests expect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.figures_csv import check_csv, write_csv
from loglm.cli.options import AsJson, FiguresCsv, Force

if TYPE_CHECKING:
    from loglm.evaluation.extraction import Score

__all__ = ["extraction"]

_COLUMNS = ("group", "source", "field", "expected", "right", "share")


def extraction(
    data: Annotated[Path, typer.Option("--data", help="Data folder; the parser tests lie in logs/parsing below it.")],
    csv_file: FiguresCsv = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Share of times, hosts, users and addresses that equal what other projects' parser tests expect.

    DATA/logs/parsing has a folder for each group of tests: elastic_integrations (PACKAGE/**/NAME with
    NAME-expected.json), sekoia_intake_formats (FORMAT.jsonl, lines of input and expected),
    datadog_integrations_extras (PRODUCT_tests.yaml), fail2ban (SERVICE, lines after # failJSON), loghub_2k
    (SYSTEM_2k.log_structured.csv; its raw lines are DATA/logs/corpus/loghub/SYSTEM_2k.log.zst). Any of these files may
    end in .zst. Groups that are absent are left out; where all are, the command ends with status 2.
    """
    from loglm.cli.output import print_json
    from loglm.evaluation.extraction import extraction_cases, score_cases, totals

    check_csv(csv_file, force=force)
    scores = score_cases(extraction_cases(data, lambda group: typer.echo(f"reading {group}", err=True)))
    rows = scores + totals(scores)
    write_csv(csv_file, _COLUMNS, map(_cells, rows))
    if as_json:
        print_json([dict(zip(_COLUMNS, _cells(score), strict=True)) for score in rows])
    else:
        _print_table(scores)


def _cells(score: Score) -> tuple[str, str, str, int, int, float]:
    return score.group, score.source, score.field, score.expected, score.right, round(score.share, 4)


def _print_table(scores: list[Score]) -> None:
    """A row for each source and one for each group, a column for each field: right of expected, share."""
    from rich.console import Console
    from rich.table import Table

    from loglm.evaluation.extraction import FIELDS, totals

    table = Table("group", "source", *FIELDS, title="Extraction: right of expected")
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for score in (*scores, *totals(scores)):
        text = f"{score.right:,} of {score.expected:,} ({score.share:.1%})"
        cells.setdefault((score.group, score.source), {})[score.field] = text
    for group, source in sorted(cells, key=lambda key: (key[0], key[1] == "total", key[1])):
        row = cells[group, source]
        is_total = source == "total"
        table.add_row(
            group,
            source,
            *(row.get(name, "") for name in FIELDS),
            style="bold" if is_total else "",
            end_section=is_total,
        )
    Console(width=200).print(table)
