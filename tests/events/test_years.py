"""Years of dates that are written without one: by the order of the lines, up to when the file was written."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from loglm.anomaly.read_so_far import FileReading, ReadSoFar
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.reading import parse_line, read_events, read_source
from loglm.events.splitting import parts_of
from loglm.events.year_order import YearOrder, day_in_year, day_number

DATA = Path(os.environ.get("LOGLM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
LINUX = DATA / "logs/corpus/loghub/Linux_full.log.zst"
needs_linux = pytest.mark.skipif(not LINUX.is_file(), reason="the shared log data is not here")


def line(day: str) -> str:
    """A syslog line of a day such as ``Feb  3``, without a year."""
    return f"{day} 10:00:00 web1 sshd[230]: Failed password for root from 192.0.2.7 port 22 ssh2"


def lines_of(days: list[datetime], form: str = "%b %e") -> list[str]:
    return [line(f"{day:{form}}") for day in days]


def log(folder: Path, lines: list[str], written: str, *, name: str = "syslog") -> Path:
    path = folder / name
    path.write_text("".join(f"{text}\n" for text in lines))
    return touch(path, written)


def touch(path: Path, written: str) -> Path:
    seconds = datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
    os.utime(path, (seconds, seconds))
    return path


def days_read(path: Path | str) -> list[str]:
    return [f"{event.time:%Y-%m-%d}" if event.time else "none" for event in read_events([path])]


def span(first: str, last: str, step_days: int = 1) -> list[datetime]:
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    return [begin + timedelta(days=n) for n in range(0, (end - begin).days + 1, step_days)]


def test_a_log_that_would_end_in_the_future_is_a_year_older_as_a_whole(tmp_path: Path) -> None:
    days = span("2025-11-18", "2025-12-05")
    assert days_read(log(tmp_path, lines_of(days), "2026-11-28T18:00")) == [f"{day:%Y-%m-%d}" for day in days]


@pytest.mark.parametrize(
    ("days", "written", "expected"),
    [
        ("Oct 11", "2021-11-01", "2021-10-11"),
        ("Dec 31", "2021-01-01", "2020-12-31"),
        ("Jan  1", "2021-01-01", "2021-01-01"),
        ("Jan  2", "2020-12-31", "2020-01-02"),
        ("Nov 27, Nov 28", "2026-11-28", "2026-11-27, 2026-11-28"),
        ("Nov 27, Nov 29", "2026-11-28", "2026-11-27, 2026-11-29"),
        ("Nov 27, Nov 30", "2026-11-28", "2025-11-27, 2025-11-30"),
        ("Dec 30, Dec 31, Jan  1", "2026-01-01", "2025-12-30, 2025-12-31, 2026-01-01"),
        ("Dec 31, Jan  1, Dec 31, Jan  2", "2026-03-01", "2025-12-31, 2026-01-01, 2025-12-31, 2026-01-02"),
        ("Jan  3, Dec 30, Jan  4", "2026-03-01", "2026-01-03, 2025-12-30, 2026-01-04"),
        ("Feb 29", "2023-05-01", "2020-02-29"),
        ("Feb 28, Feb 29, Mar  1", "2026-11-28", "2024-02-28, 2024-02-29, 2024-03-01"),
        ("Dec 31, Jan  1, Feb 29", "2026-11-28", "2023-12-31, 2024-01-01, 2024-02-29"),
        ("Nov 27, Mar  3, Nov 28", "2026-11-28", "2026-11-27, 2026-03-03, 2026-11-28"),
        ("Nov 27, Jan  1, Jan  1, Nov 28", "2026-11-28", "2026-11-27, 2026-01-01, 2026-01-01, 2026-11-28"),
        ("Jan  1, Nov 27, Nov 28", "2026-11-28", "2026-01-01, 2026-11-27, 2026-11-28"),
        ("Nov 27, Feb 30, Xyz  1, Nov 28", "2026-11-28", "2026-11-27, none, none, 2026-11-28"),
    ],
)
def test_years_at_the_edges(tmp_path: Path, days: str, written: str, expected: str) -> None:
    path = log(tmp_path, [line(day) for day in days.split(", ")], written)
    assert days_read(path) == expected.split(", ")


@pytest.mark.parametrize("step_days", [1, 9, 40])
def test_a_log_of_several_years_runs_forward(tmp_path: Path, step_days: int) -> None:
    days = span("2021-06-03", "2024-08-30", step_days)
    assert days_read(log(tmp_path, lines_of(days), "2024-09-02")) == [f"{day:%Y-%m-%d}" for day in days]


def test_a_log_that_runs_backwards_keeps_doing_so(tmp_path: Path) -> None:
    days = span("2022-02-01", "2024-08-30", 5)[::-1]
    assert days_read(log(tmp_path, lines_of(days), "2024-09-02")) == [f"{day:%Y-%m-%d}" for day in days]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%m-%d 16:13:38.811  1702  2395 D Power: on", 2025),
        ("%d %b 16:13:38.811 * Ready to accept connections", 2025),
        ("<34>%b %e 16:13:38 web1 app: on", 2025),
        ("%b %e 16:13:38.250 web1 app: on", 2025),
        ("%b %e 16:13:38 CEF:0|a|b|1|2|name|3|src=192.0.2.1", 2025),
        ("router: *%b %e 16:13:38: %%SYS-5-CONFIG_I: Configured", 2025),
        ("[%b %e 16:13:38] something", 2025),
        ("%b %e 2019 16:13:38 web1 app: on", 2019),
        ("%a %b %e 16:13:38 2019 something", 2019),
        ("2019-%m-%d 16:13:38 something", 2019),
    ],
)
def test_all_formats_without_years_follow_the_order(tmp_path: Path, form: str, expected: int) -> None:
    days = span("2025-11-18", "2025-12-05")
    path = log(tmp_path, [f"{day:{form}}" for day in days], "2026-11-28")
    assert days_read(path) == [f"{expected}-{day:%m-%d}" for day in days]


def test_a_year_inside_a_message_is_kept_and_moves_nothing(tmp_path: Path) -> None:
    audit = "Nov 30 10:00:01 web1 kernel: audit(1118304338.4294:0): initialized"
    path = log(tmp_path, [line("Nov 29"), audit, line("Dec  1")], "2026-11-28")
    assert days_read(path) == ["2025-11-29", "2005-06-09", "2025-12-01"]


def test_each_file_of_a_folder_has_its_own_years(tmp_path: Path) -> None:
    log(tmp_path, [line("Nov 20"), line("Dec  3")], "2026-11-28", name="a.log")
    log(tmp_path, [line("Nov 20"), line("Nov 28")], "2026-11-28", name="b.log")
    assert days_read(tmp_path) == ["2025-11-20", "2025-12-03", "2026-11-20", "2026-11-28"]


def long_log(folder: Path, first: str, last: str, written: str) -> tuple[Path, list[datetime]]:
    """Over the mebibyte of which all lines are looked at."""
    days = [day for day in span(first, last) for _ in range(20)]
    return log(folder, lines_of(days), written), days


def test_parts_have_the_years_of_the_whole(tmp_path: Path) -> None:
    path, days = long_log(tmp_path, "2023-12-20", "2026-01-20", "2026-11-28")
    assert path.stat().st_size > 1 << 20
    parts = list(parts_of(str(path), 160_000))
    assert len(parts) > 6
    problems = Problems()
    in_parts = [e for part in parts[::-1] for s in open_path(path, problems, part) for e in read_source(s, problems)]
    by_line = {event.location.record: event for event in in_parts}
    whole = list(read_events([path]))
    assert [event.time for event in whole] == [by_line[event.location.record].time for event in whole]
    assert [f"{event.time:%Y-%m-%d}" for event in whole if event.time] == [f"{day:%Y-%m-%d}" for day in days]


def test_a_file_that_grew_has_the_years_that_it_has_as_a_whole(tmp_path: Path) -> None:
    days = span("2024-10-01", "2026-02-10")
    path = log(tmp_path, lines_of(days[:300]), "2025-08-01")
    known = ReadSoFar()
    reading = FileReading(known, Problems())
    before = list(reading.events(str(path)))
    known.add(reading)
    log(tmp_path, lines_of(days), "2026-11-28")
    after = list(FileReading(known, Problems()).events(str(path)))
    assert (len(before), len(after)) == (300, len(days) - 300)
    assert [event.time.date() for event in before + after if event.time] == [day.date() for day in days]


def test_packed_files_are_looked_at_to_their_end(tmp_path: Path) -> None:
    path, days = long_log(tmp_path, "2023-12-20", "2026-01-20", "2026-11-28")
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    assert days_read(touch(packed, "2026-11-28")) == [f"{day:%Y-%m-%d}" for day in days]


def test_members_of_archives_begin_in_the_past_and_go_on_in_order(tmp_path: Path) -> None:
    path, days = long_log(tmp_path, "2025-06-01", "2026-12-05", "2026-11-28")
    short = log(tmp_path, [line("Nov 20"), line("Dec  3")], "2026-11-28", name="short.log")
    archive = tmp_path / "logs.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(path, "long.log")
        packed.write(short, "short.log")
    found = days_read(touch(archive, "2026-11-28"))
    assert found[-2:] == ["2025-11-20", "2025-12-03"]
    years = datetime.fromisoformat(found[0]).year - days[0].year
    assert found[:-2] == [f"{day.replace(year=day.year + years):%Y-%m-%d}" for day in days]


def stdin_of(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> list[LogEvent]:
    data = "".join(f"{text}\n" for text in lines).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    return list(read_events(["-"]))


def test_a_stream_begins_in_the_past_and_goes_on_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    days = [now - timedelta(days=200) + timedelta(hours=n * 4) for n in range(2_400)]
    read = [event.time.date() for event in stdin_of(monkeypatch, lines_of(days)) if event.time]
    assert read[0] <= now.date()
    assert [after - before for before, after in itertools.pairwise(read)] == [
        after.date() - before.date() for before, after in itertools.pairwise(days)
    ]


def test_a_short_stream_does_not_end_in_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    days = [now + timedelta(days=n) for n in range(-3, 6)]
    read = [event.timestamp for event in stdin_of(monkeypatch, lines_of(days))]
    assert all(seconds is not None and seconds < time.time() - 300 * 86_400 for seconds in read)


def test_a_stream_whose_clock_is_set_late_is_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    booting = [f"Jan  1 00:00:{n:02} router kernel: device {n} is found and its driver loaded" for n in range(50)] * 40
    hours = [now - timedelta(hours=hour) for hour in range(48, 0, -1)]
    read = stdin_of(
        monkeypatch, [*booting, *(f"{hour:%b %e %H:%M:%S} web1 sshd[230]: session closed" for hour in hours)]
    )
    assert [event.time.date() for event in read[-48:] if event.time] == [hour.date() for hour in hours]
    assert all(event.timestamp is not None and event.timestamp < time.time() for event in read)


def test_lines_read_one_by_one_know_no_order() -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    in_three_days = datetime.now(UTC) + timedelta(days=3)
    assert parse_line(line(f"{tomorrow:%b %e}"), SourceLocation("x")).timestamp is not None
    first = parse_line(line(f"{in_three_days:%b %e}")).timestamp
    assert first is not None
    assert first < time.time()


def test_a_file_said_to_be_older_than_logs_are_is_read_as_of_today(tmp_path: Path) -> None:
    (seconds,) = [event.timestamp for event in read_events([log(tmp_path, [line("Mar  3")], "1980-01-01")])]
    assert seconds is not None
    assert time.time() - 367 * 86_400 < seconds < time.time() + 86_400


@needs_linux
def test_a_real_log_from_june_to_february_runs_forward(tmp_path: Path) -> None:
    path = tmp_path / "Linux_full.log"
    with LINUX.open("rb") as packed, path.open("wb") as plain:
        zstandard.ZstdDecompressor().copy_stream(packed, plain)
    times = [event.time for event in read_events([touch(path, "2026-11-28T18:00")]) if event.time]
    assert (f"{times[0]:%Y-%m-%d}", f"{times[-1]:%Y-%m-%d}") == ("2025-06-09", "2026-02-28")
    guessed = [moment for moment in times if moment.year > 2006]  # the kernel's audit lines have a year
    assert len(times) - len(guessed) < 0.02 * len(times)
    assert max(b - a for a, b in itertools.pairwise(guessed)) < timedelta(days=20)
    assert max(a - b for a, b in itertools.pairwise(guessed)) < timedelta(days=1)


@settings(max_examples=60)
@given(steps=st.lists(st.integers(-3, 30), max_size=80), first=st.integers(0, 1_400))
def test_small_steps_in_any_order_are_followed(steps: list[int], first: int) -> None:
    """Property: dates at most a month ahead and three days back give their years back."""
    day = datetime(2020, 1, 1) + timedelta(days=first)
    order = YearOrder(day_number(day.replace(tzinfo=UTC).timestamp()))
    for step in steps:
        day += timedelta(days=step)
        in_year = day_in_year(day.month, day.day)
        assert in_year is not None
        assert order.take(in_year) == day_number(day.replace(tzinfo=UTC).timestamp())
