"""Search by description: log lines that people described in like words are of one kind.

SecEncoder's authors let GPT-4 describe lines and cluster the descriptions (arXiv:2411.07528, 4.2.2); they do not say
how. Here the descriptions are those that the authors of OSSEC's and Wazuh's rules gave to the lines that test a rule:
the section names of ``*.ini`` files in folders ``wazuh_ruleset`` and ``ossec``. Descriptions are clustered by their
words (TF-IDF, average linkage, cosine distance .7); the lines themselves have no part in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError
from loglm.evaluation.attack_metrics import bootstrap_interval
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.lexical_search import bm25
from loglm.evaluation.plain_files import read_text
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.template_search import Similarities, cosines, search_by_example
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.plurals import plural

__all__ = [
    "TASK",
    "DescribedLine",
    "cluster_descriptions",
    "description_files",
    "description_scores",
    "read_described_lines",
]

TASK = "description search"
_FOLDERS = ("wazuh_ruleset", "ossec")
_NO_RULES = ("test_", "overwrite")
"""Begin the names of files that test the engine, not rules."""
_LINE = re.compile(r"log \d{1,4} pass\s{0,9}=\s{0,9}(.*)")
_DISTANCE = 0.7


@dataclass(frozen=True, slots=True)
class DescribedLine:
    """A log line that a rule is for."""

    raw: str
    text: str
    """Rendered in the masked view."""
    description: str


def description_files(data: Path) -> list[Path]:
    """Tests of rules anywhere below a folder."""
    found = (path for path in data.rglob("*.ini*") if path.parent.name in _FOLDERS and path.is_file())
    return sorted(path for path in found if not path.name.startswith(_NO_RULES))


def read_described_lines(files: Iterable[Path]) -> list[DescribedLine]:
    """One line for each rendered text.

    Raises:
        EmptyInputError: There are fewer than two.
    """
    found: dict[str, DescribedLine] = {}
    for path in files:
        description = ""
        for line in read_text(path).splitlines():
            if line.startswith("["):
                description = line.strip().strip("[]")
            elif description and (match := _LINE.match(line)) and match[1].strip():
                text = render(parse_line(match[1]))
                found.setdefault(text, DescribedLine(match[1], text, description))
    if len(found) < 2:
        raise EmptyInputError(
            f"{plural(len(found), 'described line')}; expected tests of rules, *.ini in {' or '.join(_FOLDERS)}"
        )
    return list(found.values())


def cluster_descriptions(descriptions: Sequence[str]) -> list[str]:
    """The cluster of each, as a name; equal ones are in one."""
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    distinct = list(dict.fromkeys(descriptions))
    if len(distinct) < 2:
        return ["0" for _ in descriptions]
    vectors = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit_transform(distinct)
    distances = 1 - np.asarray((vectors @ vectors.T).todense())
    clusters = AgglomerativeClustering(
        None, metric="precomputed", linkage="average", distance_threshold=_DISTANCE
    ).fit_predict(distances)
    names = {description: str(cluster) for description, cluster in zip(distinct, clusters.tolist(), strict=True)}
    return [names[description] for description in descriptions]


def description_scores(
    lines: Sequence[DescribedLine], embedders: Iterable[Embedder], say: Callable[[str], None]
) -> Iterator[Score]:
    """MRR and MAP of BM25 and of every embedder, with 95 % bootstrap intervals over the lines that are asked for."""
    clusters = cluster_descriptions([line.description for line in lines])
    for reads_raw in (False, True):
        texts = [line.raw if reads_raw else line.text for line in lines]
        search = bm25(texts)
        if search is not None:
            yield from _scores("BM25, raw lines" if reads_raw else "BM25", partial(_ask, search, texts), clusters)
    for embedder in embedders:
        say(f"{TASK}: {embedder.name}")
        texts = [line.raw if embedder.reads_raw else line.text for line in lines]
        yield from _scores(embedder.name, cosines(embedder.fit(texts)(texts)), clusters)


def _ask(search: Callable[[Sequence[str]], np.ndarray], texts: Sequence[str], queries: np.ndarray) -> np.ndarray:
    return search([texts[query] for query in queries])


def _scores(model: str, similarities: Similarities, clusters: Sequence[str]) -> Iterator[Score]:
    found = search_by_example(similarities, clusters)
    for metric, values in (("MRR", found.reciprocal_rank), ("MAP", found.average_precision)):
        yield Score(TASK, ALL, model, metric, bootstrap_interval(values[None]), len(values))
