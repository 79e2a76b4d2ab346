"""`loglm similar`: how alike two events are, or two logs."""

from __future__ import annotations

import csv
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Model, Quiet
from loglm.errors import InputError
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.events.distinct_events import DistinctEvent
    from loglm.runtime.embed import Embed

__all__ = ["similar"]

_MOST_IN_MATRIX = 2_000


def similar(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A log line, FILE:LINE, or a log file, folder or archive; - for stdin.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="What to compare with; the same kinds.")],
    matrix: Annotated[
        bool, typer.Option("--matrix", help="All pairs: a row an event of A, a column one of B.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Events of A shown at most.")] = 20,
    model: Model = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare two events, or each event of a log with the nearest of another log, the least alike first.

    The number is the cosine of the events' vectors: 1 for events that read the same without times, ids and names. Of
    such events of a log one is compared, with their number. --matrix prints all of them as CSV.
    """
    from loglm.analysis.embedding import embed_all
    from loglm.cli.output import count_events
    from loglm.search.encoders import load_encoder

    first, second = _samples(a, "A", quiet=quiet), _samples(b, "B", quiet=quiet)
    if matrix and max(len(first), len(second)) > _MOST_IN_MATRIX:
        raise InputError(
            f"--matrix takes {_MOST_IN_MATRIX:,} different events a side, these have {len(first):,} and "
            f"{len(second):,}; leave it out for the nearest of each"
        )
    encoder, _ = load_encoder(model)
    embed = partial(embed_all, encoder, progress=partial(count_events, quiet=quiet))
    if matrix:
        _show_matrix(first, second, embed, as_json=as_json)
    else:
        _show_matches(first, second, embed, limit, as_json=as_json, quiet=quiet)


def _samples(given: str, name: str, *, quiet: bool) -> list[DistinctEvent]:
    from loglm.cli.event_places import event_at
    from loglm.cli.output import count_events, refuse_empty, report_problems
    from loglm.events import Problems, parse_line, read_events
    from loglm.search.querying import check_words
    from loglm.search.similarity import distinct_samples

    if (event := event_at(given)) is not None:
        return distinct_samples([event])
    if not _is_path(given):
        try:
            check_words(given)
        except InputError as error:
            raise InputError(f"{name}: there is no such file, and it cannot be compared as a line: {error}") from error
        return distinct_samples([parse_line(given)])
    problems = Problems()
    samples = distinct_samples(count_events(read_events([given], problems=problems), quiet=quiet))
    refuse_empty([given], len(samples), problems, quiet=quiet)
    if not quiet:
        report_problems(problems)
    return samples


def _is_path(given: str) -> bool:
    try:
        return given == "-" or (bool(given) and Path(given).exists())
    except (OSError, ValueError):  # too long for a name, or a NUL
        return False


def _show_matches(
    first: list[DistinctEvent],
    second: list[DistinctEvent],
    embed: Embed,
    limit: int,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    from loglm.cli.output import print_json
    from loglm.search.similarity import matches

    found = matches(first, second, embed)
    if as_json:
        print_json(
            {
                "matches": [
                    {"similarity": round(m.similarity, 4), "a": _as_json(m.sample), "b": _as_json(m.nearest)}
                    for m in found[:limit]
                ]
            }
        )
    elif len(first) == len(second) == 1:
        typer.echo(f"{found[0].similarity:.4f}")
    else:
        for match in found[:limit]:
            typer.echo(f"{match.similarity:.4f}\n  A {_lines(match.sample)}\n  B {_lines(match.nearest)}")
        if len(found) > limit and not quiet:
            typer.echo(f"{len(found) - limit:,} more, which are more alike, not shown (--limit)", err=True)


def _show_matrix(first: list[DistinctEvent], second: list[DistinctEvent], embed: Embed, *, as_json: bool) -> None:
    from loglm.cli.output import print_json
    from loglm.reports.sanitize import one_line
    from loglm.search.similarity import similarities

    cosines = similarities(first, second, embed).round(4)
    if as_json:
        rows = {"rows": [_as_json(sample) for sample in first], "columns": [_as_json(sample) for sample in second]}
        print_json(rows | {"similarities": [[round(float(cosine), 4) for cosine in row] for row in cosines]})
        return
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["", *(one_line(str(sample.location)) for sample in second)])
    for sample, row in zip(first, cosines, strict=True):
        table.writerow([one_line(str(sample.location)), *(f"{cosine:.4f}" for cosine in row)])


def _as_json(sample: DistinctEvent) -> dict[str, Any]:
    location = sample.location
    return {"path": location.path, "record": location.record, "events": sample.count, "raw": sample.raw}


def _lines(sample: DistinctEvent) -> str:
    from shutil import get_terminal_size

    from loglm.reports.sanitize import excerpt, one_line

    place = f"{one_line(str(sample.location))} · {plural(sample.count, 'event')}"
    return f"{place}\n    {excerpt(one_line(sample.raw), max(40, get_terminal_size().columns - 4))}"
