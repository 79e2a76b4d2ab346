"""`loglm triage`: from labelled alerts to decisions, on a real access log with a real scan in it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.tiny_model import write_tiny_model
from loglm.cli.main import app

_SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "label_alerts.py"


def run(*arguments: str | Path, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["triage", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def judged(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    stdout, _ = run("--history", folder / "h", "--json", *arguments)
    found: dict[str, Any] = json.loads(stdout)
    return found


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``past.jsonl`` with verdicts, ``new.jsonl`` without, and theirs in ``verdicts.csv``."""
    folder = tmp_path_factory.mktemp("alerts")
    subprocess.run([sys.executable, _SCRIPT], cwd=folder, check=True)
    return folder


@pytest.fixture
def history(alerts: Path, tmp_path: Path) -> Path:
    """A folder with a history ``h``, learned once for all tests."""
    if not (alerts / "h").exists():
        run("--history", alerts / "h", "--learn", alerts / "past.jsonl")
    shutil.copytree(alerts / "h", tmp_path / "h")
    return tmp_path


def test_real_alerts_are_raised_and_closed(alerts: Path, history: Path) -> None:
    errors = ("--raise-error", "0.3", "--close-error", "0.2")
    found = judged(history, alerts / "new.jsonl", *errors)
    with (alerts / "verdicts.csv").open() as file:
        attacks = {row["id"] for row in csv.DictReader(file) if row["verdict"] == "true positive"}
    by_decision: dict[str, list[bool]] = {"raise": [], "close": [], "cannot_say": []}
    for item in found["incidents"]:
        by_decision[item["decision"]].append(item["incident_id"] in attacks)
        assert len(item["neighbours"]) == 5
    assert len(by_decision["raise"]) >= 5 and all(by_decision["raise"])
    assert len(by_decision["close"]) >= 50 and not any(by_decision["close"])
    assert found["close"]["error_bound"] <= 0.2


def test_a_history_too_small_for_an_error_does_not_decide_and_says_so(alerts: Path, history: Path) -> None:
    stdout, stderr = run("--history", history / "h", alerts / "new.jsonl")
    assert "too small or too mixed to close at an error of 2.0%; it supports" in stdout
    assert ", 0 to close (0% of the volume)" in stderr
    assert "close: never; 0 wrong of" in stderr


def test_feedback_counts_at_once_and_stays(alerts: Path, history: Path) -> None:
    (history / "verdicts.csv").write_text("id,verdict\naccess-410,false positive\naccess-1,TP\nnobody,TP\n")
    feedback = ("--verdicts", history / "verdicts.csv")
    stdout, stderr = run("--history", history / "h", "--json", alerts / "new.jsonl", *feedback)
    found = json.loads(stdout)
    assert "access-410" not in {item["incident_id"] for item in found["incidents"]}
    assert found["history"]["false_positive"] == 1
    assert "no incident nobody in the history" in stderr
    assert "access-1 is a true positive, but a benign positive at" in stderr
    again = judged(history, alerts / "new.jsonl")
    assert (again["history"], again["already_decided"]) == (found["history"], 1)


def test_an_id_that_comes_again_with_other_content_is_judged_and_said(alerts: Path, history: Path) -> None:
    first, second = (alerts / "past.jsonl").read_text().splitlines()[:2]
    other = json.loads(second) | {"id": json.loads(first)["id"], "message": "rm -rf / by nobody"}
    (history / "again.jsonl").write_text(f"{second}\n{json.dumps(other)}\n")
    stdout, stderr = run("--history", history / "h", "--json", history / "again.jsonl")
    found = json.loads(stdout)
    assert [item["incident_id"] for item in found["incidents"]] == ["access-1"]
    assert (found["already_decided"], found["id_returned"]) == (1, 1)
    assert "again.jsonl:2: access-1: an incident of this id has a verdict in the history, but other content" in stderr
    learned = judged(history, history / "again.jsonl", "--learn", history / "again.jsonl")
    assert [learned[what] for what in ("incidents_learned", "incidents_changed", "verdicts_learned")] == [0, 1, 0]
    assert (learned["incidents"], learned["already_decided"]) == ([], 2)


def test_alerts_of_one_rule_are_judged_after_a_verdict_on_one(history: Path) -> None:
    alert = '{"rule": {"id": "100200", "description": "Odd logon"}, "agent": {"name": "web%d"}, "data": "%s"}\n'
    (history / "first.jsonl").write_text(alert.replace("}\n", ', "verdict": "false positive"}\n') % (1, "a scan"))
    (history / "later.jsonl").write_text(alert % (2, "mimikatz") + alert % (3, "a shell"))
    found = judged(history, history / "later.jsonl", "--learn", history / "first.jsonl")
    assert (len(found["incidents"]), found["already_decided"], found["id_returned"]) == (2, 0, 0)


def test_a_history_alone_is_counted(history: Path) -> None:
    _, stderr = run("--history", history / "h")
    assert "history: 254 true positive, 0 false positive, 146 benign positive" in stderr


def test_what_is_forgotten_is_judged_again(alerts: Path, history: Path) -> None:
    (history / "again.jsonl").write_text((alerts / "past.jsonl").read_text().splitlines()[0])
    assert judged(history, history / "again.jsonl")["already_decided"] == 1
    stdout, stderr = run("--history", history / "h", "--json", "--forget", "access-1", "--forget", "nobody")
    found = json.loads(stdout)
    assert (found["forgotten"], sum(found["history"].values())) == (1, 399)
    assert "no incident nobody to forget" in stderr
    assert [item["incident_id"] for item in judged(history, history / "again.jsonl")["incidents"]] == ["access-1"]


def test_the_neighbours_that_decided_are_shown(alerts: Path, history: Path) -> None:
    errors = ("--raise-error", "0.3", "--close-error", "0.2")
    stdout, _ = run("--history", history / "h", alerts / "new.jsonl", *errors)
    lines = stdout.splitlines()
    first = lines.index(next(line for line in lines if line.startswith("RAISE")))
    assert lines[first + 2].startswith("  5 of 5 nearest are true positives, the nearest of all 0.9")
    assert all("true positive   access-" in line for line in lines[first + 3 : first + 8])
    words = [line.split()[0] for line in lines if line[0] != " "]
    assert list(dict.fromkeys(words[:-1])) == ["RAISE", "cannot", "close"]
    assert words.count("close") == 20


def test_an_empty_history_is_refused(alerts: Path, tmp_path: Path) -> None:
    _, stderr = run("--history", tmp_path / "h", alerts / "new.jsonl", code=2)
    assert "the history is empty, so nothing can be said; give incidents with verdicts with --learn" in stderr
    assert not (tmp_path / "h").exists()


def test_a_history_of_one_class_is_refused_and_kept(alerts: Path, tmp_path: Path) -> None:
    past = (alerts / "past.jsonl").read_text().splitlines()
    only = [line for line in past if '"true positive"' in line][:20]
    rest = [line for line in past if '"true positive"' not in line][:20]
    (tmp_path / "only.jsonl").write_text("\n".join(only))
    _, stderr = run("--history", tmp_path / "h", "--learn", tmp_path / "only.jsonl", alerts / "new.jsonl", code=2)
    assert "the history has true positives alone (20 incidents), so nothing can be told apart" in stderr
    (tmp_path / "rest.jsonl").write_text("\n".join([*rest, only[0]]))
    again = judged(tmp_path, "--learn", tmp_path / "rest.jsonl")
    assert again["incidents_learned"] == 20
    assert again["history"] == {"true_positive": 20, "false_positive": 0, "benign_positive": 20}


def test_a_history_of_another_model_is_refused(alerts: Path, history: Path) -> None:
    tiny = write_tiny_model(history / "tiny")
    _, stderr = run("--history", history / "h", alerts / "new.jsonl", "--model", tiny, code=2)
    assert "the history is of the model" in stderr and "give that model with --model" in stderr


def test_a_day_without_incidents_is_no_error(history: Path) -> None:
    detected = CliRunner().invoke(app, ["detect", "examples/logs/linux", "--json"]).stdout
    assert json.loads(detected)["findings"] == []
    for name, content in (("findings.json", detected), ("empty.jsonl", "")):
        (history / name).write_text(content)
        stdout, stderr = run("--history", history / "h", history / name)
        assert stdout == ""
        assert f"{name}: no incident in it, nothing to judge" in stderr


def test_what_cannot_be_read_holds_no_incidents_by_mistake(history: Path) -> None:
    (history / "cut.jsonl").write_text('{"id": 1, "title": "cut of')
    _, stderr = run("--history", history / "h", history / "cut.jsonl", "--json", code=2)
    assert "nothing to judge was read" in stderr


def test_a_report_page_or_a_program_is_refused_also_on_a_quiet_day(history: Path) -> None:
    page = history / "report.html"
    detected = CliRunner().invoke(app, ["detect", "examples/logs/linux", "--json", "--html", str(page)])
    (history / "program").write_bytes(Path(sys.executable).read_bytes()[:30_000])
    for name, what in ((page, "an HTML page (of a report by loglm give what --json"), ("program", "an ELF program")):
        for option in ([], ["--learn"], ["--verdicts"]):
            _, stderr = run("--history", history / "h", "-q", *option, history / name, code=2)
            assert f"{history / name}: is {what}" in stderr
            assert "was read, expected findings (of loglm detect, beacons" in stderr
    (history / "reports").mkdir()
    page.rename(history / "reports" / "report.html")
    _, stderr = run("--history", history / "h", history / "reports", code=2)
    assert "report.html: .html files are not read; nothing to judge was read" in stderr
    (history / "reports" / "findings.json").write_text(detected.stdout)
    (history / "reports" / "night.jsonl").write_text("\n")
    assert judged(history, history / "reports")["incidents"] == []


def test_a_page_beside_alerts_is_counted_and_the_alerts_are_judged(alerts: Path, history: Path) -> None:
    (history / "page.txt").write_text(" \n<HTML lang='en'><body>alert</body></html>")
    stdout, stderr = run("--history", history / "h", "--json", history / "page.txt", alerts / "new.jsonl")
    found = json.loads(stdout)
    assert (len(found["incidents"]), found["problems"]["not-incidents"]) == (154, 1)
    assert "page.txt: is an HTML page" in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--learn", "nothing.jsonl"], "nothing.jsonl"),
        (["--learn", "{empty}"], "nothing to learn was read"),
        (["--raise-error", "1.5"], "the raise error is 1.5; expected a share between 0 and 1"),
        ([], "nothing was given"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    given = [argument.replace("{empty}", str(tmp_path / "empty.jsonl")) for argument in arguments]
    _, stderr = run("--history", tmp_path / "h", *given, code=2)
    assert message in stderr


@pytest.mark.parametrize("header", ["Incident ID,Incident Name,Classification", "Number,Short description,Close code"])
def test_tables_of_incidents_are_known_by_their_verdicts(tmp_path: Path, header: str) -> None:
    table = tmp_path / "past.csv"
    table.write_text(f"{header}\n1,Odd login at night,True Positive\n2,Nightly scan,Benign positive\n")
    done = CliRunner().invoke(app, ["triage", "--history", str(tmp_path / "history"), "--learn", str(table)])
    assert "learned 2 incidents and 2 verdicts" in done.stderr
