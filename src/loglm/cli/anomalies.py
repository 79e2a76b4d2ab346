"""`loglm anomalies`: what is unusual in logs, compared with a baseline."""

from __future__ import annotations

import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loglm.cli.options import AsJson, AsJsonl, Baseline, ExclusionFile, Force, Html, Quiet

if TYPE_CHECKING:
    from loglm.anomaly.kept_state import StateFolder
    from loglm.anomaly.scoring import AnomalyScorer
    from loglm.anomaly.table import Hides
    from loglm.context.encoder import ContextEncoder
    from loglm.detection.exclusions import Exclusions

__all__ = ["anomalies", "load_encoder"]

_BASELINE_SHARE = 0.5
_BUDGET = 100.0


def anomalies(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Log files, folders, patterns or archives; - for a stream on stdin.")
    ] = None,
    baseline: Baseline = None,
    baseline_share: Annotated[
        float | None,
        typer.Option(min=0.01, max=0.99, help="Without --baseline: the first share of PATHS, by time; default: 0.5."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<from>/<to>",
            help="Times of the baseline that were not ordinary and are not learned, as 2026-03-19T10:00Z/"
            "2026-03-19T11:30Z; may be given several times.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="<folder>",
            help="Keep here what was learned, what entities did and what was told; go on with it where it is there, "
            "else learn it by --baseline or --baseline-share.",
        ),
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="<folder>",
            help="Make --state of states that other runs kept, of other entities, days or sensors; give it for each.",
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Leave the state as it was.")] = False,
    budget: Annotated[
        float | None, typer.Option(help="Alerts that 1,000 entities may bring in an ordinary day; default: 100.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Bits from which on an event is shown, in place of the baseline's.")
    ] = None,
    by: Annotated[
        Literal["primary", "host", "user", "address", "pair", "account"] | None,
        typer.Option(help="Whose behaviour; default: primary, which is host, user or source address as fits the log."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context-encoder",
            metavar="<path>|shipped",
            help="Context encoder to weigh expectations by, made by `loglm pretrain-context`; default: weights fitted "
            "to the baseline.",
        ),
    ] = None,
    exclusions: ExclusionFile = None,
    entities: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Hosts, users or addresses that are remembered at most; default: 1000000, of which 20000 in memory "
            "and the others in a temporary file.",
        ),
    ] = None,
    lateness: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="<seconds>", help="How late events of a stream may come; default: 5."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            help="Findings shown at most; default: 20, all with --jsonl, --state or of a stream.",
        ),
    ] = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
    html: Html = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Learn what is usual from a baseline, and show what is not: the events, what was expected instead, and why.

    Each event is scored in bits: how unexpected its kind is after what its entity did before, whether its text is new,
    and whether it came at an unusual time. The threshold is set by the baseline, of which each fifth is scored by
    the others, so that an ordinary day keeps within the budget. The same thing on many entities, or again within a
    day, is told once.

    With --state the baseline is learned once; later runs go on where the last one stopped, and two days in two runs
    give what both in one give. With - events are scored as they come and findings written as they arise, by the
    threshold of the baseline; Ctrl-C ends it and keeps the state. --merge makes one state of several.

    The unusual is not always bad. Drift since the baseline is said, and what stands out most in the baseline itself:
    something does in nearly every one. That is not learned; --leave-out takes all of its time out as well.
    """
    from loglm.anomaly.options import AnomalyOptions
    from loglm.anomaly.stretches import Stretch
    from loglm.cli.anomalies_merge import merge_kept
    from loglm.cli.anomalies_run import AnomalyRun
    from loglm.cli.exclusion_files import load_exclusions
    from loglm.reports.output import check_report

    given = list(paths or [])
    if merge:
        _refuse_beside_merge(
            state,
            [given, baseline, baseline_share, budget, leave_out, threshold, by, exclusions, lateness, limit, html],
            [read_only, as_jsonl, force],
        )
        with _folder(state, read_only=False) as target:
            if target is not None:
                merge_kept(target, merge, context=context, entities=entities, as_json=as_json, quiet=quiet)
        return
    _check(given, baseline or [], state, as_json=as_json, as_jsonl=as_jsonl, html=html, read_only=read_only)
    if lateness is not None and "-" not in given:
        raise typer.BadParameter("--lateness is about a stream, which - stands for; files are put in order as a whole")
    if html is not None:
        check_report(html, overwrite=force)
    if baseline and baseline_share is not None:
        raise typer.BadParameter("--baseline-share is the share of PATHS to learn from; with --baseline there is none")
    share, alerts = baseline_share or _BASELINE_SHARE, _BUDGET if budget is None else budget
    stretches = tuple(map(Stretch.read, leave_out or []))
    options = AnomalyOptions(share, alerts, threshold, by or "primary", entities, stretches)
    hides = _hides(load_exclusions(exclusions, quiet=quiet))
    with _folder(state, read_only=read_only) as folder:
        going_on, encoder = _going_on(
            folder, context, by, [baseline, baseline_share, budget, leave_out], read_only=read_only
        )
        run = AnomalyRun(given, baseline or [], options, encoder, hides, going_on, quiet)
        kept = None if read_only else folder
        if "-" in given:
            run.stream(kept, lateness=lateness, as_jsonl=as_jsonl)
        else:
            run.batch(kept, limit=limit, as_json=as_json, as_jsonl=as_jsonl, html=html)


def _check(
    paths: list[str],
    baseline: list[str],
    state: Path | None,
    *,
    as_json: bool,
    as_jsonl: bool,
    html: Path | None,
    read_only: bool,
) -> None:
    """Refuse what does not go together, before any work."""
    from loglm.artifacts.folder import CURRENT
    from loglm.errors import InputError

    if as_json and as_jsonl:
        raise typer.BadParameter("give --json or --jsonl, not both")
    if read_only and state is None:
        raise typer.BadParameter("--read-only is about the --state that is given, and none is")
    if not paths and not (baseline and state):
        seen = "" if state is None else f"; `loglm info --state {shlex.quote(str(state))}` shows what a state holds"
        raise InputError(f"give logs to score; or --baseline and --state, to learn what is usual and keep it{seen}")
    if "-" in baseline:
        raise InputError("a baseline is read more than once; save standard input to a file")
    if "-" not in paths:
        return
    if len(paths) > 1:
        raise InputError("- is a stream that has no end; give it alone, and files to another run")
    if not baseline and (state is None or not (state / CURRENT).is_file()):
        raise InputError("a stream needs a baseline before it begins; give --baseline, or --state of an earlier run")
    if as_json or html is not None:
        raise InputError("a stream has no end to write one document at; give --jsonl, or none for text")


def _refuse_beside_merge(state: Path | None, values: list[object], flags: list[bool]) -> None:
    if state is None or any(flags) or any(one not in (None, []) for one in values):
        raise typer.BadParameter(
            "--merge makes a state of others, in the folder that --state names and in which there is none yet, and "
            "scores nothing; beside it go --context-encoder, --entities, --json and --quiet alone"
        )


def _folder(state: Path | None, *, read_only: bool) -> AbstractContextManager[StateFolder | None]:
    from loglm.anomaly.kept_state import state_folder

    return nullcontext() if state is None else state_folder(state, read_only=read_only)


def _hides(exclusions: Exclusions | None) -> Hides | None:
    from loglm.detection.exclusions import EventExclusions

    return None if exclusions is None else EventExclusions(exclusions)


def _going_on(
    folder: StateFolder | None, context: str | None, by: str | None, learning: list[object], *, read_only: bool
) -> tuple[AnomalyScorer | None, ContextEncoder | None]:
    """The scorer of a state that is there, and the context encoder to learn with otherwise."""
    from loglm.errors import InputError

    if folder is None:
        return None, load_encoder(context)
    baseline, share, *_ = learning
    if not folder.holds_state:
        if read_only or not (baseline or share):
            how = "leave --read-only out and " if read_only else ""
            raise InputError(
                f"{folder.root}: there is no state to go on with; see that --state is the folder of the earlier run. "
                f"To make a new one, {how}give --baseline with logs of ordinary days, or --baseline-share 0.5 to learn "
                "from the earlier half of these"
            )
        return None, load_encoder(context)
    if any(learning):
        folder.refuse_other_kind()
        raise InputError(
            f"{folder.root}: holds a baseline already; leave --baseline, --baseline-share, --budget and --leave-out "
            "away to go on with it, or give another folder to learn anew"
        )
    encoder = load_encoder(context if context or folder.needs_encoder() is None else "shipped")
    return folder.load(encoder=encoder, view=by), encoder


def load_encoder(context: str | None) -> ContextEncoder | None:
    """The context encoder of a folder, or the shipped one; None for None."""
    from loglm.artifacts.folder import default_context_dir, open_model_dir
    from loglm.artifacts.kinds import CONTEXT_ENCODER
    from loglm.context.encoder import ContextEncoder

    if context is None:
        return None
    path = default_context_dir() if context == "shipped" else Path(context)
    folder, _ = open_model_dir(path, kinds=(CONTEXT_ENCODER,))
    return ContextEncoder.load(folder)
