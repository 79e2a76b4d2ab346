"""Measuring pseudonyms: what counts as gone, as kept, and as changed beside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.evaluate import app
from loglm.errors import InputError, SourceLocation
from loglm.evaluation.extraction_sources import Case, Expected
from loglm.evaluation.pseudonyms import IdentityScore, score_identities, score_templates, totals
from loglm.events.event import LogEvent, LogSource


def case(text: str, expected: Expected, **found: str) -> Case:
    event = LogEvent(text, SourceLocation("x"), LogSource("unknown"), **found)  # type: ignore[arg-type]
    return Case("group", "source", text, expected, event)


def test_scores_tell_what_is_gone_missed_and_kept() -> None:
    cases = [
        case("user=janedoe root", Expected(user=("janedoe", "root"))),
        case("1,johnroe,2", Expected(user=("johnroe",)), user="johnroe"),
        case("x 10.0.0.7 y", Expected(source_address=("10.0.0.7", "10.0.0.8"))),
    ]
    scores, words = score_identities(cases)
    assert scores == [
        IdentityScore("group", "source", "address", expected=1, gone=1, gone_by_event=1, kept=0),
        IdentityScore("group", "source", "user", expected=2, gone=1, gone_by_event=2, kept=1),
    ]
    assert [(row.group, row.words, row.changed) for row in words] == [("group", 1, 0)]


def test_a_value_counts_in_any_way_a_mac_is_written() -> None:
    scores, _ = score_identities([case("mac 00:11:22:aa:bb:cc", Expected(mac=("00-11-22-AA-BB-CC",)))])
    assert [(score.kind, score.expected, score.gone) for score in scores] == [("mac", 1, 1)]


def test_words_beside_the_expected_ones_count_as_changed() -> None:
    _, words = score_identities([case("user=janedoe host=zeushost", Expected(user=("janedoe",)))])
    assert (words[0].words, words[0].changed, words[0].examples) == (3, 1, ("zeushost",))


def test_totals_add_sources() -> None:
    scores = [IdentityScore("g", source, "user", 4, 3, 2, 1) for source in "ab"]
    assert totals(scores) == [IdentityScore("g", "total", "user", 8, 6, 4, 2)]


def test_templates_are_needed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no templates"):
        score_templates(tmp_path)


def test_the_command_prints_identities_and_words(tmp_path: Path) -> None:
    tests = tmp_path / "logs" / "parsing"
    for name in ("fail2ban", "loghub_2k"):
        (tests / name).mkdir(parents=True)
    line = "Failed password for janedoe from 10.0.0.7 port 22 ssh2"
    (tests / "fail2ban" / "sshd").write_text(f'# failJSON: {{"match": true, "host": "10.0.0.7"}}\n{line}\n')
    (tests / "loghub_2k" / "Linux_2k.log_templates.csv").write_text("EventId,EventTemplate\nE1,session closed\n")
    result = CliRunner().invoke(app, ["pseudonyms", "--data", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [(row["source"], row["gone"]) for row in document["identities"]] == [("sshd", 1), ("total", 1)]
    assert [row["group"] for row in document["words"]] == ["fail2ban", "templates of Loghub"]
    shown = CliRunner().invoke(app, ["pseudonyms", "--data", str(tmp_path), "--by-source"])
    assert "1 of 1 100.0%" in shown.stdout
