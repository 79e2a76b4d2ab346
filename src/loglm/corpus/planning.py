"""Fourth and fifth step together: which split each document is in and its weight, without its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.corpus.balancing import OVER_SOURCE_CAP, OVER_TEMPLATE_CAP, cap_texts, sampling_weights
from loglm.corpus.documents import import_polars, read_rows
from loglm.corpus.drops import REPEATED, Drops, duplicate
from loglm.corpus.folder import SPLITS
from loglm.corpus.splitting import assign_splits

if TYPE_CHECKING:
    import polars

__all__ = ["PlanJob", "plan_part", "read_plan"]

_COLUMNS = ["hash", "text_hash", "template", "source", "file", "row", "time", "count", "is_held_out"]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PlanJob:
    """All documents after deduplication."""

    paths: tuple[Path, ...]
    names: dict[int, str]
    is_odts: tuple[bool, ...]
    """Of each source."""
    events: dict[int, int]
    """Number of events of each file."""
    per_template: int
    per_source: int
    held_out: float


def plan_part(job: PlanJob, out: Path) -> dict[str, Any]:
    """Write ``plan.parquet``: hashes, source, template, split and weight of each document that stays, ordered by hash.

    Needs memory for about 200 bytes a document.

    Returns:
        ``drops``, and ``texts``: number by source name and split.
    """
    pl = import_polars()
    rows = pl.concat([pl.read_parquet(path, columns=_COLUMNS) for path in job.paths]).sort("hash")
    drops = Drops()
    is_foreign = _is_of_training(rows, job)
    _count(drops, rows.filter(is_foreign), duplicate(REPEATED, "masked", of="another source"), job)
    rows = rows.filter(~is_foreign)
    over_template, over_source = cap_texts(
        rows["hash"].to_numpy(),
        rows["source"].to_numpy(),
        rows["template"].to_numpy(),
        per_template=job.per_template,
        per_source=job.per_source,
    )
    for reason, is_over in ((OVER_TEMPLATE_CAP, over_template), (OVER_SOURCE_CAP, over_source)):
        _count(drops, rows.filter(pl.Series(is_over)), reason, job)
    kept = rows.filter(pl.Series(~(over_template | over_source)))
    source = kept["source"].to_numpy().astype(np.int64)
    plan = kept.select("hash", "text_hash", "source", "template").with_columns(
        pl.Series("split", _splits(kept, job)), pl.Series("weight", sampling_weights(kept["count"], source))
    )
    plan.write_parquet(out / "plan.parquet", compression="zstd")
    counted = plan.group_by("source", "split").len().sort("source", "split")
    texts: dict[str, dict[str, int]] = {}
    for index, split, number in counted.iter_rows():
        texts.setdefault(job.names[index], {})[SPLITS[split]] = number
    return {"drops": drops.to_json(), "texts": texts}


def read_plan(path: Path) -> polars.DataFrame:
    """The plan, ordered by hash."""
    frame: polars.DataFrame = import_polars().read_parquet(path)
    return frame


def _is_of_training(rows: polars.DataFrame, job: PlanJob) -> polars.Series:
    """Documents of sources kept out of training whose text a source for training has too, as the exact view leaves."""
    pl = import_polars()
    is_odts = pl.Series(np.array(job.is_odts, bool)[rows["source"].to_numpy()])
    trained = rows.filter(~is_odts)["text_hash"]
    is_of_training: polars.Series = is_odts & rows["text_hash"].is_in(trained.implode())
    return is_of_training


def _splits(kept: polars.DataFrame, job: PlanJob) -> np.ndarray:
    """int8 (n,): all documents of one text, which the exact view can tell apart, are in one split."""
    pl = import_polars()
    texts = (
        kept.sort("file", "row")
        .group_by("text_hash", maintain_order=True)
        .agg(pl.col("hash", "source", "file", "row").first(), pl.col("time").min(), pl.col("is_held_out").all())
        .sort("hash")
    )
    events = np.array([job.events[file] for file in texts["file"]], np.float64)
    splits = assign_splits(
        texts["source"].to_numpy().astype(np.int64),
        texts["time"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        texts["row"].to_numpy() / events,
        texts["is_held_out"].to_numpy(),
        is_odts=np.array(job.is_odts),
        held_out=job.held_out,
    )
    split_of = texts.select("text_hash", pl.Series("split", splits))
    return kept.join(split_of, on="text_hash", how="left", maintain_order="left")["split"].to_numpy()


def _count(drops: Drops, dropped: polars.DataFrame, reason: str, job: PlanJob) -> None:
    """Add counts for each source, with the texts of the first few hashes as examples."""
    for (index,), group in dropped.group_by("source", maintain_order=True):
        name, hashes = job.names[index], group["hash"].head(_SHOWN).to_list()
        drops.counts[name, reason] += len(group)
        texts = read_rows(job.paths, "hash", hashes).sort("hash")["text"]
        drops.examples[name, reason] = [(text,) for text in texts]
