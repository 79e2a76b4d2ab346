"""The page of scores: its tables, and that names of other people cannot become markup."""

from __future__ import annotations

import io
import re

from loglm.reports.page_parts import PageFact, csp_hash
from loglm.reports.score_page import (
    PlainTable,
    ScoreCell,
    ScoreColumn,
    ScorePage,
    ScoreTable,
    write_score_page,
)

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


def shown(name: str = "nano") -> str:
    columns = [ScoreColumn("idts", "perplexity", "lower is better"), ScoreColumn("odts", "perplexity", "")]
    rows = [(name, [ScoreCell("2.160", "2.100 to 2.200", is_best=True), None])]
    page = ScorePage(
        title="LogLM evaluation",
        lead=name,
        facts=[PageFact("Models", name)],
        scores=[ScoreTable("Hidden tokens", "how", columns, rows, notes=[name])],
        footer="end",
        tables=[PlainTable("Models", "", ("model",), [(name,)])],
    )
    file = io.StringIO()
    write_score_page(page, file)
    return file.getvalue()


def test_best_values_intervals_and_absent_ones() -> None:
    page = shown()
    assert re.search(r'<td class="first best"><b>2.160</b> <small>2.100 to 2.200</small></td>', page)
    assert '<td class="first"></td>' in page
    assert page.count("lower is better") == 1
    assert 'colspan="1">odts</th>' in page


def test_columns_without_groups_have_one_row_of_headings() -> None:
    table = ScoreTable("t", "", [ScoreColumn("", "a", ""), ScoreColumn("", "b", "")], [])
    assert table.groups == []


def test_neighbours_of_one_group_share_a_heading() -> None:
    table = ScoreTable("t", "", [ScoreColumn(group, "a", "") for group in ("idts", "idts", "odts")], [])
    assert table.groups == [("idts", 2), ("odts", 1)]


def test_hostile_names_are_escaped() -> None:
    page = shown(HOSTILE)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 5
    assert not re.search("[\u202e\x1b]", page)


def test_only_the_own_style_is_allowed() -> None:
    page = shown()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert f"style-src &#39;{csp_hash(style)}&#39;" in policy or f"style-src '{csp_hash(style)}'" in policy
    assert not re.search(r"(?:src|href)=", page)
