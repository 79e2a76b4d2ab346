"""``loglm evaluate anomaly``: detectors of unusual sequences on labelled logs, simple ones first."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.figures_csv import check_csv
from loglm.cli.options import AsJson, FiguresCsv, Force, Model, Seeds, Threads
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.evaluation.anomaly.detectors.detector import DetectorKind
    from loglm.evaluation.anomaly.running import AnomalyBenchmark, SetFacts
    from loglm.evaluation.scores import Score

__all__ = ["anomaly"]

_WIDTH = 140
_SHOWN = ("PR-AUC", "F1", "recall")
"""With intervals."""
_MEANS = {
    "false alarms": "false\nalarms",
    "F1 tuned": "F1\ntuned",
    "PR-AUC, no duplicates": "PR-AUC,\nno dupl.",
    "F1, no duplicates": "F1,\nno dupl.",
}
"""Without, to save room, and what they are called in the table."""
_ALTERED = ("F1", "PR-AUC")


def anomaly(
    data: Annotated[Path, typer.Option("--data", help="Folder with the data sets, anywhere below it (see docs).")],
    sets: Annotated[str | None, typer.Option("--sets", help="Only these data sets, separated by commas.")] = None,
    detectors: Annotated[str | None, typer.Option(help="Only these detectors, separated by commas.")] = None,
    model: Model = None,
    seeds: Seeds = 5,
    altered: Annotated[bool, typer.Option("--altered/--no-altered", help="Measure altered logs too.")] = True,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for finished cells: the same command goes on after a stop."),
    ] = None,
    csv_file: FiguresCsv = None,
    force: Force = False,
    as_json: AsJson = False,
    quick: Annotated[bool, typer.Option("--quick", help="One seed, 600 sequences of a set: a first look.")] = False,
    threads: Threads = None,
) -> None:
    """Find anomalous sequences of events: by what is learned from normal ones alone, or from labels.

    Data sets: hdfs, hdfs-lines, hdfs-templates, hadoop, bgl, bgl-windows, thunderbird, openstack, openstack-failures,
    adfa, adfa-few, awsctd, lanl, nezha, trainticket. What is not there is listed with its reason.

    Learned from normal sequences: unseen-events, counts-nn, tfidf-nn, isolation-forest, markov-chain, encoder-nn,
    known+encoder-nn, context and context-encoder (what loglm anomalies scores by), sequence-detector,
    sequence-detector+encoder, and with the train extra lstm-deeplog and lstm-surprise. From labels: counts-lr,
    counts-tree, ngram-classifier, known+ngram-classifier. known: reworded events are read as those learned from.

    The first 60 % of a set are learned from, the next 20 % set the threshold (1 % of the normal ones alert), the last
    20 % are measured on. hdfs and thunderbird are also measured with altered events and sequences.
    """
    from loglm.cli.output import print_json
    from loglm.errors import InputError
    from loglm.evaluation.anomaly.cells import CellFolder
    from loglm.evaluation.anomaly.detectors.registry import choose_detectors
    from loglm.evaluation.anomaly.running import BenchmarkOptions, run_anomaly_benchmark
    from loglm.evaluation.anomaly.sets.registry import choose_sets
    from loglm.evaluation.scores import write_scores
    from loglm.reports.output import open_report

    if not data.is_dir():
        raise InputError(f"{data}: no such folder; expected one with the data sets of the benchmark")
    check_csv(csv_file, force=force)
    kinds = _kinds(model, threads)
    options = BenchmarkOptions(1 if quick else seeds, quick, altered)

    def keep(measured: AnomalyBenchmark) -> None:
        if csv_file is not None:
            with open_report(csv_file) as file:
                write_scores(file, measured.scores)

    measured = run_anomaly_benchmark(
        data,
        choose_sets(_names(sets)),
        choose_detectors(kinds, _names(detectors)),
        options,
        CellFolder(out),
        say=_say,
        show=keep,
    )
    if as_json:
        print_json(asdict(measured))
        return
    for facts in measured.sets:
        _print_set(facts, [score for score in measured.scores if score.data == facts.name])
    for note in measured.notes:
        typer.echo(note)
    typer.echo(_LEGEND)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def _kinds(model: Path | None, threads: int | None) -> list[DetectorKind]:
    """All detectors that can be made here."""
    from functools import cache

    from loglm.artifacts.files import file_sha256
    from loglm.artifacts.folder import MANIFEST, open_model_dir
    from loglm.errors import MissingExtraError
    from loglm.evaluation.anomaly.detectors.registry import detector_kinds
    from loglm.evaluation.embedders import Embedder, log_encoder

    folder, _ = open_model_dir(model)

    @cache
    def encoder() -> Embedder:
        return log_encoder(folder, "encoder", threads=threads)

    kinds = detector_kinds(encoder, file_sha256(folder / MANIFEST))
    try:
        from loglm.training.next_event_lstm import lstm_kinds
    except MissingExtraError as error:
        _say(f"lstm-deeplog, lstm-surprise: not measured. {error}")
    else:
        simple = [kind.name for kind in kinds].index("encoder-nn")
        kinds[simple:simple] = lstm_kinds()
    return kinds


def _print_set(facts: SetFacts, scores: list[Score]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from loglm.cli.score_tables import shown_figure, shown_interval

    console = Console(width=_WIDTH)
    title = (
        f"{facts.name}: {facts.about}\n"
        f"learned from {facts.learned:,} normal ({facts.learned_anomalies:,} anomalous with labels), threshold from "
        f"{facts.tuned:,} ({facts.tuned_anomalies:,} anomalous), measured on {facts.tested:,} "
        f"({facts.tested_anomalies:,} anomalous); of these no duplicates: {facts.new:,} ({facts.new_anomalies:,}). "
        f"{plural(facts.texts, 'text')}, {plural(facts.events, 'event')}"
    )
    console.print(escape(title))
    table = Table("learned from", Column("detector", no_wrap=True), *_SHOWN, *_MEANS.values(), "s")
    cells = {(score.task, score.model, score.metric): score.value for score in scores}
    for task, name in dict.fromkeys((score.task, score.model) for score in scores if "," not in score.task):
        shown = [shown_interval(cells[task, name, metric]) for metric in _SHOWN]
        means = [shown_figure(cells[task, name, metric].mean) for metric in _MEANS]
        table.add_row(task, escape(name), *shown, *means, shown_figure(cells[task, name, "seconds"].mean, ".1f"))
    console.print(table)
    _print_altered(facts.name, scores, console)


def _print_altered(name: str, scores: list[Score], console: object) -> None:
    """F1 and PR-AUC as the log is altered more and more."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from loglm.cli.score_tables import shown_figure

    ways = list(dict.fromkeys(s.task.partition(", ")[2] for s in scores if ", " in s.task))
    if not ways or not isinstance(console, Console):
        return
    cells = {(score.task, score.model, score.metric): shown_figure(score.value.mean) for score in scores}
    for metric in _ALTERED:
        columns = (way.replace(" of ", "\n").replace(" altered", "") for way in ways)
        table = Table("learned from", "detector", "as it was", *columns, title=escape(f"{name}, altered: {metric}"))
        for task, model in dict.fromkeys((s.task, s.model) for s in scores if "," not in s.task):
            row = [cells[task, model, metric], *(cells[f"{task}, {way}", model, metric] for way in ways)]
            table.add_row(task, escape(model), *row)
        console.print(table)


def _say(what: str) -> None:
    typer.echo(what, err=True)


_LEGEND = (
    "95 % intervals over test sequences and seeds. F1, recall and false alarms (share of normal test sequences): at "
    "the threshold that 1 % of the normal validation sequences reach. F1 tuned: at the best threshold on the labelled "
    "validation part. no dupl.: without test sequences with the same events as one learned from or an earlier one. "
    "chosen: the detector with the largest PR-AUC on the labelled validation part. s: seconds to learn and to score."
)
