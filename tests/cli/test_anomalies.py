"""`loglm anomalies`: findings with what was expected instead, the report, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.anomaly.detector import AnomalyOptions, find_anomalies
from loglm.cli.main import app
from machine_logs import write_day

ODD = {700: "insmod[66]: loading \x1b[31m module <script>alert(1)</script> taints kernel"}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("days")
    return write_day(folder / "usual.log", day=1), write_day(folder / "odd.log", day=2, extra=ODD)


def run(*arguments: object):
    return CliRunner().invoke(app, ["anomalies", *map(str, arguments)])


def test_text_tells_the_event_and_what_was_expected(days: tuple[Path, Path]) -> None:
    result = run(days[1], "--baseline", days[0])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1. Rare kind of event, ")
    assert "host web1 · 2026-03-02 11:40:00" in result.stdout
    assert "odd.log:701" in result.stdout
    assert "expected instead:" in result.stdout
    assert "\x1b" not in result.stdout
    assert "1 found in 1,440 events of 1 entities, by a baseline of 1,440 events" in result.stdout


def test_json_holds_the_parts_of_a_score(days: tuple[Path, Path]) -> None:
    document = json.loads(run(days[1], "--baseline", days[0], "--json").stdout)
    (finding,) = document["findings"]
    assert sum(finding["surprise"][part] for part in ("rarity", "order", "content")) == pytest.approx(
        finding["bits"], abs=0.1
    )
    assert finding["bits"] >= document["threshold"]["bits"]
    assert finding["expected"][0]["probability"] > 0.05
    assert finding["events"][0]["location"].endswith("odd.log:701")
    assert document["scored_events"] == 1_440


def test_the_report_is_one_safe_page(days: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run(days[1], "--baseline", days[0], "--html", page, "-q").exit_code == 0
    text = page.read_text()
    assert "<script>alert" not in text
    assert "share of the baseline that is less unusual" in text
    assert "calibrated" not in text and "<h4>Reasons</h4>" in text
    assert "ATT&amp;CK matrix" not in text  # no finding of these has a technique
    assert run(days[1], "--baseline", days[0], "--html", page).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.log",), "nowhere.log"),
        (("-",), "needs a baseline"),
        (("{log}", "--budget", "-1"), "budget"),
        (("{log}", "--context", "nowhere"), "nowhere"),
        (("{log}", "--baseline", "{empty}"), "at least 50"),
    ],
)
def test_what_cannot_be_used_is_refused(
    arguments: tuple[str, ...], said: str, days: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "empty.log").write_text("")
    given = [part.format(log=days[0], empty=tmp_path / "empty.log") for part in arguments]
    result = run(*given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_weights_are_fitted_unless_an_encoder_is_asked_for(days: tuple[Path, Path]) -> None:
    plain, encoded = (
        json.loads(run(days[1], "--baseline", days[0], "--threshold", 0, "--json", *more).stdout)
        for more in ((), ("--context", "shipped"))
    )
    by_library = find_anomalies([days[1]], baseline=[days[0]], options=AnomalyOptions(threshold=0))
    bits = [round(report.bits, 2) for report in by_library.reports]
    assert [finding["bits"] for finding in plain["findings"]] == bits[: len(plain["findings"])]
    assert plain["findings"] != encoded["findings"]


@pytest.mark.parametrize("bits", ["nan", "-5", "inf"])
def test_a_threshold_that_is_none_is_refused(bits: str, tmp_path: Path) -> None:
    (tmp_path / "some.log").write_text("Nov 21 12:00:00 web1 sshd[1]: session opened for user root\n")
    done = CliRunner().invoke(app, ["anomalies", str(tmp_path / "some.log"), "--threshold", bits])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "expected 0 or more" in done.stderr


def test_why_a_baseline_is_empty_is_said(tmp_path: Path) -> None:
    (tmp_path / "some.log").write_text("Nov 21 12:00:00 web1 sshd[1]: session opened for user root\n" * 3)
    (tmp_path / "odd.log").write_bytes(bytes(range(8)) * 100)
    command = ["anomalies", str(tmp_path / "some.log"), "--baseline", str(tmp_path / "odd.log")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "binary data" in done.stderr
