"""`loglm beacons`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
ZEEK = EXAMPLES / "simulated" / "zeek_conn.log"


def run(*arguments: object):
    return CliRunner().invoke(app, ["beacons", *map(str, arguments)])


def test_the_beacon_of_the_examples_comes_first_with_reasons() -> None:
    result = run(ZEEK, "--top", 1)
    assert result.exit_code == 0, result.stderr
    first, _, timing, *_ = result.stdout.splitlines()
    assert "10.20.1.25 -> 198.51.100.23:443  T1071.001 Web Protocols" in first
    assert "calls about every 59.8" in timing
    assert "1 beacons" not in result.stderr and "1 beacon;" in result.stderr


def test_json_holds_measures_reasons_and_evidence() -> None:
    found = json.loads(run(ZEEK, "--top", 2, "--json").stdout)
    first = found["beacons"][0]
    assert first["interval_s"] == pytest.approx(60, rel=0.1)
    assert first["techniques"][0] == "T1071.001" and first["reasons"]
    assert first["evidence"][0]["path"] == str(ZEEK)
    assert set(found["thresholds"]) == {"1", "10", "100"}


def test_jsonl_is_ocsf_and_html_is_written_once(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    result = run(ZEEK, "--top", 1, "--jsonl", "--html", page)
    event = json.loads(result.stdout)
    assert event["class_uid"] == 2004 and "198.51.100.23" in page.read_text()
    assert not [name for name in event if name.startswith("confidence")]
    assert "calls about every 59.8" in event["finding_info"]["desc"] and not event["unmapped"]["is_probability"]
    text = page.read_text()
    assert "calibrated probability" not in text and "how probable" not in text and "no probability" in text
    assert "<h4>Reasons</h4>" in text and "calls about every 59.8" in text and "Weighed most" not in text
    again = run(ZEEK, "--top", 1, "--html", page)
    assert again.exit_code == 2 and "--force" in again.stderr


def test_logs_without_connections_say_so() -> None:
    result = run(EXAMPLES / "linux" / "syslog")
    assert result.exit_code == 0 and not result.stdout
    assert "no event tells of a connection" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((ZEEK, "--budget", 7), "there are 1, 10, 100"),
        ((ZEEK, "--json", "--jsonl"), "not both"),
        (("no-such.log",), "no-such.log"),
        ((ZEEK, "--top", 0), "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: tuple[object, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and said in result.stderr


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "conn.log").touch()
    result = run(tmp_path / "conn.log")
    assert result.exit_code == 2 and "no event was read" in result.stderr
