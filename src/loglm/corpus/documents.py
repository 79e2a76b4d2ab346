"""Documents between steps: rows of Parquet files, one for each distinct text, read with polars."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglm.errors import MissingExtraError

if TYPE_CHECKING:
    import polars

__all__ = ["count_rows", "import_polars", "read_range", "read_rows", "schema", "write_documents"]

_ROW_GROUP = 4_096


def import_polars() -> Any:
    """The polars module.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import polars
    except ModuleNotFoundError as error:
        raise MissingExtraError("polars", "train") from error
    return polars


def schema() -> dict[str, Any]:
    """Columns of a document.

    ``hash``: of the text, or where events are told apart by the exact view, of that and the text; no two documents
    share it. ``text_hash``, ``template``, ``header``: of the text, its template and first line. ``source``: index of
    the source that has it first, below 0 a benchmark; ``file``, ``row``: number of the file and of the event in it
    where it is first. ``time``: POSIX seconds of its earliest event, null where none has a time. ``count``: events
    that it stands for. ``is_held_out``: seen in held-out files only. ``text``: what models read, in the masked view.
    ``exact``: in the exact view, null where that is not compared.
    """
    pl = import_polars()
    return {
        "hash": pl.UInt64,
        "text_hash": pl.UInt64,
        "template": pl.UInt64,
        "header": pl.UInt64,
        "source": pl.Int16,
        "file": pl.Int32,
        "row": pl.Int64,
        "time": pl.Float64,
        "count": pl.Int64,
        "is_held_out": pl.Boolean,
        "text": pl.String,
        "exact": pl.String,
    }


def write_documents(frame: polars.DataFrame, path: Path) -> None:
    """Write rows ordered by hash, so that a range of hashes is found without reading the rest.

    Raises:
        OSError: The disk is full.
    """
    buffer = io.BytesIO()  # polars reports a full disk in errors of its own
    frame.sort("hash").write_parquet(buffer, compression="zstd", row_group_size=_ROW_GROUP, statistics=True)
    path.write_bytes(buffer.getbuffer())


def count_rows(paths: Iterable[Path]) -> int:
    """Documents in files, by what the files say of themselves."""
    pl = import_polars()
    return sum(int(pl.scan_parquet(path).select(pl.len()).collect().item()) for path in paths)


def read_range(paths: Iterable[Path], low: int, high: int, *, column: str = "hash") -> polars.DataFrame:
    """Documents with a hash from ``low`` up to and including ``high``, in the order of the corpus."""
    pl = import_polars()
    wanted = pl.col(column).is_between(pl.lit(low, pl.UInt64), pl.lit(high, pl.UInt64))
    return _collect(paths, wanted)


def read_rows(paths: Iterable[Path], column: str, values: Iterable[int]) -> polars.DataFrame:
    """Documents whose ``hash`` or ``header`` is one of the values, in the order of the corpus."""
    pl = import_polars()
    return _collect(paths, pl.col(column).is_in(pl.Series(list(values), dtype=pl.UInt64).implode()))


def _collect(paths: Iterable[Path], wanted: Any) -> polars.DataFrame:
    pl = import_polars()
    frames = [pl.scan_parquet(path).filter(wanted).collect() for path in paths]
    rows: polars.DataFrame = pl.concat(frames) if frames else pl.DataFrame(schema=schema())
    return rows.sort("file", "row")
