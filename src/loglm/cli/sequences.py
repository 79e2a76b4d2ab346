"""`loglm sequences`: sessions, processes or requests that as a whole are unlike those of a baseline."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Baseline, LogPaths, Model, Quiet
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.unusual_sequences import UnusualSequence, UnusualSequences
    from loglm.runtime.embed import Embed

__all__ = ["sequences"]

_WIDTH = 130
_ID_WIDTH = 60
_FEW = 100
"""Sequences held out, below which it is said that bits are extrapolated."""
_DOT = " · "
_REASONS = {
    "order": "Unexpected events, or in an unexpected order",
    "transitions": "Events follow each other otherwise",
    "rarity": "Rare events, or rare together",
    "content": "Other content",
}


def sequences(
    paths: LogPaths,
    by: Annotated[
        str,
        typer.Option(
            help="Field whose value the events of a sequence share: session, process (a program, in all its runs), or "
            "a field of the source, such as pid or TargetLogonId; or host, user, address, pair, account, as "
            "anomalies has it."
        ),
    ],
    baseline: Baseline = None,
    baseline_share: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Without --baseline: the first share of the sequences, by time.")
    ] = 0.5,
    threshold: Annotated[float, typer.Option(help="Bits from which on a sequence is shown.")] = 10.0,
    encoder: Annotated[
        bool, typer.Option("--encoder/--no-encoder", help="Whether vectors read reworded events as the known ones.")
    ] = True,
    model: Model = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Sequences shown at most.")] = 20,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the sequences of events that are unlike those of a baseline, and why.

    Events with the same value of a field on the same host are a sequence, until an hour passes without one. It is
    compared with sequences that were learned from: the order of its events, what follows what, what is rare, and the
    content; the worst of these counts. 10 bits stand for one normal sequence of 1,000 in one of these views, for up to
    four of 1,000 by the worst of the four. loglm anomalies looks at single events of a host or user over days instead.
    """
    from loglm.anomaly.unusual_sequences import find_unusual_sequences
    from loglm.cli.output import count_events, print_json, report_problems
    from loglm.errors import InputError
    from loglm.events.problems import Problems

    if model is not None and not encoder:
        raise typer.BadParameter("--model names the encoder, which --no-encoder leaves out; give one of them")
    problems = Problems()
    try:
        found = find_unusual_sequences(
            paths,
            by=by,
            baseline=baseline or (),
            baseline_share=baseline_share,
            threshold=threshold,
            embed=_embed(model) if encoder else None,
            problems=problems,
            progress=partial(count_events, quiet=quiet),
        )
    except InputError:
        if not quiet:
            report_problems(problems)  # they may be why
        raise
    if as_json:
        print_json(_document(found, found.found[:limit], by, threshold))
    else:
        _print_text(found, by, threshold, limit)
    if not quiet:
        for line in [*([_basis(found, by, threshold)] if as_json else []), *_notes(found, by)]:
            typer.echo(line, err=True)
        report_problems(problems)


def _embed(model: Path | None) -> Embed:
    from loglm.runtime.encoder import LogEncoder

    return LogEncoder.from_pretrained(model).embed_texts


def _print_text(found: UnusualSequences, by: str, threshold: float, limit: int) -> None:
    for number, one in enumerate(found.found[:limit], 1):
        _print_sequence(number, one, by)
    more = len(found.found) - limit
    if more > 0:
        typer.echo(f"{more:,} more, less unusual, not shown (--limit).")
    if not found.found:
        typer.echo("Nothing above the threshold.")
    typer.echo(_basis(found, by, threshold))


def _basis(found: UnusualSequences, by: str, threshold: float) -> str:
    """What the result rests on, in one line."""
    left_out = f"; {plural(found.without_id, 'event')} without {by}" if found.without_id else ""
    return (
        f"{len(found.found):,} of {plural(found.scored, 'sequence')} at {threshold:g} bits or more, by a baseline of "
        f"{plural(found.learned, 'sequence')}{left_out}"
    )


def _notes(found: UnusualSequences, by: str) -> list[str]:
    """What a reader should know of the result, a line each."""
    notes = []
    if found.left_out:
        notes.append(
            f"{plural(found.left_out, 'event')} with {by} left out: those before fill the memory that is meant for "
            "them. Give fewer logs at a time."
        )
    if found.held_out < _FEW:
        notes.append(
            f"What a bit stands for was learned from {plural(found.held_out, 'sequence')} of the baseline: far above "
            f"{math.log2(found.held_out + 1):.0f} bits it is a rank. A longer baseline tells better."
        )
    return notes


def _print_sequence(number: int, one: UnusualSequence, by: str) -> None:
    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import span

    parts = _DOT.join(f"{name} {bits:.1f}" for name, bits in one.views.items())
    typer.echo(f"{number}. {_REASONS[one.reason]}, {one.bits:.1f} bits ({parts})")
    who = f"{by} {excerpt(one_line(one.value), _ID_WIDTH)}"
    if one.host:
        who += f" on {excerpt(one_line(one.host), _ID_WIDTH)}"
    about = [who, span(one.start, one.end), plural(one.events, "event")]
    typer.echo(f"   {_DOT.join(part for part in about if part)}")
    for location, text in one.evidence:
        place = one_line(str(location)).rsplit("/", 1)[-1]
        typer.echo(f"   {place}  {excerpt(one_line(text.replace(chr(10), ' ')), _WIDTH)}")


def _document(found: UnusualSequences, shown: list[UnusualSequence], by: str, threshold: float) -> dict[str, Any]:
    from loglm.reports.times import iso_utc

    return {
        "sequences": [
            {
                "finding_id": one.finding_id,
                "title": _REASONS[one.reason],
                "by": by,
                "host": one.host,
                "value": one.value,
                "start": iso_utc(one.start) or None,
                "end": iso_utc(one.end) or None,
                "events": one.events,
                "bits": round(one.bits, 2),
                "reason": one.reason,
                "surprise": {name: round(bits, 2) for name, bits in one.views.items()},
                "evidence": [
                    {"path": place.path, "record": place.record, "text": text} for place, text in one.evidence
                ],
            }
            for one in shown
        ],
        "threshold": threshold,
        "found": len(found.found),
        "baseline_sequences": found.learned,
        "held_out_sequences": found.held_out,
        "scored_sequences": found.scored,
        "events_without_id": found.without_id,
        "events_left_out": found.left_out,
    }
