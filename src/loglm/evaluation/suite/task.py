"""What a task of `loglm evaluate suite` is: the files it reads, the scores it yields, and how they are to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loglm.errors import InputError
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.frozen.detectors import VectorDetector
from loglm.evaluation.frozen.embedding_detectors import SequenceDetectors
from loglm.evaluation.intrinsic import HiddenScorer
from loglm.evaluation.scores import Score

__all__ = [
    "QUICK",
    "HiddenModels",
    "PublishedFigure",
    "Say",
    "SuiteInputs",
    "SuiteModels",
    "SuiteOptions",
    "SuiteTask",
    "TaskRun",
]

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SuiteInputs:
    """What is measured on; None for what was not given."""

    data: Path | None = None
    """Folder with labelled logs, anywhere below it."""
    corpus: Path | None = None
    """Corpus folder that the models learned from."""
    table: Path | None = None
    """File of attack windows (`loglm.evaluation.window_table`)."""

    def need(self, name: str) -> Path:
        """One of the inputs.

        Raises:
            InputError: It was not given.
        """
        path: Path | None = getattr(self, name)
        if path is None:
            raise InputError(f"needs --{name}")
        return path


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """How much is measured."""

    sequences: int = 1_000
    """Events of each test split, for hidden tokens."""
    share: float = 0.15
    """Of content tokens that is hidden."""
    lines: int = 500
    """Of each system."""
    anomaly_sequences: int = 10_000
    """Of each anomaly set."""
    frozen_sequences: int = 1_000
    """Of each set for detectors on frozen embeddings."""
    frozen_seeds: int = 5
    """Times that each of those detectors learns."""
    windows: int = 12
    """Of each attack recording."""
    queries: int = 2_000
    """Procedure examples for retrieval."""
    timed: int = 200
    """Events of each of five rounds, for speed."""
    seeds: int = 3
    """Untrained encoders, and times that a head is trained."""
    general: bool = True
    """Whether all-MiniLM is measured."""
    threads: int | None = None
    """CPU threads; None for what each model takes by itself."""


QUICK = SuiteOptions(
    sequences=200,
    lines=50,
    anomaly_sequences=3_000,
    frozen_sequences=300,
    frozen_seeds=1,
    windows=2,
    queries=200,
    timed=40,
    seeds=1,
    general=False,
)
"""For a first look, in minutes."""


@dataclass(frozen=True, slots=True)
class HiddenModels:
    """Encoders that predict hidden tokens."""

    scorers: Mapping[str, HiddenScorer]
    """By name: untrained ones first."""
    max_tokens: int
    """Where events are cut for all of them."""


class SuiteModels(Protocol):
    """The models of a suite; each call makes them anew, so that none remembers texts of another task."""

    def embedders(self, note: Say) -> list[Embedder]:
        """Baselines first; ``note`` is told what is left out, and why."""

    def vector_detectors(self, note: Say) -> list[VectorDetector]:
        """Detectors on frozen vectors that need torch; ``note`` is told where it is absent."""

    def last_layers(self, note: Say) -> SequenceDetectors:
        """Encoders whose last layer is to be fine-tuned; ``note`` is told which are left out, and why."""

    def hidden_models(self, tokenizer: Path, note: Say) -> HiddenModels:
        """Those that read tokens of a tokenizer; ``note`` is told which are left out, and why."""


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a task measures with."""

    inputs: SuiteInputs
    options: SuiteOptions
    models: SuiteModels
    say: Say
    """Is told what is going on."""
    note: Say
    """Is told what a reader of the figures has to know."""


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """What SecEncoder's authors state (Bulut et al. 2024, arXiv:2411.07528), mostly of data that nobody else has."""

    what: str
    figure: str
    data: str
    """What they measured it on."""
    place: tuple[str, str, str] | None = None
    """Task, data and metric of the scores here that come nearest; None where none do."""
    suffix: str = ""
    """What the names of models end with there."""


@dataclass(frozen=True, slots=True)
class SuiteTask:
    """One benchmark of the suite."""

    name: str
    """As in ``--tasks``."""
    about: str
    """How it is measured, for the page."""
    files: Callable[[SuiteInputs], Sequence[Path]]
    """What it reads. Raises a `LogLMError` where something is absent."""
    score: Callable[[TaskRun], Iterable[Score]]
    """Raises a `LogLMError` where it cannot be measured."""
    low_is_good: frozenset[str] = frozenset()
    """Metrics; others are better high."""
    is_timed: bool = False
    """Whether it takes the time, and so is measured when nothing else is."""
    unranked: frozenset[str] = frozenset()
    """Metrics of which neither high nor low is good by itself."""
    published: Sequence[PublishedFigure] = ()
