"""Zero-shot against adapted, one environment left out at a time.

Protocol. A head learns the attack side from four fifths of the recordings outside the environment (another fifth each
seed is kept to set zero-shot thresholds by: 1 % of its clean windows and a tenth of its background, by channel; or,
in the first row, 1 % of its clean windows for all channels together). Then it
is adapted by the environment's earlier part, as `loglm adapt` does: ordinary windows move its weights (their first two
thirds by time) and set thresholds at which 1 % of a channel alerts (the last third); labels are drawn from the earlier
part, half attack and half ordinary windows, others with each seed. All figures are of the later part.

Recall *at the budget* is taken as in use: one threshold for all channels, at which 1 % of the ordinary windows alert
that the model did not learn from, of the last third of the earlier part. How many then do in the later part stands
beside it. *At 1 %* is by the later part's own ordinary windows, and compares rankings alone.

Rows beside it: thresholds alone; a logistic regression on TF-IDF that learns from the environment alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, vstack

from loglm.adaptation.thresholds import ScoredWindows, budget_thresholds
from loglm.adaptation.tuning import TuningExamples, tune_attack
from loglm.detection.head import AttackHead
from loglm.evaluation.adaptation_environments import Environment
from loglm.evaluation.attack_background import background_windows
from loglm.evaluation.attack_metrics import ChannelThresholds, alert_threshold, average_precision, channel_thresholds
from loglm.evaluation.window_table import WindowTable

__all__ = ["LABELS", "METRICS", "SPANS", "AdaptationScore", "HeadFit", "evaluate_environment"]

HeadFit = Callable[[frozenset[int], int], AttackHead]
"""Recordings to learn from and a seed; gives a head whose attack side is fitted."""

LABELS = (5, 20, 100)
SPANS: tuple[tuple[str, float], ...] = (("an hour", 3_600.0), ("a day", 86_400.0), ("everything", math.inf))
"""Of the environment's ordinary windows, up to the end of the earlier part."""
METRICS = (
    "accuracy",
    "F1",
    "kappa",
    "false-positive rate",
    "recall",
    "recall of recordings",
    "recall at the budget",
    "false alarms at the budget",
    "recall at 1 %",
    "average precision",
)
"""The last two hang on no threshold that is set beforehand."""
_SHARE = 0.01
_OF_A_SIDE = 1_000
_FITTED = 2 / 3
_INVERSE_PENALTY = 10.0


@dataclass(frozen=True, slots=True)
class AdaptationScore:
    """A model in one environment with one seed."""

    environment: str
    seed: int
    model: str
    given: int
    """Windows of the environment that it learned from, labels included."""
    values: dict[str, float]
    """`METRICS`."""


def evaluate_environment(
    table: WindowTable, presence: csr_matrix, words: Sequence[str], environment: Environment, fit: HeadFit, *, seed: int
) -> list[AdaptationScore]:
    """All rows for one environment and seed.

    Args:
        table: All windows.
        presence: (w, V): which words each window holds.
        words: V words.
        environment: To leave out.
        fit: Trains the head.
        seed: Of the head's recordings, and of the labels.
    """
    run = _Run(table, presence, words, environment, fit, seed)
    rows: list[AdaptationScore | None] = [
        run.row("zero-shot, one threshold by clean machines", run.head, run.by_clean, 0),
        run.row("zero-shot", run.head, run.zero_shot, 0),
    ]
    for name, span in SPANS:
        given = run.given(span)
        rows.append(run.adapted(f"background of {name}, thresholds only", given, tune=False))
        rows.append(run.adapted(f"background of {name}", given))
    rows.append(run.adapted("everything earlier as background, attacks in it", environment.early.windows))
    every = run.given(math.inf)
    for number in LABELS:
        labels = run.labels(number)
        rows.append(run.adapted(f"{number} labels, no background", _NO_WINDOWS, labels))
        rows.append(run.adapted(f"background of everything, {number} labels", every, labels))
        rows.append(run.from_scratch(f"TF-IDF + logistic regression, background, {number} labels", every, labels))
    return [row for row in rows if row is not None]


_Labels = tuple[np.ndarray, np.ndarray]
"""Windows, and which of them are attacks."""
_Score = Callable[[np.ndarray], np.ndarray]
"""p(attack) of windows."""
_NO_WINDOWS = np.zeros(0, np.int64)


class _Run:
    def __init__(
        self,
        table: WindowTable,
        presence: csr_matrix,
        words: Sequence[str],
        environment: Environment,
        fit: HeadFit,
        seed: int,
    ) -> None:
        self.table, self.presence, self.environment, self.seed = table, presence, environment, seed
        self.of = np.asarray(table.recording)
        self.channel = np.asarray(table.channel, object)
        outside = np.asarray(sorted(set(self.of.tolist()) - environment.recordings))
        self.rng = np.random.default_rng(seed)
        learned, kept = self._dealt(outside)
        self.head = fit(frozenset(learned.tolist()), seed)
        place = {word: column for column, word in enumerate(words)}
        self.held = presence[:, np.asarray([place[word] for word in self.head.words])].tocsr()
        self.reference = self._reference(learned)
        self.zero_shot, self.by_clean = self._zero_shot(kept)
        self.unlearned = self._reference(kept)

    def _dealt(self, recordings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Four fifths and a fifth, of attack recordings and of clean ones, at least one of each in the fifth."""
        clean = np.asarray([self.table.recordings[r].kind == "benign" for r in recordings], bool)
        mixed = [self.rng.permutation(recordings[side]) for side in (~clean, clean)]
        cuts = [max(1, len(part) // 5) for part in mixed]
        learned, kept = (
            np.concatenate([part[rest] for part, rest in zip(mixed, rests, strict=True)])
            for rests in ([slice(cut, None) for cut in cuts], [slice(cut) for cut in cuts])
        )
        return learned, kept

    def _sides(self, recordings: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Windows of recordings; which are clean, and which background."""
        windows = np.flatnonzero(np.isin(self.of, recordings))
        clean = np.asarray([self.table.recordings[r].kind == "benign" for r in self.of[windows]], bool)
        return windows, clean, background_windows(self.table, windows)

    def _reference(self, recordings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At most a thousand windows of attacks and as many others, and which are of attacks."""
        windows, clean, background = self._sides(recordings)
        ordinary = clean | background
        picked = [self.rng.permutation(windows[side])[:_OF_A_SIDE] for side in (~ordinary, ordinary)]
        return np.concatenate(picked), np.repeat([True, False], [len(part) for part in picked])

    def _zero_shot(self, kept: np.ndarray) -> tuple[ChannelThresholds, ChannelThresholds]:
        """Thresholds by channel, from clean windows and background; and one for all, from clean windows alone."""
        windows, clean, background = self._sides(kept)
        score = self.score(self.head, windows)
        limit = alert_threshold(score[clean], _SHARE)
        by_channel = channel_thresholds(score, self.channel[windows], clean, background, share=_SHARE)
        return by_channel, ChannelThresholds(limit, limit, {})

    def score(self, head: AttackHead, windows: np.ndarray) -> np.ndarray:
        """p(attack), (w,)."""
        return np.asarray(head.score_rows(self.held[windows]).attack, np.float64)

    def given(self, span: float) -> np.ndarray:
        """Ordinary windows of the earlier part, of the last ``span`` seconds of it."""
        early = self.environment.early
        ordinary = early.windows[early.ordinary]
        start = np.asarray(self.table.start)[ordinary]
        given: np.ndarray = ordinary[~(start < np.nanmax(start) - span)]
        return given

    def labels(self, number: int) -> _Labels:
        """As many windows of either side as there are, half of the number each."""
        early = self.environment.early
        rng = np.random.default_rng((self.seed, number))
        sizes = ((early.attack, (number + 1) // 2), (early.ordinary, number // 2))
        picked = [rng.permutation(early.windows[side])[:size] for side, size in sizes]
        return np.concatenate(picked), np.repeat([True, False], [len(part) for part in picked])

    def adapted(
        self, name: str, given: np.ndarray, labels: _Labels | None = None, *, tune: bool = True
    ) -> AdaptationScore:
        """The head adapted by ordinary windows and labels."""
        windows, attack = labels or (_NO_WINDOWS, np.zeros(0, bool))
        cut = int(len(given) * _FITTED)
        head = self.head
        if tune:
            examples = TuningExamples(
                benign=self.columns(given[:cut]),
                labelled=self.columns(windows),
                labelled_attack=attack,
                reference=self.columns(self.reference[0]),
                reference_attack=self.reference[1],
                unlearned=self.columns(self.unlearned[0]),
                unlearned_attack=self.unlearned[1],
            )
            head = tune_attack(head, examples)
        chosen = self.thresholds(self.score(head, given[cut:]), given[cut:])
        limits = replace(self.zero_shot, by_channel=self.zero_shot.by_channel | chosen)
        learned = np.concatenate([given[:cut], windows]) if tune else windows
        return self.row(name, head, limits, len(given) + len(windows), learned)

    def thresholds(self, score: np.ndarray, windows: np.ndarray) -> dict[str, float]:
        """Those at which 1 % of a channel's windows alert."""
        start = np.asarray(self.table.start)[windows]
        entity = np.asarray(self.table.entity, object)[windows]
        scored = ScoredWindows(score, np.zeros(len(windows), int), self.channel[windows], entity, start)
        return budget_thresholds(scored, math.inf)

    def columns(self, windows: np.ndarray) -> list[np.ndarray]:
        rows = self.held[windows]
        return [rows.indices[a:b] for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)]

    def from_scratch(self, name: str, given: np.ndarray, labels: _Labels) -> AdaptationScore | None:
        """Nothing but the environment; None without a labelled attack."""
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        windows, attack = labels
        if not attack.any():
            return None
        cut = int(len(given) * _FITTED)
        rows = vstack([self.presence[given[:cut]], self.presence[windows]]).sign()
        scale = TfidfTransformer().fit(rows)
        model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", solver="liblinear", random_state=0)
        model.fit(scale.transform(rows), np.concatenate([np.zeros(cut, bool), attack]))

        def score(asked: np.ndarray) -> np.ndarray:
            return np.asarray(model.predict_proba(scale.transform(self.presence[asked].sign()))[:, 1])

        chosen = self.thresholds(score(given[cut:]), given[cut:])
        learned = np.concatenate([given[:cut], windows])
        values = self.figures(score, ChannelThresholds(0.5, 0.5, chosen), learned)
        return AdaptationScore(self.environment.name, self.seed, name, len(given) + len(windows), values)

    def row(
        self, name: str, head: AttackHead, limits: ChannelThresholds, given: int, learned: np.ndarray = _NO_WINDOWS
    ) -> AdaptationScore:
        values = self.figures(lambda windows: self.score(head, windows), limits, learned)
        return AdaptationScore(self.environment.name, self.seed, name, given, values)

    def at_budget(self, score: _Score, learned: np.ndarray) -> float:
        """The threshold at which 1 % of the earlier part's ordinary windows alert, of its last third, not learned."""
        ordinary = self.given(math.inf)
        known = ordinary[int(len(ordinary) * _FITTED) :]
        return alert_threshold(score(known[~np.isin(known, learned)]), _SHARE)

    def figures(self, scored: _Score, limits: ChannelThresholds, learned: np.ndarray) -> dict[str, float]:
        """`METRICS` on the later part."""
        from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

        late = self.environment.late
        score, at_budget = scored(late.windows), self.at_budget(scored, learned)
        alerts = score >= np.asarray([limits.of(name) for name in self.channel[late.windows]])
        known = late.attack | late.ordinary
        truth, said = late.attack[known], alerts[known]
        recordings = self.of[late.windows]
        attacked = _attack_recordings(self.table, recordings)
        found = set(recordings[alerts & ~late.ordinary].tolist())
        values = (
            accuracy_score(truth, said),
            f1_score(truth, said, zero_division=0.0),
            cohen_kappa_score(truth, said),
            alerts[late.ordinary].mean(),
            alerts[late.attack].mean(),
            len(found & attacked) / len(attacked),
            (score[late.attack] >= at_budget).mean(),
            (score[late.ordinary] >= at_budget).mean(),
            (score[late.attack] >= alert_threshold(score[late.ordinary], _SHARE)).mean(),
            average_precision(score[late.attack], score[late.ordinary]),
        )
        return dict(zip(METRICS, map(float, values), strict=True))


def _attack_recordings(table: WindowTable, recordings: Iterable[int]) -> set[int]:
    return {int(i) for i in recordings if table.recordings[i].kind == "attack"}
