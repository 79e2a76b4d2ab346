"""`loglm model list`, `rollback`, and what `compare` says of heads: the versions that `loglm adapt` kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.artifacts.versions import ModelVersion

__all__ = ["compare_heads", "list_versions", "rollback"]

_CHANNELS_SHOWN = 20


def list_versions(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of versions, as `loglm adapt --out` made it.")],
    as_json: AsJson = False,
) -> None:
    """List the versions of a folder: what each was adapted with, how it does, and whether its files are whole."""
    from loglm.artifacts.versions import list_versions as read
    from loglm.artifacts.versions import refuse_other_kind
    from loglm.cli.output import print_json

    refuse_other_kind(folder)
    versions = read(folder)
    if as_json:
        print_json([{**asdict(version), "folder": str(version.folder)} for version in versions])
    else:
        _print_versions(versions)
    for version in versions:
        if version.problem:
            typer.echo(f"{version.name}: {version.problem}", err=True)


def rollback(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of versions.")],
    to: Annotated[str | None, typer.Option("--to", help="Version; default: the one before the current.")] = None,
) -> None:
    """Make an earlier version current, at once, for every later call; nothing is deleted. With --to also forward."""
    from loglm.artifacts.versions import current_version, make_current, refuse_other_kind
    from loglm.artifacts.versions import list_versions as read
    from loglm.errors import InputError

    refuse_other_kind(folder)
    before = current_version(folder)
    if to is None:
        earlier = [version.name for version in read(folder) if int(version.name) < int(before)]
        if not earlier:
            raise InputError(f"{folder}: {before} is the first version; name another with --to")
        to = earlier[-1]
    make_current(folder, to)
    typer.echo(f"{folder}: version {to} is current, before {before}")


def compare_heads(before: Path, after: Path, *, max_loss: float, as_json: bool) -> None:
    """Compare two ATT&CK heads on the reference windows, and their thresholds; exit code 1 where too much is lost."""
    from loglm.adaptation.reference import ReferenceWindows, known_scores, losses_in_words
    from loglm.artifacts.folder import open_model_dir
    from loglm.cli.output import print_json
    from loglm.detection.calibration import Calibration
    from loglm.detection.head import AttackHead

    reference = ReferenceWindows.load()
    folders = [open_model_dir(path)[0] for path in (before, after)]
    calibrations = [Calibration.load(folder) for folder in folders]
    old, new = (
        known_scores(reference, AttackHead.load(folder), calibration)
        for folder, calibration in zip(folders, calibrations, strict=True)
    )
    lost = old.lost(new, max_loss)
    limits = [
        (name, calibrations[0].threshold_for(name), calibrations[1].threshold_for(name))
        for name in sorted({*calibrations[0].channel_thresholds, *calibrations[1].channel_thresholds})
    ]
    changed = [row for row in limits if row[1] != row[2]]
    if as_json:
        known = {"before": asdict(old), "after": asdict(new)}
        rows = [{"channel": name, "before": a, "after": b} for name, a, b in changed]
        print_json({"max_loss": max_loss, "is_refused": bool(lost), "lost": lost, "known": known, "thresholds": rows})
    else:
        _print_heads(asdict(old), asdict(new), changed)
    if lost:
        what = losses_in_words(lost)
        typer.echo(f"refused: {after} on the reference windows: {what}; more than {max_loss:g}", err=True)
        raise typer.Exit(1)


def _print_versions(versions: list[ModelVersion]) -> None:
    from rich.console import Console
    from rich.table import Table

    from loglm.reports.sanitize import one_line

    columns = (
        "version",
        "made",
        "model",
        "benign windows",
        "labelled",
        "budget",
        "checked, a day",
        "ranking",
        "recall",
    )
    table = Table(*columns)
    for version in versions:
        facts = version.about.get("adaptation", {})
        known = version.about.get("known", {})
        cells = (
            f"{version.name}{' *' if version.is_current else ''}{' damaged' if version.problem else ''}",
            version.about.get("created", ""),
            f"{version.about.get('name', '')} {version.about.get('version', '')}",
            f"{facts['windows']:,}" if facts else "",
            f"{sum(facts['labelled_windows'].values()):,}" if facts else "",
            facts.get("budget", ""),
            f"{facts['checked_after']['a_day']:.1f}" if facts else "",
            _share(known.get("ranking")),
            _share(known.get("recall")),
        )
        table.add_row(*(one_line(str(cell)) for cell in cells))
    Console(width=140).print(table)
    typer.echo("* current; ranking and recall are of the reference windows")


def _share(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else ""


def _print_heads(old: dict[str, float], new: dict[str, float], changed: list[tuple[str, float, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from loglm.reports.sanitize import one_line

    console = Console(width=110)
    known = Table("reference windows", "before", "after", "change")
    for name, value in old.items():
        known.add_row(name.replace("_", " "), f"{value:.3f}", f"{new[name]:.3f}", f"{new[name] - value:+.3f}")
    console.print(known)
    table = Table("channel", "threshold before", "after", title=f"{plural(len(changed), 'threshold')} changed")
    for channel, before, after in changed[:_CHANNELS_SHOWN]:
        table.add_row(one_line(channel), f"{before:.4f}", f"{after:.4f}")
    if changed:
        console.print(table)
