"""`loglm pretrain-context`: a context encoder from folders of raw logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["pretrain_context"]


def pretrain_context(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders of raw logs; the files of one folder are taken for one environment.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to make.")],
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Logs of other environments, to stop by and score; default: every fifth environment."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the model; default: the folder's.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 32 stretches of 64 events.")] = 600,
    width: Annotated[int, typer.Option(min=2, help="Numbers of the state of an entity.")] = 64,
    per_file: Annotated[int, typer.Option(min=1, help="Events of one file at most.")] = 4_000,
    seed: Annotated[int, typer.Option(help="Fixes everything that is random.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a model folder that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Learn from many environments which expectation of an entity's next event to believe, and when.

    For `loglm anomalies --context`. No labels and no encoder of events are needed, and nothing of the logs' text is
    kept. Minutes on one core. Needs the train extra: pip install "loglm[train]".
    """
    from loglm.cli.output import print_json
    from loglm.training.context.folder import ContextData, make_context_model
    from loglm.training.context.pretrain import ContextRecipe

    facts = make_context_model(
        ContextData(paths, held_out or (), per_file),
        out,
        ContextRecipe(width=width, steps=steps, seed=seed),
        name=name or out.resolve().name,
        overwrite=force,
        say=(lambda _: None) if quiet else (lambda line: typer.echo(line, err=True)),
    )
    if as_json:
        print_json(facts)
        return
    scores = facts["held_out"]
    typer.echo(
        f"{out}: {facts['environments']} environments, {facts['events']:,} events; held out, bits an event: Markov "
        f"model {scores['sequence']:.2f}, fixed weights {scores['fixed']:.2f}, encoder {scores['encoder']:.2f}"
    )
