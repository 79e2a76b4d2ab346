"""Whether what tests a model was also seen in training: equal, nearly equal and equally built texts between splits.

Deduplication leaves one of equal and nearly equal texts; this counts again, on its result and by other means: hashes
over everything, and the exact Jaccard index over a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglm.corpus.documents import import_polars, read_rows
from loglm.corpus.folder import SPLITS
from loglm.corpus.near_duplicates import jaccard, shingles
from loglm.corpus.planning import read_plan

if TYPE_CHECKING:
    import polars

__all__ = ["ContaminationJob", "contamination_part"]

_SAMPLE = 200
_COMPARED = 500


@dataclass(frozen=True, slots=True)
class ContaminationJob:
    """A finished plan, and documents that hold its own and the benchmarks'."""

    plan: Path
    paths: tuple[Path, ...]
    names: dict[int, str]
    threshold: float


def contamination_part(job: ContaminationJob, out: Path) -> dict[str, Any]:  # noqa: ARG001
    """Compare each two splits, and each split with each benchmark.

    Returns:
        ``pairs``, each with ``of`` and ``in``; ``texts``: number of texts of the first; ``equal``: how many of them
        the second has too; ``same_template``: how many share a template with the second; ``sampled``: how many of
        those were compared with up to 500 texts of their template, and ``near``: how many of the sampled are near
        duplicates.
    """
    pairs = []
    for (name, one), (other_name, other) in _compared(job):
        if len(one) and len(other):
            pairs.append({"of": name, "in": other_name, **_overlap(one, other, job)})
    return {"pairs": pairs}


_Named = tuple[str, "polars.DataFrame"]


def _compared(job: ContaminationJob) -> Iterator[tuple[_Named, _Named]]:
    pl = import_polars()
    plan = read_plan(job.plan)
    splits = [(name, plan.filter(pl.col("split") == index)) for index, name in enumerate(SPLITS)]
    for earlier, later in combinations(splits, 2):
        yield later, earlier
    for index, name in job.names.items():
        if index < 0:
            own = pl.col("source") == index
            columns = "hash", "text_hash", "template"
            frames = [pl.scan_parquet(path).filter(own).select(columns).collect() for path in job.paths]
            texts = pl.concat(frames).sort("hash").unique("text_hash", keep="first", maintain_order=True)
            for split in splits:
                yield (name, texts), split


def _overlap(one: polars.DataFrame, other: polars.DataFrame, job: ContaminationJob) -> dict[str, int]:
    pl = import_polars()
    alike = one.filter(pl.col("template").is_in(other["template"].unique().implode()))
    sample = alike.head(_SAMPLE)
    same = other.filter(pl.col("template").is_in(sample["template"].unique().implode()))
    rivals = same.group_by("template").agg(pl.col("hash").head(_COMPARED))
    words = _words(job.paths, [*sample["hash"], *rivals["hash"].explode()])
    rivals_of = dict(rivals.iter_rows())
    near = sum(
        any(jaccard(words[key], words[rival]) >= job.threshold for rival in rivals_of[template])
        for key, template in sample.select("hash", "template").iter_rows()
    )
    return {
        "texts": len(one),
        "equal": len(one.join(other, on="text_hash", how="semi")),
        "same_template": len(alike),
        "sampled": len(sample),
        "near": near,
    }


def _words(paths: Sequence[Path], hashes: Sequence[int]) -> dict[int, frozenset[str]]:
    """What texts are compared by, for each hash: at most 200 times 501 of them."""
    rows = read_rows(paths, "hash", hashes).select("hash", "text")
    return {key: shingles(text) for key, text in rows.iter_rows()}
