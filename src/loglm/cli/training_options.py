"""Options that the commands which train an encoder have in common: how large, how long, by what rate, on what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "Accumulate",
    "BatchTokens",
    "CheckpointEvery",
    "Device",
    "Family",
    "Layers",
    "Minutes",
    "Precision",
    "RunFolder",
    "Schedule",
    "Size",
    "Threads",
    "Workers",
]

Size = Literal["nano", "small", "medium", "base", "large", "xlarge", "xxlarge"]
Family = Literal["modernbert", "deberta-v2"]

RunFolder = Annotated[Path, typer.Option("--out", "-o", help="Run folder; a killed run goes on from it.")]
Layers = Annotated[int | None, typer.Option(min=1, help="Layers, in place of the size's.")]

Minutes = Annotated[float | None, typer.Option(help="About so long; turned into steps once, by timing a few.")]
BatchTokens = Annotated[int, typer.Option(min=16, help="Tokens of a batch, padding included.")]
Accumulate = Annotated[int, typer.Option(min=1, help="Batches a step and process.")]
Schedule = Annotated[Literal["cosine", "wsd"], typer.Option(help="Of the learning rate; wsd: warm-up, stable, decay.")]

Precision = Annotated[
    Literal["auto", "bf16", "fp32"], typer.Option(help="auto: bf16 where the processor or GPU computes in it.")
]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="auto: a GPU where there is one.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads a process.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes; each takes a part of every step, one a GPU.")]
CheckpointEvery = Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")]
