"""`loglm anomalies --merge`: kept states as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.kept_state import StateFolder, StateOutline
    from loglm.anomaly.merging import Merged, Overlap
    from loglm.anomaly.scoring import AnomalyScorer
    from loglm.context.encoder import ContextEncoder

__all__ = ["merge_kept"]


def merge_kept(
    target: StateFolder,
    sources: list[Path],
    *,
    context: str | None,
    entities: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Join states into a new one, and say what it holds.

    Raises:
        InputError: There is a state in the target, or the others cannot be joined.
    """
    from loglm.anomaly.merging import merge_order, merge_states
    from loglm.errors import InputError

    if target.holds_state:
        raise InputError(f"{target.root}: holds a state already; give a folder for a new one")
    if len({source.resolve() for source in sources}) < max(2, len(sources)):
        raise InputError("give --merge twice or more, each time another state")
    outlines = {source: _outline(source) for source in sources}
    first, *rest = sorted(sources, key=lambda source: merge_order(outlines[source]))
    most = entities or max(one.most_entities for one in outlines.values())
    scorer = _load(first, context)
    merged = merge_states(scorer, _loaded(rest, context), entities=most)
    target.save(scorer)
    _print(target, scorer, merged, len(sources), as_json=as_json)
    if not quiet:
        for line in _notes(scorer, merged, {} if entities else outlines):
            typer.echo(line, err=True)


def _outline(source: Path) -> StateOutline:
    from loglm.anomaly.kept_state import state_folder
    from loglm.errors import InputError

    with state_folder(source, read_only=True) as folder:
        if not folder.holds_state:
            problem = "is empty" if source.is_dir() else "there is no such folder"
            raise InputError(f"{source}: {problem}; expected one that `loglm anomalies --state` made")
        return folder.outline()


def _loaded(sources: list[Path], context: str | None) -> Iterator[tuple[str, AnomalyScorer]]:
    """One by one, so that one is in memory at a time beside the one that takes it over."""
    for source in sources:
        yield str(source), _load(source, context)


def _load(source: Path, context: str | None) -> AnomalyScorer:
    from loglm.anomaly.kept_state import state_folder

    with state_folder(source, read_only=True) as folder:
        return folder.load(encoder=_encoder(context, folder))


def _encoder(context: str | None, folder: StateFolder) -> ContextEncoder | None:
    from loglm.cli.anomalies import load_encoder

    return load_encoder(context if context or folder.needs_encoder() is None else "shipped")


def _print(target: StateFolder, scorer: AnomalyScorer, merged: Merged, states: int, *, as_json: bool) -> None:
    from loglm.cli.output import print_json

    entities, told = len(scorer.scorer.entities), len(scorer.reporter.living)
    if as_json:
        print_json(
            {
                "entities": entities,
                "baseline_events": scorer.baseline.events,
                "baseline_events_counted_twice": round(sum(one.events for one in merged.twice)),
                "threshold": scorer.threshold,
                "found": told,
                "not_told": len(scorer.touched),
            }
        )
        return
    untold = f", {len(scorer.touched):,} still to tell" if scorer.touched else ""
    typer.echo(
        f"{target.root}: a new state, of {states}: {plural(entities, 'entity')}, a baseline of "
        f"{plural(scorer.baseline.events, 'event')}, threshold {scorer.threshold:.1f} bits, {plural(told, 'finding')} "
        f"of the last day{untold}"
    )


def _notes(scorer: AnomalyScorer, merged: Merged, outlines: Mapping[Path, StateOutline]) -> list[str]:
    """What a reader should know of a merge, a line each."""
    from loglm.cli.anomalies_output import forgotten_line

    lines = [f"{name}: its baseline lies in that of the others, and counts once" for name in merged.within]
    lines += map(_overlap_line, merged.twice)
    lines += [
        f"{name}: it, or a state joined before it, was learned by an earlier loglm; whether events of its baseline are "
        "in the others too, and count twice, cannot be told"
        for name in merged.unchecked
    ]
    if len({one.most_entities for one in outlines.values()}) > 1:
        each = ", ".join(f"{one.most_entities:,} in {source}" for source, one in outlines.items())
        most = f"{scorer.scorer.options.most_entities:,}"
        lines.append(f"Entities remembered at most: {each}; the new state remembers {most} (choose with --entities)")
    if merged.evicted:
        lines.append(
            f"{plural(merged.evicted, 'entity')} forgotten, because there are more than can be remembered: their next "
            "events look new. Remember more with --entities"
        )
    return [line for line in [*lines, forgotten_line(scorer.reporter.forgotten)] if line]


def _overlap_line(one: Overlap) -> str:
    about = "" if one.is_exact else "about "
    share = one.events / max(1.0, one.of)
    return (
        f"{one.name}: {about}{plural(round(one.events), 'event')} of its baseline ({share:.0%}) are in those of the "
        "others too, and count twice: what they hold looks more usual than it is. To count them once, learn from the "
        "logs of both in one run"
    )
