"""learn_baseline(): from logs to a scorer that knows what is usual, and the events that are to be scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.anomaly.baseline import FEWEST_EVENTS, fit_baseline
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.other_files import other_files
from loglm.anomaly.read_so_far import FileReading
from loglm.anomaly.scored_before import timed_events
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.stretches import Stretch, outside
from loglm.anomaly.table import KINDS, EventTable, Hides, TableReader, View
from loglm.context.codebook import TemplateCodebook
from loglm.context.memory import MOST_ENTITIES
from loglm.errors import EmptyInputError, InputError
from loglm.events.discovery import discover
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.context.encoder import ContextEncoder

__all__ = ["files_of", "learn_baseline", "refuse_unknown_view"]


def learn_baseline(
    paths: Sequence[str | Path],
    baseline: Sequence[str | Path],
    *,
    encoder: ContextEncoder | None = None,
    options: AnomalyOptions,
    hides: Hides | None = None,
    waits: bool = False,
    problems: Problems,
    progress: Progress = silent,
) -> tuple[AnomalyScorer, EventTable, np.ndarray]:
    """A scorer that stands at the end of a baseline, the events read for it, and the rows of those to score.

    Arguments and errors as in `find_anomalies`, and ``waits`` as in `FileReading`; ``paths`` may be empty where a
    baseline is given.
    """
    table, codebook = EventTable(), TemplateCodebook()
    reader = TableReader(table, codebook, view=options.view, hides=hides)
    reading = FileReading(None, problems, waits=waits)
    usual = files_of(baseline, problems)
    _refuse_standard_input(paths)
    for path in usual:
        reader.read(progress(reading.events(path), "events of the baseline"), path)
    learned = len(table)
    for path in other_files(paths, usual, problems) if paths else ():
        reader.read(progress(reading.events(path), "events"), path)
    if len(table) == learned and (paths or not learned):
        raise EmptyInputError("no event was read that could be scored")
    refuse_unknown_view(table, options.view)
    whole, rows = _split_rows(table, learned if baseline else None, options.baseline_share)
    learn = _ordinary(table, whole, options.leave_out)
    fitted = fit_baseline(
        table,
        learn,
        codes=codebook.codes,
        encoder=encoder,
        budget=options.budget,
        entities=options.entities or MOST_ENTITIES,
        progress=lambda rows: progress(rows, "events learned"),
    )
    table.parts = reading.parts
    fitted.left_out = len(whole) - len(learn)
    fitted.without_time = int(np.isnan(np.asarray(table.times, np.float64)[learn]).sum())
    scorer = AnomalyScorer(fitted, view=options.view)
    scorer.next_number = len(table)
    scorer.seen.add(timed_events(table))
    scorer.read_so_far.add(reading)
    fitted.in_baseline = len(fitted.suspicious(fitted.threshold.bits))
    scorer.use(threshold=options.threshold)
    return scorer, table, rows


def refuse_unknown_view(table: EventTable, view: View) -> None:
    """Say so where no event names an entity of the kind asked for.

    Raises:
        InputError: All events were taken for something else.
    """
    if view == "primary" or not len(table) or table.kinds[KINDS[view][0]]:
        return
    others = ", ".join(f"{kind.replace('_', ' ')} {number:,}" for kind, number in table.kinds.most_common())
    raise InputError(
        f"none of the {plural(len(table), 'event')} names {KINDS[view][1]} (--by {view}). They belong to: {others}. "
        "Leave --by out, or choose one of these"
    )


def files_of(paths: Sequence[str | Path], problems: Problems) -> list[str]:
    """The files that paths stand for.

    Raises:
        InputError: A path does not exist, or is standard input.
    """
    _refuse_standard_input(paths)
    return [str(path) for path in discover(paths, problems)] if paths else []


def _refuse_standard_input(paths: Sequence[str | Path]) -> None:
    if "-" in map(str, paths):
        raise InputError(
            "standard input can be read once only, and events are read again to show them; save it to a file"
        )


def _split_rows(table: EventTable, learned: int | None, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the baseline and rows to score, both in the order of time.

    Args:
        table: All events.
        learned: The first so many rows are the baseline; for None the earliest ``share`` of all is.
        share: In 0..1.
    """
    ordered = table.in_time()
    if learned is not None:
        return ordered[ordered < learned], ordered[ordered >= learned]
    cut = int(share * len(ordered))
    return ordered[:cut], ordered[cut:]


def _ordinary(table: EventTable, rows: np.ndarray, stretches: Sequence[Stretch]) -> np.ndarray:
    """The rows of a baseline in none of some stretches of time.

    Raises:
        InputError: There is a stretch that holds none of them.
    """
    times = table.filled_times()[rows]
    for place, stretch in enumerate(stretches, 1):
        if outside(times, [stretch]).all():
            raise InputError(
                f"no event of the baseline lies in stretch {place} of the {len(stretches)} that are to be left out; "
                "see that its times are in UTC or have an offset"
            )
    kept: np.ndarray = rows[outside(times, stretches)]
    if stretches and len(kept) < FEWEST_EVENTS:
        raise InputError(
            f"of the {plural(len(rows), 'event')} of the baseline {len(kept):,} lie outside the stretches that are to "
            f"be left out; expected at least {FEWEST_EVENTS}. Leave out less, or give more with --baseline"
        )
    return kept
