"""Runs that go on where the last one stopped: the same findings as in one go, and nothing half written."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from loglm.anomaly import kept_state, scoring
from loglm.anomaly.detector import Anomalies, find_anomalies
from loglm.anomaly.findings import AnomalyFinding, describe
from loglm.anomaly.kept_state import StateFolder, state_folder
from loglm.anomaly.learning import learn_baseline
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.reporting import Reporter
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.state_facts import state_facts
from loglm.anomaly.stream import AnomalyStream
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import default_context_dir
from loglm.context.encoder import ContextEncoder
from loglm.errors import DamagedFolderError, InputError, ModelError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from machine_logs import write_day

LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"
LOW = AnomalyOptions(threshold=9.0)
"""Low enough for these logs to give findings of many events, repeats, and several entities."""

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def real_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A baseline and what follows it, cut where the time changes."""
    folder = tmp_path_factory.mktemp("real")
    lines = (LOGS / "ssh" / "auth.log").read_text().splitlines(keepends=True)
    cuts = [next(n for n in range(at, len(lines)) if lines[n][:15] != lines[n - 1][:15]) for at in (400, 620)]
    (folder / "usual.log").write_text("".join(lines[: cuts[0]]))
    (folder / "day-1.log").write_text("".join(lines[cuts[0] : cuts[1]]))
    (folder / "day-2.log").write_text("".join(lines[cuts[1] :]))
    (folder / "both.log").write_text("".join(lines[cuts[0] :]))
    yield folder


def facts(findings: list[AnomalyFinding]) -> Found:
    """By finding id, the last one of each; without where the event lay, and whether it is an update."""
    found: Found = {}
    for one in findings:
        values = asdict(one)
        del values["is_update"]
        for item in values["finding"]["evidence"]:
            del item["location"]
        found[one.finding.finding_id] = values
    return found


def told(found: Anomalies) -> list[AnomalyFinding]:
    return describe([*found.reports, *found.continued], found)


def learned(folder: Path, options: AnomalyOptions = LOW) -> AnomalyScorer:
    return learn_baseline([], [folder / "usual.log"], options=options, problems=Problems())[0]


def streamed(stream: AnomalyStream, events: Iterator[LogEvent]) -> list[AnomalyFinding]:
    return [finding for event in events for finding in stream.add(event)]


def test_two_days_in_two_runs_are_as_in_one(real_log: Path, tmp_path: Path) -> None:
    whole = find_anomalies([real_log / "both.log"], baseline=[real_log / "usual.log"], options=LOW)
    with state_folder(tmp_path / "state") as folder:
        first = find_anomalies([real_log / "day-1.log"], baseline=[real_log / "usual.log"], options=LOW)
        parts = told(first)
        folder.keep(first, parts)
        second = find_anomalies([real_log / "day-2.log"], going_on=folder.load(), options=LOW)
    assert second.continued
    assert facts([*parts, *told(second)]) == facts(told(whole))
    assert len(facts(told(whole))[second.continued[0].report_id]["finding"]["evidence"]) > 5


def test_a_stream_with_a_restart_is_as_the_whole_log(real_log: Path, tmp_path: Path) -> None:
    whole = find_anomalies([real_log / "both.log"], baseline=[real_log / "usual.log"], options=LOW)
    events = list(read_events([real_log / "both.log"]))
    with state_folder(tmp_path / "state") as folder:
        stream = AnomalyStream(learned(real_log))
        found = streamed(stream, iter(events[:200]))
        assert len(stream.scorer.order)  # some wait over the restart
        folder.save(stream.scorer)
        going_on = folder.load()
    going_on.use_threshold(LOW.threshold or 0.0)
    stream = AnomalyStream(going_on)
    found += streamed(stream, iter(events[200:])) + stream.pause() + stream.finish()
    assert facts(found) == facts(told(whole))


def test_a_stream_of_many_entities_and_shuffled_arrival_is_as_the_whole_log(tmp_path: Path) -> None:
    """Events of several Windows machines, each up to three seconds late."""
    windows = list(read_events([LOGS / "simulated" / "windows_security_sysmon.jsonl"]))
    ordered = sorted(windows, key=lambda event: event.timestamp or 0.0)
    (tmp_path / "usual.log").write_text("".join(f"{event.raw}\n" for event in ordered[:60]))
    (tmp_path / "both.log").write_text("".join(f"{event.raw}\n" for event in ordered[60:]))
    whole = find_anomalies([tmp_path / "both.log"], baseline=[tmp_path / "usual.log"], options=LOW)
    assert len(whole.reports) >= 3
    late = sorted(ordered[60:], key=lambda event: (event.timestamp or 0.0) + len(event.raw) % 4)
    assert late != ordered[60:]
    stream = AnomalyStream(learned(tmp_path))
    found = streamed(stream, iter(late)) + stream.pause() + stream.finish()
    assert facts(found) == facts(told(whole))


def test_a_finding_is_given_when_it_arises_and_again_when_it_gets_worse(real_log: Path) -> None:
    stream = AnomalyStream(learned(real_log), lateness_s=0.0)
    at = [
        (number, finding)
        for number, event in enumerate(read_events([real_log / "both.log"]))
        for finding in stream.add(event)
    ]
    numbers = [number for number, _ in at]
    assert len(set(numbers)) > 2
    bits = [finding.bits for _, finding in at]
    assert [finding.is_update for _, finding in at] == [False] + [True] * (len(at) - 1)
    assert bits == sorted(bits) and len(set(bits)) == len(bits)
    (last,) = stream.finish()
    assert last.finding.events > at[-1][1].finding.events


def test_drift_of_a_stream_is_told_once_a_day(tmp_path: Path) -> None:
    write_day(tmp_path / "usual.log", day=1)
    words = "kernel: eth0 link state changed by driver number".split()
    days = [write_day(tmp_path / f"{day}.log", day=day, words=words if day == 3 else ()) for day in (2, 3, 4)]
    stream = AnomalyStream(learned(tmp_path))
    said = []
    for event in read_events(days):
        stream.add(event)
        if (drift := stream.drift()) is not None:
            said.append(drift.is_drift)
    assert said == [False, True]


def test_the_encoder_of_a_state_is_asked_for(real_log: Path, tmp_path: Path) -> None:
    encoder = ContextEncoder.load(default_context_dir())
    with state_folder(tmp_path / "state") as kept:
        kept.save(learn_baseline([], [real_log / "usual.log"], encoder=encoder, options=LOW, problems=Problems())[0])
        assert kept.needs_encoder() == encoder.identity
        with pytest.raises(ModelError, match=r"with another context encoder, none is given"):
            kept.load()
        assert kept.load(encoder=encoder).scorer.encoder is encoder
        encoder.identity = "0" * 64
        with pytest.raises(ModelError, match="another is given"):
            kept.load(encoder=encoder)


def minutes(folder: Path, *days: dict[int, str]) -> list[Path]:
    """A usual day of a machine, and days behind it with these texts in place of the lines of some minutes."""
    write_day(folder / "usual.log", day=1)
    return [write_day(folder / f"day-{n}.log", day=n, extra=extra) for n, extra in enumerate(days, 2)]


def join(target: Path, parts: list[Path]) -> Path:
    target.write_text("".join(part.read_text() for part in parts))
    return target


def odd(number: int) -> str:
    return f"insmod[66]: module {'abcdefghij'[number]}{'klmnopqrst'[number]} taints kernel"


def test_more_findings_than_are_remembered_are_the_same_in_one_run_in_two_and_in_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first goes on from day to day; the others are over when the place for more is needed."""
    monkeypatch.setattr(scoring, "Reporter", partial(Reporter, most_living=4))
    first, later = {100: odd(0), 200: odd(1), 300: odd(2), 1_300: odd(0)}, {1_200: odd(0), 1_290: odd(3), 1_380: odd(4)}
    days = minutes(tmp_path, first, later, {900: odd(0), 1_000: odd(5)})
    usual, whole_log = tmp_path / "usual.log", join(tmp_path / "whole.log", days)
    whole = find_anomalies([whole_log], baseline=[usual], options=LOW)
    assert len(whole.reports) == 6 and not whole.scorer.reporter.forgotten
    with state_folder(tmp_path / "state") as folder:
        runs = find_anomalies(days[:1], baseline=[usual], options=LOW)
        parts = told(runs)
        folder.keep(runs, parts)
        parts += told(find_anomalies(days[1:], going_on=folder.load(), options=LOW))
    stream = AnomalyStream(learned(tmp_path))
    found = streamed(stream, read_events([whole_log])) + stream.pause() + stream.finish()
    assert facts(parts) == facts(found) == facts(told(whole))


@pytest.mark.parametrize("wrong", ["2031-01-01", "2026-03-06", "2019-01-01"])
@pytest.mark.parametrize("number", [1, 2, 15])
def test_lines_with_wrong_times_in_a_row_forget_nothing_of_what_was_told(
    tmp_path: Path, wrong: str, number: int
) -> None:
    days = minutes(tmp_path, {300: odd(0), 900: odd(1), 1_000: odd(0)})
    lines = days[0].read_text().splitlines(keepends=True)
    for place in range(900 - number, 900):
        lines[place] = lines[place].replace("2026-03-02", wrong)
    days[0].write_text("".join(lines))
    stream = AnomalyStream(learned(tmp_path), lateness_s=0.0)
    found = facts(streamed(stream, read_events(days)) + stream.pause() + stream.finish())
    (first,) = [one for one in found.values() if str(one).count(odd(0))]  # the wrong lines may be unusual themselves
    assert first["repeats"] == 1
    with state_folder(tmp_path / "state") as folder:
        run = find_anomalies(days, baseline=[tmp_path / "usual.log"], options=LOW)
        folder.keep(run, told(run))
        of_the_day = {report.report_id for report in run.reports if report.start and report.start > 1.77e9}
        assert len(of_the_day) >= 2 and of_the_day <= folder.load().reporter.living.keys()


_NOT_IN: dict[int, tuple[str, ...]] = {
    3: ("seen_events", "read_so_far", "learned_events", "left_out"),
    2: ("seen_events", "read_so_far", "learned_events", "left_out", "recent", "activity", "budget", "parts", "learned"),
}
"""Format of a state -> what it does not have of what one has today."""


@pytest.mark.parametrize("state_format", _NOT_IN)
def test_a_state_of_before_is_read_told_of_and_gone_on_with(
    kept: StateFolder, real_log: Path, state_format: int
) -> None:
    scorer = kept.load()
    for time in (5.0, 7.0, 6.0):
        scorer.pass_to(time)
    kept.save(scorer)
    assert kept.load().clock == scorer.clock == 6.0
    folder = max(kept.root.glob("versions/*"))
    values = json.loads((folder / "anomalies.json").read_text()) | {"clock": 7.0, "seen": [1, 2]}
    values = {name: value for name, value in values.items() if name not in _NOT_IN[state_format]}
    values["parts"] = [part[:3] for part in values.get("parts", ())]
    del values["reports"]["forgotten"]
    (folder / "anomalies.json").write_text(json.dumps(values))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["anomalies.json"] = file_sha256(folder / "anomalies.json")
    (folder / "manifest.json").write_text(json.dumps(manifest | {"state_format": state_format}))
    again = kept.load()
    assert (again.seen.values()[0][1], again.read_so_far.values()) == ([], [])
    assert again.clock == (7.0 if state_format == 2 else 6.0)
    assert again.drift().reasons == () and again.drift().unknown_codes == 0.0
    shown = state_facts(kept.root)
    assert (shown.baseline_events, shown.start, shown.not_told) == (scorer.baseline.events, None, 0)
    assert kept.outline().clock == again.clock
    kept.keep(find_anomalies([real_log / "day-1.log"], going_on=again, only_new=True), [])
    assert len(kept.load().read_so_far) == 1


def test_a_stream_without_times_stays_bounded_and_loses_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each machine begins a finding and adds to it."""
    monkeypatch.setattr(scoring, "Reporter", partial(Reporter, most_living=20))
    usual, strange = tmp_path / "usual.log", tmp_path / "odd.log"
    line = '{{"EventID": {}, "Channel": "Security", "Hostname": "pc{}"}}\n'.format
    usual.write_text("".join(line(4624 + n % 3, n % 5) for n in range(400)))
    strange.write_text("".join(line(9000 + n // 2, n // 4) for n in range(800)))
    stream, last, waiting = AnomalyStream(learned(tmp_path)), {}, []
    for event in read_events([strange]):
        last |= facts(stream.add(event))
        waiting.append(len(stream.scorer.touched))
    assert max(waiting) <= 20 + 64
    last |= facts(stream.over())
    assert set(stream.scorer.touched) <= set(stream.scorer.reporter.living)  # so that a state holds them
    last |= facts(stream.finish())
    assert [one["finding"]["events"] for one in last.values()] == [4] * 200


def test_events_without_time_have_the_same_ids_in_a_stream(tmp_path: Path) -> None:
    usual, strange = tmp_path / "usual.log", tmp_path / "odd.log"
    usual.write_text("".join(f"worker {n % 3} did step {n % 5}\n" for n in range(400)))
    strange.write_text("worker 1 did step 2\n" * 9 + "module taints kernel\n")
    whole = find_anomalies([strange], baseline=[usual], options=LOW)
    assert whole.reports
    stream = AnomalyStream(learned(tmp_path))
    found = streamed(stream, read_events([strange])) + stream.pause() + stream.finish()
    assert facts(found) == facts(told(whole))


def test_a_threshold_is_that_of_its_run_and_not_kept(real_log: Path, tmp_path: Path) -> None:
    usual = [real_log / "usual.log"]
    high = AnomalyOptions(threshold=1e3)
    plain, other = (find_anomalies([real_log / "day-1.log"], baseline=usual, options=one) for one in (None, high))
    assert other.scorer.threshold == other.threshold.bits == high.threshold != plain.threshold.bits
    assert other.in_baseline == len(other.suspicious) < plain.in_baseline
    with state_folder(tmp_path / "state") as folder:
        folder.keep(other, told(other))
        going_on = find_anomalies([real_log / "day-2.log"], going_on=folder.load())
    assert going_on.threshold == plain.threshold
    assert going_on.in_baseline == plain.in_baseline


def test_what_was_not_shown_is_told_by_the_next_run(tmp_path: Path) -> None:
    days = minutes(tmp_path, {300: odd(0), 500: odd(1), 700: odd(2)}, {})
    with state_folder(tmp_path / "state") as folder:
        first = find_anomalies(days[:1], baseline=[tmp_path / "usual.log"], options=LOW)
        assert len(first.reports) == 3
        folder.keep(first, told(first)[:1])
        second = find_anomalies(days[1:], going_on=folder.load(), options=LOW)
        assert facts(told(second)) == facts(told(first)[1:])
        folder.keep(second, told(second))
        assert not folder.load().touched


@pytest.fixture
def kept(real_log: Path, tmp_path: Path) -> Iterator[StateFolder]:
    with state_folder(tmp_path / "state") as folder:
        folder.save(learned(real_log))
        yield folder


def test_a_state_by_other_entities_is_refused(kept: StateFolder) -> None:
    assert kept.load(view="primary").view == "primary"
    with pytest.raises(ModelError, match="learned by primary, asked for by user"):
        kept.load(view="user")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("state_format", 1, "in format 1"),
        ("rendering", "0" * 16, "reads events otherwise"),
        ("kind", "context state", "no state that"),
    ],
)
def test_a_state_of_another_version_is_refused(kept: StateFolder, key: str, value: object, said: str) -> None:
    manifest = next(kept.root.glob("versions/*/manifest.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {key: value}))
    with pytest.raises(ModelError, match=said):
        kept.load()


@pytest.mark.parametrize("name", ["state.npz", "state.json", "anomalies.json"])
def test_a_damaged_state_is_refused(kept: StateFolder, name: str) -> None:
    file = next(kept.root.glob(f"versions/*/{name}"))
    file.write_bytes(file.read_bytes()[:-7] + b"garbage")
    with pytest.raises(ModelError, match="altered"):
        kept.load()


def test_a_state_without_its_pointer_is_not_replaced(kept: StateFolder) -> None:
    (kept.root / "current").unlink()
    there = sorted(kept.root.rglob("*"))
    with pytest.raises(InputError, match="current is missing"), state_folder(kept.root):
        pass
    assert sorted(kept.root.rglob("*")) == there


def test_a_state_whose_content_is_nonsense_is_refused(kept: StateFolder) -> None:
    """Also where checksums are right, as of a file that somebody wrote."""
    folder = next(kept.root.glob("versions/*"))
    (folder / "anomalies.json").write_text('{"view": "primary", "threshold": "high"}')
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["anomalies.json"] = file_sha256(folder / "anomalies.json")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedFolderError, match=r"the state is damaged \(.*anomalies.json: does not hold a state"):
        kept.load()


@pytest.mark.parametrize("damage", ["altered", "missing", "manifest", "pointer", "version"])
def test_messages_of_a_damaged_state_speak_of_the_state(kept: StateFolder, damage: str) -> None:
    kept.save(kept.load())
    old, new = sorted(kept.root.glob("versions/*"))
    hurt = {
        "altered": lambda: (new / "state.npz").write_bytes(b"garbage"),
        "missing": lambda: (new / "state.json").unlink(),
        "manifest": lambda: (new / "manifest.json").write_text("{"),
        "pointer": lambda: (kept.root / "current").write_text("newest"),
        "version": lambda: shutil.rmtree(new),
    }
    hurt[damage]()
    with pytest.raises(DamagedFolderError) as raised:
        kept.load()
    said = str(raised.value)
    assert said.startswith(f"{kept.root}: the state is damaged (") and "model" not in said
    place = "current: names no version" if damage == "pointer" else f"versions/{new.name}"
    whole = new.name if damage == "pointer" else old.name
    assert place in said and f"Its version {whole} is whole" in said
    (kept.root / "current").write_text(whole)
    kept.load()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "format_version",
            "the state cannot be read (versions/0001/manifest.json: of format 9, but this loglm reads format 1)",
        ),
        ("state_format", "in format 9, this is"),
    ],
)
def test_of_a_state_of_another_format_is_said_what_to_do(kept: StateFolder, key: str, said: str) -> None:
    kept.save(kept.load())
    old, new = sorted(kept.root.glob("versions/*/manifest.json"))
    new.write_text(json.dumps(json.loads(new.read_text()) | {key: 9}))
    with pytest.raises(ModelError) as raised:
        kept.load()
    assert said in str(raised.value) and "model" not in str(raised.value)
    assert "; if a newer loglm made it, use that one; if not, restore the folder from a copy, or learn" in str(
        raised.value
    )
    assert f"Its version {old.parent.name} is whole: write {old.parent.name} into" in str(raised.value)
    old.write_text(json.dumps(json.loads(old.read_text()) | {key: 9}))
    with pytest.raises(ModelError, match=r"in another folder$"):  # none is whole
        kept.load()


def test_a_state_that_cannot_be_written_is_called_a_state(kept: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_state, "write_scorer", full)
    with pytest.raises(InputError, match=r"the anomaly state cannot be written \(No space left on device\)"):
        kept.save(kept.load())


@pytest.mark.parametrize("broken", ["write_scorer", "make_current"])
def test_a_run_that_dies_while_saving_leaves_the_state_before(
    kept: StateFolder, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = kept.load()
    scorer.next_number = 77

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(kept_state, broken, die)
        with pytest.raises(KeyboardInterrupt):
            kept.save(scorer)
    assert kept.load().next_number != 77
    kept.save(scorer)
    assert kept.load().next_number == 77
    assert len(list(kept.root.glob("versions/*"))) == 2


def test_the_state_before_is_there_until_the_next_but_one(kept: StateFolder) -> None:
    for _ in range(3):
        kept.save(kept.load())
    assert sorted(path.name for path in kept.root.glob("versions/*")) == ["0002", "0003"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what is synced")
def test_a_state_is_on_the_disk_before_it_is_pointed_to(kept: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, str]] = []
    fsync = os.fsync

    def noting(number: int) -> None:
        fsync(number)
        synced.append((Path(f"/proc/self/fd/{number}").readlink().name, (kept.root / "current").read_text().strip()))

    monkeypatch.setattr(os, "fsync", noting)
    kept.save(kept.load())
    files = {path.name for path in (kept.root / "versions" / "0001").iterdir()}
    before = {name for name, current in synced if current == "0000"}
    assert files | {"0001", "versions"} <= before
    assert synced[-1] == (kept.root.name, "0001")


def test_to_look_only_asks_for_no_lock_and_writes_nothing(kept: StateFolder, tmp_path: Path) -> None:
    there = sorted(kept.root.rglob("*"))
    (kept.root / "lock").chmod(0o400)
    with state_folder(kept.root, read_only=True) as folder:  # the other run goes on
        assert folder.load().next_number
    assert sorted(kept.root.rglob("*")) == there
    with state_folder(tmp_path / "nowhere", read_only=True) as folder:
        assert not folder.holds_state
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no state can be kept there"), state_folder(tmp_path / "file" / "state"):
        pass


def test_what_is_no_state_folder_is_left_alone(tmp_path: Path) -> None:
    write_day(tmp_path / "some.log", day=1)
    for path, said in ((tmp_path, "holds other things"), (tmp_path / "some.log", "is a file")):
        with pytest.raises(InputError, match=said), state_folder(path):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["some.log"]


def test_two_runs_at_once_are_refused(kept: StateFolder) -> None:
    with pytest.raises(InputError, match="another run"), state_folder(kept.root):
        pass


def test_events_held_back_by_a_stream_are_scored_first_in_the_next_run(real_log: Path, kept: StateFolder) -> None:
    stream = AnomalyStream(kept.load(), lateness_s=1e9)
    events = list(read_events([real_log / "day-1.log"]))
    assert not streamed(stream, iter(events))
    kept.save(stream.scorer)
    found = find_anomalies([real_log / "day-2.log"], going_on=kept.load(), options=LOW)
    assert found.oddities["scored"] == found.scored_events + len(events)
    assert {item.location.path for one in told(found) for item in one.finding.evidence} == {
        str(real_log / "day-1.log"),
        str(real_log / "day-2.log"),
    }
