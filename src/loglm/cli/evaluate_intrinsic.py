"""``loglm evaluate intrinsic``: how well encoders predict hidden tokens, beside a 5-gram and an untrained encoder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.figures_csv import check_csv, write_csv
from loglm.cli.options import AsJson, FiguresCsv, Force, Runs, Seed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from loglm.corpus.folder import CorpusFolder
    from loglm.corpus.shards import TokenShard
    from loglm.evaluation.intrinsic import IntrinsicScore
    from loglm.training.run_models import RunModel

__all__ = ["intrinsic"]

_METRICS = ("perplexity", "bits_per_byte", "accuracy")
_COLUMNS = (
    *("data", "source", "model", "sequences", "hidden_tokens"),
    *(f"{metric}{ending}" for metric in _METRICS for ending in ("", "_low", "_high")),
)


def intrinsic(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Logs to measure on, all of them one set; each path a source, - for stdin."),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Corpus folder, made by `loglm corpus build`: its test splits are measured on."),
    ] = None,
    run: Runs = None,
    mask_share: Annotated[float, typer.Option(min=0.01, max=0.9, help="Share of content tokens hidden.")] = 0.15,
    events: Annotated[int, typer.Option(min=1, help="Events drawn from each set.")] = 1_000,
    seed: Seed = 0,
    csv_file: FiguresCsv = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Perplexity, bits per byte and accuracy on hidden tokens of events never learned from.

    Sets: idts (in-distribution: held out of the sources learned from), odts (out-of-distribution: whole sources held
    out) and data (PATHS, of each the first 60,000 different events). Beside the encoders stand encoders of the same
    sizes, untrained, and a 5-gram model of the corpus' training split, which sees only what stands before a hidden
    token: with nothing hidden in it, or after the last hidden one.
    """
    from loglm.cli.judged_models import encoder_scorers
    from loglm.cli.output import print_json
    from loglm.evaluation.hidden_sets import MAX_TOKENS, ngram_scorers, score_hidden
    from loglm.tokenizer.bpe import load_tokenizer

    check_csv(csv_file, force=force)
    folder = _open(corpus)
    tokenizer_file = _tokenizer_file(folder, run or [])
    tokenizer = load_tokenizer(tokenizer_file)
    models = _load_runs(run or [], tokenizer_file)
    sets = _sets(folder, paths or [], tokenizer)
    if folder is None:
        _say("5-gram: not measured; it is learned from the training split of a --corpus")
    ngrams = {} if folder is None else ngram_scorers(folder, seed=seed, say=_say)
    scores = list(
        score_hidden(
            sets,
            ngrams | encoder_scorers(models, seed=seed),
            tokenizer,
            sequences=events,
            max_tokens=min((run.model.config.max_tokens for run in models), default=MAX_TOKENS),
            share=mask_share,
            seed=seed,
            say=_say,
        )
    )
    write_csv(csv_file, _COLUMNS, map(_cells, scores))
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        _print_table(scores, mask_share)


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _open(corpus: Path | None) -> CorpusFolder | None:
    from loglm.corpus.folder import CorpusFolder

    return None if corpus is None else CorpusFolder.open(corpus)


def _tokenizer_file(folder: CorpusFolder | None, runs: list[Path]) -> Path:
    from loglm.errors import InputError

    if folder is not None:
        return folder.tokenizer_path
    if not runs:
        raise InputError("nothing to measure: give --corpus DIR for a 5-gram model, --run DIR for encoders, or both")
    return runs[0] / "tokenizer.json"


def _load_runs(runs: list[Path], tokenizer_file: Path) -> list[RunModel]:
    """The encoders of all runs.

    Raises InputError for one that reads tokens of another tokenizer, MissingExtraError without torch.
    """
    if not runs:
        return []
    from loglm.cli.judged_models import check_tokenizer
    from loglm.training.run_models import load_run_models

    models = [model for run in runs for model in load_run_models(run)]
    for model in models:
        check_tokenizer(model, tokenizer_file)
    return models


def _sets(folder: CorpusFolder | None, paths: list[str], tokenizer: Tokenizer) -> dict[str, TokenShard]:
    """Shards to measure on, by name."""
    from loglm.errors import InputError
    from loglm.evaluation.hidden_sets import corpus_sets, log_set

    sets = {} if folder is None else corpus_sets(folder)
    if paths:
        sets["data"] = log_set(paths, tokenizer)
    if not sets:
        raise InputError("nothing to measure on: give PATHS, or a --corpus whose split idts or odts is not empty")
    return sets


def _cells(score: IntrinsicScore) -> list[Any]:
    intervals = [getattr(score, metric) for metric in _METRICS]
    figures = [round(value, 4) for interval in intervals for value in asdict(interval).values()]
    return [score.data, score.source, score.model, score.sequences, score.hidden_tokens, *figures]


def _print_table(scores: list[IntrinsicScore], share: float) -> None:
    """A row for each set and model."""
    from rich.console import Console
    from rich.table import Table

    from loglm.cli.score_tables import shown_interval
    from loglm.evaluation.intrinsic import ALL_SOURCES

    table = Table(
        *("data", "model", "events", "hidden tokens", "perplexity", "bits per byte", "accuracy"),
        title=f"Hidden tokens, {share:.0%} of content",
    )
    together = [score for score in scores if score.source == ALL_SOURCES]
    for place, score in enumerate(together):
        ends = place + 1 == len(together) or together[place + 1].data != score.data
        cells: list[Any] = [score.data, score.model, f"{score.sequences:,}", f"{score.hidden_tokens:,}"]
        cells += [shown_interval(getattr(score, metric)) for metric in _METRICS]
        table.add_row(*cells, end_section=ends)
    Console(width=160).print(table)
    typer.echo(
        "Means with 95 % bootstrap intervals over events. Encoders see both sides of a hidden token with all hidden "
        "ones masked; the 5-gram sees what stands before it with nothing hidden, or only what stands after the last "
        "hidden token. Chances are among content tokens, for all."
    )
