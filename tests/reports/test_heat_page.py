"""The page of heat maps: what it shows, and that names from outside cannot act in it."""

from __future__ import annotations

import io

from loglm.reports.heat_page import HeatMap, HeatPage, write_heat_page
from loglm.reports.page_parts import PageFact
from loglm.reports.score_page import PlainTable


def page(title: str) -> str:
    heat_map = HeatMap(title, "interval", "jitter", ["10 s", "4 h"], ["0%", "80%"], [[0.25, 1.0], [0.0, 0.5]])
    table = PlainTable("Captures", "", ["name"], [[title]])
    stream = io.StringIO()
    write_heat_page(HeatPage("Beacons", "lead", [PageFact("Days", "5")], [heat_map], [table], "foot"), stream)
    return stream.getvalue()


def test_each_cell_is_drawn_with_its_value() -> None:
    text = page("ours")
    assert text.count("<rect") == 4
    assert 'fill-opacity="0.80"' in text and 'fill-opacity="0.04"' in text
    assert ">0.25</text>" in text and ">10 s</text>" in text


def test_names_are_escaped_and_nothing_runs() -> None:
    text = page("<script>alert(1)</script>\x1b")
    assert "<script" not in text and "&lt;script&gt;" in text and "\x1b" not in text
    assert "default-src 'none'" in text
