"""`loglm model`: make model folders of training runs, check, compare, list and roll them back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from loglm.cli.model_versions import compare_heads, list_versions, rollback
from loglm.cli.options import AsJson, Force, ModelName, Quiet, Seed
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.training.comparing import SplitChange

__all__ = ["app"]

app = typer.Typer(
    name="model",
    help="Make, check and compare models; list and roll back versions.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(list_versions)
app.command("rollback")(rollback)


@app.command()
def export(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUNDIR", help="Run folder that `loglm pretrain` or `loglm distill encoder` finished."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to make.")],
    name: ModelName = None,
    head_of: Annotated[
        Path | None, typer.Option(help="Model folder whose ATT&CK head to put in; the shipped one by default.")
    ] = None,
    no_head: Annotated[bool, typer.Option("--no-head", help="No ATT&CK head: for `loglm embed` only.")] = False,
    precision: Annotated[
        Literal["fp16", "fp32"], typer.Option(help="Of the stored weights; all is computed in fp32.")
    ] = "fp16",
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a model folder for `loglm embed --model` and `loglm detect --model`.

    The exported encoder has to give the vectors of the trained one; the folder is written whole or not at all. The
    ATT&CK head reads words and not vectors, so it fits any encoder. Needs the extra loglm[train] (README: Install).
    """
    from loglm.cli.output import print_json
    from loglm.errors import InputError
    from loglm.training.model_folder import ExportOptions, export_model

    if no_head and head_of is not None:
        raise InputError("--head-of names a head and --no-head wants none; give one of them")
    options = ExportOptions(
        name=name or out.resolve().name,
        precision=precision,
        head=not no_head,
        head_of=head_of,
        overwrite=force,
    )
    facts = export_model(run, out, options, say=(lambda _: None) if quiet else _say)
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{out}: {precision} encoder, cosine to the trained one at least {facts['encoder']['parity_cosine']}")


def _say(what: str) -> None:
    typer.echo(what, err=True)


@app.command()
def check(
    model: Annotated[Path | None, typer.Argument(metavar="[MODELDIR]", help="The shipped model by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every file of a model folder against its checksum, load its parts, and say what it can be used for."""
    from loglm.cli.output import print_json

    facts = _checked(model)
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{facts['name']}: as exported, {plural(facts['files'], 'file')}")
    for part, fact in (("embed", facts["encoder"]), ("detect", facts["head"])):
        typer.echo(f"loglm {part}: {fact or 'no'}")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Run folder, or model folder.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Likewise: the model that learned more.")],
    corpus: Annotated[
        Path | None, typer.Option(help="Corpus folder that BEFORE learned from; without it, ATT&CK heads are compared.")
    ] = None,
    new_corpus: Annotated[Path | None, typer.Option(help="Corpus that AFTER learned from besides.")] = None,
    max_loss: Annotated[float, typer.Option(min=0, help="By how much a model may be worse.")] = 0.05,
    events: Annotated[int, typer.Option(min=1, help="Events drawn from each test split.")] = 1_000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Refuse a model that forgot.

    With --corpus: how two models predict hidden tokens of the test splits. Exit code 1 where AFTER lost more than
    --max-loss on idts or odts of the corpus that BEFORE had learned from. Needs the extra
    loglm[train] (README: Install).

    Without: what the ATT&CK heads of two model folders, such as two versions of `loglm adapt`, say of the reference
    windows that ship with the package, and which thresholds differ. Exit code 1 where AFTER is worse by more
    than --max-loss at ranking attacks, at finding them at 1 % of the benign windows or at its own thresholds, at
    naming techniques, or in the share of benign windows that alert.
    """
    if corpus is None:
        if new_corpus is not None:
            raise typer.BadParameter("--new-corpus needs --corpus")
        compare_heads(before, after, max_loss=max_loss, as_json=as_json)
        return
    from dataclasses import asdict

    from loglm.cli.output import print_json
    from loglm.training.comparing import compare_models

    changes = compare_models(before, after, old=corpus, new=new_corpus, sequences=events, seed=seed)
    lost = [change for change in changes if change.is_lost(max_loss)]
    if new_corpus is not None and all(change.corpus != "new" for change in changes):
        typer.echo(f"{new_corpus}: has neither idts nor odts, so what was gained is not measured", err=True)
    if as_json:
        rows = [{**asdict(change), "loss": change.loss, "is_lost": change in lost} for change in changes]
        print_json({"max_loss": max_loss, "is_refused": bool(lost), "splits": rows})
    else:
        _print_changes(changes)
    for change in changes:
        if not change.hidden_tokens:
            place = corpus if change.corpus == "old" else new_corpus
            typer.echo(f"{place}: {change.split} has too few events for any token to be hidden; not compared", err=True)
    for change in lost:
        typer.echo(f"refused: {_loss_in_words(change, before, after, corpus, max_loss)}", err=True)
    if lost:
        raise typer.Exit(1)


def _loss_in_words(change: SplitChange, before: Path, after: Path, corpus: Path, max_loss: float) -> str:
    where = f"{change.split} of {corpus}"
    if math.isnan(change.loss):
        model = before if math.isnan(change.bits_per_byte_before) else after
        return f"what {model} predicts on {where} are no numbers; train it again with a lower --learning-rate"
    return (
        f"{after} lost {change.loss:.1%} on {where}, more than {max_loss:.1%}; train again with --replay, with a "
        "larger --replay-share, or with a lower --learning-rate"
    )


def _print_changes(changes: list[SplitChange]) -> None:
    from rich.console import Console
    from rich.table import Table

    from loglm.cli.score_tables import shown_figure

    columns = ("corpus", "split", "hidden tokens", "bits per byte before", "after", "accuracy before", "after", "loss")
    table = Table(*columns, title="Hidden tokens, before and after")
    for change in changes:
        figures = (change.bits_per_byte_before, change.bits_per_byte_after, change.accuracy_before)
        shown = [*map(shown_figure, (*figures, change.accuracy_after)), shown_figure(change.loss, "+.1%")]
        table.add_row(change.corpus, change.split, f"{change.hidden_tokens:,}", *shown)
    Console(width=120).print(table)


def _checked(path: Path | None) -> dict[str, Any]:
    from loglm.artifacts.config import EncoderConfig
    from loglm.artifacts.folder import open_model_dir
    from loglm.artifacts.kinds import CONTEXT_ENCODER, MODEL
    from loglm.detection.scorer import WindowScorer
    from loglm.runtime.encoder import LogEncoder
    from loglm.runtime.onnx_vectors import ENCODER_ONNX
    from loglm.runtime.static_vectors import STATIC_VECTORS

    folder, manifest = open_model_dir(path, kinds=(MODEL, CONTEXT_ENCODER))
    encoder = head = None
    if any((folder / name).is_file() for name in (ENCODER_ONNX, STATIC_VECTORS)):
        config = LogEncoder.load(folder).config
        kind = f"{config.family} encoder" if isinstance(config, EncoderConfig) else "static token vectors"
        encoder = f"{kind}, vectors of {config.vector_width} numbers, {config.max_tokens} tokens at once"
    if (folder / "head.npz").is_file():
        head = f"ATT&CK head for {len(WindowScorer.from_pretrained(folder).head.labels)} techniques"
    return {
        "name": str(manifest.get("name", "unnamed")),
        "files": len(manifest["files"]),
        "encoder": encoder,
        "head": head,
    }
