"""Triage of the incidents of AIT-ADS by nearest past ones: precision and recall of both models, and what is saved.

Protocol: incidents in the order of time (`loglm.evaluation.alert_incidents`). The history is all before 25 January
2022, with the attacks on three companies; the thresholds are chosen within it, the newer half being judged by the older
(`loglm.triage.deciding.learn_models`). The test is all from then on: mostly two other companies, with an attack each.
Figures also without duplicates: test incidents that read like one of the history or an earlier one of the test are left
out.
*Verdicts learned daily*: the true verdict of each incident is learned at the end of its day, thresholds chosen anew.

Intervals: 95 % bootstrap over hours of a company, because incidents of one hour belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from loglm.errors import InputError
from loglm.evaluation.alert_incidents import AlertIncidents
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.embedders import Embedder, Vectorize, dense
from loglm.evaluation.scores import ALL, Score
from loglm.triage.deciding import Decision, Judged, TriageModels, judge, learn_models
from loglm.triage.pooling import incident_vectors
from loglm.triage.records import content_key, head_key

__all__ = [
    "ERRORS",
    "TEST_FROM",
    "TriageDay",
    "TriageSplit",
    "daily_verdicts",
    "equal_texts",
    "incident_table",
    "split_incidents",
    "triage_figures",
    "triage_scores",
]

TEST_FROM = datetime(2022, 1, 25, tzinfo=UTC).timestamp()
"""POSIX seconds."""
ERRORS = ((0.1, 0.01), (0.25, 0.02))
"""Share of wrong decisions that is allowed: of what is raised, of what is closed."""

_DAY_S, _HOUR_S = 86_400, 3_600
_REPLICATES = 300
_METRICS = ("raise precision", "raise recall", "close precision", "close recall", "volume saved", "mis-suppressed")


@dataclass(frozen=True, slots=True)
class TriageSplit:
    """Incidents in the order of time, and where the test begins."""

    incidents: AlertIncidents
    test_from: int
    """The first incident of the test."""
    heads: Sequence[bytes]
    """Equal for incidents that are called the same."""
    contents: Sequence[bytes]
    """Equal for incidents that read the same."""
    is_new: np.ndarray
    """bool (n,): of the test, not like any before."""


@dataclass(frozen=True, slots=True)
class TriageDay:
    """One day of the test, judged with the verdicts of all days before it."""

    rows: slice
    """Its incidents."""
    models: TriageModels
    judged: Judged


def split_incidents(incidents: AlertIncidents, *, test_from: float = TEST_FROM) -> TriageSplit:
    """The parts of the protocol.

    Raises:
        InputError: The history or the test has no attack, or nothing else.
    """
    first = int(np.searchsorted(incidents.start, test_from))
    for name, part in (("before", incidents.is_attack[:first]), ("from", incidents.is_attack[first:])):
        if not part.any() or part.all():
            raise InputError(f"{name} {datetime.fromtimestamp(test_from, UTC):%Y-%m-%d}: expected attacks and others")
    heads = [head_key(parts) for parts in incidents.parts]
    contents = [content_key(parts) for parts in incidents.parts]
    _, firsts = np.unique(np.frombuffer(b"".join(contents), "V16"), return_index=True)
    is_new = np.zeros(len(contents), bool)
    is_new[firsts] = True
    is_new[:first] = False
    return TriageSplit(incidents, first, heads, contents, is_new)


def triage_scores(split: TriageSplit, embedders: Iterable[Embedder], say: Callable[[str], None]) -> Iterator[Score]:
    """Figures of each embedder at each of `ERRORS`, with all test incidents and without duplicates, with the history
    as it was and with verdicts learned day by day."""
    for embedder in (equal_texts(), *embedders):
        if embedder.reads_raw:
            continue
        say(f"triage: {embedder.name}")
        vectors = incident_table(split, embedder)
        for errors in ERRORS:
            for how, decide in (("", _with_history), (", verdicts learned daily", _with_verdicts)):
                decisions = decide(split, vectors, errors)
                for kind, rows in _chosen(split):
                    task = f"triage, errors {errors[0]:.0%} and {errors[1]:.0%}{how}{kind}"
                    for metric, value in triage_figures(split, decisions, rows).items():
                        yield Score(task, ALL, embedder.name, metric, value, int(rows.sum()))


def equal_texts() -> Embedder:
    """The simplest: texts are alike where they are equal, so that incidents are by the rules that they share."""

    def fit(texts: Sequence[str]) -> Vectorize:
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}

        def embed(asked: Sequence[str]) -> np.ndarray:
            vectors = np.zeros((len(asked), len(places)), np.float32)
            for row, text in enumerate(asked):
                if text in places:
                    vectors[row, places[text]] = 1
            return vectors

        return embed

    return Embedder("equal texts", fit)


def _chosen(split: TriageSplit) -> tuple[tuple[str, np.ndarray], ...]:
    is_new = split.is_new[split.test_from :]
    every = ("", np.ones(len(is_new), bool))
    return (every, (", no duplicates", is_new)) if is_new.any() else (every,)


def incident_table(split: TriageSplit, embedder: Embedder) -> np.ndarray:
    """Vectors of all incidents, float32 (n, D), by an embedder that may learn from the texts of the history."""
    parts = split.incidents.parts
    embed = embedder.fit(sorted({text for own in parts[: split.test_from] for text in own}))
    return incident_vectors(parts, lambda texts: dense(embed(texts)))


def _models(split: TriageSplit, vectors: np.ndarray, known: int, errors: tuple[float, float]) -> TriageModels:
    """What is learned from the first so many incidents."""
    return learn_models(
        vectors[:known],
        split.incidents.is_attack[:known],
        split.heads[:known],
        split.contents[:known],
        raise_error=errors[0],
        close_error=errors[1],
    )


def _with_history(split: TriageSplit, vectors: np.ndarray, errors: tuple[float, float]) -> np.ndarray:
    models = _models(split, vectors, split.test_from, errors)
    return np.asarray(judge(models, vectors[split.test_from :], split.heads[split.test_from :]).decisions)


def _with_verdicts(split: TriageSplit, vectors: np.ndarray, errors: tuple[float, float]) -> np.ndarray:
    return np.concatenate([np.asarray(day.judged.decisions) for day in daily_verdicts(split, vectors, errors)])


def daily_verdicts(split: TriageSplit, vectors: np.ndarray, errors: tuple[float, float]) -> Iterator[TriageDay]:
    """Judge each day of the test with the verdicts of all days before it.

    Args:
        split: The incidents.
        vectors: float32 (n, D), as from `incident_table`.
        errors: Shares of wrong decisions that are allowed, as in `ERRORS`.
    """
    days = split.incidents.start // _DAY_S
    edges = [*(np.unique(days[split.test_from :], return_index=True)[1] + split.test_from).tolist(), len(days)]
    for known, end in pairwise(edges):
        models = _models(split, vectors, known, errors)
        yield TriageDay(slice(known, end), models, judge(models, vectors[known:end], split.heads[known:end]))


def triage_figures(split: TriageSplit, decisions: np.ndarray, rows: np.ndarray) -> dict[str, Interval]:
    """Figures of decisions on the test's incidents.

    Args:
        split: The incidents.
        decisions: str (t,), `Decision` of each of the test.
        rows: bool (t,): which of them count.

    Returns:
        Precision and recall of raising true positives and of closing the rest, NaN where nothing is decided; share of
        all that is closed (volume saved), and of the true positives that are (mis-suppressed).
    """
    truth = split.incidents.is_attack[split.test_from :]
    raised, closed = decisions == Decision.RAISE, decisions == Decision.CLOSE
    counted = np.stack(
        [raised & truth, raised, truth, closed & ~truth, closed, ~truth, closed & truth, np.ones(len(truth), bool)], 1
    )
    clusters, hour = np.unique(_hours(split)[rows], return_inverse=True)
    sums = np.zeros((len(clusters), counted.shape[1]))
    np.add.at(sums, hour, counted[rows])
    random = np.random.default_rng(0)
    draws = random.multinomial(len(clusters), np.full(len(clusters), 1 / len(clusters)), _REPLICATES) @ sums
    values, spread = _shares(sums.sum(axis=0)[None])[0], _shares(draws)
    return {
        name: Interval(float(value), *_limits(drawn))
        for name, value, drawn in zip(_METRICS, values, spread.T, strict=True)
    }


def _hours(split: TriageSplit) -> np.ndarray:
    """The hour of its company that each incident of the test began in, int (t,)."""
    incidents = split.incidents
    names = {name: place for place, name in enumerate(sorted(set(incidents.company)))}
    company = np.asarray([names[name] for name in incidents.company[split.test_from :]])
    hours: np.ndarray = (incidents.start[split.test_from :] // _HOUR_S).astype(np.int64) * len(names) + company
    return hours


def _shares(sums: np.ndarray) -> np.ndarray:
    """Figures in the order of `_METRICS`, float (r, 6), of sums, (r, 8)."""
    raised_right, raised, attacks, closed_right, closed, others, closed_wrong, number = sums.T
    pairs = (
        *((raised_right, raised), (raised_right, attacks), (closed_right, closed), (closed_right, others)),
        *((closed, number), (closed_wrong, attacks)),
    )
    return np.stack([np.where(below > 0, above / np.where(below > 0, below, 1), np.nan) for above, below in pairs], 1)


def _limits(drawn: np.ndarray) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
