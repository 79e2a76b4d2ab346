"""`loglm patterns`: events unlike the others, with reasons, and what is ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loglm.cli.options import AsJson, LogPaths, Model, Quiet, Seed, Threads
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.analysis.ordinary import Cluster
    from loglm.analysis.patterns import Outlier, Patterns

__all__ = ["patterns"]

_WIDTH = 160
_VALUE_WIDTH = 60
_SHOWN_CLUSTERS = 10


def patterns(
    paths: LogPaths,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Unusual events shown at most.")] = 10,
    method: Annotated[
        Literal["hybrid", "embeddings"],
        typer.Option(help="hybrid: columns, and vectors of free text; embeddings: vectors of whole events."),
    ] = "hybrid",
    model: Model = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the events most unlike the others and why, then what is ordinary, without labels and without training.

    An Isolation Forest ranks events by how few cuts set them apart. hybrid finds by itself which fields are amounts,
    choices, free text, or identifiers and constants, which are left out. Under each event stand its rarest values with
    the share of events that have them, and the nearest ordinary template. Equal events are one. Ordinary events are
    grouped by template, like templates together.

    The unusual is not always bad, nor the bad unusual. Beyond 50,000 events a random sample is looked at, and that is
    said; a single rare event may then be missed.
    """
    from loglm.analysis.patterns import find_patterns
    from loglm.cli.log_input import open_logs
    from loglm.cli.output import print_json
    from loglm.runtime.encoder import LogEncoder

    encoder = LogEncoder.from_pretrained(model, threads=threads)
    with open_logs(paths, quiet=quiet) as logs:
        found = find_patterns(logs.events, encoder, k=limit, method=method, seed=seed, progress=logs.progress)
    if as_json:
        print_json(_document(found))
    else:
        _print_text(found)
    logs.report()
    if not quiet:
        _say_done(found, limit)


def _print_text(found: Patterns) -> None:
    for outlier in found.outliers:
        _print_outlier(outlier)
    if found.clusters:
        typer.echo("Ordinary:")
    width = len(f"{found.clusters[0].events:,}") if found.clusters else 0
    for cluster in found.clusters[:_SHOWN_CLUSTERS]:
        typer.echo(f"{cluster.events:>{width},}  {_template(cluster.template, _WIDTH)}")
    if len(found.clusters) > _SHOWN_CLUSTERS:
        rest = found.clusters[_SHOWN_CLUSTERS:]
        typer.echo(f"{sum(c.events for c in rest):>{width},}  in {plural(len(rest), 'more cluster')}")


def _print_outlier(outlier: Outlier) -> None:
    from loglm.reports.sanitize import excerpt, one_line

    more = f" ({outlier.events:,} equal)" if outlier.events > 1 else ""
    typer.echo(f"{outlier.rank}. {one_line(str(outlier.location))}{more}")
    typer.echo(f"   {excerpt(one_line(outlier.raw), _WIDTH)}")
    for reason in outlier.reasons:
        value = excerpt(one_line(reason.value), _VALUE_WIDTH) or "(none)"
        typer.echo(f"   {one_line(reason.column)}: {value}, in {reason.share:.2%} of events")
    if outlier.nearest:
        typer.echo(f"   nearest ordinary, cosine {outlier.similarity:.2f}: {_template(outlier.nearest, _WIDTH // 2)}")
    typer.echo("")


def _template(template: str, width: int) -> str:
    from loglm.reports.sanitize import excerpt, one_line

    return excerpt(one_line(template), width)


def _document(found: Patterns) -> dict[str, object]:
    return {
        "events": found.events,
        "looked_at": found.looked_at,
        "outliers": [_outlier_row(outlier) for outlier in found.outliers],
        "ordinary": [_cluster_row(cluster) for cluster in found.clusters],
        "fields": {column.name: column.kind for column in found.columns},
    }


def _outlier_row(outlier: Outlier) -> dict[str, object]:
    from loglm.reports.times import iso_utc

    return {
        "rank": outlier.rank,
        "score": outlier.score,
        "events": outlier.events,
        "raw": outlier.raw,
        "path": outlier.location.path,
        "record": outlier.location.record,
        "timestamp": iso_utc(outlier.timestamp) or None,
        "reasons": [{"field": r.column, "value": r.value, "share": r.share} for r in outlier.reasons],
        "nearest": outlier.nearest,
        "similarity": outlier.similarity,
    }


def _cluster_row(cluster: Cluster) -> dict[str, object]:
    return {
        "template": cluster.template,
        "events": cluster.events,
        "templates": cluster.templates,
        "example": cluster.example,
        "path": cluster.location.path,
        "record": cluster.location.record,
    }


def _say_done(found: Patterns, limit: int) -> None:
    sampled = f", a random sample of {found.looked_at:,} looked at" if found.looked_at < found.events else ""
    typer.echo(f"{len(found.outliers):,} unusual of {plural(found.events, 'event')}{sampled}", err=True)
    if not found.outliers:
        typer.echo("all events are equal in what is compared, so none is unusual", err=True)
    elif len(found.outliers) < limit:
        typer.echo(f"{limit:,} were asked for; no more events differ", err=True)
