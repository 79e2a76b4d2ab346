"""One self-contained HTML page of heat maps, drawn as SVG, with tables of scores below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loglm.reports.output import Target, open_report
from loglm.reports.page_parts import PageFact, csp_hash, page_environment, read_part, trusted
from loglm.reports.score_page import PlainTable

__all__ = ["HeatMap", "HeatPage", "write_heat_page"]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Shares in 0..1 over two axes."""

    title: str
    row_axis: str
    column_axis: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]
    """By row and column."""


@dataclass(frozen=True, slots=True)
class HeatPage:
    """Everything that the template shows; texts are as they came, the template makes them safe."""

    title: str
    lead: str
    facts: Sequence[PageFact]
    maps: Sequence[HeatMap]
    tables: Sequence[PlainTable]
    footer: str


def write_heat_page(page: HeatPage, target: Target) -> None:
    """Write the page; it needs no other file, no network and no script to be read.

    Raises:
        InputError: The file cannot be written.
    """
    css = read_part("report.css") + read_part("scores.css") + read_part("heat.css")
    template = page_environment().get_template("heat.html.j2")
    with open_report(target) as stream:
        for piece in template.generate(page=page, css=trusted(css), css_hash=csp_hash(css)):
            stream.write(piece)
