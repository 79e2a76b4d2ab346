"""`loglm anomalies --merge`: kept states as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.kept_state import StateFolder
    from loglm.anomaly.scoring import AnomalyScorer
    from loglm.context.encoder import ContextEncoder

__all__ = ["merge_kept"]


def merge_kept(target: StateFolder, sources: list[Path], *, context: str | None, as_json: bool) -> None:
    """Join states into a new one, and say what it holds.

    Raises:
        InputError: There is a state in the target, or the others cannot be joined.
    """
    from loglm.anomaly.merging import merge_states
    from loglm.errors import InputError

    if target.holds_state:
        raise InputError(f"{target.root}: holds a state already; give a folder for a new one")
    if len({source.resolve() for source in sources}) < max(2, len(sources)):
        raise InputError("give --merge twice or more, each time another state")
    first, *rest = [(str(source), _load(source, context)) for source in sources]
    merge_states(first[1], rest)
    target.save(first[1])
    _print(target, first[1], len(sources), as_json=as_json)


def _load(source: Path, context: str | None) -> AnomalyScorer:
    from loglm.anomaly.kept_state import state_folder
    from loglm.errors import InputError

    with state_folder(source, read_only=True) as folder:
        if not folder.holds_state:
            raise InputError(f"{source}: there is no state to join; give one that `loglm anomalies --state` made")
        return folder.load(encoder=_encoder(context, folder))


def _encoder(context: str | None, folder: StateFolder) -> ContextEncoder | None:
    from loglm.cli.anomalies import load_encoder

    return load_encoder(context if context or folder.needs_encoder() is None else "shipped")


def _print(target: StateFolder, scorer: AnomalyScorer, states: int, *, as_json: bool) -> None:
    from loglm.cli.output import print_json

    entities, told = len(scorer.scorer.entities), len(scorer.reporter.living)
    if as_json:
        facts = {"entities": entities, "baseline_events": scorer.baseline.events, "threshold": scorer.threshold}
        print_json({**facts, "found": told})
        return
    typer.echo(
        f"{target.root}: a new state, of {states}: {plural(entities, 'entity')}, a baseline of "
        f"{plural(scorer.baseline.events, 'event')}, threshold {scorer.threshold:.1f} bits, {plural(told, 'finding')} "
        "of the last day"
    )
