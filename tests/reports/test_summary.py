"""The run summary and what is said of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orjson
import pytest

from loglm.findings import ContextCounts, Level
from loglm.plurals import plural
from loglm.reports.phrases import level_counts, looked_at, no_findings, unread
from loglm.reports.ranking import count_levels, ranked
from loglm.reports.summary import summary_json, write_summary

from .examples import everything, hostile, lsass, summary


def test_summary_json_has_every_field() -> None:
    run = dataclasses.replace(summary(), context=ContextCounts(compared=12, raised=1, lowered=2))
    document = orjson.loads(orjson.dumps(summary_json(run)))
    assert set(document) == {field.name for field in dataclasses.fields(run)} | {"events_per_second"}
    assert document["context"] == {"compared": 12, "raised": 1, "lowered": 2}
    assert set(document) - set(summary_json(summary())) == {"context"}  # a run without it says nothing of it
    assert document["events_per_second"] == 15_066.6
    assert document["rejected_by_kind"] == {"malformed-json": 12, "too-long": 1}
    assert document["finished"] == "2021-03-05T01:00:00Z"


def test_write_summary_writes_the_json(tmp_path: Path) -> None:
    write_summary(summary(), tmp_path / "summary.json")
    assert orjson.loads((tmp_path / "summary.json").read_bytes()) == summary_json(summary())


def test_events_per_second_of_no_time_is_zero() -> None:
    assert summary(seconds=0.0).events_per_second == 0.0


@pytest.mark.parametrize(
    ("count", "noun", "shown"), [(1, "event", "1 event"), (1204, "event", "1,204 events"), (0, "entity", "0 entities")]
)
def test_plural(count: int, noun: str, shown: str) -> None:
    assert plural(count, noun) == shown


def test_looked_at_says_events_files_and_speed() -> None:
    assert looked_at(summary()) == "48,213 events of 12 files in 3.2 s (15,067 events/s)"


def test_unread_names_kinds_by_number() -> None:
    assert unread(summary()) == "13 records could not be read (malformed-json 12, too-long 1)"
    assert unread(summary(events_rejected=0)) == ""


def test_no_findings_says_what_was_looked_at() -> None:
    text = "\n".join(no_findings(summary()))
    assert "48,213 events of 12 files" in text
    assert "3,020 windows of 14 entities" in text
    assert "model nano 1.0 and 1,912 Sigma rules" in text
    assert "13 records could not be read (malformed-json 12, too-long 1)" in text


def test_no_findings_leaves_rules_out_where_none_were_used() -> None:
    assert "Sigma" not in "\n".join(no_findings(summary(sigma_rules=None)))


def test_no_events_is_not_no_findings() -> None:
    lines = no_findings(summary(events_read=0, files=1))
    assert lines[0].startswith("No event was read from 1 file")
    assert "Nothing passed the thresholds" not in " ".join(lines)


def test_no_findings_is_safe_to_print() -> None:
    lines = no_findings(summary(rejected_by_kind={"\x1b[31m\n\u202e": 13}))
    assert lines[-1] == "13 records could not be read (\\x1b[31m \\u202e 13)."


def test_ranked_puts_the_most_serious_first() -> None:
    order = [(finding.level, finding.score) for finding in ranked(everything())]
    assert order == sorted(order, reverse=True)
    assert order[0] == (Level.CRITICAL, 0.973)


def test_ranked_breaks_ties_by_time_and_puts_timeless_last() -> None:
    early, late = lsass(), dataclasses.replace(lsass(), start=lsass().end)
    timeless = dataclasses.replace(lsass(), start=None)
    assert ranked([timeless, late, early]) == [early, late, timeless]


def test_count_levels_leaves_absent_levels_out() -> None:
    assert level_counts(count_levels([*everything(), hostile()])) == "1 critical, 2 high, 3 medium, 1 low"
