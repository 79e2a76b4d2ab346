"""Findings laid out along time."""

from __future__ import annotations

from dataclasses import replace

from loglm.reports.ranking import ranked
from loglm.reports.timeline import lay_out

from .examples import DAY, beacon, everything, lsass, many, powershell, valid_accounts


def test_marks_lie_within_the_width() -> None:
    timeline = lay_out(ranked(everything() + many(60)), {})
    assert timeline is not None
    for row in timeline.rows:
        for mark in row.marks:
            assert mark.left >= 0
            assert mark.width > 0
            assert mark.left + mark.width <= 100.0001
            assert mark.top + 9 <= row.height


def test_row_of_an_entity_holds_its_findings() -> None:
    timeline = lay_out([lsass(), powershell(), beacon()], {lsass().finding_id: "here"})
    assert timeline is not None
    assert [(row.entity, len(row.marks)) for row in timeline.rows] == [
        ("WORKSTATION5.theshire.local", 2),
        ("10.0.4.31", 1),
    ]
    assert [mark.anchor for mark in timeline.rows[0].marks] == [None, "here"]


def test_findings_at_one_time_get_lanes_of_their_own() -> None:
    timeline = lay_out([lsass(), replace(lsass(), technique_id="T1055")], {})
    assert timeline is not None
    assert len({mark.top for mark in timeline.rows[0].marks}) == 2


def test_one_moment_has_a_width() -> None:
    timeline = lay_out([replace(lsass(), start=DAY, end=DAY)], {})
    assert timeline is not None
    assert timeline.rows[0].marks[0].width > 0
    assert timeline.ticks[0] == "00:00:00"


def test_absurd_times_are_not_drawn() -> None:
    absurd = replace(lsass(), start=1e18, end=float("nan"))
    assert lay_out([absurd, valid_accounts()], {}) is None
    timeline = lay_out([replace(lsass(), end=1e18), absurd], {})
    assert timeline is not None
    assert "1 finding without a time not drawn." in timeline.note


def test_rows_are_bounded_and_the_rest_said() -> None:
    timeline = lay_out([replace(lsass(), entity=f"H{number}") for number in range(40)], {})
    assert timeline is not None
    assert len(timeline.rows) == 25
    assert "15 entities with less serious findings not drawn." in timeline.note
