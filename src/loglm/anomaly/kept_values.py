"""What an anomaly scorer knows, as JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loglm.anomaly.activity import Activity
from loglm.anomaly.baseline import Baseline
from loglm.anomaly.kept_reports import held_values, read_held, read_reports, report_values
from loglm.anomaly.learned_events import LearnedEvents
from loglm.anomaly.read_so_far import ReadSoFar
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.seen_events import SeenEvents
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.threshold import HeldOut, PartHeldOut, Threshold
from loglm.context.encoder import ContextEncoder
from loglm.context.state import read_scorer

__all__ = ["recent_times", "restored_scorer", "scorer_values"]


def scorer_values(scorer: AnomalyScorer) -> dict[str, Any]:
    """What a scorer knows, but for what `loglm.context.state.write_scorer` writes."""
    fitted = scorer.baseline
    return {
        "view": scorer.view,
        "next_number": scorer.next_number,
        "recent": list(scorer.recent),
        "seen_events": scorer.seen.values(),
        "read_so_far": scorer.read_so_far.values(),
        "threshold": [fitted.threshold.bits, fitted.threshold.allowed, fitted.threshold.expected],
        "held_out": [list(fitted.held_out.bits), list(fitted.held_out.ranks)],
        "level": fitted.level.sums().tolist(),
        "activity": fitted.activity.values(),
        "events": fitted.events,
        "budget": fitted.budget,
        "left_out": fitted.left_out,
        "without_time": fitted.without_time,
        "parts": [
            [list(one.held_out.bits), list(one.held_out.ranks), one.allowed, one.first, one.last]
            for one in fitted.parts
        ],
        "learned": list(fitted.learned),
        "learned_events": None if fitted.learned_events is None else fitted.learned_events.values(),
        "in_baseline": fitted.in_baseline,
        "typical": list(fitted.typical.items()),
        "reports": report_values(scorer),
        "held": held_values(scorer),
    }


def restored_scorer(values: Mapping[str, Any], folder: Path, encoder: ContextEncoder | None) -> AnomalyScorer:
    """Of what `scorer_values` gave, and a folder in which the rest was written."""
    inner = read_scorer(folder, encoder)
    fitted = Baseline(
        scorer=inner,
        threshold=Threshold(*map(float, values["threshold"])),
        held_out=_held_out(*values["held_out"]),
        level=SurpriseLevel.restored(values["level"]),
        activity=Activity.restored(values["activity"]) if "activity" in values else Activity(),  # not in one of before
        events=int(values["events"]),
        kept=[],
        typical={int(code): str(text) for code, text in values["typical"]},
        in_baseline=int(values["in_baseline"]),
        budget=values.get("budget"),
        left_out=int(values.get("left_out", 0)),  # not in one of before
        without_time=int(values.get("without_time", 0)),
        parts=tuple(PartHeldOut(_held_out(*one[:2]), *one[2:]) for one in values.get("parts", ())),
        learned=tuple(map(str, values.get("learned") or [inner.environment.digest()])),
    )
    if values.get("learned_events") is not None:  # a state of before has none
        fitted.learned_events = LearnedEvents.restored(*values["learned_events"])
    scorer = AnomalyScorer(fitted, view=values["view"])
    scorer.next_number = int(values["next_number"])
    if "seen_events" in values:  # of a state of before, what it knows is not by a secret, and not used any more
        scorer.seen = SeenEvents.restored(values["seen_events"])
        scorer.read_so_far = ReadSoFar(values["read_so_far"])
    for time in recent_times(values):
        scorer.pass_to(None if time is None else float(time))
    read_reports(values["reports"], scorer)
    read_held(values["held"], scorer)
    return scorer


def recent_times(values: Mapping[str, Any]) -> list[float | None]:
    """Times of the events scored last, by which the clock stands."""
    return values["recent"] if "recent" in values else [values["clock"]]  # a state of before has the clock alone


def _held_out(bits: list[float], ranks: list[int]) -> HeldOut:
    return HeldOut(tuple(map(float, bits)), tuple(map(int, ranks)))
