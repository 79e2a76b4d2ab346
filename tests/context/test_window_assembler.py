"""Windows: every event in exactly one, none mixed, memory bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.context.windows import RAW_CHARS, WindowAssembler
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource

SOURCES = (LogSource("windows", "security"), LogSource("windows", "sysmon"))


def event(host: str, time: float | None = None, *, path: str = "a.log", source: int = 0, raw: str = "r") -> LogEvent:
    return LogEvent(raw, SourceLocation(path, 1), SOURCES[source], {}, timestamp=time, host=host)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20_000), st.integers(0, 1), st.sampled_from("xy"))))
def test_every_event_is_in_exactly_one_window(rows: list[tuple[str, int, int, str]]) -> None:
    assembler = WindowAssembler(size=4, max_open=2)
    windows = []
    for number, (host, time, source, path) in enumerate(rows):
        windows += assembler.add(event(host, time, path=path, source=source), str(number))
    windows += assembler.flush()
    assert sorted(int(e.text) for w in windows for e in w.events) == list(range(len(rows)))
    assert all(1 <= len(w.events) <= 4 for w in windows)
    assert all({rows[int(e.text)][3] for e in w.events} == {w.path} for w in windows)


def test_a_long_silence_closes_a_window() -> None:
    assembler = WindowAssembler(max_gap_s=60)
    assert assembler.add(event("a", 0), "1") == []
    assert [len(w.events) for w in assembler.add(event("a", 100), "2")] == [1]


def test_events_without_time_stay_together() -> None:
    assembler = WindowAssembler(size=3)
    closed = [w for text in "123" for w in assembler.add(event("a"), text)]
    assert [len(w.events) for w in closed] == [3]
    assert closed[0].start is None


def test_raw_text_is_cut() -> None:
    assembler = WindowAssembler(size=1)
    assert len(assembler.add(event("a", raw="x" * 100_000), "t")[0].events[0].raw) == RAW_CHARS


@pytest.mark.parametrize(
    ("raw", "body", "category", "is_kept"),
    [
        ('{"a": 1}', None, "", True),
        ("<Event/>", "A process was created", "", True),
        ("1\t2\t3", None, "", True),
        ("type=SYSCALL\ntype=EXECVE", "dd if=/dev/zero", "", True),
        ("Mar  4 web1 sshd: Failed", "Failed", "", False),
        ('127.0.0.1 "GET /"', None, "webserver", False),
        ('{"a": "' + "x" * 70_000, None, "", False),
    ],
    ids=["json", "xml", "table", "audit", "syslog", "access", "very-long"],
)
def test_attributes_are_kept_where_the_raw_text_is_hard_to_read(
    raw: str, body: str | None, category: str, is_kept: bool
) -> None:
    found = LogEvent(raw, SourceLocation("a.log", 1), LogSource("x", "", category), {"a": 1}, body)
    (window,) = WindowAssembler(size=1).add(found, "t")
    assert window.events[0].attributes == ({"a": 1} if is_kept else None)


def test_attributes_of_open_windows_are_bounded_together() -> None:
    assembler = WindowAssembler(max_open=10_000)
    raw = "{" + "x" * 16_000 + "}"
    for number in range(5_000):
        assembler.add(event(f"h{number}", raw=raw), "t")
    kept = [w.events[0].attributes is not None for w in assembler.flush()]
    assert kept == [True] * sum(kept) + [False] * (5_000 - sum(kept))
    assert 64 << 20 <= sum(kept) * len(raw) < (64 << 20) + len(raw)
    assert assembler.add(event("a", raw=raw), "t") == []
    assert assembler.flush()[0].events[0].attributes is not None
