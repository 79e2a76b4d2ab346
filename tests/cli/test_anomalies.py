"""`loglm anomalies`: findings with what was expected instead, the report, and what it refuses."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from loglm.anomaly import scoring
from loglm.anomaly.detector import find_anomalies
from loglm.anomaly.kept_state import StateFolder, state_folder
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.reporting import Reporter
from loglm.anomaly.scoring import AnomalyScorer
from loglm.artifacts.folder import default_context_dir
from loglm.artifacts.versions import add_version, make_current
from loglm.cli import anomalies_stream
from loglm.cli.main import app
from loglm.errors import InputError
from loglm.events import live
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from machine_logs import write_day
from ocsf_schema import problems

CONTEXT = default_context_dir()
LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"
ODD = {700: "insmod[66]: loading \x1b[31m module <script>alert(1)</script> taints kernel"}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("days")
    return write_day(folder / "usual.log", day=1), write_day(folder / "odd.log", day=2, extra=ODD)


def write_hours(path: Path, **how: Any) -> Path:
    """The first 480 lines of a day."""
    path.write_text("".join(write_day(path, **how).read_text().splitlines(keepends=True)[:480]))
    return path


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("hours")
    odd = write_hours(folder / "odd.log", day=2, extra={300: ODD[700]})
    return write_hours(folder / "usual.log", day=1), odd


def zipped(target: Path, log: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(log, log.name)
    return target


def run(*arguments: object, stdin: str | None = None):
    return CliRunner().invoke(app, ["anomalies", *map(str, arguments)], input=stdin)


def test_text_tells_the_event_and_what_was_expected(days: tuple[Path, Path]) -> None:
    result = run(days[1], "--baseline", days[0])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1. Rare kind of event, ")
    assert "host web1 · 2026-03-02 11:40:00" in result.stdout
    assert "odd.log:701" in result.stdout
    assert "expected instead:" in result.stdout
    assert "\x1b" not in result.stdout
    assert "1 found in 1,440 events of 1 entity, by a baseline of 1,440 events" in result.stdout


def test_json_holds_the_parts_of_a_score(days: tuple[Path, Path]) -> None:
    document = json.loads(run(days[1], "--baseline", days[0], "--json").stdout)
    (finding,) = document["findings"]
    assert finding["bits"] >= document["threshold"]
    assert finding["expected"][0]["probability"] > 0.05
    assert (Path(finding["evidence"][0]["path"]).name, finding["evidence"][0]["record"]) == ("odd.log", 701)
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
        (("{log}", "--context-encoder", "nowhere"), "nowhere"),
        (("{log}", "--baseline", "{empty}"), "at least 50"),
        (("{log}", "--baseline", "{log}", "--baseline-share", "0.3"), "with --baseline there is none"),
        (("{log}", "--leave-out", "2000-01-01/2100-01-01"), "0 lie outside the stretches"),
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
        for more in ((), ("--context-encoder", "shipped"))
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


def test_times_are_iso_8601(hours: tuple[Path, Path]) -> None:
    (finding,) = json.loads(run(hours[1], "--baseline", hours[0], "--json").stdout)["findings"]
    assert finding["start"] == finding["end"] == finding["evidence"][0]["timestamp"] == "2026-03-02T05:00:00Z"


@pytest.mark.parametrize("log", ["{log}", "-"])
def test_quiet_says_nothing_beside_the_findings(hours: tuple[Path, Path], tmp_path: Path, log: str) -> None:
    arguments = (log.format(log=hours[1]), "--baseline", hours[0], "--state", tmp_path / "state", "--jsonl", "-q")
    result = run(*arguments, stdin=hours[1].read_text())
    assert (result.exit_code, len(result.stdout.splitlines()), result.stderr) == (0, 1, "")


@pytest.mark.parametrize("quiet", [(), ("-q",)])
@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)])
def test_notes_go_to_stderr_in_every_form(form: tuple[str, ...], quiet: tuple[str, ...]) -> None:
    result = run("examples/logs/web", "--limit", "2", *form, *quiet)
    notes = ("Drift: ", "In the baseline itself ", "--leave-out ")
    assert result.exit_code == 0
    assert not any(note in result.stdout for note in notes)
    if quiet:
        assert result.stderr == ""
    else:
        assert all(note in result.stderr for note in notes)
    if form == ("--json",):
        document = json.loads(result.stdout)
        assert len(document["findings"]) == 2 and document["drift"]["is_drift"] and document["in_baseline"]
    elif form == ("--jsonl",):
        assert [json.loads(line)["class_uid"] for line in result.stdout.splitlines()] == [2004, 2004]
    else:
        assert result.stdout.startswith("1. ") and "events of 14 entities, by a baseline of" in result.stdout


_SHOWN = re.compile(r"([\d.]+) bits(?:: | \()((?:[a-z]+ [\d.]+(?:, )?)+)")


def test_the_parts_of_a_score_add_up_wherever_they_are_shown(hours: tuple[Path, Path], tmp_path: Path) -> None:
    lines = hours[1].read_text().splitlines(keepends=True)
    late, page = tmp_path / "late.log", tmp_path / "report.html"
    late.write_text("".join([*lines[:250], *lines[300:]]))  # what is odd comes after fifty minutes without an event
    arguments = (late, "--baseline", hours[0], "-q")
    text = run(*arguments, "--html", page).stdout
    for shown in (text, page.read_text()):
        ((bits, parts),) = _SHOWN.findall(shown)
        assert "timing" in parts
        assert round(sum(map(float, re.findall(r"[\d.]+", parts))), 1) == float(bits)
    (of_json,) = json.loads(run(*arguments, "--json").stdout)["findings"]
    of_ocsf = json.loads(run(*arguments, "--jsonl").stdout)["unmapped"]["anomaly"]
    for measures in (of_json, of_ocsf):
        assert measures["surprise"]["timing"] > 0
        assert round(sum(measures["surprise"].values()), 2) == measures["bits"]


def test_jsonl_is_ocsf(hours: tuple[Path, Path]) -> None:
    result = run(hours[1], "--baseline", hours[0], "--jsonl")
    (event,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert problems(event, "detection_finding", "event") == []
    assert event["finding_info"]["types"] == ["anomaly"]
    assert "attacks" not in event["finding_info"] and "confidence_score" not in event
    assert event["start_time"] == 1_772_427_600_000
    assert event["unmapped"]["anomaly"]["reason"] == "rarity"
    assert "\x1b" not in result.stdout
    assert "1 found in 480 events" in result.stderr


def test_a_state_is_learned_once_and_gone_on_with(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    learned = run("--baseline", hours[0], "--state", state)
    assert learned.stdout.startswith("Learned a baseline of 480 events"), learned.stderr
    first = json.loads(run(hours[1], "--state", state, "--json").stdout)
    assert first["findings"] == json.loads(run(hours[1], "--baseline", hours[0], "--json").stdout)["findings"]
    again = write_hours(tmp_path / "third.log", day=3, extra={100: ODD[700]})
    second = json.loads(run(again, "--state", state, "--json").stdout)
    assert (second["found"], second["go_on"]) == (0, 1)
    assert second["findings"][0]["finding_id"] == first["findings"][0]["finding_id"]
    assert second["findings"][0]["repeats"] == 1
    assert second["baseline_events"] == 480


def test_a_state_that_was_not_there_is_said_to_be_new(hours: tuple[Path, Path], tmp_path: Path) -> None:
    said = "a new state, learned from 480 events"
    assert said in run(hours[1], "--baseline", hours[0], "--state", tmp_path / "state").stderr
    assert "a new state" not in run(hours[1], "--state", tmp_path / "state").stderr


def test_a_state_is_left_as_it_was_where_that_is_asked_for(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    twice = [json.loads(run(hours[1], "--state", state, "--read-only", "--json").stdout) for _ in range(2)]
    assert twice[0]["findings"] == twice[1]["findings"] != []


def test_all_findings_are_shown_where_a_state_is_kept(hours: tuple[Path, Path], tmp_path: Path) -> None:
    odd = {minute: f"insmod[66]: module {chr(97 + minute // 61)}x taints kernel" for minute in range(0, 1_440, 61)}
    day = write_day(tmp_path / "day.log", day=2, extra=odd)
    found = json.loads(run(day, "--baseline", hours[0], "--state", tmp_path / "state", "--json").stdout)
    assert len(found["findings"]) == found["found"] > 20
    shown = json.loads(run(day, "--baseline", hours[0], "--json").stdout)["findings"]
    assert shown == found["findings"][:20]


def test_more_findings_than_are_remembered_are_said(
    hours: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "Reporter", partial(Reporter, most_living=2))
    odd = {minute: f"insmod[66]: module {chr(97 + minute // 61)}x taints kernel" for minute in range(0, 480, 61)}
    day = write_hours(tmp_path / "day.log", day=2, extra=odd)
    said = f"{len(odd) - 2} findings forgotten before the day was over"
    assert said in run(day, "--baseline", hours[0]).stderr
    assert said in run("-", "--baseline", hours[0], stdin=day.read_text()).stderr


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)])
def test_a_log_to_which_nothing_came_is_no_error(
    hours: tuple[Path, Path], tmp_path: Path, form: tuple[str, ...]
) -> None:
    state = tmp_path / "state"
    run(hours[1], "--baseline", hours[0], "--state", state)
    same = run(hours[1], "--state", state, *form)
    assert same.exit_code == 0
    assert "all of it was learned from or scored before; nothing came to it" in same.stderr
    assert "No event is new, by a baseline of" in (same.stderr if form else same.stdout)
    if form == ("--json",):
        document = json.loads(same.stdout)
        assert (document["found"], document["scored_events"], document["findings"]) == (0, 0, [])


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)])
def test_logs_that_were_scored_already_are_refused_before_the_state_moves(
    hours: tuple[Path, Path], tmp_path: Path, form: tuple[str, ...]
) -> None:
    state = tmp_path / "state"
    run(hours[1], "--baseline", hours[0], "--state", state)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in state.rglob("*") if path.name != "lock")
    packed = zipped(tmp_path / "odd.zip", hours[1])
    result = run(packed, "--state", state, *form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        "480 of 480 different events not newer" in result.stderr
        and "these logs were learned from or scored before" in result.stderr
    )
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in state.rglob("*") if path.name != "lock")
    looked = json.loads(run(hours[1], "--state", state, "--read-only", "--json").stdout)
    assert (looked["scored_before"], looked["older_than_state"]) == (True, 480)
    assert "these logs were learned from or scored already" in run(hours[1], "--state", state, "--read-only").stderr


def test_a_baseline_is_not_scored_as_a_new_log(hours: tuple[Path, Path], tmp_path: Path) -> None:
    run("--baseline", hours[0], "--state", tmp_path / "state")
    same = run(hours[0], "--state", tmp_path / "state")
    assert same.exit_code == 0 and "No event is new" in same.stdout
    packed = zipped(tmp_path / "usual.zip", hours[0])
    again = run(packed, "--state", tmp_path / "state")
    assert again.exit_code == 2 and "these logs were learned from or scored before" in again.stderr


@pytest.mark.parametrize("log", ["ssh/auth.log", "linux/syslog"])
def test_a_log_that_has_grown_is_scored_as_its_new_part_alone(tmp_path: Path, log: str) -> None:
    """Also where the run before was killed as it saved: what it scored is scored again."""
    path = LOGS / log
    lines = path.read_bytes().splitlines(keepends=True)
    first = len(lines) // 2
    growing, new = tmp_path / "a" / path.name, tmp_path / "b" / path.name
    for one in (growing, new):
        one.parent.mkdir()
    growing.write_bytes(b"".join(lines[:first]))
    assert run("--baseline", growing, "--state", tmp_path / "state").exit_code == 0
    shutil.copytree(tmp_path / "state", tmp_path / "other")
    shutil.copytree(tmp_path / "state", tmp_path / "killed")
    growing.write_bytes(b"".join(lines))
    new.write_bytes(b"".join(lines[first:]))
    os.utime(new, (growing.stat().st_atime, growing.stat().st_mtime))
    alone = run(new, "--state", tmp_path / "other", "--threshold", 12, "--json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StateFolder, "save", raises)
        assert run(growing, "--state", tmp_path / "killed", "--threshold", 12, "--json").exit_code != 0
    for state in ("killed", "state"):
        result = run(growing, "--state", tmp_path / state, "--threshold", 12, "--json")
        assert f"{first:,} lines were learned from or scored before" in result.stderr
        assert without_places(result.stdout) == without_places(alone.stdout)
    assert json.loads(alone.stdout)["scored_events"] > 20


def raises(*_: object) -> None:
    raise InputError("killed")


def without_places(document: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document)
    del found["seconds"], found["passed_over"], found["problems"]
    for finding in found["findings"]:
        for item in finding["evidence"]:
            del item["path"], item["record"]
    return found


def test_what_an_attacker_appends_makes_no_grown_log_a_refused_one(hours: tuple[Path, Path], tmp_path: Path) -> None:
    """All lines of before once more, among them those remembered last: the new ones are scored all the same."""
    log = tmp_path / "web.log"
    log.write_text(hours[0].read_text())
    run("--baseline", log, "--state", tmp_path / "state")
    new = hours[1].read_text().splitlines(keepends=True)[250:350]
    log.write_text(hours[0].read_text() + hours[0].read_text() + "".join(new))
    result = run(log, "--state", tmp_path / "state", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["scored_events"], found["scored_before"]) == (580, True)
    assert any("insmod" in item["raw"] for one in found["findings"] for item in one["evidence"])


def test_days_from_before_other_days_are_known_again(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    for day in (2, 3):
        assert run(write_hours(tmp_path / f"{day}.log", day=day), "--state", state).exit_code == 0
    for before in (hours[0], tmp_path / "2.log"):
        packed = zipped(tmp_path / "packed.zip", before)
        result = run(packed, "--state", state)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "480 of 480 different events drawn by chance were learned from or scored" in result.stderr
    looked = run(hours[0], "--state", state, "--read-only")
    assert "these logs were learned from or scored already" in looked.stderr
    assert run(write_hours(tmp_path / "4.log", day=4), "--state", state).exit_code == 0


def test_older_logs_of_another_source_are_said_and_scored(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run(hours[1], "--baseline", hours[0], "--state", state)
    other = write_hours(tmp_path / "other.log", day=2, words=("backup[3]:", "copied", "checked", "stored"))
    result = run(other, "--state", state)
    assert result.exit_code == 0, result.stderr
    assert "the logs are older than the state" in result.stderr
    newer = write_hours(tmp_path / "third.log", day=3)
    document = json.loads(run(newer, "--state", state, "--json").stdout)
    assert (document["scored_before"], document["older_than_state"]) == (False, 0)


def test_a_stream_writes_findings_as_ocsf_lines(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    result = run("-", "--baseline", hours[0], "--state", state, "--jsonl", stdin=hours[1].read_text())
    assert result.exit_code == 0, result.stderr
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["activity_name"] for event in events] == ["Create"]
    assert problems(events[0], "detection_finding", "event") == []
    assert events[0]["evidences"][0]["data"]["record"] == 301
    whole = json.loads(run(hours[1], "--baseline", hours[0], "--json").stdout)["findings"]
    assert events[0]["finding_info"]["uid"] == whole[0]["finding_id"]
    assert "1 found in 480 events" in result.stderr
    assert "480 events" in run("-", "--state", state, stdin="").stderr


def test_a_stream_outlives_a_state_that_cannot_be_written_for_a_moment(
    hours: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, tries = StateFolder.save, []

    def on_a_full_disk(self: StateFolder, scorer: AnomalyScorer) -> None:
        tries.append(1)
        if len(tries) <= 2:
            raise InputError("no space left")
        save(self, scorer)

    monkeypatch.setattr(StateFolder, "save", on_a_full_disk)
    monkeypatch.setattr(anomalies_stream, "_SAVE_EVERY_S", 0.0)
    arguments = ("-", "--baseline", hours[0], "--state", tmp_path / "state", "--jsonl")
    result = run(*arguments, stdin=hours[1].read_text())
    assert result.exit_code == 0, result.stderr
    assert len(tries) > 2 and result.stderr.count("no space left") == 1
    with state_folder(tmp_path / "state") as folder:
        assert folder.load().next_number == 2 * 480


def test_a_stream_that_breaks_keeps_its_state(
    hours: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_: object) -> Iterator[LogEvent]:
        yield from read_events([hours[1]])
        raise InputError("damaged")

    monkeypatch.setattr(live, "read_live", breaking)
    result = run("-", "--baseline", hours[0], "--state", tmp_path / "state", stdin="")
    assert result.exit_code == 2 and "damaged" in result.stderr
    with state_folder(tmp_path / "state") as folder:
        assert folder.load().next_number == 2 * 480


def a_stopped_stream(hours: tuple[Path, Path], state: Path, signals: int) -> tuple[int, str]:
    """Exit code and stderr of a stream asked to end while its state takes long to be saved; for that it is a process
    of its own whose saving waits until the signals were sent."""
    log = hours[1].read_bytes().splitlines(keepends=True)
    waits = (
        "import sys, time; from loglm.anomaly.kept_state import StateFolder; from loglm.cli.main import main\n"
        "save = StateFolder.save\n"
        "def slow(self, scorer):\n"
        "    print('saving', flush=True); time.sleep(3); save(self, scorer)\n"
        "StateFolder.save = slow; main()"
    )
    command = [sys.executable, "-c", waits, "anomalies", "-", "--state", str(state), "--lateness", "1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(b"".join(log[:302]).decode())
        process.stdin.flush()
        assert "Rare kind of event" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        while process.stdout.readline() != "saving\n":
            pass
        for _ in range(signals - 1):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        return process.wait(30), process.stderr.read()


def test_a_second_ctrl_c_does_not_end_the_saving_of_the_state(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    code, said = a_stopped_stream(hours, state, 2)
    assert code == 130 and "the state is being saved; once more ends without that" in said
    with state_folder(state) as folder:
        assert folder.load().next_number == 480 + 302


def test_a_third_ctrl_c_leaves_the_state_of_before_and_says_so(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    code, said = a_stopped_stream(hours, state, 3)
    assert code == 130 and "it stands as it was saved last, at 20" in said
    with state_folder(state) as folder:
        assert folder.load().next_number == 480


def test_ctrl_c_while_the_state_is_saved_is_said(
    hours: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(self: StateFolder, scorer: AnomalyScorer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StateFolder, "save", ended)
    result = run("--baseline", hours[0], "--state", tmp_path / "state")
    assert result.exit_code == 130
    assert "the run was ended before a state was saved; there is none" in result.stderr


def test_ctrl_c_ends_a_stream_and_keeps_the_state(hours: tuple[Path, Path], tmp_path: Path) -> None:
    """In a process of its own, as behind ``tail -F``: the pipe stays open, the finding comes before its end."""
    state, log = tmp_path / "state", hours[1].read_bytes().splitlines(keepends=True)
    command = [sys.executable, "-m", "loglm", "anomalies", "-", "--baseline", str(hours[0]), "--state", str(state)]
    with subprocess.Popen(
        [*command, "--jsonl", "--lateness", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(b"".join(log[:302]))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["evidences"][0]["data"]["record"] == 301
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"1 found in 302 events" in process.stderr.read()
    rest = run("-", "--state", state, "--jsonl", stdin=b"".join(log[302:]).decode())
    assert rest.exit_code == 0 and rest.stdout == ""
    with state_folder(state) as folder:
        assert folder.load().next_number == 2 * 480


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{log}", "--json", "--jsonl"), "not both"),
        (("-", "--baseline", "{log}", "--json"), "no end"),
        (("-", "{log}", "--baseline", "{log}"), "give it alone"),
        (("{log}", "--read-only"), "--state"),
        (("-", "--state", "nowhere"), "a stream needs a baseline before it begins"),
        (("--baseline", "{log}"), "give logs to score"),
        ((), "give logs to score"),
        (("{log}", "--baseline", "-"), "read more than once"),
        (("{log}", "--state", "{log}"), "is a file"),
        (("{log}", "--state", "nowhere", "--read-only"), "no state to go on with"),
        (("{log}", "--state", "nowhere"), "no state to go on with; see that --state is the folder of the earlier run"),
        (("{log}", "--state", "nowhere", "-q"), "give --baseline with logs of ordinary days, or --baseline-share 0.5"),
        (("{log}", "--state", "nowhere", "--budget", "7"), "no state to go on with"),
        (("{log}", "--baseline", "{log}", "--lateness", "3"), "--lateness is about a stream"),
        (("{log}", "--state", str(CONTEXT), "--baseline", "{log}"), "is the folder of a model, and no state"),
        (("{log}", "--by", "pair"), "names a source and a destination address (--by pair). They belong to: host 480"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: tuple[str, ...], said: str, hours: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*(part.format(log=hours[0]) for part in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in re.sub(r"\s*│\s*", " ", result.stderr)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_of_versions_of_a_model_is_no_state(hours: tuple[Path, Path], tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(b"weights")

    make_current(tmp_path / "model", add_version(tmp_path / "model", fill, about={}).name)
    for options in (("--baseline", hours[0]), ()):
        result = run(hours[1], "--state", tmp_path / "model", *options)
        assert result.exit_code == 2 and "holds a model, no state that" in result.stderr


def test_a_share_of_the_logs_is_learned_where_that_is_asked_for(hours: tuple[Path, Path], tmp_path: Path) -> None:
    result = run(hours[1], "--state", tmp_path / "state", "--baseline-share", 0.25)
    assert "a new state, learned from 120 events" in result.stderr, result.stderr


def test_a_folder_in_which_logs_are_rotated_and_packed_is_scored_day_by_day(
    hours: tuple[Path, Path], tmp_path: Path
) -> None:
    """What was scored under its plain name is passed over; of what was packed since, the rest is scored."""
    logs, state = tmp_path / "logs", tmp_path / "state"
    logs.mkdir()
    first, second = hours[0].read_bytes(), hours[1].read_bytes().splitlines(keepends=True)
    (logs / "messages").write_bytes(first)
    assert run("--baseline", logs, "--state", state).exit_code == 0
    (logs / "messages.2.gz").write_bytes(gzip.compress(first))
    (logs / "messages").write_bytes(b"".join(second[:200]))
    assert json.loads(run(logs, "--state", state, "--json").stdout)["scored_events"] == 200
    (logs / "messages").unlink()
    (logs / "messages.1.gz").write_bytes(gzip.compress(b"".join(second)))
    document = json.loads(run(logs, "--state", state, "--json").stdout)
    assert document["scored_events"] == 280
    assert document["passed_over"] == [
        {"path": str(logs / "messages.1.gz"), "lines": 200, "events": 280},
        {"path": str(logs / "messages.2.gz"), "lines": 480, "events": 0},
    ]
    assert document["problems"] == {"scored-before": 2}
    (finding,) = document["findings"]
    assert "insmod" in finding["evidence"][0]["raw"] and finding["evidence"][0]["record"] == 301


def test_files_that_were_scored_before_are_named_where_others_were_not(
    hours: tuple[Path, Path], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    packed = zipped(tmp_path / "old.zip", hours[0])
    new = tmp_path / "new.log"
    new.write_text("".join(hours[1].read_text().splitlines(keepends=True)[:100]))
    result = run(packed, new, "--state", state)
    assert result.exit_code == 2
    assert f"Leave out {packed}, and the 1 other file can be scored" in result.stderr
    assert run(new, "--state", state).exit_code == 0


def test_an_empty_log_is_no_error_where_a_state_is_gone_on_with(hours: tuple[Path, Path], tmp_path: Path) -> None:
    log = tmp_path / "messages"
    log.write_text("")
    assert run(log, "--baseline", hours[0], "--state", tmp_path / "state").exit_code == 2
    assert run("--baseline", hours[0], "--state", tmp_path / "state").exit_code == 0
    for text in ("", "#separator \\x09\n#fields\tts\tuid\n"):
        log.write_text(text)
        result = run(log, "--state", tmp_path / "state")
        assert (result.exit_code, result.stdout[:16]) == (0, "No event is new,"), result.stderr
    log.write_bytes(bytes(range(256)) * 20)
    assert run(log, "--state", tmp_path / "state").exit_code == 2
    assert run(tmp_path / "missing", "--state", tmp_path / "state").exit_code == 2


def test_a_line_that_is_being_written_is_no_finding_yet(hours: tuple[Path, Path], tmp_path: Path) -> None:
    log, state = tmp_path / "web.log", tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    odd = hours[1].read_text().splitlines(keepends=True)
    log.write_text("".join(odd[:300]) + odd[300][:-9])
    first = run(log, "--state", state, "--json")
    document = json.loads(first.stdout)
    assert (document["found"], document["scored_events"]) == (0, 300)
    assert document["problems"]["unfinished-line"] == 1 and "left to the next run" in first.stderr
    log.write_text("".join(odd))
    (finding,) = json.loads(run(log, "--state", state, "--json").stdout)["findings"]
    assert finding["evidence"][0]["raw"] == odd[300].rstrip("\n")


def test_that_a_baseline_has_no_times_is_said(hours: tuple[Path, Path], tmp_path: Path) -> None:
    lines = [line.partition(" web1 ")[2] for line in hours[0].read_text().splitlines(keepends=True)]
    timeless, some = tmp_path / "timeless.log", tmp_path / "some"
    timeless.write_text("".join(lines))
    some.mkdir()
    (some / "a.log").write_text(hours[0].read_text())
    (some / "b.log").write_text("".join(lines[:40]))
    said, state = "No event of the baseline has a time", tmp_path / "state"
    learned = run("--baseline", timeless, "--state", state, "--json")
    assert said in learned.stderr
    assert json.loads(learned.stdout)["baseline_events_without_time"] == 480
    assert said in run(hours[1], "--state", state).stderr
    assert said in run("-", "--baseline", timeless, stdin=hours[1].read_text()).stderr
    both = run(hours[1], "--baseline", some)
    assert "40 of the 520 events learned from have no time" in both.stderr and said not in both.stderr


def test_options_of_learning_are_refused_where_a_baseline_is_kept(hours: tuple[Path, Path], tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("--baseline", hours[0], "--state", state)
    for option in (("--baseline", hours[0]), ("--budget", 5), ("--baseline-share", 0.3)):
        result = run(hours[1], "--state", state, *option)
        assert result.exit_code == 2 and "holds a baseline already" in result.stderr


def test_events_without_the_entity_asked_for_are_counted(hours: tuple[Path, Path]) -> None:
    arguments = (hours[1], "--baseline", hours[0], "--by", "user")
    kinds = json.loads(run(*arguments, "--json").stdout)["entity_kinds"]
    assert kinds["user"] == 96 and kinds["host"] == 864  # of both
    said = "864 of 960 events without a user (--by user), taken for: host 864"
    assert said in run(*arguments).stderr
    streamed = run("-", *arguments[1:], stdin=hours[1].read_text())
    assert "480 events without a user (--by user), taken for: host" in streamed.stderr


def test_logs_of_kinds_that_the_baseline_does_not_have_get_no_all_clear() -> None:
    said = "100% of the events are of kinds that the baseline does not have"
    assert said in run("examples/logs/web", "--baseline", "examples/logs/ssh").stderr


def test_what_the_baseline_holds_is_said_and_can_be_left_out(hours: tuple[Path, Path], tmp_path: Path) -> None:
    extra = {300 + n: f"insmod[66]: module {word} taints kernel" for n, word in enumerate("abc")}
    usual = write_hours(tmp_path / "usual.log", day=1, extra=extra)
    told = run(hours[1], "--baseline", usual).stderr
    assert "In the baseline itself 1 stretch is above the threshold" in told and "usual.log:301" in told
    assert "That is no sign of an attack" in told
    proposed = told.partition("--leave-out ")[2].split()[0]
    assert proposed == "2026-03-01T05:00:00Z/2026-03-01T05:02:00Z"
    again = run(hours[1], "--baseline", usual, "--leave-out", proposed)
    assert "a baseline of 477 events (3 more left out)" in again.stdout and "usual.log:301" not in again.stderr
    refused = run(hours[1], "--baseline", usual, "--leave-out", "yesterday")
    assert refused.exit_code == 2 and "no stretch of time" in refused.stderr


def test_one_entity_with_all_the_events_is_said(days: tuple[Path, Path], hours: tuple[Path, Path]) -> None:
    assert "100% of the events are of one entity, host web1" in run(days[1], "--baseline", hours[0]).stderr


EXCLUSION = """
[[exclusion]]
id = "taint"
reason = "our own module"
expires = 2099-01-01
entity = "WEB*"
contains = ["taints kernel"]
max_level = "{level}"
"""


@pytest.mark.parametrize(("level", "found"), [("high", 0), ("informational", 1)])
def test_exclusions_hide_unusual_events_and_are_counted(
    level: str, found: int, hours: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "harmless.toml"
    file.write_text(EXCLUSION.format(level=level))
    for arguments, stdin in (((hours[1],), None), (("-",), hours[1].read_text())):
        result = run(*arguments, "--baseline", hours[0], "--exclusions", file, "--jsonl", stdin=stdin)
        assert len(result.stdout.splitlines()) == found
        assert ("1 unusual events hidden by exclusion taint" in result.stderr) == (not found)


def test_an_exclusion_of_a_technique_hides_no_anomaly(hours: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "harmless.toml"
    file.write_text(EXCLUSION.format(level="high") + 'technique = ["T1547"]\n')
    assert "1 found" in run(hours[1], "--baseline", hours[0], "--exclusions", file).stdout
