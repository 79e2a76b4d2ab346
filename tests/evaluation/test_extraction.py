"""Measuring extraction: which values count as right, and the table of the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.evaluate import app
from loglm.errors import InputError, SourceLocation
from loglm.evaluation.extraction import extraction_cases, is_right, score_cases, totals
from loglm.evaluation.extraction_sources import GROUPS, Case, Expected
from loglm.events.event import LogEvent, LogSource
from loglm.events.timestamps import parse_timestamp

NEW_YEAR = "2021-01-01T00:00:00Z"


def case(text: str, expected: Expected, group: str = "elastic_integrations", **found: object) -> Case:
    event = LogEvent(text, SourceLocation("x"), LogSource("unknown"), **found)  # type: ignore[arg-type]
    return Case(group, "source", text, expected, event)


@pytest.mark.parametrize(
    ("field", "expected", "found", "right"),
    [
        ("host", ("web1.corp.example",), "WEB1.corp.example", True),
        ("host", ("web1",), "web1.corp.example", True),
        ("host", ("web1.corp.example",), "web1", False),
        ("user", ("ann",), "CORP\\Ann", True),
        ("user", ("ann@corp.example",), "ann", True),
        ("user", ("ann",), "bob", False),
        ("source_address", ("2001:db8::1",), "2001:0db8:0::1", True),
        ("source_address", ("10.0.0.1", "10.0.0.2"), "10.0.0.2", True),
        ("destination_address", ("10.0.0.1",), None, False),
    ],
)
def test_is_right_accepts_the_stated_forms(
    field: str, expected: tuple[str, ...], found: str | None, right: bool
) -> None:
    given = case(" ".join(expected), Expected(**{field: expected}), **{field: found})  # type: ignore[arg-type]
    assert is_right(given, field) is right


@pytest.mark.parametrize(
    ("field", "expected", "text"),
    [
        ("host", ("web1",), "no such name"),
        ("user", ("-",), "- - -"),
        ("destination_address", ("mail.example",), "to mail.example"),
        ("user", (), "anything"),
    ],
)
def test_is_right_expects_nothing_that_a_record_does_not_say(field: str, expected: tuple[str, ...], text: str) -> None:
    assert is_right(case(text, Expected(**{field: expected})), field) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected", "found", "group", "right"),
    [
        ("2021-01-01 00:00:00", NEW_YEAR, "2021-01-01T00:00:00.7Z", "sekoia_intake_formats", True),
        ("2021-01-01 00:00:00", NEW_YEAR, "2021-01-01T00:00:01Z", "sekoia_intake_formats", False),
        ("2021-01-01 00:00:00", NEW_YEAR, None, "sekoia_intake_formats", False),
        ("Jan  1 00:00:00", NEW_YEAR, "2026-01-01T00:00:00Z", "elastic_integrations", True),
        ("2021 Jan  1 00:00:00", NEW_YEAR, "2026-01-01T00:00:00Z", "elastic_integrations", False),
        ("Dec 31 23:00:00", "2021-12-31T23:00:00.000-02:00", "2025-12-31T23:00:00Z", "elastic_integrations", True),
        ("00:00:00 -02:00", "2021-01-01T00:00:00-02:00", "2021-01-01T00:00:00Z", "elastic_integrations", False),
        ("2021-01-01 00:00:00 +0300", "2021-01-01T00:00:00", "2020-12-31T21:00:00Z", "fail2ban", True),
        ("2021-01-01 00:00:00", "2021-01-01T00:00:00", "2021-01-01T00:07:00Z", "fail2ban", False),
    ],
)
def test_is_right_compares_times_to_the_second(
    text: str, expected: str, found: str | None, group: str, right: bool
) -> None:
    assert is_right(case(text, Expected(expected), group, timestamp=parse_timestamp(found)), "time") is right


@pytest.fixture
def data(tmp_path: Path) -> Path:
    tests = tmp_path / "logs" / "parsing"
    (tests / "fail2ban").mkdir(parents=True)
    (tests / "fail2ban" / "sshd").write_text(
        '# failJSON: { "time": "2021-06-20T15:52:02", "match": true , "host": "192.0.2.1" }\n'
        "2021-06-20 15:52:02 web1 sshd[12]: Failed password for root from 192.0.2.1 port 22 ssh2\n"
        '# failJSON: { "match": false }\nnothing here\n'
    )
    (tests / "elastic_integrations" / "acme" / "log").mkdir(parents=True)
    given = tests / "elastic_integrations" / "acme" / "log" / "test-a.log"
    given.write_text('{"time":"2021-06-20T15:52:02Z","user":"ann"}\n{"time":"2021-06-20T15:52:03Z","user":"bob"}\n')
    expected = [
        {"@timestamp": "2021-06-20T15:52:02.000Z", "user": {"name": "ann"}},
        {"@timestamp": "2021-06-20T15:52:09.000Z", "user": {"name": "bob"}},
    ]
    given.with_name("test-a.log-expected.json").write_text(json.dumps({"expected": expected}))
    return tmp_path


def test_scores_count_by_group_source_and_field(data: Path) -> None:
    scores = score_cases(extraction_cases(data))
    assert [(score.source, score.field, score.right, score.expected) for score in scores] == [
        ("acme", "time", 1, 2),
        ("acme", "user", 2, 2),
        ("sshd", "source_address", 1, 1),
        ("sshd", "time", 1, 1),
    ]
    assert {(score.group, score.field): score.share for score in totals(scores)}["elastic_integrations", "time"] == 0.5


def test_extraction_cases_say_where_tests_are_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no parser tests in"):
        list(extraction_cases(tmp_path))


def test_command_prints_table_json_and_csv(data: Path, tmp_path: Path) -> None:
    table = CliRunner().invoke(app, ["extraction", "--data", str(data), "--csv", str(tmp_path / "scores.csv")])
    assert table.exit_code == 0
    assert "1 of 2 (50.0%)" in table.stdout
    assert "acme,time,2,1,0.5" in (tmp_path / "scores.csv").read_text()
    again = CliRunner().invoke(app, ["extraction", "--data", str(tmp_path), "--csv", str(tmp_path / "scores.csv")])
    assert "scores.csv: already there" in str(again.exception)  # before the data is looked at
    document = CliRunner().invoke(app, ["extraction", "--data", str(data), "--json"])
    assert [row["source"] for row in json.loads(document.stdout)].count("total") == 4


def test_extraction_stays_as_good_on_the_shared_data(shared_data: Path) -> None:
    shares = {(score.group, score.field): score.share for score in totals(score_cases(extraction_cases(shared_data)))}
    assert shares["elastic_integrations", "time"] > 0.95
    assert shares["elastic_integrations", "source_address"] > 0.9
    assert shares["fail2ban", "source_address"] > 0.95


def test_help_says_what_the_data_folder_holds() -> None:
    shown = CliRunner().invoke(app, ["extraction", "--help"]).stdout
    assert all(name in shown for name in ("DATA/logs/parsing", *GROUPS))
