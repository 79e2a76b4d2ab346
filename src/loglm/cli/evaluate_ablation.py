"""``loglm evaluate ablation``: which choice of pretraining pays, by small runs at equal compute."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson, WindowsFile

if TYPE_CHECKING:
    from loglm.evaluation.attack_metrics import Interval
    from loglm.training.ablation import AblationFigure, AblationTasks

__all__ = ["ablation"]

_LEGEND = (
    "Means over seeds; behind the semicolon what the choice gains over the reference of the same seed, with a 95 % t "
    "interval over seeds, none where there is one. Bits per byte and mean cosine are better low, the others high."
)
_COLUMNS = ("choice", "metric", "mean", "low", "high", "gain", "gain_low", "gain_high")


def ablation(
    plan: Annotated[Path, typer.Argument(help="TOML file: steps, seeds, corpora, reference, choices.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the runs and for table.csv and table.md.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled logs, as for loglm evaluate downstream, to judge on too.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", min=2, help="Lines drawn from each system.")] = 200,
    sequences: Annotated[int, typer.Option("--sequences", min=10, help="Sequences of each anomaly set.")] = 3_000,
    queries: Annotated[
        int, typer.Option("--queries", min=1, help="Procedure examples to find techniques by, the newest.")
    ] = 2_000,
    table_file: WindowsFile = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes, each with a run of its own; they share a GPU.")
    ] = 1,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="CPU threads of each run; by default an even share.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pretrain once for each choice and seed, judge what comes out, and print one table.

    All runs have as many steps of as many tokens. They are judged on hidden tokens of the first corpus' test splits, in
    bits per byte, and with --data on search, similarity, anomalies and, where ATT&CK's texts are below it, retrieval by
    frozen embeddings; never on training loss. The same command goes on after a kill and trains only what is not trained
    yet. docs/training.md shows a plan. Needs the train extra.
    """
    from loglm.cli.output import print_json
    from loglm.training.ablation import judge_runs, train_runs
    from loglm.training.ablation_plan import read_plan

    planned = read_plan(plan)
    tasks = _tasks(data, table_file, planned.first_corpus, lines=lines, sequences=sequences, queries=queries)
    train_runs(planned, out, workers=workers, threads=threads, say=_say)
    figures = judge_runs(planned, out, tasks, workers=workers, threads=threads, say=_say)
    _write_csv(out / "table.csv", figures)
    table = _markdown(figures)
    (out / "table.md").write_text(table, encoding="utf-8")
    if as_json:
        print_json([asdict(figure) for figure in figures])
    else:
        typer.echo(table, nl=False)


def _tasks(
    data: Path | None, table_file: Path | None, corpus: Path, *, lines: int, sequences: int, queries: int
) -> AblationTasks:
    from loglm.evaluation.anomaly.block_and_line_sets import read_anomaly_sets
    from loglm.evaluation.technique_retrieval import intel_folder, read_queries
    from loglm.evaluation.template_lines import held_out_lines
    from loglm.evaluation.window_table import WindowTable
    from loglm.training.ablation import AblationTasks

    windows = None if table_file is None else WindowTable.load(table_file)
    if data is None:
        return AblationTasks(windows=windows)
    intel = intel_folder(data)
    return AblationTasks(
        held_out_lines(data, corpus, per_system=lines, say=_say),
        read_anomaly_sets(data, most=sequences),
        None if intel is None else read_queries(intel, most=queries),
        windows,
    )


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _write_csv(path: Path, figures: Sequence[AblationFigure]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for figure in figures:
            numbers = [*asdict(figure.value).values(), *asdict(figure.gain).values()]
            writer.writerow([figure.choice, figure.metric, *("" if n != n else round(n, 5) for n in numbers)])


def _markdown(figures: Sequence[AblationFigure]) -> str:
    """A row for each metric, a column for each choice; below, what a cell says."""
    choices = list(dict.fromkeys(figure.choice for figure in figures))
    cells = {(figure.metric, figure.choice): _cell(figure) for figure in figures}
    metrics = dict.fromkeys(figure.metric for figure in figures)
    rows = [[metric, *(cells[metric, choice] for choice in choices)] for metric in metrics]
    rows = [["", *choices], ["---", *("---:" for _ in choices)], *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows) + f"\n{_LEGEND}\n"


def _cell(figure: AblationFigure) -> str:
    from loglm.training.ablation_plan import REFERENCE

    mean = f"{figure.value.mean:.3f}"
    if figure.choice == REFERENCE:
        return f"{mean}{_bounds(figure.value, '.3f')}"
    return f"{mean}; {figure.gain.mean:+.3f}{_bounds(figure.gain, '+.3f')}"


def _bounds(value: Interval, form: str) -> str:
    return "" if value.low != value.low else f" ({value.low:{form}} to {value.high:{form}})"
