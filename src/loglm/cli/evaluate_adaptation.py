"""``loglm evaluate adaptation``: zero-shot against adapted, one environment left out at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Seeds
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.evaluation.adaptation_benchmark import AdaptationScore

__all__ = ["adaptation"]

_ALL = "all environments"


def adaptation(
    table_file: Annotated[
        Path,
        typer.Option("--windows", help="Windows that `loglm evaluate attack --windows FILE` kept; with Sigma hits."),
    ],
    seeds: Seeds = 5,
    names: Annotated[
        str | None, typer.Option("--environments", help="Only these, or whose name holds one; separated by commas.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Zero-shot against adapted with a background of an hour, a day and everything, and 0, 5, 20 and 100 labels.

    Each environment of the table is left out, the head learns from the others, and is adapted by the environment's
    earlier part and measured on its later one. Needs the extra loglm[train] (README: Install).
    """
    from loglm.cli.output import print_json
    from loglm.errors import InputError
    from loglm.evaluation.adaptation_benchmark import evaluate_environment
    from loglm.evaluation.adaptation_environments import environments
    from loglm.evaluation.window_table import WindowTable
    from loglm.training.attack.examples import table_words
    from loglm.training.attack.scoring import fit_attack_side

    table, only = WindowTable.load(table_file), [name for name in (names or "").split(",") if name]
    found = [e for e in environments(table) if not only or any(part in e.name for part in only)]
    if not found:
        raise InputError(f"{table_file}: no environment with enough ordinary and attack windows in two parts by time")
    words = table_words(table, [])
    rows: list[AdaptationScore] = []
    for environment in found:
        for seed in range(seeds):
            started = time.monotonic()
            rows += evaluate_environment(
                table,
                words.windows,
                words.words,
                environment,
                lambda recordings, seed: fit_attack_side(table, words, recordings, seed=seed),
                seed=seed,
            )
            typer.echo(f"{environment.name}, seed {seed}: {time.monotonic() - started:.0f} s", err=True)
    if as_json:
        print_json([_row(row) for row in rows])
        return
    for environment in found:
        late, early = environment.late, environment.early
        typer.echo(
            f"{environment.name}: earlier part {plural(len(early.windows), 'window')} ({int(early.ordinary.sum()):,} "
            f"ordinary, {int(early.attack.sum()):,} attack), later part {len(late.windows):,} "
            f"({int(late.ordinary.sum()):,}, {int(late.attack.sum()):,})"
        )
        _print_table(environment.name, [row for row in rows if row.environment == environment.name])
    _print_table(_ALL, _over_environments(rows))


def _row(row: AdaptationScore) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(row)


def _over_environments(rows: list[AdaptationScore]) -> list[AdaptationScore]:
    """The mean over environments, for each model and seed."""
    from loglm.evaluation.adaptation_benchmark import METRICS, AdaptationScore

    groups: dict[tuple[str, int], list[AdaptationScore]] = defaultdict(list)
    for row in rows:
        groups[row.model, row.seed].append(row)
    return [
        AdaptationScore(
            _ALL,
            seed,
            model,
            sum(row.given for row in group),
            {name: sum(row.values[name] for row in group) / len(group) for name in METRICS},
        )
        for (model, seed), group in groups.items()
    ]


def _print_table(title: str, rows: list[AdaptationScore]) -> None:
    from rich.console import Console
    from rich.table import Table

    from loglm.cli.score_tables import shown_interval
    from loglm.evaluation.adaptation_benchmark import METRICS
    from loglm.evaluation.attack_metrics import seed_interval

    table = Table("model", "windows given", *METRICS, title=title)
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model]
        cells = [shown_interval(seed_interval([row.values[name] for row in own])) for name in METRICS]
        table.add_row(model, f"{own[0].given:,}", *cells)
    Console(width=240).print(table)
