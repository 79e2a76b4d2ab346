"""One self-contained HTML page of scores: tables with models as rows, and what the figures rest on.

Names of models, systems and files come from other people: they are escaped like log text in `loglm.reports.html`, and
a content security policy allows the page's own style and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loglm.reports.output import Target, open_report
from loglm.reports.page_parts import PageFact, csp_hash, page_environment, read_part, trusted

__all__ = ["PlainTable", "ScoreCell", "ScoreColumn", "ScorePage", "ScoreTable", "write_score_page"]


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score as it is shown."""

    value: str
    interval: str = ""
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A metric on some data."""

    group: str
    """Data; neighbours of one group share a heading; empty for none."""
    title: str
    direction: str
    """``higher is better``, ``lower is better``, or empty."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One task: models as rows, metrics as columns."""

    title: str
    about: str
    columns: Sequence[ScoreColumn]
    rows: Sequence[tuple[str, Sequence[ScoreCell | None]]]
    """Name and cells of each model."""
    notes: Sequence[str] = ()

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Headings over neighbouring columns, with the number of these; none where no column has one."""
        groups: list[tuple[str, int]] = []
        for column in self.columns:
            if groups and groups[-1][0] == column.group:
                groups[-1] = (column.group, groups[-1][1] + 1)
            else:
                groups.append((column.group, 1))
        return groups if any(name for name, _ in groups) else []


@dataclass(frozen=True, slots=True)
class PlainTable:
    """Texts in rows and columns."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class ScorePage:
    """Everything that the template shows; texts are as they came, the template makes them safe."""

    title: str
    lead: str
    facts: Sequence[PageFact]
    scores: Sequence[ScoreTable]
    footer: str
    tables: Sequence[PlainTable] = ()


def write_score_page(page: ScorePage, target: Target) -> None:
    """Write the page; it needs no other file, no network and no script to be read.

    Raises:
        InputError: The file cannot be written.
    """
    css = read_part("report.css") + read_part("scores.css")
    template = page_environment().get_template("scores.html.j2")
    with open_report(target) as stream:
        for piece in template.generate(page=page, css=trusted(css), css_hash=csp_hash(css)):
            stream.write(piece)
