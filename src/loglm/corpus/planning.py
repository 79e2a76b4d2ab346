"""Fourth and fifth step together: which split each document is in and its weight, without its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.corpus.balancing import OVER_SOURCE_CAP, OVER_TEMPLATE_CAP, cap_texts, sampling_weights
from loglm.corpus.documents import import_polars, read_rows
from loglm.corpus.drops import Drops
from loglm.corpus.folder import SPLITS
from loglm.corpus.splitting import assign_splits

if TYPE_CHECKING:
    import polars

__all__ = ["PlanJob", "plan_part", "read_plan"]

_COLUMNS = ["hash", "template", "source", "file", "row", "time", "count", "is_held_out"]
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
    """Write ``plan.parquet``: hash, source, template, split and weight of each document that stays, ordered by hash.

    Needs memory for 80 bytes a text.

    Returns:
        ``drops``, and ``texts``: number by source name and split.
    """
    pl = import_polars()
    rows = pl.concat([pl.read_parquet(path, columns=_COLUMNS) for path in job.paths]).sort("hash")
    over_template, over_source = cap_texts(
        rows["hash"].to_numpy(),
        rows["source"].to_numpy(),
        rows["template"].to_numpy(),
        per_template=job.per_template,
        per_source=job.per_source,
    )
    drops = Drops()
    for reason, is_over in ((OVER_TEMPLATE_CAP, over_template), (OVER_SOURCE_CAP, over_source)):
        _count(drops, rows.filter(pl.Series(is_over)), reason, job)
    kept = rows.filter(pl.Series(~(over_template | over_source)))
    source = kept["source"].to_numpy().astype(np.int64)
    plan = kept.select("hash", "source", "template").with_columns(
        pl.Series("split", _splits(kept, source, job)), pl.Series("weight", sampling_weights(kept["count"], source))
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


def _splits(kept: polars.DataFrame, source: np.ndarray, job: PlanJob) -> np.ndarray:
    events = np.array([job.events[file] for file in kept["file"]], np.float64)
    return assign_splits(
        source,
        kept["time"].cast(import_polars().Float64).fill_null(float("nan")).to_numpy(),
        kept["row"].to_numpy() / events,
        kept["is_held_out"].to_numpy(),
        is_odts=np.array(job.is_odts),
        held_out=job.held_out,
    )


def _count(drops: Drops, dropped: polars.DataFrame, reason: str, job: PlanJob) -> None:
    """Add counts for each source, with the texts of the first few hashes as examples."""
    for (index,), group in dropped.group_by("source", maintain_order=True):
        name, hashes = job.names[index], group["hash"].head(_SHOWN).to_list()
        drops.counts[name, reason] += len(group)
        drops.examples[name, reason] = read_rows(job.paths, "hash", hashes).sort("hash")["text"].to_list()
