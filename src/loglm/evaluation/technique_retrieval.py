"""Retrieval of threat intelligence: from an example of what an intruder did to the technique that describes it.

Queries are ATT&CK's newest procedure examples, documents the names and descriptions of its techniques and
sub-techniques. Right is the technique that ATT&CK gives; its parent, or another sub-technique of it, is wrong. Older
examples are free to learn from: rows that do so say "with examples", and a technique is then the mean direction of its
description, which counts three times, and its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE, read_objects, read_procedures
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_metrics import bootstrap_interval
from loglm.evaluation.embedders import Embedder, Vectors, tfidf
from loglm.evaluation.lexical_search import bm25
from loglm.evaluation.plain_files import find_file
from loglm.evaluation.scores import Score
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.intel.passages import Kind
from loglm.intel.ranking import Ranker, count_all

__all__ = ["TechniqueQueries", "intel_folder", "read_queries", "retrieval_scores"]

TASK = "retrieval"
UNNAMED = "technique not named"
"""Queries in which no name of the right technique or its parent stands."""
UNLIKE = "unlike older examples"
"""Queries whose cosine (TF-IDF) with each older example is below one half."""
_ALL = "procedures"
_DEPTHS = (1, 5, 10)
_EXAMPLES_A_QUERY = 6
_DESCRIPTION = 3.0
"""Weight of a description beside that of one example."""
_ALIKE = 0.5
_WITH = ", with examples"
_FUSION = 60
"""Added to each rank, in reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


@dataclass(frozen=True, slots=True)
class TechniqueQueries:
    """What is asked, and among what."""

    documents: tuple[str, ...]
    """Name and description of each technique."""
    queries: tuple[str, ...]
    right: np.ndarray
    """Of each query, the number of its document, int64 (n_queries,)."""
    is_unnamed: np.ndarray
    """Of each query, whether it leaves the technique's name out, bool (n_queries,)."""
    ids: tuple[str, ...]
    """Of the documents."""
    examples: tuple[str, ...] = ()
    """Older ones than the queries, none of them equal to one, newest first."""
    of: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Of each example, the number of its document, int64 (n_examples,)."""


def intel_folder(data: Path) -> Path | None:
    """The folder of ATT&CK's texts anywhere below another; None where there is none."""
    objects = find_file(data, OBJECTS_FILE)
    whole = objects is not None and objects.with_name(PROCEDURES_FILE).is_file()
    return objects.parent if objects is not None and whole else None


def read_queries(intel: Path, *, most: int) -> TechniqueQueries:
    """The newest procedure examples, each text once: older ones are free to learn from.

    Args:
        intel: Folder of ATT&CK's texts (`loglm.attack.intel`).
        most: Queries at most; of older examples, six times as many.

    Raises:
        InputError: A file is missing or damaged.
        EmptyInputError: No example is of a technique that is described.
    """
    techniques = [entry for entry in read_objects(intel) if entry.type == "attack-pattern"]
    number = {technique.id: i for i, technique in enumerate(techniques)}
    names = {technique.id: technique.name.lower() for technique in techniques}
    newest = sorted(read_procedures(intel), key=lambda procedure: procedure.created, reverse=True)
    distinct = {p.text: p.technique for p in newest if p.technique in number}
    if not distinct:
        raise EmptyInputError(f"{intel}: no procedure example of a technique that is described there")
    queries = list(distinct.items())[:most]
    asked = {text for text, _ in queries}
    known = dict.fromkeys((p.text, p.technique) for p in newest if p.technique in number and p.text not in asked)
    examples = list(known)[: most * _EXAMPLES_A_QUERY]
    return TechniqueQueries(
        tuple(f"{technique.name}: {technique.description}" for technique in techniques),
        tuple(text for text, _ in queries),
        np.asarray([number[right] for _, right in queries], np.int64),
        np.asarray([_is_unnamed(text, right, names) for text, right in queries]),
        tuple(technique.id for technique in techniques),
        tuple(text for text, _ in examples),
        np.asarray([number[technique] for _, technique in examples], np.int64),
    )


def retrieval_scores(asked: TechniqueQueries, embedders: Iterable[Embedder]) -> Iterator[Score]:
    """Recall at 1, 5 and 10 and mean reciprocal rank, with 95 % bootstrap intervals over queries.

    Beside each model stands its ranking fused with that of BM25 (reciprocal rank fusion), where BM25 is installed, and
    with that of `loglm intel`, both with examples.
    """
    groups = _groups(asked)
    lexical = None
    if (search := bm25(asked.documents)) is not None:
        lexical = _ranks(search(asked.queries))
        yield from _figures("BM25", lexical, asked, groups)
    intel = _ranks(_intel_scores(asked))
    yield from _figures("intel, with examples", intel, asked, groups)
    rendered = _each(_rendered, asked)
    for embedder in embedders:
        for name, ranks in _embedder_rankings(embedder, asked if embedder.reads_raw else rendered):
            yield from _figures(name, ranks, asked, groups)
            beside = intel if name.endswith(_WITH) else lexical
            if beside is not None:
                fused = _ranks(1 / (_FUSION + ranks) + 1 / (_FUSION + beside))
                yield from _figures(f"{name} + {'intel' if beside is intel else 'BM25'}", fused, asked, groups)


def _embedder_rankings(embedder: Embedder, asked: TechniqueQueries) -> Iterator[tuple[str, np.ndarray]]:
    """Ranks by the descriptions alone, and by descriptions and examples."""
    embed = embedder.fit(asked.documents)
    yield embedder.name, _ranks(_similarities(embed(asked.queries), embed(asked.documents)))
    if asked.examples:
        from sklearn.preprocessing import normalize

        embed = embedder.fit([*asked.documents, *asked.examples])
        documents, queries = embed(asked.documents), embed(asked.queries)
        known = _DESCRIPTION * documents + _sums(embed(asked.examples), asked.of, len(asked.documents))
        yield f"{embedder.name}{_WITH}", _ranks(_similarities(queries, normalize(known)))


def _sums(vectors: Vectors, of: np.ndarray, documents: int) -> Vectors:
    """The sum of the examples of each document, (n_documents, D)."""
    ones = np.ones(len(of), np.float32)
    summed: Vectors = csr_matrix((ones, (of, np.arange(len(of)))), shape=(documents, len(of))) @ vectors
    return summed


def _intel_scores(asked: TechniqueQueries) -> np.ndarray:
    """How `loglm intel` ranks the techniques, with the examples in its index, (n_queries, n_documents)."""
    kinds = [Kind.DEFINITION] * len(asked.documents) + [Kind.EXAMPLE] * len(asked.examples)
    labels = [(asked.ids[number],) for number in [*range(len(asked.documents)), *asked.of.tolist()]]
    ranker = Ranker(count_all([*asked.documents, *asked.examples]), kinds, labels)
    columns = [ranker.techniques.index(name) for name in asked.ids]
    return np.stack([ranker.technique_scores(query)[columns] for query in asked.queries])


def _groups(asked: TechniqueQueries) -> dict[str, np.ndarray]:
    """Queries that are also counted by themselves, bool (n_queries,)."""
    groups = {_ALL: np.ones(len(asked.queries), bool), UNNAMED: asked.is_unnamed}
    if asked.examples:
        embed = tfidf(reads_raw=True).fit([*asked.documents, *asked.examples])
        nearest = embed(asked.queries) @ embed(asked.examples).T
        groups[UNLIKE] = np.asarray(nearest.max(axis=1).todense()).ravel() < _ALIKE
    return groups


def _figures(model: str, ranks: np.ndarray, asked: TechniqueQueries, groups: dict[str, np.ndarray]) -> Iterator[Score]:
    own = ranks[np.arange(len(ranks)), asked.right].astype(float)
    for data, group in groups.items():
        chosen = own[group]
        if not len(chosen):
            continue
        yield Score(TASK, data, model, "MRR", bootstrap_interval((1 / chosen)[None]), len(chosen))
        for depth in _DEPTHS:
            found = (chosen <= depth).astype(float)
            yield Score(TASK, data, model, f"recall@{depth}", bootstrap_interval(found[None]), len(chosen))


def _each(change: Callable[[str], str], asked: TechniqueQueries) -> TechniqueQueries:
    """The same with all its texts changed."""
    documents, queries, examples = (
        tuple(map(change, texts)) for texts in (asked.documents, asked.queries, asked.examples)
    )
    return replace(asked, documents=documents, queries=queries, examples=examples)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Place of each document for each query, from 1 on, int64; equal scores in the order of the documents."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1)[None], axis=1)
    return ranks


def _similarities(queries: Vectors, documents: Vectors) -> np.ndarray:
    """Cosines (n_queries, n_documents)."""
    product = queries @ documents.T
    return product if isinstance(product, np.ndarray) else np.asarray(product.todense())


def _rendered(text: str) -> str:
    """As a line of a log with this text is rendered."""
    return render(parse_line(" ".join(text.split())))


def _is_unnamed(text: str, technique: str, names: dict[str, str]) -> bool:
    parents = (technique, technique.partition(".")[0])
    return not any(names[name] in text.lower() for name in parents if name in names)
