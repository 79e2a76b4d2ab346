"""Second and third step: each text once, then nearly equal ones once; the earliest stands for the rest.

Both are done in one view of the events, or in the exact and then in the masked one. Exact deduplication goes by ranges
of a hash, so a range needs memory for its own texts only. Near deduplication compares texts of one first line (log
source and action) only, so that of two rare actions with equal fields both stay, and goes by blocks of such lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.corpus.documents import import_polars, read_range, read_rows, schema, write_documents
from loglm.corpus.drops import NEAR, REPEATED, Drops, duplicate
from loglm.corpus.near_duplicates import near_duplicates
from loglm.events.rendering import View

if TYPE_CHECKING:
    import polars

__all__ = ["ExactJob", "NearJob", "exact_part", "hash_ranges", "near_blocks", "near_part"]

_RANGE_TEXTS = 200_000
_BLOCK_TEXTS = 100_000
_HASHES = 1 << 64
_HASH: dict[View, str] = {"exact": "hash", "masked": "text_hash"}
_TEXT: dict[View, str] = {"exact": "exact", "masked": "text"}
"""Columns by the view in which documents are compared."""


@dataclass(frozen=True, slots=True)
class ExactJob:
    """Texts of a range of hashes."""

    paths: tuple[Path, ...]
    low: int
    high: int
    """Included."""
    view: View
    """In which texts are equal."""
    names: dict[int, str]
    """Names of sources and benchmarks by index."""


@dataclass(frozen=True, slots=True)
class NearJob:
    """Texts of some first lines; the ``turn``-th of ``turns`` pieces where one first line has too many."""

    paths: tuple[Path, ...]
    headers: tuple[int, ...]
    turn: int
    turns: int
    threshold: float
    """Jaccard index from which on two texts are near duplicates; 1 keeps all."""
    view: View
    """In which texts are compared."""
    is_last: bool
    """Benchmarks' own texts end here, since no other view is compared after this one."""
    names: dict[int, str]


def hash_ranges(texts: int) -> list[tuple[int, int]]:
    """Ranges of hashes, both ends included, with about 200,000 of so many texts each."""
    number = max(1, -(-texts // _RANGE_TEXTS))
    edges = [_HASHES * i // number for i in range(number + 1)]
    return [(low, high - 1) for low, high in pairwise(edges)]


def exact_part(job: ExactJob, out: Path) -> dict[str, Any]:
    """Keep each text once, for the source that has it first. Returns ``drops``, and ``texts`` but for benchmarks'."""
    column = _HASH[job.view]
    rows = read_range(job.paths, job.low, job.high, column=column)
    _, text_number = np.unique(rows[column].to_numpy(), return_inverse=True)
    kept, drops = _merged(rows, text_number, job, REPEATED)
    write_documents(kept, out / "documents.parquet")
    return {"drops": drops.to_json(), "texts": int((kept["source"] >= 0).sum())}


def near_blocks(paths: Sequence[Path]) -> list[tuple[tuple[int, ...], int, int]]:
    """Blocks of about 100,000 texts as (first lines, turn, turns), in an order that the texts alone fix."""
    pl = import_polars()
    counted = pl.concat([pl.scan_parquet(path).select("header") for path in paths])
    sizes = counted.group_by("header").len().sort("header").collect()
    blocks: list[tuple[tuple[int, ...], int, int]] = []
    open_block: list[int] = []
    room = _BLOCK_TEXTS
    for header, size in sizes.iter_rows():
        if size > _BLOCK_TEXTS:
            turns = -(-size // _BLOCK_TEXTS)
            blocks += [((header,), turn, turns) for turn in range(turns)]
            continue
        if size > room:
            blocks.append((tuple(open_block), 0, 1))
            open_block, room = [], _BLOCK_TEXTS
        open_block.append(header)
        room -= size
    return [*blocks, (tuple(open_block), 0, 1)] if open_block else blocks


def near_part(job: NearJob, out: Path) -> dict[str, Any]:
    """Keep one of nearly equal texts, the earliest. Returns ``drops``, and ``texts`` but for benchmarks'.

    None of a benchmark's texts stands for another, so that what is near any of them goes. They all stay until the last
    view, where they may still be equal to others' texts; of several turns the first writes them. Needs memory for its
    texts and about 3 kB for each.
    """
    pl = import_polars()
    rows = read_rows(job.paths, "header", job.headers)
    if job.turns > 1:
        rows = _of_turn(rows, job)
    texts = rows[_TEXT[job.view]].to_list()
    if job.threshold < 1:
        is_benchmark = rows["source"].to_numpy() < 0
        stands_for = _near_by_header(texts, rows["header"].to_numpy(), is_benchmark, job.threshold)
    else:
        stands_for = np.arange(len(texts))
    kept, drops = _merged(rows, stands_for, job, NEAR)
    is_own = pl.col("source") >= 0
    kept = kept.with_columns(pl.lit(None, pl.String).alias("exact"))
    write_documents(kept.filter(is_own) if job.is_last or job.turn else kept, out / "documents.parquet")
    return {"drops": drops.to_json(), "texts": len(kept.filter(is_own))}


def _near_by_header(texts: list[str], headers: np.ndarray, is_benchmark: np.ndarray, threshold: float) -> np.ndarray:
    """int64 (n,): the index of the text that stands for each; see `near_duplicates`. Benchmarks' texts come first."""
    stands_for = np.arange(len(texts))
    order = np.argsort(headers, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(headers[order])) + 1):
        if len(members) > 1:
            references = int(is_benchmark[members].sum())
            found = near_duplicates([texts[i] for i in members], threshold=threshold, references=references)
            stands_for[members] = members[found]
    return stands_for


def _of_turn(rows: polars.DataFrame, job: NearJob) -> polars.DataFrame:
    """The texts of a turn, behind all of the benchmarks, which no turn's texts may repeat."""
    pl = import_polars()
    is_own = pl.col("source") >= 0
    own = rows.filter(is_own)
    start, end = (len(own) * turn // job.turns for turn in (job.turn, job.turn + 1))
    chosen: polars.DataFrame = pl.concat([rows.filter(~is_own), own.slice(start, end - start)])
    return chosen


def _merged(
    rows: polars.DataFrame, representative: np.ndarray, job: ExactJob | NearJob, what: str
) -> tuple[polars.DataFrame, Drops]:
    """One row for each representative with the counts of those that it stands for, and those as drops.

    Examples are in the masked view, whichever was compared: a report must not show what the corpus hides.

    Args:
        rows: In the order of the corpus.
        representative: int64 (n,): a number for each row; the first row of a number stands for all of that number.
        job: Has the view, and names of sources.
        what: They are.
    """
    pl = import_polars()
    group = pl.Series("group", representative)
    firsts = [name for name in schema() if name not in ("time", "count", "is_held_out")]
    kept = (
        rows.with_columns(group)
        .group_by("group", maintain_order=True)
        .agg(pl.col(firsts).first(), pl.col("time").min(), pl.col("count").sum(), pl.col("is_held_out").all())
        .select(list(schema()))
    )
    _, first = np.unique(representative, return_index=True)
    is_first = np.zeros(len(rows), bool)
    is_first[first] = True
    leader = np.empty(int(representative.max(initial=-1)) + 1, np.int64)
    leader[representative[is_first]] = np.flatnonzero(is_first)
    source = rows["source"].to_numpy()
    drops = Drops()
    for place in np.flatnonzero(~is_first & (source >= 0)).tolist():
        own, kept_place = int(source[place]), int(leader[representative[place]])
        why = duplicate(what, job.view, of=_owner(own, int(source[kept_place]), job.names))
        drops.add(job.names[own], why, rows["text"][place], kept=rows["text"][kept_place])
    return kept, drops


def _owner(source: int, owner: int, names: dict[int, str]) -> str | None:
    if owner < 0:
        return names[owner]
    return None if owner == source else "another source"
