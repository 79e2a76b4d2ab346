"""``loglm evaluate distilled``: what distilled models keep of their teacher, and how fast they are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.evaluation.distilled import DistilledScore
    from loglm.evaluation.embedders import Embedder
    from loglm.evaluation.template_lines import TemplateLine

__all__ = ["distilled"]


def distilled(
    data: Annotated[Path, typer.Option("--data", help="Folder with Loghub's labelled lines, anywhere below it.")],
    model: Annotated[list[Path], typer.Option("--model", help="Model folder; several can be given.")],
    teacher: Annotated[
        Path | None, typer.Option("--teacher", help="Model folder; the shipped model by default.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", min=2, help="Lines drawn from each system.")] = 500,
    threads: Annotated[int, typer.Option("--threads", min=1, help="CPU threads of one batch.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Agreement with the teacher, search by template and speed of distilled models, beside TF-IDF.

    On lines of Loghub (NAME_2k.log with NAME_2k.log_structured.csv), rendered, each text once, all systems together.
    Agreement: mean cosine to the teacher's vectors, after the best rotation; share of its ten nearest neighbours kept.
    Search: the nearest other texts of the same template, MRR and MAP. Speed: distinct events, in turns with the others.
    """
    from loglm.cli.output import print_json
    from loglm.evaluation.distilled import score_distilled
    from loglm.evaluation.embedders import tfidf
    from loglm.evaluation.template_lines import read_template_lines

    first, *others = [_embedder(path, threads) for path in (teacher, *model)]
    found = _distinct(read_template_lines(data, per_system=lines, seed=0))
    texts, templates = [line.text for line in found], [line.template for line in found]
    scores = score_distilled(first, [*others, tfidf()], texts, templates)
    if as_json:
        print_json([asdict(score) for score in scores])
    else:
        _print_table(scores, texts=len(texts), templates=len(set(templates)))


def _embedder(path: Path | None, threads: int) -> Embedder:
    from loglm.artifacts.folder import open_model_dir
    from loglm.evaluation.embedders import log_encoder

    folder, manifest = open_model_dir(path)
    return log_encoder(folder, str(manifest.get("name", folder.name)), threads=threads)


def _distinct(lines: list[TemplateLine]) -> list[TemplateLine]:
    """Each text once: lines that read alike are found without a model."""
    return list({line.text: line for line in lines}.values())


def _print_table(scores: list[DistilledScore], *, texts: int, templates: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from loglm.cli.score_tables import shown_figure

    columns = ("model", "cosine", "neighbours kept", "MRR", "MAP", "events/s")
    table = Table(*columns, title=f"{plural(texts, 'text')} of {plural(templates, 'template')}")
    for score in scores:
        shares = (score.cosine, score.neighbours_kept, score.reciprocal_rank, score.average_precision)
        table.add_row(score.model, *map(shown_figure, shares), f"{score.events_per_second:,.0f}")
    Console(width=120).print(table)
