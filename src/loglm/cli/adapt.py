"""`loglm adapt`: a model for one environment, from its own benign logs and a handful of labels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Quiet
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.adaptation.adapting import Adapted, ChannelChange
    from loglm.adaptation.labels import PlacedLabels
    from loglm.training.encoder_tuning import TunedEncoder

__all__ = ["adapt"]

_CHANNELS_SHOWN = 12
_REFUSED = 1
_TOLD, _TOLD_WRONGLY = "3 of 5", "0 of 6"
"""Of logs that held an attack, and of those that held none, how many were said to: docs/adaptation.md."""


def adapt(
    benign: Annotated[list[str], typer.Option(help="Ordinary logs of this environment; may be given several times.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of versions; made where there is none.")],
    labels: Annotated[
        list[str] | None, typer.Option(help="Verdicts by id, such as id,verdict; an id is a finding's or path:record.")
    ] = None,
    labelled: Annotated[
        list[str] | None, typer.Option(help="Further logs that labels are about, beside those of --benign.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="Model folder to start from; default: what the folder began with, or the shipped."
        ),
    ] = None,
    sigma: Annotated[
        Path | None, typer.Option("--sigma", help="Sigma rules that will be used with the model too.")
    ] = None,
    alerts_per_day: Annotated[
        float | None,
        typer.Option(
            "--alerts-per-day", min=0, help="Findings in an ordinary day, all entities together; default: 10."
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, help="Alerts that 1,000 entities may bring in an ordinary day, instead.")
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", min=0.001, help="Days that the benign logs span; default: by their times.")
    ] = None,
    max_loss: Annotated[
        float,
        typer.Option(
            "--max-loss",
            min=0,
            max=1,
            help="By how much a share on the reference windows may fall, and that of benign ones that alert may rise.",
        ),
    ] = 0.05,
    thresholds_only: Annotated[
        bool, typer.Option("--thresholds-only", help="Leave the head's weights as they are; costs recall.")
    ] = False,
    encoder_steps: Annotated[
        int,
        typer.Option(
            "--tune-encoder", min=0, help="Steps of low-rank tuning of the encoder; 0: none. Needs loglm[train]."
        ),
    ] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make the model one for this environment, from its own ordinary logs and labels; minutes on two cores.

    The first half of the benign logs, by time, moves the head's attack weights, the third quarter sets an alert
    threshold for each log channel, the last quarter says how many alerts there are then. True positives raise weights,
    false positives lower them; benign positives change no weight, but are written as proposed exclusions.

    What the model knew before is asked of reference windows: an adaptation that is worse there by more than --max-loss,
    at finding attacks or in false alarms, is refused with exit code 1, and the current version stays. `loglm detect
    --model OUT` uses the current version; `loglm model list`, `rollback` and `compare` tell versions apart.

    Findings that labels name are looked for in the logs of --benign and --labelled, as the versions in OUT raise them,
    the current first. Labels of which these logs have none are refused with exit code 2.
    """
    from loglm.adaptation.adapting import AdaptationPlan
    from loglm.adaptation.adapting import adapt as run
    from loglm.adaptation.model_folders import base_of, keep_version, models_of
    from loglm.adaptation.reference import ReferenceWindows
    from loglm.cli.output import count_events, print_json, refuse_empty, report_problems
    from loglm.events.problems import Problems

    alerts = _budget(alerts_per_day, budget)
    base = base_of(out, model)
    problems = Problems()
    read = _Reading(base, sigma, problems, partial(count_events, quiet=quiet))
    placed = read.labels(labels or [], [benign, labelled or []], models_of(out, base))
    windows, others = read.windows(benign, placed), read.windows(labelled or [], placed)
    refuse_empty(benign, windows.events, problems, quiet=quiet)
    placed = placed.seen(frozenset().union(*windows.places, *others.places))
    _refuse_unfound(placed)
    plan = AdaptationPlan(alerts, tune_head=not thresholds_only, days=days)
    adapted = run(read.head, read.calibration, windows, ReferenceWindows.load(), plan, labels=placed, labelled=others)
    lost = adapted.lost(max_loss)
    facts = _facts(adapted) | {"budget": str(alerts), "lost": lost, "max_loss": max_loss}
    encoder = None if lost or not encoder_steps else _tuned_encoder(base, benign, encoder_steps, quiet=quiet)
    facts["encoder"] = encoder.facts() if encoder else None
    kept = None if lost else keep_version(out, base, adapted, facts, write_encoder=encoder.write if encoder else None)
    if kept is not None and placed.benign_positives:
        facts["proposed_exclusions"] = _propose(placed, kept.parent.parent / f"proposed-exclusions-{kept.name}.toml")
    if as_json:
        print_json(facts | {"version": kept.name if kept else None, "labels_not_found": list(placed.not_found)})
    else:
        _print(adapted, facts, kept)
    if not quiet:
        report_problems(problems)
        _say_notes(adapted)
    _warn(adapted, placed)
    if lost:
        _say_refused(lost, max_loss, thresholds_only=thresholds_only)
        raise typer.Exit(_REFUSED)


class _Reading:
    """A model, and the logs as its head reads them."""

    def __init__(self, base: Path | None, sigma: Path | None, problems: Any, counted: Any) -> None:
        from loglm.artifacts.folder import open_model_dir
        from loglm.detection.calibration import Calibration
        from loglm.detection.head import AttackHead

        folder, _ = open_model_dir(base)
        self.head, self.calibration = AttackHead.load(folder), Calibration.load(folder)
        self._base, self._sigma, self._problems, self._counted = base, sigma, problems, counted
        self._match = None
        if sigma is not None:
            from loglm.detection.sigma import SigmaRules

            self._match = SigmaRules.load(sigma).match

    def labels(self, files: list[str], logs: list[list[str]], models: list[Path | None]) -> PlacedLabels:
        from loglm.adaptation.labels import PlacedLabels, place_labels

        if not files:
            return PlacedLabels()
        return place_labels(files, logs, models=models, sigma=self._sigma, problems=self._problems)

    def windows(self, paths: list[str], placed: PlacedLabels) -> Any:
        from loglm.adaptation.windows import EnvironmentWindows, read_windows

        if not paths:
            return EnvironmentWindows()
        places = frozenset(placed.by_place)
        return read_windows(
            paths, self.head, problems=self._problems, match=self._match, places=places, counted=self._counted
        )


def _tuned_encoder(base: Path | None, benign: list[str], steps: int, *, quiet: bool) -> TunedEncoder:
    from loglm.adaptation.windows import distinct_texts
    from loglm.training.encoder_tuning import EncoderTuning, tune_encoder

    def report(step: int, nats: float) -> None:
        if not quiet and step % 10 == 0:
            typer.echo(f"encoder: step {step:,} of {steps:,}, {nats:.3f} nats per hidden token", err=True)

    return tune_encoder(base, distinct_texts(benign), EncoderTuning(steps=steps), report=report)


def _budget(per_day: float | None, per_thousand: float | None) -> Any:
    from loglm.adaptation.thresholds import AlertBudget
    from loglm.errors import InputError

    if per_day is not None and per_thousand is not None:
        raise InputError("--alerts-per-day and --budget are two ways to say one thing; give one")
    if per_thousand is not None:
        return AlertBudget(per_thousand_entities=per_thousand)
    return AlertBudget(per_day=10.0 if per_day is None else per_day)


def _propose(placed: PlacedLabels, target: Path) -> str:
    from loglm.detection.exclusions import write_proposals

    write_proposals(placed.benign_positives, target)
    return str(target)


def _facts(adapted: Adapted) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "events": adapted.events,
        "windows": adapted.windows,
        "entities": adapted.entities,
        "days": round(adapted.days, 3),
        "windows_fitted": adapted.fitted,
        "labelled_windows": adapted.labels,
        "taken_for_harmless": adapted.taken_for_harmless,
        "unlike_the_rest": adapted.unlike_the_rest,
        "may_hold_an_attack": adapted.may_hold_an_attack,
        "budget_a_day": round(adapted.budget_a_day, 3),
        "checked_before": _rounded(asdict(adapted.before)),
        "checked_after": _rounded(asdict(adapted.after)),
        "is_drifting": adapted.is_drifting,
        "channels": [_rounded(asdict(channel)) for channel in adapted.channels],
        "known_before": asdict(adapted.known_before),
        "known_after": asdict(adapted.known_after),
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}


def _print(adapted: Adapted, facts: dict[str, Any], kept: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    labelled = plural(sum(adapted.labels.values()), "labelled window")
    learned = f"{adapted.fitted:,} and {labelled} learned" if adapted.fitted else f"no weights learned, {labelled}"
    typer.echo(
        f"{plural(adapted.events, 'benign event')} in {plural(adapted.windows, 'window')} of "
        f"{plural(adapted.entities, 'entity')} over {adapted.days:.2f} days; {learned}"
    )
    for name, part in (("before", adapted.before), ("after", adapted.after)):
        typer.echo(
            f"{name}: {plural(part.findings, 'finding')}, {part.alerting:,} of {plural(part.windows, 'window')}, in "
            f"the last quarter ({part.days:.2f} days): {part.a_day:.1f} a day (95 %: {part.a_day_low:.1f} to "
            f"{part.a_day_high:.1f}), wanted {adapted.budget_a_day:g}"
        )
    table = Table("channel", "windows", "threshold before", "after", "alerting before", "after")
    for channel in adapted.channels[:_CHANNELS_SHOWN]:
        table.add_row(*_cells(channel))
    console = Console(width=110)
    console.print(table)
    known = Table("reference windows", "before", "after")
    for name, value in facts["known_before"].items():
        known.add_row(name.replace("_", " "), f"{value:.3f}", f"{facts['known_after'][name]:.3f}")
    console.print(known)
    if facts["encoder"]:
        typer.echo(
            "encoder: {nats_before:.3f} to {nats_after:.3f} nats per hidden token of events held out, accuracy "
            "{accuracy_before:.3f} to {accuracy_after:.3f}; cosine of vectors before and after {cosine:.3f}".format(
                **facts["encoder"]
            )
        )
    if kept is not None:
        typer.echo(f"version {kept.name} of {kept.parent.parent} is current")
    if "proposed_exclusions" in facts:
        typer.echo(f"benign positives as exclusions to review: {facts['proposed_exclusions']}")


def _cells(channel: ChannelChange) -> list[str]:
    from loglm.cli.score_tables import shown_figure
    from loglm.reports.sanitize import one_line

    shares = (channel.alerting_before, channel.alerting_after)
    limits = [f"{channel.threshold_before:.4f}", f"{channel.threshold_after:.4f}"]
    shown = [shown_figure(share, ".2%") for share in shares]
    return [one_line(channel.channel), f"{channel.windows:,}", *limits, *shown]


def _say_notes(adapted: Adapted) -> None:
    if adapted.taken_for_harmless:
        unlike = (
            f"; {adapted.unlike_the_rest:,} of them would still alert if the model had learned from the other half of "
            "the logs alone"
        )
        typer.echo(
            f"{plural(adapted.taken_for_harmless, 'window')} of the benign logs alerted before and are now taken for "
            f"harmless{unlike if adapted.fitted else ''}. If the logs may hold an attack, look at them first: `loglm "
            "detect` with the model before",
            err=True,
        )
    if adapted.is_drifting:
        typer.echo(
            "the last quarter of the benign logs raises more than was wanted: it differs from what came before, by a "
            "change in the environment or by something that is not benign; look at what it raises",
            err=True,
        )


def _warn(adapted: Adapted, placed: PlacedLabels) -> None:
    """What may make the new model wrong is said with --quiet too."""
    if placed.not_found:
        typer.echo(_not_found(placed), err=True)
    if adapted.may_hold_an_attack:
        typer.echo(
            "the benign logs may hold an attack: more than a tenth of their windows alerted before and are unlike the "
            f"rest of the logs, as in {_TOLD} measured logs that held one and {_TOLD_WRONGLY} that held none. If they "
            "do, take it out or label it true positive, and adapt again; `loglm model rollback` gives the version "
            "before",
            err=True,
        )


def _not_found(placed: PlacedLabels) -> str:
    from loglm.reports.sanitize import one_line

    examples = ", ".join(one_line(name) for name in placed.not_found[:3])
    asked = ", ".join("the shipped model" if model is None else str(model) for model in placed.models)
    return (
        f"{plural(len(placed.not_found), 'label')} not found in these logs ({examples})"
        f"{f'; asked for findings: {asked}' if asked else ''}. Name the logs, all of them, as they were named in "
        "`loglm detect`, with the same --sigma; a finding of another model can be labelled by the place of its "
        "evidence, path:record"
    )


def _refuse_unfound(placed: PlacedLabels) -> None:
    """Raise InputError where labels were given and none is of these logs."""
    from loglm.errors import InputError

    if placed.none_found:
        raise InputError(f"nothing is made: {_not_found(placed)}")


def _say_refused(lost: dict[str, float], margin: float, *, thresholds_only: bool) -> None:
    from loglm.adaptation.reference import losses_in_words

    hints = ["Look for attacks in the benign logs"] if lost.keys() - {"benign_alerting"} else []
    if "benign_alerting" in lost:
        hints.append("Other machines' harmless logs would alert: give more kinds of benign work, or fewer labels")
    if thresholds_only and "alerting" in lost:
        hints.append(
            "The model scores these logs like attacks, so that thresholds above them are above attacks too: leave out "
            "--thresholds-only, so that weights learn the difference"
        )
    instead = "--thresholds-only or " if lost.keys() & {"ranking", "recall"} else ""  # what thresholds do not change
    typer.echo(
        f"refused: on the reference windows {losses_in_words(lost)}, more than --max-loss {margin:g}; the current "
        f"version stays. {'. '.join(hints)}; or use {instead}a larger --max-loss",
        err=True,
    )
