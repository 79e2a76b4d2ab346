"""Options and arguments that mean the same in every command that has them; CONTRIBUTING.md lists their names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "AsJsonl",
    "Baseline",
    "ExclusionFile",
    "FiguresCsv",
    "Force",
    "Html",
    "LogPaths",
    "Model",
    "ModelName",
    "Models",
    "Quiet",
    "Ray",
    "Runs",
    "Seed",
    "Seeds",
    "SentenceEncoder",
    "Threads",
    "WindowsFile",
]

# what is read
LogPaths = Annotated[list[str], typer.Argument(help="Log files, folders, patterns or archives; - for stdin.")]
Baseline = Annotated[
    list[str] | None, typer.Option(help="Logs of ordinary days to learn from; may be given several times.")
]
ExclusionFile = Annotated[
    Path | None, typer.Option(help="What is known to be harmless, as TOML; what it hides is counted.")
]
WindowsFile = Annotated[
    Path | None, typer.Option("--windows", help="Attack windows, kept by loglm evaluate attack --windows FILE.")
]

# by what model
Model = Annotated[Path | None, typer.Option(help="Model folder; the shipped one by default.")]
Models = Annotated[
    list[Path] | None,
    typer.Option("--model", help="Model folder; may be given several times; the shipped one where none is given."),
]
Runs = Annotated[
    list[Path] | None,
    typer.Option("--run", help="Run folder of loglm pretrain, each stage in it; may be given several times."),
]
SentenceEncoder = Annotated[bool, typer.Option(help="Whether all-MiniLM is measured, which is slow on a CPU.")]

# how
Seed = Annotated[int, typer.Option(help="Fixes what is random.")]
Seeds = Annotated[int, typer.Option(min=1, help="Times that what chance plays a part in is run.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores by default.")]
Ray = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Run on this Ray cluster; local starts one here.")]

# what comes out
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="One OCSF Detection Finding a line.")]
Html = Annotated[Path | None, typer.Option(help="Write a self-contained HTML report.")]
FiguresCsv = Annotated[Path | None, typer.Option("--csv", help="Write all figures as CSV.")]
ModelName = Annotated[str | None, typer.Option("--name", help="Name of the model; default: the folder's.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")]
