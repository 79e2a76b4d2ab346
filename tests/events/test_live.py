"""Standard input as it comes: nothing waits for 64 KiB, pauses are told, and an end cuts no line."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from loglm.events.live import read_live
from loglm.events.problems import Problems

LINE = b"2026-03-01T10:15:0%d+00:00 web1 cron[7]: session opened for job %d\n"


class Pipe:
    """Standard input that a test writes to."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.buffer = os.fdopen(reading, "rb")

    def send(self, data: bytes, *, after_s: float = 0.0, close: bool = False) -> None:
        def work() -> None:
            time.sleep(after_s)
            os.write(self._writing, data)
            if close:
                os.close(self._writing)

        threading.Thread(target=work).start()

    def trickle(self, lines: int, *, every_s: float) -> None:
        def work() -> None:
            with suppress(BrokenPipeError), os.fdopen(self._writing, "wb", buffering=0) as writing:
                for number in range(lines):
                    writing.write(LINE % (number % 10, number))
                    time.sleep(every_s)

        threading.Thread(target=work).start()


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    pipe = Pipe()
    monkeypatch.setattr(sys, "stdin", pipe)
    yield pipe
    pipe.buffer.close()


def test_events_come_before_the_stream_ends(stdin: Pipe) -> None:
    stdin.send(b"".join(LINE % (n, n) for n in range(3)))
    pauses: list[float] = []
    events = read_live(Problems(), lambda seconds: bool(pauses.append(seconds)))
    assert [next(events).raw[-1] for _ in range(2)] == ["0", "1"]  # the third may go on in a next line
    stdin.send(LINE % (3, 3), after_s=0.3, close=True)
    assert [event.raw[-1] for event in events] == ["2", "3"]
    assert any(seconds > 0 for seconds in pauses)


def test_an_end_asked_for_gives_what_was_read_to_the_end_of_its_line(stdin: Pipe) -> None:
    asked = False
    stdin.send(LINE % (0, 0) + (LINE % (1, 1))[:30])
    events = read_live(Problems(), lambda _: asked)
    stdin.send((LINE % (1, 1))[30:] + LINE % (2, 2), after_s=1.3)
    assert next(events).raw.endswith("job 0")
    asked = True
    assert [event.raw[-5:] for event in events] == ["job 1", "job 2"]


def test_an_end_asked_for_in_silence_ends(stdin: Pipe) -> None:
    stdin.send(LINE % (0, 0))
    assert [event.raw[-5:] for event in read_live(Problems(), lambda seconds: seconds > 0.5)] == ["job 0"]


def test_the_format_is_told_from_what_has_come(stdin: Pipe) -> None:
    stdin.send(b'{"EventID": 4624, "Channel": "Security", "Hostname": "pc1"}\n')
    stdin.send(b'{"EventID": 4625, "Channel": "Security", "Hostname": "pc1"}\n', after_s=1.5, close=True)
    assert [event.action for event in read_live(Problems(), lambda _: False)] == ["4624", "4625"]


def test_events_of_a_steady_trickle_are_given_while_it_goes_on(stdin: Pipe) -> None:
    """There is never a second without a byte."""
    began = time.monotonic()
    stdin.trickle(9, every_s=0.4)
    events = read_live(Problems(), lambda _: False)
    assert next(events).raw.endswith("job 0")
    assert time.monotonic() - began < 3.0
    assert len(list(events)) == 8


def test_an_end_asked_for_in_a_dense_stream_ends(stdin: Pipe) -> None:
    """There is never a pause to be asked in."""
    began = time.monotonic()
    stdin.trickle(60, every_s=0.05)
    given = list(read_live(Problems(), lambda _: time.monotonic() - began > 0.4))
    assert time.monotonic() - began < 2.0
    assert 0 < len(given) < 60
