"""How varied the lines are that a way to subsample chooses of a table: Loghub's samples, 2,000 lines to 10.

A table is the lines of a system with the columns of ``NAME_2k.log_structured.csv``. Figures of the lines chosen:
different entities, which are the values of the table's columns and the words of the message that the template leaves
open; different templates; mean Levenshtein distance of any two raw lines. Higher is more varied.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.analysis.farthest_first import farthest_first
from loglm.analysis.hidden_values import UnseenValues, hidden_values
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.edit_distance import mean_edit_distance
from loglm.evaluation.embedders import Embedder, dense, tfidf
from loglm.evaluation.plain_files import read_text
from loglm.evaluation.scores import Score
from loglm.evaluation.template_lines import template_files
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["MEAN", "WITH_VALUES", "LineTable", "diversity_scores", "read_line_tables"]

_CHOSEN = 10
_RANDOM_SEEDS = 10
MEAN = "mean"
"""Of all tables, as data of a score."""
WITH_VALUES = ", farthest first and unseen values"
"""After the name of a model: as `loglm subsample` chooses."""
_NO_ENTITIES = frozenset({"LineId", "Label", "Content", "EventTemplate"})
_METRICS = ("entities", "templates", "distance")
_TITLES = dict(zip(_METRICS, ("unique entities", "unique templates", "mean Levenshtein distance"), strict=True))


@dataclass(frozen=True, slots=True)
class LineTable:
    """Lines of one system."""

    system: str
    raw: Sequence[str]
    texts: Sequence[str]
    """Rendered in the masked view."""
    entities: Sequence[frozenset[tuple[str, str]]]
    """(column, value) of each line."""
    templates: Sequence[str]


def read_line_tables(data: Path) -> list[LineTable]:
    """The tables of all systems below a folder that have more lines than are chosen.

    Raises:
        EmptyInputError: There is none.
    """
    found = [_table(system, log, answers) for system, log, answers in template_files(data)]
    tables = [table for table in found if len(table.raw) > _CHOSEN]
    if not tables:
        raise EmptyInputError(f"{data}: no table of more than {_CHOSEN} lines to choose from; get Loghub's files again")
    return tables


def diversity_scores(
    tables: Sequence[LineTable], embedders: Iterable[Embedder], *, seeds: int, say: Callable[[str], None]
) -> Iterator[Score]:
    """Figures of each table and their mean, for each way to choose; ways that begin at random once a seed."""
    ways: list[tuple[str, Callable[[LineTable], Sequence[int]]]] = []
    ways += [("random", _random_way(seed)) for seed in range(_RANDOM_SEEDS)]
    ways += [("TF-IDF, k-means centres", _centres_way(seed)) for seed in range(seeds)]
    ways.append(("TF-IDF, facility location", _facility_location))
    for embedder in (e for e in embedders if not e.reads_raw):
        ways.append((f"{embedder.name}, farthest first", _farthest_way(embedder, with_values=False)))
        ways.append((f"{embedder.name}{WITH_VALUES}", _farthest_way(embedder, with_values=True)))
    for name, choose in ways:
        say(f"subsampling: {name}")
        figures = {table.system: _figures(table, choose(table)) for table in tables}
        yield from _scores(name, figures)


def _scores(name: str, figures: Mapping[str, Sequence[float]]) -> Iterator[Score]:
    means = np.asarray(list(figures.values())).mean(axis=0).tolist()
    for system, values in {**figures, MEAN: means}.items():
        for metric, value in zip(_METRICS, values, strict=True):
            yield Score(f"subsampling, {_TITLES[metric]}", system, name, metric, Interval(value), _CHOSEN)


def _figures(table: LineTable, chosen: Sequence[int]) -> tuple[float, float, float]:
    entities = frozenset[tuple[str, str]]().union(*(table.entities[i] for i in chosen))
    templates = {table.templates[i] for i in chosen}
    return float(len(entities)), float(len(templates)), mean_edit_distance([table.raw[i] for i in chosen])


def _random_way(seed: int) -> Callable[[LineTable], Sequence[int]]:
    return lambda table: np.random.default_rng(seed).permutation(len(table.raw))[:_CHOSEN].tolist()


def _centres_way(seed: int) -> Callable[[LineTable], Sequence[int]]:
    """The line nearest to each of ten centres."""

    def choose(table: LineTable) -> Sequence[int]:
        from sklearn.cluster import KMeans

        texts, counts, first = _distinct(table)
        vectors = tfidf().fit(texts)(texts)
        number = min(_CHOSEN, len(texts))
        means = KMeans(number, n_init=1, random_state=seed).fit(vectors, sample_weight=counts)
        nearest = means.transform(vectors).argmin(axis=0)
        return [first[row] for row in np.unique(nearest)]

    return choose


def _facility_location(table: LineTable) -> Sequence[int]:
    """Greedy: the line that brings all lines nearest to one that is chosen, again and again."""
    texts, counts, first = _distinct(table)
    vectors = dense(tfidf().fit(texts)(texts))
    similarity = vectors @ vectors.T
    nearness = np.zeros(len(texts))
    chosen: list[int] = []
    for _ in range(min(_CHOSEN, len(texts))):
        gains = counts @ np.maximum(similarity - nearness[:, None], 0)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        nearness = np.maximum(nearness, similarity[:, chosen[-1]])
    return [first[row] for row in chosen]


def _farthest_way(embedder: Embedder, *, with_values: bool) -> Callable[[LineTable], Sequence[int]]:
    def choose(table: LineTable) -> Sequence[int]:
        texts, counts, first = _distinct(table)
        hidden = [hidden_values(table.raw[row], text) for row, text in zip(first, texts, strict=True)]
        unseen = UnseenValues(hidden) if with_values else None
        cover = farthest_first(dense(embedder.fit(texts)(texts)), counts, _CHOSEN, unseen=unseen)
        return [first[pick] for pick in cover.picks]

    return choose


def _distinct(table: LineTable) -> tuple[list[str], np.ndarray, list[int]]:
    """Distinct texts, how many lines have each, and the first line that does."""
    counts = Counter(table.texts)
    first = {text: row for row, text in reversed(list(enumerate(table.texts)))}
    return list(counts), np.asarray(list(counts.values()), np.int64), [first[text] for text in counts]


def _table(system: str, log: Path, answers: Path) -> LineTable:
    lines = [line.removesuffix("\r") for line in read_text(log).split("\n")]
    rows = []
    for row in csv.DictReader(io.StringIO(read_text(answers))):
        number = int(row["LineId"])
        if number <= len(lines) and row["Content"].strip() in lines[number - 1]:
            line = lines[number - 1].partition(" ")[2] if "Label" in row else lines[number - 1]
            rows.append((line, row))
    return LineTable(
        system,
        [line for line, _ in rows],
        [render(parse_line(line)) for line, _ in rows],
        [_entities(row) for _, row in rows],
        [row["EventId"] for _, row in rows],
    )


def _entities(row: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    columns = {(name, value) for name, value in row.items() if value and name not in _NO_ENTITIES}
    left_open = set(row["Content"].split()) - set(row.get("EventTemplate", "").split())
    return frozenset(columns | {("Content", word) for word in left_open})
