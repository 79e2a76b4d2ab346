"""``loglm detect``: raw logs in, ATT&CK findings out."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson, AsJsonl, ExclusionFile, Force, Html, LogPaths, Model, Quiet
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.detection.engine import DetectionResult, DetectionStats
    from loglm.findings import RunSummary
    from loglm.intel.querying import IntelIndex

__all__ = ["detect"]


class OnError(StrEnum):
    """What to do with a record that cannot be read."""

    SKIP = "skip"
    STOP = "stop"


class LevelName(StrEnum):
    """Severities, least first."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def detect(
    paths: LogPaths,
    sigma: Annotated[
        Path | None, typer.Option(help="Sigma rules (folder, file or archive) to fuse with the model's verdict.")
    ] = None,
    intel: Annotated[
        Path | None, typer.Option(help="Index of loglm intel index: findings get the texts in it that match.")
    ] = None,
    model: Model = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Attack probability from which on there is a finding; default: the model's."
        ),
    ] = None,
    exclusions: ExclusionFile = None,
    quiet_hours: Annotated[
        float, typer.Option(min=1.0, help="A technique on an entity is one finding until it is quiet for so long.")
    ] = 1.0,
    prevalent: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Join findings that this share of the entities have in common."),
    ] = None,
    context: Annotated[
        bool,
        typer.Option(
            "--context",
            help="Move scores by how unusual a window is for its host, user or address; in one process.",
        ),
    ] = False,
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
    html: Html = None,
    csv: Annotated[Path | None, typer.Option(help="Write findings as CSV.")] = None,
    navigator: Annotated[Path | None, typer.Option(help="Write an ATT&CK Navigator layer (4.5).")] = None,
    summary: Annotated[Path | None, typer.Option(help="Write what was read and scored, as JSON.")] = None,
    force: Force = False,
    on_error: Annotated[
        OnError, typer.Option(help="Count records that cannot be read, or stop at the first.")
    ] = OnError.SKIP,
    fail_on: Annotated[
        LevelName | None, typer.Option(help="Exit with status 1 when a finding has this level or more.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: one a core for larger inputs.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Find MITRE ATT&CK techniques in logs, with the events that show them.

    With --context all that is read is one environment, of which nothing is known at first. Each event is scored in bits
    by what came before it. A window whose events are more unusual than the earlier windows of its host, user or
    address in the same log counts for more, one whose events are not for less; the reasons of a finding say so. With
    fewer than four earlier windows nothing changes. Events are taken in the order read: inputs in the order given,
    files of a folder by name. One process does it, so --workers 2 is refused; it takes two to four and
    a half times as long.
    """
    from loglm.cli.exclusion_files import load_exclusions, say_hidden
    from loglm.cli.output import refuse_empty, report_problems
    from loglm.detection.engine import detect as run

    if as_json and as_jsonl:
        raise typer.BadParameter("give --json or --jsonl, not both")
    _check_reports([target for target in (html, csv, navigator, summary) if target is not None], force=force)
    texts = None if intel is None else _open_texts(intel)
    progress = None if quiet or not sys.stderr.isatty() else _Progress()
    result = run(
        paths,
        model=model,
        sigma=sigma,
        threshold=threshold,
        exclusions=load_exclusions(exclusions, quiet=quiet),
        quiet_hours=quiet_hours,
        prevalent_share=prevalent,
        context=context,
        stop_on_error=on_error is OnError.STOP,
        workers=workers,
        progress=progress,
    )
    if progress is not None:
        progress.clear()
    refuse_empty(paths, result.stats.events_read, result.problems, quiet=quiet)
    if texts is not None:
        result = _with_texts(result, texts)
    facts = result.summary()
    _write_files(result, facts, html=html, csv=csv, navigator=navigator, summary=summary)
    _print(result, facts, as_json=as_json, as_jsonl=as_jsonl)
    if not quiet:
        report_problems(result.problems)
        say_hidden(result.stats.hidden, "windows")
    if fail_on is not None and any(finding.level.name.lower() in _at_least(fail_on) for finding in result.findings):
        raise typer.Exit(1)


def _check_reports(targets: list[Path], *, force: bool) -> None:
    """A report must not take the place of a file, least of all of a log, nor of another report."""
    from loglm.errors import InputError
    from loglm.reports.output import check_report

    for target in targets:
        check_report(target, overwrite=force)
        if targets.count(target) > 1 and not target.is_char_device():
            raise InputError(f"{target}: given for two reports; give each a name of its own")


def _open_texts(folder: Path) -> IntelIndex:
    """Before hours of work, not after."""
    from loglm.intel.querying import IntelIndex

    return IntelIndex(folder)


def _with_texts(result: DetectionResult, texts: IntelIndex) -> DetectionResult:
    from dataclasses import replace

    from loglm.intel.references import with_references

    return replace(result, findings=list(with_references(result.findings, texts)))


def _at_least(level: LevelName) -> set[str]:
    names = [name.value for name in LevelName]
    return set(names[names.index(level.value) :])


def _write_files(
    result: DetectionResult,
    facts: RunSummary,
    *,
    html: Path | None,
    csv: Path | None,
    navigator: Path | None,
    summary: Path | None,
) -> None:
    from loglm import reports

    if html is not None:
        reports.write_html(result.findings, facts, html)
    if csv is not None:
        reports.write_csv(result.findings, csv)
    if navigator is not None:
        reports.write_layer(result.findings, facts, navigator)
    if summary is not None:
        reports.write_summary(facts, summary)


def _print(result: DetectionResult, facts: RunSummary, *, as_json: bool, as_jsonl: bool) -> None:
    from loglm import reports

    if as_json:
        reports.write_json(result.findings, facts, sys.stdout)
    elif as_jsonl:
        reports.write_jsonl(result.findings, facts, sys.stdout)
    else:
        reports.write_table(result.findings, facts, sys.stdout)


class _Progress:
    """Files, events, rate and time left in one line of stderr, redrawn at most five times a second."""

    def __init__(self) -> None:
        self._started = self._shown = time.monotonic()

    def __call__(self, stats: DetectionStats) -> None:
        now = time.monotonic()
        if now - self._shown < 0.2:
            return
        self._shown = now
        seconds = now - self._started
        left = seconds / stats.bytes_read * (stats.bytes_total - stats.bytes_read) if stats.bytes_read else 0
        tail = f", about {left:,.0f} s left" if left else ""
        line = f"{stats.files:,}/{plural(stats.files_total, 'file')}, {plural(stats.events_read, 'event')}, "
        sys.stderr.write(f"\r{line}{stats.events_read / seconds:,.0f}/s{tail}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line empty."""
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
