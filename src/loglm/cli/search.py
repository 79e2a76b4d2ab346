"""`loglm search`: events of an index like an example, by words, or with an exact value."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Model, Quiet
from loglm.errors import InputError
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.search.querying import Hit

__all__ = ["search"]


def search(
    index: Annotated[Path, typer.Argument(help="Folder of the index, from loglm index.")],
    query: Annotated[str, typer.Argument(help="A log line, FILE:LINE, or some words; with --value a value.")],
    value: Annotated[
        bool, typer.Option("--value", help="Events that hold QUERY exactly: an address, a user, a path, a hash.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Results shown at most.")] = 10,
    since: Annotated[
        str | None, typer.Option(help="Events from this time on, such as 2026-03-17 or 2026-03-17T08:00; UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Events before this time; UTC.")] = None,
    source: Annotated[str | None, typer.Option(help="Log source: linux/sshd, linux, sshd.")] = None,
    entity: Annotated[str | None, typer.Option(help="Host, user or address whose behaviour the event is.")] = None,
    model: Model = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search an index by an example event, by words, or by an exact value.

    A result is all events that read the same without their times, ids and names: their number, the first one, and its
    place. Vectors and words (BM25) each rank the texts; the score joins both rankings (reciprocal rank fusion), and is
    1.00 where both put a text first. With --value the rarest texts come first, and results count only the events with
    the value.
    """
    from loglm.cli.output import count_events, print_json
    from loglm.search.encoders import load_encoder
    from loglm.search.querying import Filters, SearchIndex, check_words

    filters = Filters(_time("--since", since), _time("--until", until), source, entity)
    if filters.since is not None and filters.until is not None and filters.until <= filters.since:
        raise InputError(f"--until {until} is not after --since {since}: no event lies between them")
    if value:
        with SearchIndex(index) as opened:
            progress = partial(count_events, quiet=quiet)
            hits = opened.with_value(query, filters=filters, limit=limit, progress=progress)
    else:
        from loglm.cli.event_places import event_at

        example = event_at(query)
        if example is None:
            check_words(query)
        encoder, encoder_id = load_encoder(model)
        with SearchIndex(index, embed=encoder.embed_texts, encoder=encoder_id) as opened:
            hits = opened.like(example or query, filters=filters, limit=limit)
    if as_json:
        print_json({"hits": [_as_json(hit) for hit in hits]})
    else:
        _show(hits, quiet=quiet)


def _time(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{option}: {text!r} is no time; expected one such as 2026-03-17, 2026-03-17T08:00 or "
            "2026-03-17T08:00:00+01:00"
        ) from error


def _as_json(hit: Hit) -> dict[str, Any]:
    from loglm.reports.times import iso_utc

    return {
        "score": round(hit.score, 4),
        "similarity": None if hit.similarity is None else round(hit.similarity, 4),
        "events": hit.events,
        "path": hit.location.path,
        "record": hit.location.record,
        "timestamp": iso_utc(hit.timestamp) or None,
        "start": iso_utc(hit.first_time) or None,
        "end": iso_utc(hit.last_time) or None,
        "log_source": hit.log_source,
        "entity_kind": hit.entity_kind,
        "entity": hit.entity,
        "text": hit.text,
        "raw": hit.raw,
    }


def _place(hit: Hit) -> str:
    """Where the event stands, as seen from the current folder where it is below that."""
    from dataclasses import replace

    path = Path(hit.location.path)
    below = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return str(replace(hit.location, path=str(below)))


def _show(hits: list[Hit], *, quiet: bool) -> None:
    from shutil import get_terminal_size

    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import span

    if not hits and not quiet:
        typer.echo("no event found", err=True)
    width = max(40, get_terminal_size().columns)
    for hit in hits:
        alike = "" if hit.similarity is None else f" similarity {hit.similarity:.2f}"
        entity = excerpt(one_line(hit.entity), 60)
        parts = [plural(hit.events, "event"), span(hit.first_time, hit.last_time), one_line(hit.log_source), entity]
        typer.echo(f"{hit.score:.2f}{alike} · " + " · ".join(part for part in parts if part))
        typer.echo(f"  {one_line(_place(hit))}")
        typer.echo(f"  {excerpt(one_line(hit.raw), width - 2)}")
