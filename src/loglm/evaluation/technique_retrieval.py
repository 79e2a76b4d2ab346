"""Retrieval of threat intelligence: from an example of what an intruder did to the technique that describes it.

Queries are ATT&CK's procedure examples, documents the names and descriptions of its techniques and sub-techniques.
Right is the technique that ATT&CK gives; its parent, or another sub-technique of it, is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE, read_objects, read_procedures
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_metrics import bootstrap_interval
from loglm.evaluation.embedders import Embedder, Vectors
from loglm.evaluation.lexical_search import bm25
from loglm.evaluation.plain_files import find_file
from loglm.evaluation.scores import Score
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["TechniqueQueries", "intel_folder", "read_queries", "retrieval_scores"]

TASK = "retrieval"
UNNAMED = "technique not named"
"""Queries in which no name of the right technique or its parent stands."""
_ALL = "procedures"
_DEPTHS = (1, 5, 10)
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


def intel_folder(data: Path) -> Path | None:
    """The folder of ATT&CK's texts anywhere below another; None where there is none."""
    objects = find_file(data, OBJECTS_FILE)
    whole = objects is not None and objects.with_name(PROCEDURES_FILE).is_file()
    return objects.parent if objects is not None and whole else None


def read_queries(intel: Path, *, most: int) -> TechniqueQueries:
    """The newest procedure examples, each text once: older ones are free to learn from.

    Args:
        intel: Folder of ATT&CK's texts (`loglm.attack.intel`).
        most: Queries at most.

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
    return TechniqueQueries(
        tuple(f"{technique.name}: {technique.description}" for technique in techniques),
        tuple(text for text, _ in queries),
        np.asarray([number[right] for _, right in queries], np.int64),
        np.asarray([_is_unnamed(text, right, names) for text, right in queries]),
    )


def retrieval_scores(asked: TechniqueQueries, embedders: Iterable[Embedder]) -> Iterator[Score]:
    """Recall at 1, 5 and 10 and mean reciprocal rank, with 95 % bootstrap intervals over queries.

    Beside each model stands its ranking fused with that of BM25 (reciprocal rank fusion), where BM25 is installed.
    """
    lexical = None
    if (search := bm25(asked.documents)) is not None:
        lexical = _ranks(search(asked.queries))
        yield from _figures("BM25", lexical, asked)
    documents, queries = (tuple(_rendered(text) for text in texts) for texts in (asked.documents, asked.queries))
    for embedder in embedders:
        texts = (asked.documents, asked.queries) if embedder.reads_raw else (documents, queries)
        embed = embedder.fit(texts[0])
        ranks = _ranks(_similarities(embed(texts[1]), embed(texts[0])))
        yield from _figures(embedder.name, ranks, asked)
        if lexical is not None:
            fused = _ranks(1 / (_FUSION + ranks) + 1 / (_FUSION + lexical))
            yield from _figures(f"{embedder.name} + BM25", fused, asked)


def _figures(model: str, ranks: np.ndarray, asked: TechniqueQueries) -> Iterator[Score]:
    own = ranks[np.arange(len(ranks)), asked.right].astype(float)
    for data, chosen in ((_ALL, own), (UNNAMED, own[asked.is_unnamed])):
        if not len(chosen):
            continue
        yield Score(TASK, data, model, "MRR", bootstrap_interval((1 / chosen)[None]), len(chosen))
        for depth in _DEPTHS:
            found = (chosen <= depth).astype(float)
            yield Score(TASK, data, model, f"recall@{depth}", bootstrap_interval(found[None]), len(chosen))


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
