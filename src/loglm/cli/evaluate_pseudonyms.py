"""``loglm evaluate pseudonyms``: which identities of labelled lines are found, and what else is changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loglm.evaluation.pseudonyms import ChangedWords, IdentityScore

__all__ = ["pseudonyms"]


def pseudonyms(
    data: Annotated[Path, typer.Option("--data", help="Data folder; the parser tests lie in logs/parsing below it.")],
    by_source: Annotated[bool, typer.Option("--by-source", help="A row for every source beside the totals.")] = False,
    as_json: AsJson = False,
) -> None:
    """Share of the users, machines and addresses that parser tests name which are gone after pseudonymising."""
    from loglm.cli.output import print_json
    from loglm.evaluation.extraction import extraction_cases
    from loglm.evaluation.pseudonyms import score_identities, score_templates, totals

    scores, words = score_identities(extraction_cases(data, lambda group: typer.echo(f"reading {group}", err=True)))
    words.append(score_templates(data))
    if as_json:
        identities = [asdict(score) for score in scores + totals(scores)]
        print_json({"identities": identities, "words": [asdict(row) for row in words]})
    else:
        _print_identities([*(scores if by_source else ()), *totals(scores)])
        _print_words(words)


def _print_identities(scores: Sequence[IdentityScore]) -> None:
    """A row for each group, a column for each kind: gone of expected, by text and by event."""
    from rich.console import Console
    from rich.table import Table

    from loglm.evaluation.pseudonyms import KINDS

    table = Table("group", "source", *KINDS, title="Identities gone, of those to replace (by event); kept by design")
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for score in scores:
        share, by_event = (count / max(1, score.expected) for count in (score.gone, score.gone_by_event))
        text = f"{score.gone:,} of {score.expected:,} {share:.1%} ({by_event:.1%}); {score.kept:,}"
        cells.setdefault((score.group, score.source), {})[score.kind] = text
    for group, source in sorted(cells, key=lambda key: (key[0], key[1] == "total", key[1])):
        row = cells[group, source]
        table.add_row(group, source, *(row.get(kind, "") for kind in KINDS), end_section=source == "total")
    Console(width=240).print(table)


def _print_words(words: Sequence[ChangedWords]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("group", "other words", "changed", "share", "most frequent", title="Other words changed")
    for row in words:
        share = row.changed / max(1, row.words)
        table.add_row(row.group, f"{row.words:,}", f"{row.changed:,}", f"{share:.2%}", escape(" ".join(row.examples)))
    Console(width=200).print(table)
