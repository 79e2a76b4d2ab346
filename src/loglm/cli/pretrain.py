"""`loglm pretrain`: an encoder of one's own from a corpus folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from loglm.cli import training_options as common
from loglm.cli.options import AsJson, Quiet, Ray, Seed
from loglm.plurals import plural

__all__ = ["pretrain", "show_results"]

_SIZES = "nano 4.8M parameters, small 13M, medium 25M; base 110M, large 350M, xlarge 700M, xxlarge 1.1B need GPUs."


def pretrain(
    corpus: Annotated[Path, typer.Option(help="Corpus folder, made by `loglm corpus build`.")],
    out: common.RunFolder,
    # the encoder, or the one to go on with
    size: Annotated[common.Size | None, typer.Option(help=f"{_SIZES} Default: nano.")] = None,
    family: Annotated[common.Family | None, typer.Option(help="Kind of transformer. Default: modernbert.")] = None,
    layers: common.Layers = None,
    pooling: Annotated[
        Literal["mean", "cls", "first-last"] | None,
        typer.Option(help="What becomes the event vector. Default: first-last, with --start what it is there."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="Go on from this run folder, or model folder; its tokenizer stays."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Corpus that --start learned from: mixed in, so that it is not forgotten.")
    ] = None,
    replay_share: Annotated[float, typer.Option(help="Tokens that come from --replay.")] = 0.3,
    # how long
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of both stages together.")] = None,
    minutes: common.Minutes = None,
    # the contrastive stage, and vectors
    contrastive_share: Annotated[float, typer.Option(help="Part of the steps for a second, contrastive stage.")] = 0.0,
    positives: Annotated[
        Literal["views", "template", "pairs"],
        typer.Option(help="What the second stage draws together: views of one event, or events."),
    ] = "views",
    pairs: Annotated[
        Path | None,
        typer.Option(
            help='For --positives pairs: JSON lines {"first": TEXT, "second": TEXT, "group": NAME}; '
            "loglm corpus pairs draws some."
        ),
    ] = None,
    pair_share: Annotated[float, typer.Option(help="Tokens that come from --pairs.")] = 0.5,
    whitening: Annotated[bool, typer.Option(help="At the end, weigh rare tokens up and spread vectors evenly.")] = True,
    # steps, and what is hidden in them
    batch_tokens: common.BatchTokens = 8_192,
    accumulate: common.Accumulate = 1,
    schedule: common.Schedule = "cosine",
    optimizer: Annotated[
        Literal["muon", "adamw"], typer.Option(help="muon: of the layers' matrices; all else is AdamW's.")
    ] = "muon",
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Highest of the first stage; the second has a quarter. Default: by size, a tenth with --start."
        ),
    ] = None,
    mask_share: Annotated[float, typer.Option(help="Tokens to predict in the first stage.")] = 0.3,
    masking: Annotated[
        Literal["content-only", "plain"], typer.Option(help="plain: delimiters are predicted too.")
    ] = "content-only",
    mask_unit: Annotated[
        Literal["token", "field"], typer.Option(help="field: keys and values are hidden whole.")
    ] = "token",
    seed: Seed = 0,
    # what it runs on
    precision: common.Precision = "auto",
    device: common.Device = "auto",
    threads: common.Threads = None,
    evaluate_every: Annotated[
        int | None, typer.Option(min=1, help="Steps between evaluations; default: five a stage.")
    ] = None,
    checkpoint_every: common.CheckpointEvery = 200,
    workers: common.Workers = 1,
    sharding: Annotated[
        Literal["none", "gradients", "fsdp"],
        typer.Option(
            help="What the processes spread among them: gradients: these and the optimiser's state (ZeRO stage 2); "
            "fsdp: weights too (stage 3)."
        ),
    ] = "none",
    ray: Ray = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Pretrain an event encoder: it learns to predict hidden tokens.

    Give --steps or --minutes. The same command goes on after a kill and ends with the same weights. The run folder
    gets checkpoints, steps.csv, scores.csv, tensorboard/, results.json and the weights; `loglm model export` makes a
    model of it. torchrun can start the processes too. Needs the extra loglm[train] (README: Install).

    With --start, training goes on from given weights, on a corpus made with their tokenizer (`loglm corpus build
    --tokenizer`); `loglm model compare` says what the old corpus lost by it.
    """
    from loglm.training.launch import launch
    from loglm.training.recipe import PretrainRecipe

    recipe = PretrainRecipe(
        corpus=corpus,
        run_dir=out,
        size=size,
        family=family,
        layers=layers,
        pooling=pooling,
        start=start,
        replay=replay,
        replay_share=replay_share,
        steps=steps,
        minutes=minutes,
        contrastive_share=contrastive_share,
        positives=positives,
        pairs=pairs,
        pair_share=pair_share,
        whitening=whitening,
        batch_tokens=batch_tokens,
        accumulate=accumulate,
        schedule=schedule,
        optimizer=optimizer,
        learning_rate=learning_rate,
        mask_share=mask_share,
        masking=masking,
        mask_unit=mask_unit,
        seed=seed,
        precision=precision,
        device=device,
        threads=threads,
        evaluate_every=evaluate_every,
        checkpoint_every=checkpoint_every,
        sharding=sharding,
    )
    results = launch(recipe, processes=workers, ray_address=ray, quiet=quiet)
    if results is not None:
        show_results(results, out, as_json=as_json)


def show_results(results: dict[str, Any], out: Path, *, as_json: bool) -> None:
    """Of a run, as `loglm.training.recipe.run_recipe` returns them."""
    from loglm.cli.output import print_json

    if results.get("already_finished"):
        typer.echo(
            f"{out}: this run was finished before; nothing was trained, its results are shown again. To train longer "
            "or otherwise give another --out, and --start with this folder to go on from its weights",
            err=True,
        )
    if as_json:
        print_json(results)
        return
    typer.echo(
        f"{results['size']} ({results['family']}), {plural(results['parameters'], 'parameter')}; {results['hardware']}"
    )
    for stage, facts in results["stages"].items():
        skipped = f", {facts['skipped_steps']} skipped" if facts["skipped_steps"] else ""
        typer.echo(
            f"{stage}: {plural(facts['steps'], 'step')}, {plural(facts['tokens'], 'token')}, {facts['seconds']:,.0f} "
            f"s{skipped}"
        )
        for split, score in facts["scores"].items():
            typer.echo(
                f"  {split}: {score['loss_nats']:.3f} nats, {score['bits_per_byte']:.3f} bits per byte, "
                f"accuracy {score['accuracy']:.3f}"
            )
    for split, cosine in results.get("cosine_to_teacher", {}).items():
        typer.echo(f"cosine to the teacher's vectors, {split}: {cosine:.3f}")
    if (texts := results.get("texts_for_whitening")) is not None:
        typer.echo(
            "vectors are not whitened, and all events look alike in them: whitening learns from at least "
            f"{plural(texts['needed'], 'different text')}, and there are {texts['there']:,}; build a corpus "
            "of more logs",
            err=True,
        )
    command = f"loglm model export {shlex.quote(str(out))} --out MODELDIR"
    typer.echo(f"weights are in {out}; `{command}` makes a model of them", err=True)
