"""What a run writes down while it trains: two CSV files and TensorBoard, all cut back to the checkpoint on resuming."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from loglm.errors import MissingExtraError
from loglm.training.scoring import MaskedScores

__all__ = ["RunJournal", "StepRecord"]

STEPS_CSV = "steps.csv"
SCORES_CSV = "scores.csv"
_STEP_COLUMNS = (
    "stage",
    "step",
    "loss_nats",
    "accuracy",
    "learning_rate",
    "gradient_norm",
    "tokens",
    "seconds",
    "skipped",
)
_SCORE_COLUMNS = ("stage", "step", "split", "loss_nats", "bits_per_byte", "accuracy", "hidden_tokens")


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it is reported."""

    stage: str
    step: int
    """Steps done in this stage."""
    loss_nats: float
    accuracy: float
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    tokens: int
    """In this stage so far."""
    seconds: float
    """In this stage so far."""
    skipped: int
    """In this stage so far."""


class RunJournal:
    """Writes ``steps.csv``, ``scores.csv`` and ``tensorboard/`` of one stage; a context manager."""

    def __init__(self, folder: Path, stage: str, *, done: int) -> None:
        """Open the files; lines of this stage after step ``done`` are of a killed run, and go."""
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingExtraError("tensorboard", "train")
        from torch.utils.tensorboard import SummaryWriter

        self.stage = stage
        self._steps = _CsvLog(folder / STEPS_CSV, _STEP_COLUMNS, stage, done)
        self._scores = _CsvLog(folder / SCORES_CSV, _SCORE_COLUMNS, stage, done)
        self._board = SummaryWriter(str(folder / "tensorboard" / stage), purge_step=done + 1)

    def __enter__(self) -> RunJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._steps.close()
        self._scores.close()
        self._board.close()

    def step(self, record: StepRecord) -> None:
        """Note one training step."""
        row = asdict(record)
        self._steps.add(row)
        for name in ("loss_nats", "accuracy", "learning_rate", "gradient_norm", "skipped"):
            self._board.add_scalar(f"train/{name}", row[name], record.step)

    def scores(self, step: int, split: str, scores: MaskedScores) -> None:
        """Note one evaluation."""
        row = asdict(scores)
        self._scores.add({"stage": self.stage, "step": step, "split": split} | row)
        for name in ("loss_nats", "bits_per_byte", "accuracy"):
            self._board.add_scalar(f"{split}/{name}", row[name], step)


class _CsvLog:
    """Appends rows; each is on disk at once."""

    def __init__(self, path: Path, columns: tuple[str, ...], stage: str, done: int) -> None:
        kept = _rows_until(path, columns, stage, done)
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(kept)
        partial.replace(path)
        self._stream = path.open("a", newline="", encoding="utf-8", buffering=1)
        self._writer = csv.DictWriter(self._stream, columns)

    def add(self, row: Mapping[str, Any]) -> None:
        self._writer.writerow({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()})

    def close(self) -> None:
        self._stream.close()


def _rows_until(path: Path, columns: tuple[str, ...], stage: str, done: int) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row.keys() == set(columns) and None not in row.values()]
    return [row for row in rows if row["stage"] != stage or (row["step"].isdigit() and int(row["step"]) <= done)]
