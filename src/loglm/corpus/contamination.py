"""Whether what tests a model was also seen in training: equal, nearly equal and equally built texts between splits.

Deduplication leaves one of equal and nearly equal texts; this counts again, on its result and by other means: hashes
over the token ids of everything, which can be equal where texts were cut, and the exact Jaccard index over a sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.corpus.documents import import_polars, read_rows
from loglm.corpus.folder import SPLITS, Split
from loglm.corpus.near_duplicates import jaccard, shingles
from loglm.corpus.planning import read_plan
from loglm.corpus.sharding import Tokenization
from loglm.corpus.shards import TokenShard

if TYPE_CHECKING:
    import polars

__all__ = ["ContaminationJob", "contamination_part"]

_SAMPLE = 200
_COMPARED = 500


@dataclass(frozen=True, slots=True)
class ContaminationJob:
    """A finished plan and its shards, and documents that hold its texts and the benchmarks'."""

    plan: Path
    paths: tuple[Path, ...]
    names: dict[int, str]
    threshold: float
    shards: dict[Split, tuple[Path, ...]]
    """In order."""
    tokenization: Tokenization


def contamination_part(job: ContaminationJob, out: Path) -> dict[str, Any]:  # noqa: ARG001
    """Compare each two splits, and each split with each benchmark.

    Needs memory for about 200 bytes a document of the plan.

    Returns:
        ``pairs``, each with ``of`` and ``in``; ``texts``: number of texts of the first; ``equal``: how many of them
        the second has too, as models read them: by the token ids that are left of a text that was cut;
        ``same_template``: how many share a template with the second; ``sampled``: how many of those were compared with
        up to 500 texts of their template, and ``near``: how many of the sampled are near duplicates.
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
    splits = [
        (name, _with_tokens(plan.filter(pl.col("split") == index), _sequences(job.shards[name])))
        for index, name in enumerate(SPLITS)
    ]
    for earlier, later in combinations(splits, 2):
        yield later, earlier
    for index, name in job.names.items():
        if index < 0:
            texts = _benchmark(job, index)
            for split in splits:
                yield (name, texts), split


def _benchmark(job: ContaminationJob, index: int) -> polars.DataFrame:
    """Each text of a benchmark once."""
    pl = import_polars()
    frames = []
    for path in job.paths:
        wanted = pl.scan_parquet(path).filter(pl.col("source") == index).select("hash", "text_hash", "template", "text")
        rows = wanted.collect()
        encodings = job.tokenization.encode(rows["text"])
        frames.append(_with_tokens(rows.drop("text"), (encoding.ids for encoding in encodings)))
    texts: polars.DataFrame = pl.concat(frames).sort("hash").unique("text_hash", keep="first", maintain_order=True)
    return texts


def _sequences(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    for path in paths:
        shard = TokenShard.load(path)
        yield from (shard[i] for i in range(len(shard)))


def _with_tokens(rows: polars.DataFrame, sequences: Iterable[Sequence[int] | np.ndarray]) -> polars.DataFrame:
    """With 64 bits of BLAKE2b of the token ids of each row."""
    digests = (hashlib.blake2b(np.asarray(ids, np.uint16).tobytes(), digest_size=8).digest() for ids in sequences)
    pl = import_polars()
    return rows.with_columns(pl.Series("tokens", list(map(int.from_bytes, digests)), dtype=pl.UInt64))


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
        "equal": len(one.join(other, on="tokens", how="semi")),
        "same_template": len(alike),
        "sampled": len(sample),
        "near": near,
    }


def _words(paths: Sequence[Path], hashes: Sequence[int]) -> dict[int, frozenset[str]]:
    """What texts are compared by, for each hash: at most 200 times 501 of them."""
    rows = read_rows(paths, "hash", hashes).select("hash", "text")
    return {key: shingles(text) for key, text in rows.iter_rows()}
