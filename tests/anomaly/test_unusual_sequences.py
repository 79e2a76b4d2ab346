"""Sequences of events by an id: how they are grouped, ordered, learned from and told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from loglm.anomaly.event_grouping import QUIET_S, GroupedEvents
from loglm.anomaly.table import entity_of
from loglm.anomaly.unusual_sequences import UnusualSequences, find_unusual_sequences
from loglm.errors import EmptyInputError, InputError
from loglm.events import Problems, read_events

STEPS = ("session opened for user root", "command started", "command ended", "session closed for user root")


def line(second: int, pid: int, text: str, host: str = "web1") -> str:
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"Mar  2 {clock} {host} crond[{pid}]: {text}"


def write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{one}\n" for one in lines))
    return path


def jobs(first_pid: int, number: int, *, start: int = 0) -> list[str]:
    return [
        line(start + 60 * job + step, first_pid + job, text)
        for job in range(number)
        for step, text in enumerate((STEPS[0], *STEPS[1:3] * (1 + job % 3), STEPS[3]))
    ]


def test_entities_are_those_of_anomalies(tmp_path: Path) -> None:
    """Requests to two servers, with an address of the server in them too."""
    lines = []
    for number in range(40):
        about = {"host": {"name": f"web{number % 2}"}, "source": {"address": f"10.0.0.{number % 3}"}}
        about["server"] = {"address": "10.9.9.9"}
        lines.append(json.dumps({"@timestamp": f"2026-03-01T10:{number:02}:00Z", "message": "GET /", **about}))
    (tmp_path / "a.json").write_text("\n".join(lines))
    events = list(read_events([tmp_path / "a.json"]))
    for by, view in (("address", "address"), ("source_address", "address"), ("host", "host")):
        groups = GroupedEvents(by)
        groups.read(events)
        assert {("", group.value) for group in groups.groups} == {("", entity_of(event, view)[1]) for event in events}
        assert {group.host for group in groups.groups} == {""}


def test_names_of_one_view_give_the_same_ids(tmp_path: Path) -> None:
    """Ten addresses, one of which does other things."""
    lines = []
    for number in range(20):
        for step in range(6):
            time = f"2026-03-01T{number // 6 + 10}:{number % 6 * 10 + step:02}:00Z"
            message = f"drop table {'abcdef'[step]}" if number == 19 else "GET /"
            lines.append(
                json.dumps({"@timestamp": time, "message": message, "source": {"address": f"10.0.0.{number}"}})
            )
    (tmp_path / "a.json").write_text("\n".join(lines))
    ids = [
        {one.finding_id for one in find(tmp_path / "a.json", by=by, threshold=0.0).found}
        for by in ("address", "source_address")
    ]
    assert len(ids[0]) == 10
    assert ids[0] == ids[1]


def test_sequences_without_times_in_two_files_have_two_ids(tmp_path: Path) -> None:
    usual = write(tmp_path / "usual.log", jobs(0, 30))
    rows = "".join(f"{json.dumps({'host': {'name': 'web1'}, 'pid': 900, 'message': text})}\n" for text in STEPS[::-1])
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(rows)
    asked = {"baseline": [usual], "threshold": 0.0}
    found = [find(tmp_path / name, **asked).found[0] for name in ("a.json", "b.json")]
    assert found[0].start is None
    assert found[0].evidence[0][0].record == found[1].evidence[0][0].record
    assert found[0].finding_id != found[1].finding_id
    assert find(tmp_path / "a.json", **asked).found[0].finding_id == found[0].finding_id


def find(*paths: Path, **options: object) -> UnusualSequences:
    return find_unusual_sequences(paths, **{"by": "pid", **options})


def test_a_sequence_in_another_order_is_found(tmp_path: Path) -> None:
    odd = [line(3_600 + n, 900, text) for n, text in enumerate(STEPS[::-1])]
    usual = write(tmp_path / "usual.log", jobs(100, 30))
    today = write(tmp_path / "today.log", [*jobs(200, 30), *odd])
    found = find(today, baseline=[usual])
    assert (found.learned, found.scored, found.without_id) == (30, 31, 0)
    (one,) = found.found
    assert (one.host, one.value, one.events, one.reason) == ("web1", "900", 4, "order")
    assert one.bits == pytest.approx(max(one.views.values()), rel=0.01)
    assert one.end - one.start == 3
    assert str(one.evidence[0][0]).startswith(f"{today}:")


def test_the_first_share_by_time_is_learned_from(tmp_path: Path) -> None:
    """Later files come first, so that only their times can tell."""
    later = write(tmp_path / "a.log", [*jobs(300, 20, start=40_000), line(50_000, 900, "segfault at 0")])
    write(tmp_path / "b.log", jobs(100, 21))
    found = find(tmp_path, baseline_share=0.5)
    assert (found.learned, found.scored) == (21, 21)
    (one,) = found.found
    assert one.value == "900"
    assert str(one.evidence[0][0]).startswith(f"{later}:")


def test_an_id_used_again_begins_another_sequence(tmp_path: Path) -> None:
    again = int(QUIET_S) + 100
    path = write(
        tmp_path / "a.log",
        [line(0, 7, STEPS[0]), line(1, 7, STEPS[3]), line(1, 7, STEPS[0], host="db1"), line(again, 7, STEPS[0])],
    )
    grouped = GroupedEvents("pid")
    grouped.read(read_events([path]))
    assert [(group.host, len(group.texts)) for group in grouped.groups] == [("web1", 2), ("db1", 1), ("web1", 1)]
    assert [row.tolist() for row in grouped.sequences().rows] == [[0, 1], [0], [0]]


@pytest.mark.parametrize("by", ["LogonId", "Data.LogonId", "session"])
def test_fields_are_found_by_their_last_part(tmp_path: Path, by: str) -> None:
    records = [f'{{"host": "a", "session_id": "s{n % 2}", "Data": {{"LogonId": "0x{n % 2}"}}}}' for n in range(6)]
    grouped = GroupedEvents(by)
    grouped.read(read_events([write(tmp_path / "a.jsonl", records)]))
    assert [len(group.texts) for group in grouped.groups] == [3, 3]


def test_a_field_that_no_event_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no event has a field 'pod' to group by; the events have: .*pid"):
        find(write(tmp_path / "a.log", jobs(1, 3)), by="pod")


def test_too_little_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="5 normal sequences to learn from; expected at least 8"):
        find(write(tmp_path / "a.log", jobs(1, 10)))


def test_what_is_learned_from_is_not_scored(tmp_path: Path) -> None:
    usual = write(tmp_path / "usual.log", jobs(1, 10))
    with pytest.raises(InputError, match="all that is to be scored is the baseline"):
        find(usual, baseline=[usual])
    write(tmp_path / "today.log", jobs(50, 3))
    problems = Problems()
    assert find(tmp_path, baseline=[usual], problems=problems).scored == 3
    assert problems.examples["in-baseline"] == [f"{usual}: is learned from and not scored"]


@pytest.mark.parametrize("what", ["events", "ids", "texts"])
def test_what_fills_the_memory_ends_the_reading_and_is_counted(tmp_path: Path, what: str) -> None:
    ids, words = (1_000 if what == "ids" else 1), (1_000 if what == "texts" else 1)
    words = ["".join(chr(97 + int(digit)) for digit in str(n % words)) for n in range(1_000)]
    path = write(tmp_path / "a.log", [line(n, 1 + n % ids, f"ready {word}") for n, word in enumerate(words)])
    grouped = GroupedEvents("pid", most_bytes=50_000)
    grouped.read(read_events([path]))
    kept = sum(len(group.texts) for group in grouped.groups)
    assert 50 < kept < 510
    assert kept + grouped.left_out == 1_000
    grouped.end()
    grouped.read(read_events([path]))
    assert sum(len(group.texts) for group in grouped.groups) >= 2 * kept


def test_files_without_events_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="no event was read"):
        find(write(tmp_path / "a.log", []))
