"""`loglm anomalies`: a run over files or over a stream, and what it says and keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.detector import Anomalies
    from loglm.anomaly.findings import AnomalyFinding
    from loglm.anomaly.kept_state import StateFolder
    from loglm.anomaly.options import AnomalyOptions
    from loglm.anomaly.scoring import AnomalyScorer
    from loglm.anomaly.table import Hides
    from loglm.context.encoder import ContextEncoder

__all__ = ["AnomalyRun"]

_Read = TypeVar("_Read")

_SHOWN = 20
_SUSPICIOUS = 3


class AnomalyRun:
    """What both ways of running need."""

    def __init__(
        self,
        paths: list[str],
        baseline: list[str],
        options: AnomalyOptions,
        encoder: ContextEncoder | None,
        hides: Hides | None,
        going_on: AnomalyScorer | None,
        quiet: bool,
    ) -> None:
        from loglm.cli.output import count_events
        from loglm.events.problems import Problems

        self._paths, self._baseline, self._going_on, self._quiet = paths, baseline, going_on, quiet
        self._problems = Problems()
        self._options, self._encoder, self._hides = options, encoder, hides
        self._progress = partial(count_events, quiet=quiet)

    def batch(
        self, kept: StateFolder | None, *, limit: int | None, as_json: bool, as_jsonl: bool, html: Path | None
    ) -> None:
        """Score files, show what was found, then keep the state."""
        from loglm.anomaly.findings import describe
        from loglm.cli import anomalies_documents as documents
        from loglm.cli import anomalies_output as output
        from loglm.cli.exclusion_files import say_hidden
        from loglm.cli.output import print_json, report_problems

        found = self._find(only_new=kept is not None)
        most = limit or (None if as_jsonl or kept is not None else _SHOWN)
        shown = describe([*found.reports, *found.continued], found, most=most)
        suspicious = describe(found.suspicious, found, most=_SUSPICIOUS)
        if html is not None:
            documents.write_html(shown, documents.summary_of(found, self._problems), html)
        if as_json:
            print_json(documents.document(found, shown, suspicious, self._problems))
        elif as_jsonl:
            documents.print_lines(shown, documents.summary_of(found, self._problems))
        else:
            output.print_findings(found, shown)
            typer.echo(output.basis(found))
        if not self._quiet:
            for line in [*([output.basis(found)] if as_json or as_jsonl else []), *output.notes(found, suspicious)]:
                typer.echo(line, err=True)
        if kept is not None:
            _keep(kept, found, shown)
            if self._going_on is None and not self._quiet:
                typer.echo(f"{kept.root}: a new state, learned from {plural(found.baseline_events, 'event')}", err=True)
        if not self._quiet:
            report_problems(self._problems)
            say_hidden(found.hidden, "unusual events")

    def stream(self, kept: StateFolder | None, *, lateness: float | None, as_jsonl: bool) -> None:
        """Score standard input until its end, or until asked to stop."""
        from loglm.anomaly.stream import LATENESS_S
        from loglm.cli.anomalies_stream import run_stream

        scorer = self._going_on or self._learned()
        scorer.use(threshold=self._options.threshold, entities=self._options.entities)
        run_stream(
            scorer,
            kept,
            hides=self._hides,
            lateness_s=LATENESS_S if lateness is None else lateness,
            problems=self._problems,
            as_jsonl=as_jsonl,
            quiet=self._quiet,
        )

    def _find(self, *, only_new: bool) -> Anomalies:
        from loglm.anomaly.detector import find_anomalies

        return self._refusing(
            lambda: find_anomalies(
                self._paths,
                baseline=self._baseline,
                going_on=self._going_on,
                encoder=self._encoder,
                options=self._options,
                hides=self._hides,
                only_new=only_new,
                problems=self._problems,
                progress=self._progress,
            )
        )

    def _learned(self) -> AnomalyScorer:
        from loglm.anomaly.learning import learn_baseline
        from loglm.cli.anomalies_output import baseline_times_line

        scorer, _, _ = self._refusing(
            lambda: learn_baseline(
                [],
                self._baseline,
                encoder=self._encoder,
                options=self._options,
                hides=self._hides,
                problems=self._problems,
                progress=self._progress,
            )
        )
        if not self._quiet and (line := baseline_times_line(scorer.baseline)):
            typer.echo(line, err=True)
        return scorer

    def _refusing(self, read: Callable[[], _Read]) -> _Read:
        """What ``read`` gives; where nothing could be read, what may be why is said first."""
        from loglm.cli.output import refuse_empty, report_problems
        from loglm.errors import EmptyInputError, InputError

        try:
            return read()
        except EmptyInputError:
            refuse_empty([*self._baseline, *self._paths], 0, self._problems, quiet=self._quiet)
            raise
        except InputError:
            if not self._quiet:
                report_problems(self._problems)
            raise


def _keep(folder: StateFolder, found: Anomalies, shown: list[AnomalyFinding]) -> None:
    """Save where a run stopped; where that is ended, it is said where the state stands."""
    from loglm.cli.anomalies_output import not_saved_line

    try:
        folder.keep(found, shown)
    except KeyboardInterrupt:
        typer.echo(not_saved_line(folder), err=True)
        raise
