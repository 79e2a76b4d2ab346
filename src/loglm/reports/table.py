"""Findings for people in a terminal: a table where it is wide, a few lines each where it is narrow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from loglm.attack import tactic
from loglm.findings import Finding, Level, RunSummary
from loglm.plurals import plural
from loglm.reports.event_line import event_line
from loglm.reports.output import Target, open_report
from loglm.reports.phrases import compared, hidden, level_counts, level_name, looked_at, no_findings, unread
from loglm.reports.ranking import count_levels, ranked
from loglm.reports.sanitize import excerpt, one_line
from loglm.reports.times import span

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["DEFAULT_LIMIT", "write_table"]

DEFAULT_LIMIT = 100
"""Findings shown where nothing else is asked for; the others are counted."""

_WIDE = 120
"""Columns from which there is room for a table."""
_FIXED = (8, 30, 31, 5)
"""Widths of the table's columns before the evidence, which takes the rest."""
_EVIDENCE_LINES = 3
_ENTITY_CHARS = 60
_TITLE_CHARS = 100
_REASON_CHARS = 200
_HIGHLIGHTS = 8
_STYLES = {
    Level.CRITICAL: "bold white on red",
    Level.HIGH: "bold red",
    Level.MEDIUM: "yellow",
    Level.LOW: "cyan",
    Level.INFORMATIONAL: "dim",
}


def write_table(
    findings: Iterable[Finding],
    summary: RunSummary,
    target: Target,
    *,
    width: int | None = None,
    color: bool | None = None,
    limit: int = DEFAULT_LIMIT,
) -> None:
    """Write the findings, most serious first, and one line of totals.

    Args:
        findings: Read whole, since they are sorted.
        summary: What the run looked at; said in full where there are no findings.
        target: Where to write.
        width: Columns; None: those of the terminal, 80 where there is none.
        color: True or False forces or forbids colours; None: only on a terminal that has them.
        limit: How many findings to show at most.

    Raises:
        InputError: The file cannot be written.
    """
    ordered = ranked(findings)
    with open_report(target) as stream:
        console = _console(stream, width, color)
        with console.capture() as text:
            _show(console, ordered, summary, limit)
        # Not by rich, which ends the process where a pipe is closed, and fills each line up with spaces.
        stream.write("\n".join(line.rstrip(" ") for line in text.get().split("\n")))


def _show(console: Console, ordered: list[Finding], summary: RunSummary, limit: int) -> None:
    if not ordered:
        for line in no_findings(summary):
            console.print(line, soft_wrap=True)
        return
    shown = ordered[:limit]
    console.print(_wide(shown, console.width) if console.width >= _WIDE else _narrow(shown, console.width))
    if rest := len(ordered) - len(shown):
        said = f"{plural(rest, 'finding')} more, less serious, not shown: --json, --jsonl, --csv and --html have all."
        console.print(said, style="dim", soft_wrap=True)
    console.print(_totals(ordered, summary), style="bold", soft_wrap=True)


def _console(stream: TextIO, width: int | None, color: bool | None) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        width=width,
        force_terminal=color or None,
        no_color=None if color is None else not color,
        color_system=None if color is False else "standard" if color else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )


def _wide(findings: list[Finding], width: int) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HORIZONTALS, show_edge=False, show_lines=True, header_style="bold")
    names = ("Level", "Technique, tactic", "Entity, time (UTC)", "Score", "Strongest evidence")
    evidence_width = width - sum(_FIXED) - 2 * len(names) - (len(names) - 1)
    for name, column_width in zip(names, (*_FIXED, evidence_width), strict=True):
        table.add_column(name, width=column_width, overflow="fold")
    for finding in findings:
        table.add_row(
            Text(level_name(finding.level), style=_STYLES[finding.level]),
            Text.assemble(_technique(finding), "\n", (_tactics(finding), "dim")),
            Text.assemble((f"{_kind(finding)} ", "dim"), _entity(finding), "\n", (_time(finding), "dim")),
            Text(f"{finding.score:.2f}"),
            Text.assemble(
                (_place(finding), "dim"),
                "\n",
                _evidence(finding, evidence_width * _EVIDENCE_LINES - 8),
                *(f"\n{reason}" for reason in _reasons(finding)),
                (_reference(finding, before="\n"), "dim"),
            ),
        )
    return table


def _narrow(findings: list[Finding], width: int) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    blocks: list[RenderableType] = []
    for finding in findings:
        level = (level_name(finding.level), _STYLES[finding.level])
        tactics = (f" · {_tactics(finding)}" if finding.tactics else "", "dim")
        blocks.append(Text.assemble(level, f" {finding.score:.2f} ", _technique(finding), tactics))
        about = (f"{_kind(finding)} {_entity(finding)}", _time(finding), _place(finding))
        lines = [Text(" · ".join(part for part in about if part))]
        if finding.evidence:
            lines.append(_evidence(finding, 2 * (width - 2) - 8))
        lines += [Text(reason) for reason in _reasons(finding)]
        if reference := _reference(finding):
            lines.append(Text(reference, style="dim"))
        blocks.append(Padding(Group(*lines), (0, 0, 1, 2)))
    return Group(*blocks)


def _totals(findings: list[Finding], summary: RunSummary) -> str:
    entities = len({(finding.entity_kind, finding.entity) for finding in findings})
    counts = level_counts(count_levels(findings))
    found = f"{plural(len(findings), 'finding')} ({counts}) on {plural(entities, 'entity')}"
    return " · ".join(
        part for part in (found, looked_at(summary), compared(summary), hidden(summary), unread(summary)) if part
    )


def _technique(finding: Finding) -> Text:
    from rich.text import Text

    if not finding.tactics:
        near = ", ".join(f"{one_line(c.technique_id)} {c.score:.2f}" for c in finding.candidates[:3])
        return Text.assemble(one_line(finding.title), (f" (nearest {near})" if near else "", "dim"))
    of_name = [c.score for c in finding.candidates if c.technique_id == finding.technique_id]
    probability = f" (p {of_name[0]:.2f})" if of_name and finding.calibrated else ""
    name = f" {one_line(finding.technique_name)}"
    return Text.assemble((one_line(finding.technique_id), "bold"), name, (probability, "dim"))


def _tactics(finding: Finding) -> str:
    return ", ".join(found.name if (found := tactic(name)) else one_line(name) for name in finding.tactics)


def _kind(finding: Finding) -> str:
    return one_line(finding.entity_kind.replace("_", " "))


def _entity(finding: Finding) -> str:
    others = f" and {finding.entities - 1:,} more" if finding.entities > 1 else ""
    return excerpt(one_line(finding.entity), _ENTITY_CHARS) + others


def _time(finding: Finding) -> str:
    return span(finding.start, finding.end)


def _place(finding: Finding) -> str:
    """Where the strongest event stands, with only the file's name: its folder is the same for most."""
    if not finding.evidence:
        return ""
    location = finding.evidence[0].location
    name = excerpt(one_line(re.split(r"[/\\]", location.path)[-1] or location.path), _ENTITY_CHARS)
    return name if location.record is None else f"{name}:{location.record}"


def _reasons(finding: Finding) -> list[str]:
    return [excerpt(one_line(reason), _REASON_CHARS) for reason in finding.reasons]


def _reference(finding: Finding, *, before: str = "") -> str:
    """The text that matches best, where texts were looked up."""
    if not finding.references:
        return ""
    best = finding.references[0]
    name = re.split(r"[/\\]", best.path)[-1] or best.path
    where = f"{excerpt(one_line(name), _ENTITY_CHARS)}, {excerpt(one_line(best.place), _ENTITY_CHARS)}"
    return f"{before}see {excerpt(one_line(best.title), _TITLE_CHARS)} ({where})"


def _evidence(finding: Finding, chars: int) -> Text:
    """The strongest event on one line, what weighed most in bold."""
    from rich.text import Text

    if not finding.evidence:
        return Text()
    best = finding.evidence[0]
    words = [word for item in best.highlights[:_HIGHLIGHTS] if (word := one_line(item))]
    text = Text(event_line(best, chars), overflow="fold")
    text.highlight_words(words, "bold", case_sensitive=False)
    return text
