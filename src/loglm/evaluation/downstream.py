"""Frozen embeddings judged by what they are good for: search and similarity by template, anomalies, attack windows.

Every model gets the same lines and nothing is fine-tuned. Each task yields `Score`s, one a figure: higher is
better, but for ``mean cosine``, which says how alike the vectors of unlike lines are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.anomaly.nearest_normal import (
    Split,
    nearest_distances,
    score_anomalies,
    split_by_time,
    unseen_share,
)
from loglm.evaluation.attack_benchmark import (
    BenchmarkModel,
    SeedResult,
    is_used,
    run_benchmark,
    select_recordings,
    select_windows,
)
from loglm.evaluation.attack_metrics import Interval, bootstrap_interval
from loglm.evaluation.attack_vectors import vector_model
from loglm.evaluation.embedders import Embedder, Vectors
from loglm.evaluation.lexical_search import bm25
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.template_lines import TemplateLine
from loglm.evaluation.template_search import (
    Similarities,
    cosines,
    draw_pairs,
    mean_cosine,
    score_pairs,
    search_by_example,
)
from loglm.evaluation.window_table import WindowTable
from loglm.plurals import plural

__all__ = ["anomaly_scores", "attack_scores", "template_scores"]

_PAIRS = 1_000
_REPLICATES = 300
_BUDGET = 0.01
_CLEAN_WINDOWS = 10
"""Of a clean recording for each of an attack recording."""

Say = Callable[[str], None]


def template_scores(
    lines: Sequence[TemplateLine], embedders: Iterable[Embedder], say: Say, *, brief: bool = False
) -> Iterator[Score]:
    """Search and similarity among the lines of some systems.

    The pool of a search is all lines of all systems. Figures are means over systems, with 95 % bootstrap intervals over
    the lines asked; those of ``template search, unequal`` are of a pool with one line for each rendered text, in which
    masking alone finds nothing. ``brief``: of all systems together only, and without BM25.
    """
    pools = {"template search": list(range(len(lines))), "template search, unequal": _one_a_text(lines)}
    for reads_raw in () if brief else (False, True):
        texts = [line.raw if reads_raw else line.text for line in lines]
        name = "BM25, raw lines" if reads_raw else "BM25"
        for task, pool in pools.items():
            say(f"{task}: {name}")
            asked = [texts[i] for i in pool]
            search = bm25(asked)
            if search is not None:
                similarities = partial(_search_again, search, asked)
                yield from _search(task, name, [lines[i] for i in pool], similarities)
    same, other = draw_pairs(_systems(lines), [line.template for line in lines], pairs=_PAIRS, seed=0)
    for embedder in embedders:
        say(f"template search: {embedder.name}")
        vectors = _embed(embedder, [line.raw if embedder.reads_raw else line.text for line in lines])
        for task, pool in pools.items():
            yield from _search(task, embedder.name, [lines[i] for i in pool], cosines(vectors[pool]), brief=brief)
        yield from _similarity(embedder.name, _systems(lines), vectors, same, other, brief=brief)
        alike = Interval(mean_cosine(vectors[pools["template search, unequal"]]))
        yield Score("similarity", ALL, embedder.name, "mean cosine", alike, len(lines))


def anomaly_scores(sets: Sequence[AnomalySet], embedders: Iterable[Embedder], say: Say) -> Iterator[Score]:
    """Distances to the nearest normal sequence (`loglm.evaluation.anomaly.nearest_normal`), beside the unseen share."""
    splits = [split_by_time(anomalies) for anomalies in sets]
    for anomalies, split in zip(sets, splits, strict=True):
        yield from _anomalies(anomalies, split, "unseen events", unseen_share(anomalies, split))
    for embedder in embedders:
        if embedder.reads_raw:
            continue
        for anomalies, split in zip(sets, splits, strict=True):
            say(f"anomalies: {embedder.name} on {anomalies.name}")
            scores = nearest_distances(anomalies, split, embedder)
            yield from _anomalies(anomalies, split, embedder.name, scores)


def attack_scores(
    table: WindowTable, embedders: Iterable[Embedder], *, seeds: int, windows: int, say: Say
) -> Iterator[Score]:
    """Techniques named in recordings of datasets left out, by the protocol of `loglm.evaluation.attack_benchmark`.

    Of an attack recording so many ``windows`` count at most, of a clean one ten times as many, evenly spread: vectors
    of a million texts take hours.

    Raises:
        EmptyInputError: The table lacks recordings that the protocol needs.
    """
    used = [i for i, recording in enumerate(table.recordings) if is_used(recording)]
    if not used:
        raise EmptyInputError(
            "no recording of the attack benchmark in the table; make it with `loglm evaluate attack --windows FILE`"
        )
    table = _spread_windows(select_recordings(table, used), windows)
    models = {}
    for embedder in embedders:
        if embedder.reads_raw or embedder.name in models:
            continue
        say(f"attack windows: {plural(len(table.texts), 'text')} by {embedder.name}")
        models[embedder.name] = vector_model(table, embedder.fit(table.texts)(table.texts))
    benchmark = run_benchmark(
        table,
        [BenchmarkModel(name, fit) for name, fit in models.items()],
        seeds=range(seeds),
        budget=_BUDGET,
        report=lambda model, fold, seed: say(f"attack windows: {model}, fold {fold}, seed {seed}"),
    )
    for name in models:
        results = [result for result in benchmark.results if result.model == name]
        for top in (1, 3):
            right = np.asarray([_right(table, result, top) for result in results], float)
            value = bootstrap_interval(right)
            yield Score("attack windows", ALL, name, f"top-{top}", value, right.shape[1])


def _search_again(
    search: Callable[[Sequence[str]], np.ndarray], texts: Sequence[str], queries: np.ndarray
) -> np.ndarray:
    return search([texts[query] for query in queries])


def _search(
    task: str, model: str, lines: Sequence[TemplateLine], score: Similarities, *, brief: bool = False
) -> Iterator[Score]:
    found = search_by_example(score, [line.template for line in lines])
    systems = np.asarray(_systems(lines))[found.query]
    for metric, values in (("MRR", found.reciprocal_rank), ("MAP", found.average_precision)):
        groups = {system: values[systems == system] for system in dict.fromkeys(systems.tolist())}
        yield Score(task, ALL, model, metric, _mean_of_groups(list(groups.values())), len(values))
        for system, own in () if brief else groups.items():
            yield Score(task, system, model, metric, bootstrap_interval(own[None]), len(own))


def _similarity(
    model: str, systems: Sequence[str], vectors: Vectors, same: np.ndarray, other: np.ndarray, *, brief: bool
) -> Iterator[Score]:
    of_same, of_other = (np.asarray(systems)[pairs[:, 0]] for pairs in (same, other))
    for name in (ALL, *(() if brief else dict.fromkeys(of_same.tolist()))):
        chosen = [pairs[(of == name) | (name == ALL)] for pairs, of in ((same, of_same), (other, of_other))]
        scores = score_pairs(vectors, *chosen)
        number = sum(map(len, chosen))
        yield Score("similarity", name, model, "difference", scores.difference, number)
        yield Score("similarity", name, model, "AUC", scores.auc, number)


def _anomalies(anomalies: AnomalySet, split: Split, model: str, scores: np.ndarray) -> Iterator[Score]:
    for ending, tested in (("", split.test), (", no duplicates", split.new)):
        result = score_anomalies(scores, anomalies.is_anomaly, split, tested)
        for metric, value in (("PR-AUC", result.pr_auc), ("F1", result.f1)):
            yield Score("anomalies", anomalies.name, model, metric + ending, value, result.sequences)


def _embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """(n, D), each distinct text computed once."""
    numbers: dict[str, int] = {}
    rows = [numbers.setdefault(text, len(numbers)) for text in texts]
    return embedder.fit(texts)(list(numbers))[rows]


def _one_a_text(lines: Sequence[TemplateLine]) -> list[int]:
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        first.setdefault(line.text, number)
    return list(first.values())


def _systems(lines: Sequence[TemplateLine]) -> list[str]:
    return [line.system for line in lines]


def _mean_of_groups(groups: Sequence[np.ndarray]) -> Interval:
    """Mean of the groups' means; each replicate draws anew within every group."""
    if not groups:
        return Interval(float("nan"))
    random = np.random.default_rng(0)
    draws = [np.mean([random.choice(group, len(group)).mean() for group in groups]) for _ in range(_REPLICATES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(np.mean([group.mean() for group in groups])), float(low), float(high))


def _spread_windows(table: WindowTable, windows: int) -> WindowTable:
    kept: list[int] = []
    for number, recording in enumerate(table.recordings):
        own = np.flatnonzero(np.asarray(table.recording) == number)
        most = windows if recording.kind == "attack" else windows * _CLEAN_WINDOWS
        kept += np.unique(own[np.linspace(0, len(own) - 1, min(len(own), most)).astype(int)]).tolist()
    return select_windows(table, kept)


def _right(table: WindowTable, result: SeedResult, top: int) -> list[bool]:
    """Of each attack recording, whether one of its techniques is among the first ``top`` named."""
    return [
        not table.recordings[found.recording].base_techniques.isdisjoint(found.named[:top])
        for found in result.recordings
    ]
