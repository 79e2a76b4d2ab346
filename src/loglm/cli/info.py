"""`loglm info`: versions, model and machine, for bug reports; false alarms by channel; what a kept state holds."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm import __version__
from loglm.cli.options import AsJson, Model
from loglm.errors import InputError, ModelError
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.state_facts import StateFacts

__all__ = ["channel_facts", "collect_info", "info"]

_PACKAGES = ("numpy", "onnxruntime", "tokenizers", "scikit-learn", "scipy", "pysigma", "evtx", "torch", "transformers")


def info(
    model: Model = None,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A table to paste into a bug report.")] = False,
    channels: Annotated[
        bool, typer.Option("--channels", help="Alert thresholds by log channel, and the clean logs they rest on.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(metavar="<folder>", help="Folder that `loglm anomalies --state` keeps: what it holds."),
    ] = None,
) -> None:
    """Show the versions, the model and the machine; or what false alarms to expect by log channel; or what a state
    of `loglm anomalies` holds."""
    from loglm.cli.output import print_json
    from loglm.reports.sanitize import one_line

    if as_json and as_markdown:
        raise InputError("--json and --markdown exclude each other; give one of them")
    if state is not None and (channels or model is not None):
        raise InputError("--state shows a state alone; leave --model and --channels away")
    facts, rows = _told(model, state, channels=channels)
    if as_json:
        print_json(facts)
        return
    rows = [(key, one_line(text)) for key, text in rows]
    if as_markdown:
        typer.echo("| | |\n|---|---|")
        rows = [(f"| {key}", "| " + text.replace("|", "\\|") + " |") for key, text in rows]
    width = max(len(key) for key, _ in rows)
    for key, text in rows:
        typer.echo(f"{key:<{width}}  {text}")


def _told(model: Path | None, state: Path | None, *, channels: bool) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What was asked for, as JSON values and as rows for people."""
    if state is not None:
        from loglm.anomaly.state_facts import state_facts

        found = state_facts(state)
        return _state_json(found), _state_rows(found)
    if channels:
        facts = channel_facts(model)
        return facts, _channel_rows(facts)
    facts = collect_info(model)
    return facts, _rows(facts)


def collect_info(model: Path | None = None) -> dict[str, Any]:
    """Versions, model and machine as JSON values; a model that cannot be opened is told under ``model.error``."""
    return {
        "loglm": __version__,
        "model": _model_facts(model),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": _usable_cores(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def channel_facts(model: Path | None = None) -> dict[str, Any]:
    """Per ``product/service``: threshold, clean windows and machines, background windows, as JSON values.

    Raises:
        ModelError: The model folder cannot be used.
    """
    from dataclasses import asdict

    from loglm.artifacts.folder import open_model_dir
    from loglm.detection.calibration import Calibration

    folder, _ = open_model_dir(model)
    calibration = Calibration.load(folder)
    facts: dict[str, Any] = {
        name: {"threshold": calibration.threshold_for(name)} | asdict(basis)
        for name, basis in sorted(calibration.channel_basis.items(), key=lambda item: (-item[1].clean_windows, item[0]))
    }
    return facts | {"any other": {"threshold": calibration.threshold}}


def _channel_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            name,
            f"threshold {fact['threshold']:.2f}" + (f": {_basis(fact)}" if "clean_windows" in fact else ""),
        )
        for name, fact in facts.items()
    ]


def _basis(fact: dict[str, Any]) -> str:

    clean = f"{plural(fact['clean_windows'], 'clean window')} of {plural(fact['clean_machines'], 'machine')}"
    return f"{clean}, {plural(fact['background_windows'], 'background window')}"


def _model_facts(path: Path | None) -> dict[str, Any]:
    from loglm.artifacts.folder import MANIFEST, default_model_dir, open_model_dir
    from loglm.artifacts.kinds import CONTEXT_ENCODER, MODEL

    place = str(path or default_model_dir())
    try:
        folder, manifest = open_model_dir(path, kinds=(MODEL, CONTEXT_ENCODER))
    except ModelError as error:
        return {"path": place, "error": str(error)}
    files = {str(name): str(sha256) for name, sha256 in manifest["files"].items()}
    return {
        "path": place,
        "name": manifest.get("name"),
        "version": manifest.get("version"),
        "licence": manifest.get("licence"),
        "size_bytes": sum((folder / name).stat().st_size for name in (*files, MANIFEST)),
        "sha256": files,
        "learned_from": _learned_from(manifest),
    }


def _learned_from(manifest: dict[str, Any]) -> dict[str, Any]:
    """Checksums of what the encoder learned from, empty where the model does not say."""
    encoder = manifest.get("encoder")
    learned_from = encoder.get("learned_from") if isinstance(encoder, dict) else None
    return learned_from if isinstance(learned_from, dict) else {}


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    model = facts["model"]
    rows = [("loglm", facts["loglm"])]
    if "error" in model:
        rows.append(("model", model["error"]))
    else:
        rows.append(("model", f"{model['name'] or 'unnamed'} {model['version'] or ''}".strip()))
        rows.append(("model folder", model["path"]))
        rows.append(("model licence", str(model["licence"] or "not given")))
        rows.append(("model size", f"{model['size_bytes'] / 1e6:.1f} MB"))
        rows += [(f"sha256 {name}", sha256) for name, sha256 in model["sha256"].items()]
        if "corpus" in model["learned_from"]:
            rows.append(("learned from corpus", str(model["learned_from"]["corpus"])))
    rows += [("Python", facts["python"]), ("platform", facts["platform"]), ("cores", str(facts["cores"]))]
    return rows + list(facts["packages"].items())


def _state_json(found: StateFacts) -> dict[str, Any]:
    from loglm.reports.times import iso_utc

    return {
        "path": found.path,
        "version": found.version,
        "saved": iso_utc(found.saved),
        "loglm_version": found.loglm_version,
        "size_bytes": found.size_bytes,
        "by": found.view,
        "context_encoder": found.encoder,
        "budget": found.budget,
        "threshold": found.threshold,
        "alerts_allowed": found.alerts_allowed,
        "alerts_expected": found.alerts_expected,
        "baselines": found.baselines,
        "baseline_events": found.baseline_events,
        "baseline_events_left_out": found.left_out,
        "start": iso_utc(found.start) or None,
        "end": iso_utc(found.end) or None,
        "found_in_baseline": found.in_baseline,
        "entities": found.entities,
        "most_entities": found.most_entities,
        "scored_events": found.scored_events,
        "clock": iso_utc(found.clock) or None,
        "waiting_events": found.waiting,
        "kept_findings": found.findings,
        "kept_findings_to_tell": found.not_told,
    }


def _state_rows(found: StateFacts) -> list[tuple[str, str]]:
    from loglm.reports.times import clock, span

    size = f"{found.size_bytes / 1e6:.1f} MB on the disk, with the version before"
    budget = "not kept" if found.budget is None else f"{found.budget:g} alerts of 1,000 entities a day"
    when = span(found.start, found.end) or "times not known"
    left_out = f", {found.left_out:,} more left out" if found.left_out else ""
    most = f" of {found.most_entities:,} at most"
    latest = f", until about {clock(found.clock)}" if found.clock is not None and found.scored_events else ""
    rows = [
        ("state", f"{found.path}, version {found.version} of {clock(found.saved)}, by loglm {found.loglm_version}"),
        ("size", size),
        ("baseline", f"{plural(found.baseline_events, 'event')}{left_out}, {when}"),
        ("threshold", f"{found.threshold:.1f} bits: {found.alerts_expected:.2g} alerts expected in such a time"),
        ("above it there", f"{plural(found.in_baseline, 'stretch')}, not learned"),
        ("budget", f"{budget}: {found.alerts_allowed:.2g} in such a time"),
        ("by", found.view),
        ("context encoder", found.encoder or "none"),
        ("entities", f"{found.entities:,}{most}"),
        ("scored since", f"{plural(found.scored_events, 'event')}{latest}"),
        ("waiting", f"{plural(found.waiting, 'event')} of a stream"),
        ("findings kept", f"{found.findings:,} of the last day; {found.not_told:,} not shown yet"),
    ]
    if found.baselines > 1:
        rows.insert(3, ("baselines", f"{found.baselines:,}, merged"))
    return rows
