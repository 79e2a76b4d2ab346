"""One self-contained HTML page: summary, ATT&CK matrix, timeline, findings with their evidence.

Log text is hostile. Control, hidden and reordering characters become visible escapes, everything is escaped
by the template engine, and a content security policy allows only the page's own style and script, by hash:
should markup slip through, it would load and run nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from loglm.attack import ATTACK_VERSION, tactic, technique
from loglm.findings import Evidence, Finding, Level, RunSummary
from loglm.plurals import plural
from loglm.reports.event_line import event_line
from loglm.reports.marking import Part, marked_parts
from loglm.reports.matrix import Column, fill_matrix
from loglm.reports.output import Target, open_report
from loglm.reports.page_parts import PageFact, csp_hash, page_environment, read_part, trusted
from loglm.reports.phrases import level_counts, level_name, looked_at, model_line, no_findings
from loglm.reports.ranking import count_levels, ranked
from loglm.reports.sanitize import excerpt, visible
from loglm.reports.timeline import Timeline, lay_out
from loglm.reports.times import clock, duration, span

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["FULL_FINDINGS", "LISTED_FINDINGS", "write_html"]

FULL_FINDINGS = 200
"""Findings shown with evidence where nothing else is asked for."""
LISTED_FINDINGS = 1000
"""Findings after those that are shown in one line; what is left is counted."""

CALIBRATED = "calibrated probability that these events are an attack"

_RAW_CHARS = 2000
_GIST_CHARS = 400
_ENTITY_OPTIONS = 300
_OPENED = 3
_SAFE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, or a remark on files, of one kind."""

    kind: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template shows; texts are as they came, the template makes them safe."""

    title: str
    lead: str
    levels: dict[Level, int]
    nothing: list[str]
    facts: list[PageFact]
    matrix: tuple[Column, ...]
    timeline: Timeline | None
    anchors: dict[str, str]
    entities: dict[tuple[str, str], int]
    """The choices of the entity filter, with their numbers."""
    findings: Sequence[Finding]
    opened: int
    listed: Sequence[Finding]
    left_out: str
    problems: list[Problem]
    scores: str
    footer: str
    attack_version: str = ATTACK_VERSION


def write_html(
    findings: Iterable[Finding],
    summary: RunSummary,
    target: Target,
    *,
    title: str = "LogLM findings",
    full: int = FULL_FINDINGS,
    scores: str = CALIBRATED,
) -> None:
    """Write the page; it needs no other file, no network and no script to be read.

    Its size is bounded: the ``full`` most serious findings are shown with evidence (raw text cut at 2,000
    characters), the next 1,000 in one line each; the page says how many are left out. Matrix and counts hold
    all findings.

    Args:
        findings: Read whole, since they are sorted.
        summary: What the run looked at.
        target: Where to write.
        title: Heading of the page.
        full: How many findings to show with evidence.
        scores: What the scores are, as the page says it.

    Raises:
        InputError: The file cannot be written.
    """
    page = _page(ranked(findings), summary, title, full, scores)
    css = read_part("report.css")
    script = read_part("report.js")
    template = _environment().get_template("report.html.j2")
    with open_report(target) as stream:
        for piece in template.generate(
            page=page, css=trusted(css), script=trusted(script), css_hash=csp_hash(css), script_hash=csp_hash(script)
        ):
            stream.write(piece)


def _page(ordered: list[Finding], summary: RunSummary, title: str, full: int, scores: str) -> Page:
    shown, listed = ordered[:full], ordered[full : full + LISTED_FINDINGS]
    left = len(ordered) - len(shown) - len(listed)
    anchors = {finding.finding_id: _anchor(finding, number) for number, finding in enumerate(shown)}
    entities = Counter((finding.entity_kind, finding.entity) for finding in ordered)
    counts = count_levels(ordered)
    found = f"{plural(len(ordered), 'finding')} on {plural(len(entities), 'entity')}"
    return Page(
        title=title,
        lead=f"{f'{found} in ' if ordered else ''}{looked_at(summary)}, {clock(summary.finished)} UTC",
        levels={level: counts.get(level, 0) for level in sorted(Level, reverse=True)} if ordered else {},
        nothing=[] if ordered else no_findings(summary),
        facts=_facts(summary),
        matrix=fill_matrix(ordered, anchors) if any(finding.tactics for finding in ordered) else (),
        timeline=lay_out(ordered, anchors),
        anchors=anchors,
        entities={entity: number for number, (entity, _) in enumerate(entities.most_common(_ENTITY_OPTIONS))},
        findings=shown,
        opened=_OPENED,
        listed=listed,
        left_out=_left_out(ordered[full + LISTED_FINDINGS :]) if left > 0 else "",
        problems=_problems(summary),
        scores=scores,
        footer=f"Made by LogLM {summary.loglm_version} with {model_line(summary)}. A score is the {scores}. "
        f"Evidence is cut at {_RAW_CHARS:,} characters; control characters are shown as escapes.",
    )


def _anchor(finding: Finding, number: int) -> str:
    """The finding's id where it can be one of HTML, so that a link to it holds for the next run too."""
    return f"f-{finding.finding_id}" if _SAFE_ID.fullmatch(finding.finding_id) else f"n-{number}"


def _left_out(findings: Sequence[Finding]) -> str:
    return f"{plural(len(findings), 'finding')} more not shown here: {level_counts(count_levels(findings))}."


def _facts(summary: RunSummary) -> list[PageFact]:
    facts = [
        PageFact("Events read", f"{summary.events_read:,}", f"of {plural(summary.files, 'file')}"),
        PageFact("Events scored", f"{summary.events_scored:,}", f"in {plural(summary.windows, 'window')}"),
        PageFact("Could not be read", plural(summary.events_rejected, "record")),
        PageFact("Entities", f"{summary.entities:,}"),
        PageFact("Time", duration(summary.seconds), f"{summary.events_per_second:,.0f} events/s"),
        PageFact("Model", f"{summary.model_name} {summary.model_version}"),
    ]
    if summary.sigma_rules is not None:
        facts.append(PageFact("Sigma rules", f"{summary.sigma_rules:,}"))
    if summary.cache_hit_rate is not None:
        facts.append(PageFact("Cache hits", f"{100 * summary.cache_hit_rate:.0f} %", "of events"))
    return facts


def _problems(summary: RunSummary) -> list[Problem]:
    counted = [*summary.rejected_by_kind.items(), *summary.notes_by_kind.items()]
    return [Problem(kind, count, tuple(summary.problem_examples.get(kind, ()))) for kind, count in counted]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment()
    environment.filters.update(
        level_name=level_name,
        percent=lambda share: f"{100 * share:.0f} %",
        span=span,
        clock=clock,
        plural=plural,
        excerpt=lambda text, chars: excerpt(visible(text), chars),
        marked=_marked,
        gist=_gist,
        tactic_name=lambda shortname: found.name if (found := tactic(shortname)) else shortname,
        technique_name=lambda technique_id: found.name if (found := technique(technique_id)) else "",
        technique_url=lambda technique_id: found.url if (found := technique(technique_id)) else "",
    )
    return environment


def _marked(item: Evidence) -> list[Part]:
    text = excerpt(visible(item.raw), _RAW_CHARS, map(visible, item.highlights))
    return marked_parts(text, item.highlights)


def _gist(item: Evidence) -> list[Part]:
    """The event in one line, for those whose raw text is hard to read; empty for others."""
    return marked_parts(event_line(item, _GIST_CHARS), item.highlights) if item.fields else []
