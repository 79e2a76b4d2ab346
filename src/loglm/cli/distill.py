"""`loglm distill`: smaller and faster models from a trained encoder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from loglm.cli import training_options as common
from loglm.cli.options import AsJson, Force, ModelName, Quiet, Seed

__all__ = ["app"]

app = typer.Typer(
    name="distill",
    help="Make smaller and faster models from a trained encoder.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Corpus = Annotated[
    Path, typer.Option(help="Corpus folder, made by `loglm corpus build` with the teacher's tokenizer.")
]
_Teacher = Annotated[Path | None, typer.Option(help="Run folder or model folder; the shipped model by default.")]


@app.command()
def static(
    corpus: _Corpus,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to make.")],
    teacher: _Teacher = None,
    name: ModelName = None,
    width: Annotated[int | None, typer.Option(min=2, help="Numbers of a vector; default: the teacher's.")] = None,
    method: Annotated[
        Literal["fitted", "tokens"], typer.Option(help="tokens: each token alone, not fitted to whole events.")
    ] = "fitted",
    events: Annotated[int, typer.Option(min=1, help="Events of the corpus to learn from.")] = 50_000,
    seed: Seed = 0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A table of token vectors, whose weighted mean is an event's vector: the fastest path.

    For `loglm embed --model`, which then needs numpy alone. Order and context of tokens are lost; `loglm evaluate
    distilled` says what that costs. Needs the extra loglm[train] (README: Install).
    """
    from loglm.artifacts.folder import default_model_dir
    from loglm.cli.output import count_events, print_json
    from loglm.training.static_distillation import StaticOptions, distil_static

    options = StaticOptions(
        name=name or out.resolve().name, width=width, method=method, events=events, seed=seed, overwrite=force
    )
    progress = partial(count_events, quiet=quiet)
    facts = distil_static(teacher or default_model_dir(), corpus, out, options, progress)
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{out}: {facts['static']['vocab_size']:,} token vectors of {facts['static']['width']} numbers")


@app.command()
def encoder(
    corpus: _Corpus,
    out: common.RunFolder,
    teacher: _Teacher = None,
    size: Annotated[
        common.Size,
        typer.Option(help="Of the student; see `loglm pretrain`. Its vectors may not be wider than the teacher's."),
    ] = "nano",
    family: Annotated[common.Family, typer.Option(help="Kind of transformer.")] = "modernbert",
    layers: common.Layers = None,
    masked_weight: Annotated[
        float, typer.Option(min=0, help="Weight of predicting hidden tokens beside it; each event is then read twice.")
    ] = 0.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps.")] = None,
    minutes: common.Minutes = None,
    batch_tokens: common.BatchTokens = 8_192,
    accumulate: common.Accumulate = 1,
    schedule: common.Schedule = "cosine",
    learning_rate: Annotated[float | None, typer.Option(help="Highest. Default: by size.")] = None,
    seed: Seed = 0,
    precision: common.Precision = "auto",
    device: common.Device = "auto",
    threads: common.Threads = None,
    checkpoint_every: common.CheckpointEvery = 200,
    workers: common.Workers = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A smaller transformer that learns to give the teacher's vectors of whole events.

    Give --steps or --minutes. The run folder is as `loglm pretrain` leaves it; a killed run goes on by the same
    command, and `loglm model export` makes a model of it. Where the teacher's weights in full precision are at hand (a
    run folder, or a model folder) and the widths agree, the student begins with them. Needs the
    extra loglm[train] (README: Install).
    """
    from loglm.artifacts.folder import default_model_dir
    from loglm.cli.pretrain import show_results
    from loglm.training.launch import launch
    from loglm.training.recipe import PretrainRecipe

    recipe = PretrainRecipe(
        corpus=corpus,
        run_dir=out,
        teacher=teacher or default_model_dir(),
        size=size,
        family=family,
        layers=layers,
        masked_weight=masked_weight,
        steps=steps,
        minutes=minutes,
        batch_tokens=batch_tokens,
        accumulate=accumulate,
        schedule=schedule,
        learning_rate=learning_rate,
        seed=seed,
        precision=precision,
        device=device,
        threads=threads,
        checkpoint_every=checkpoint_every,
    )
    results = launch(recipe, processes=workers, quiet=quiet)
    if results is not None:
        show_results(results, out, as_json=as_json)
