"""Running detectors on the data sets: threshold from the validation part, figures on the test part.

Figures of each set, with 95 % intervals over seeds and test sequences, and of the mean over the sets that could be
measured, whose interval joins theirs as independent errors:

- ``F1`` at the threshold that is best on the labelled validation part;
- ``PR-AUC``, which needs no threshold;
- ``PR-AUC, no duplicates``: without test sequences that hold the same events, as often each, as one learned from or an
  earlier test sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from loglm.evaluation.anomaly.figures import DetectorScores, find_new, measure
from loglm.evaluation.anomaly.labelled_sequences import LEARN, TEST, TUNE, LabelledSequences
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import Score

__all__ = ["MEAN", "METRICS", "FitAndScore", "mean_scores", "measure_set", "why_not"]

MEAN = "mean"
METRICS = {"F1": "F1 tuned", "PR-AUC": "PR-AUC", "PR-AUC, no duplicates": "PR-AUC, no duplicates"}
"""By name here, the name in `loglm.evaluation.anomaly.figures`."""

FitAndScore = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""A seed to the scores of validation and test sequences by a detector that has learned with it."""


def measure_set(
    task: str, data: LabelledSequences, model: str, run: FitAndScore, *, seeds: Sequence[int]
) -> Iterator[Score]:
    """Figures of one detector on one set, a table (``task``) for each metric."""
    learned, tested = (data.sequences.take(data.of(part)) for part in (LEARN, TEST))
    tune_truth, test_truth = (data.is_anomaly[data.of(part)] for part in (TUNE, TEST))
    tune, test = zip(*(run(seed) for seed in seeds), strict=True)
    found = measure(DetectorScores(np.stack(tune), np.stack(test)), tune_truth, test_truth, find_new(learned, tested))
    for metric, name in METRICS.items():
        yield Score(f"{task}: {metric}", data.name, model, metric, found[name], len(test_truth))


def mean_scores(scores: Sequence[Score]) -> Iterator[Score]:
    """Of each table and model, the mean over its sets."""
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores:
        if score.value.mean == score.value.mean:
            groups.setdefault((score.task, score.model, score.metric), []).append(score)
    for (task, model, metric), own in groups.items():
        yield Score(task, MEAN, model, metric, _mean([score.value for score in own]), sum(s.items for s in own))


def why_not(data: LabelledSequences, *, has_labels: bool) -> str | None:
    """Why a set cannot be measured on; None where it can."""
    truth = {part: data.is_anomaly[data.of(part)] for part in (LEARN, TUNE, TEST)}
    needed = {"learn from": LEARN} if has_labels else {}
    for what, part in {**needed, "set the threshold by": TUNE, "measure on": TEST}.items():
        if truth[part].all() or not truth[part].any():
            kind = "normal" if truth[part].any() else "anomalous"
            return f"no {kind} sequence in the part to {what}"
    return None


def _mean(values: Sequence[Interval]) -> Interval:
    means, lows, highs = (np.asarray([getattr(v, name) for v in values]) for name in ("mean", "low", "high"))
    mean = float(means.mean())
    below, above = (float(np.sqrt((gap**2).sum())) / len(values) for gap in (means - lows, highs - means))
    return Interval(mean, mean - below, mean + above)
