"""adapt(): a model's attack weights and thresholds for one environment, checked on a later part of its own logs."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from loglm.adaptation.labels import PlacedLabels
from loglm.adaptation.reference import KnownScores, ReferenceWindows, known_scores
from loglm.adaptation.thresholds import (
    AlertBudget,
    ScoredWindows,
    budget_thresholds,
    count_findings,
    poisson_interval,
)
from loglm.adaptation.tuning import TuningExamples, tune_attack
from loglm.adaptation.windows import EnvironmentWindows
from loglm.detection.calibration import Calibration, ChannelBasis
from loglm.detection.head import AttackHead, word_presence
from loglm.errors import EmptyInputError, InputError
from loglm.plurals import plural
from loglm.triage.verdicts import Verdict

__all__ = ["AdaptationPlan", "Adapted", "ChannelChange", "CheckedPart", "adapt"]

_FITTED, _CHOSEN = 0.5, 0.75
"""Of the benign windows by time: up to here the weights learn, up to there thresholds are set, the rest is checked."""
LEAST_WINDOWS = 40
_MOST_TUNED = 20_000
_LEAST_DAYS = 1 / 24
_MOST_UNLIKE = 0.1
"""Share of benign windows; up to .085 in clean logs, .03 to .33 in those with attacks (docs/adaptation.md)."""


@dataclass(frozen=True, slots=True)
class AdaptationPlan:
    """How to adapt."""

    budget: AlertBudget = field(default_factory=lambda: AlertBudget(per_day=10))
    tune_head: bool = True
    """Move the attack weights; otherwise only thresholds are set."""
    days: float | None = None
    """Days that the benign logs span; taken from their times where None."""


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """What a model raised on the last quarter of the benign logs, of which nothing was learned."""

    windows: int
    days: float
    alerting: int
    """Windows at or above their threshold."""
    findings: int
    a_day: float
    """Findings a day; where one window of several was kept, of those kept times their number."""
    a_day_low: float
    a_day_high: float
    """95 % Poisson interval."""


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """A log channel before and after."""

    channel: str
    windows: int
    """Benign windows in all."""
    threshold_before: float
    threshold_after: float
    alerting_before: float
    """Share of its checked windows that alert; NaN where none was checked."""
    alerting_after: float


@dataclass(frozen=True, slots=True)
class Adapted:
    """An adapted head, and what it rests on."""

    head: AttackHead
    calibration: Calibration
    windows: int
    events: int
    entities: int
    days: float
    fitted: int
    """Windows that the weights learned from; 0 where weights stay."""
    labels: dict[str, int]
    """Windows that were labelled, by verdict."""
    budget_a_day: float
    taken_for_harmless: int
    """Benign windows that alerted before."""
    unlike_the_rest: int
    """Of these, those that still would, by the thresholds before, where the weights learn from the other half of the
    logs alone: what an environment does again and again is no longer among them, an attack is. 0 where weights stay."""
    before: CheckedPart
    after: CheckedPart
    channels: tuple[ChannelChange, ...]
    known_before: KnownScores
    known_after: KnownScores

    @property
    def is_drifting(self) -> bool:
        """The last quarter raises more than the budget, beyond chance: it differs from the quarter before."""
        return self.after.a_day_low > self.budget_a_day

    @property
    def may_hold_an_attack(self) -> bool:
        """More than a tenth of the benign windows alerted before and are unlike the rest."""
        return self.unlike_the_rest > _MOST_UNLIKE * self.windows

    def lost(self, margin: float) -> dict[str, float]:
        """What is worse on the reference windows by more than a margin; the gate refuses where there is something."""
        return self.known_before.lost(self.known_after, margin)


def adapt(
    head: AttackHead,
    calibration: Calibration,
    benign: EnvironmentWindows,
    reference: ReferenceWindows,
    plan: AdaptationPlan,
    *,
    labels: PlacedLabels | None = None,
    labelled: EnvironmentWindows | None = None,
) -> Adapted:
    """Adapt a head to an environment's benign logs and labels.

    Args:
        head: The head to start from.
        calibration: Its thresholds.
        benign: Windows of ordinary logs, which may hold labelled ones.
        reference: What the head has to go on knowing.
        plan: How.
        labels: Verdicts on events.
        labelled: Windows of other logs with labelled events.

    Raises:
        EmptyInputError: There are fewer than 40 windows that count as benign.
        InputError: The logs have no times, and no number of days was given.
    """
    labels = labels or PlacedLabels()
    verdicts = [labels.verdict(places) for places in benign.places]
    of_labels = _labelled(benign, verdicts, labelled, labels)
    ordinary = benign.taken(_harmless(verdicts))
    days = _days(ordinary, plan)
    edges = [0, *(int(share * len(ordinary)) for share in (_FITTED, _CHOSEN)), len(ordinary)]
    fit, choose, check = (np.arange(a, b) for a, b in itertools.pairwise(edges))
    tuned = _tuned(head, ordinary, fit, of_labels, reference) if plan.tune_head else head
    scored = _scored(tuned, calibration, ordinary)
    budget = plan.budget.a_day(len(set(ordinary.entity)))
    chosen = budget_thresholds(scored.taken(choose), budget * days * len(choose) / len(ordinary) / ordinary.stride)
    adapted = _calibrated(calibration, chosen, ordinary)
    before = _scored(head, calibration, ordinary)
    alerted = before.alerts(calibration.channel_thresholds, calibration.threshold)
    unlike = np.zeros(len(ordinary), bool)
    if plan.tune_head and alerted.any():
        later = np.concatenate([choose, check])
        by_later = _tuned(head, ordinary, later, of_labels, reference)
        unlike[later] = _alerts(tuned, calibration, ordinary.taken(later))
        unlike[fit] = _alerts(by_later, calibration, ordinary.taken(fit))
    share = days * len(check) / len(ordinary)
    return Adapted(
        head=tuned,
        calibration=adapted,
        windows=len(benign),
        events=benign.events,
        entities=len(set(benign.entity)),
        days=days,
        fitted=len(fit) if plan.tune_head else 0,
        labels={str(verdict): number for verdict, number in Counter(v for _, v in of_labels).items()},
        budget_a_day=budget,
        taken_for_harmless=int(alerted.sum()),
        unlike_the_rest=int((alerted & unlike).sum()),
        before=_checked(before.taken(check), calibration, share, ordinary.stride),
        after=_checked(scored.taken(check), adapted, share, ordinary.stride),
        channels=_channels(before, scored, check, calibration, adapted),
        known_before=known_scores(reference, head, calibration),
        known_after=known_scores(reference, tuned, adapted),
    )


def _harmless(verdicts: Sequence[Verdict | None]) -> np.ndarray:
    """Places of the windows that count as benign, int64 (n,)."""
    harmless = np.flatnonzero([verdict in (None, Verdict.FALSE_POSITIVE) for verdict in verdicts])
    if len(harmless) < LEAST_WINDOWS:
        raise EmptyInputError(
            f"the benign logs give {plural(len(harmless), 'window')} (of up to 16 events); at least {LEAST_WINDOWS} "
            "are needed, to learn from one part and check on a later one. Give more logs"
        )
    return harmless


def _labelled(
    benign: EnvironmentWindows,
    verdicts: Sequence[Verdict | None],
    labelled: EnvironmentWindows | None,
    labels: PlacedLabels,
) -> list[tuple[np.ndarray, Verdict]]:
    """Words and verdict of each labelled window."""
    found = [(benign.columns[i], verdict) for i, verdict in enumerate(verdicts) if verdict]
    for columns, places in zip(labelled.columns, labelled.places, strict=True) if labelled else ():
        verdict = labels.verdict(places)
        if verdict:
            found.append((columns, verdict))
    return found


def _days(windows: EnvironmentWindows, plan: AdaptationPlan) -> float:
    days = plan.days if plan.days is not None else windows.days
    if math.isnan(days):
        raise InputError(
            "the benign logs have no times, so that alerts a day cannot be counted; say with --days how many they span"
        )
    return max(days, _LEAST_DAYS)


def _tuned(
    head: AttackHead,
    benign: EnvironmentWindows,
    fit: np.ndarray,
    labelled: list[tuple[np.ndarray, Verdict]],
    reference: ReferenceWindows,
) -> AttackHead:
    """Benign positives teach nothing: what they show is rightly called so, and is kept out by exclusions."""
    taught = [(columns, verdict) for columns, verdict in labelled if verdict is not Verdict.BENIGN_POSITIVE]
    again, unlearned = (reference.side(asked=asked) for asked in (False, True))
    picked = fit[np.linspace(0, len(fit) - 1, min(len(fit), _MOST_TUNED)).astype(int)]
    examples = TuningExamples(
        benign=[benign.columns[i] for i in picked],
        labelled=[columns for columns, _ in taught],
        labelled_attack=np.asarray([verdict is Verdict.TRUE_POSITIVE for _, verdict in taught], bool),
        reference=again.columns(head),
        reference_attack=again.attack,
        unlearned=unlearned.columns(head),
        unlearned_attack=unlearned.attack,
    )
    return tune_attack(head, examples)


def _scored(head: AttackHead, calibration: Calibration, windows: EnvironmentWindows) -> ScoredWindows:
    scores = head.score_rows(word_presence([[row] for row in windows.columns], len(head.words)))
    attack, best = scores.attack.astype(np.float64), scores.technique.argmax(axis=1)
    likelihood = scores.technique.max(axis=1)
    for index, hits in enumerate(windows.rules):
        if hits:
            fused, technique = calibration.fuse(float(attack[index]), scores.technique[index], hits, head.labels)
            attack[index], best[index], likelihood[index] = fused, int(technique.argmax()), float(technique.max())
    best[likelihood < calibration.name_threshold] = -1
    channel, entity = np.asarray(windows.channel, object), np.asarray(windows.entity, object)
    return ScoredWindows(attack, best, channel, entity, windows.start)


def _alerts(head: AttackHead, calibration: Calibration, windows: EnvironmentWindows) -> np.ndarray:
    """bool (w,)."""
    scored = _scored(head, calibration, windows)
    return scored.alerts(calibration.channel_thresholds, calibration.threshold)


def _calibrated(before: Calibration, chosen: dict[str, float], windows: EnvironmentWindows) -> Calibration:
    """New thresholds, and of what they rest on the environment's own windows beside what was known."""
    basis = dict(before.channel_basis)
    for name, number in Counter(windows.channel).items():
        old = basis.get(name, ChannelBasis(0, 0, 0))
        basis[name] = replace(
            old, clean_windows=old.clean_windows + number, clean_machines=old.clean_machines + _machines(windows, name)
        )
    return replace(before, channel_thresholds=before.channel_thresholds | chosen, channel_basis=basis)


def _machines(windows: EnvironmentWindows, channel: str) -> int:
    return len({entity for entity, name in zip(windows.entity, windows.channel, strict=True) if name == channel})


def _checked(windows: ScoredWindows, calibration: Calibration, days: float, stride: int) -> CheckedPart:
    alerts = windows.alerts(calibration.channel_thresholds, calibration.threshold)
    findings = count_findings(windows, alerts)
    low, high = (bound * stride / days for bound in poisson_interval(findings))
    return CheckedPart(len(windows), days, int(alerts.sum()), findings, findings * stride / days, low, high)


def _channels(
    before: ScoredWindows, after: ScoredWindows, check: np.ndarray, old: Calibration, new: Calibration
) -> tuple[ChannelChange, ...]:
    """Those with most windows first."""
    late = np.zeros(len(before), bool)
    late[check] = True
    found = []
    for name, number in Counter(before.channel.tolist()).most_common():
        here = (before.channel == name) & late
        limits = old.threshold_for(name), new.threshold_for(name)
        shares = [
            float((scores.attack[here] >= limit).mean()) if here.any() else float("nan")
            for scores, limit in zip((before, after), limits, strict=True)
        ]
        found.append(ChannelChange(name, number, *limits, *shares))
    return tuple(found)
