"""`loglm pretrain-context`: a context encoder from folders of raw logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loglm.cli.options import AsJson, Force, ModelName, Quiet, Seed
from loglm.plurals import plural

__all__ = ["pretrain_context"]


def pretrain_context(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders of raw logs; the files of one folder are taken for one environment.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model folder to make.")],
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Logs of other environments, to stop by and, a little too well, to score; default: a fifth."),
    ] = None,
    name: ModelName = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 32 stretches of 64 events.")] = 600,
    width: Annotated[int, typer.Option(min=2, help="Numbers of the state of an entity.")] = 64,
    per_file: Annotated[int, typer.Option(min=1, help="Events of one file at most.")] = 4_000,
    seed: Seed = 0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Learn from many environments which expectation of an entity's next event to believe, and when.

    For `loglm anomalies --context-encoder`. No labels and no encoder of events are needed, and nothing of the logs'
    text is kept. Minutes on one core. Needs the extra loglm[train] (README: Install).
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
        f"{out}: {plural(facts['environments'], 'environment')}, {plural(facts['events'], 'event')}; held out, bits an "
        f"event: Markov model {scores['sequence']:.2f}, fixed weights {scores['fixed']:.2f}, encoder "
        f"{scores['encoder']:.2f} (the best look: it was stopped by them)"
    )
