"""Indexes that grow: no event twice, none lost by a kill, readers and one writer at a time."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from loglm.errors import InputError, SourceLocation
from loglm.events import LogEvent, LogSource, Problems, read_events
from loglm.search import building
from loglm.search.building import BuildStats, add_events
from loglm.search.querying import Filters, SearchIndex
from loglm.search.store import DATABASE, VECTORS
from search.conftest import AUTH, LOGS, Encoder


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_BATCH_EVENTS", 100)


def build(folder: Path, encoder: Encoder, events: Iterator[LogEvent], problems: Problems | None = None) -> BuildStats:
    return add_events(folder, events, embed=encoder[0].embed_texts, encoder=encoder[1], problems=problems)


def contents(folder: Path, encoder: Encoder) -> tuple[tuple[int, int], list[object]]:
    with SearchIndex(folder, embed=encoder[0].embed_texts, encoder=encoder[1]) as index:
        hits = index.like("Failed password for invalid user oracle", limit=50)
        return index.size(), [(round(hit.score, 6), hit.location, hit.events, hit.text) for hit in hits]


def test_events_are_added_once(tmp_path: Path, encoder: Encoder) -> None:
    first = build(tmp_path / "i", encoder, read_events([AUTH]))
    again = build(tmp_path / "i", encoder, read_events([AUTH]))
    assert (first.added, first.known) == (842, 0)
    assert (again.added, again.known, again.texts) == (0, 842, 0)


def test_path_written_otherwise_is_the_same_file(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "i", encoder, read_events([AUTH]))
    monkeypatch.chdir(AUTH.parent)
    assert build(tmp_path / "i", encoder, read_events([AUTH.name])).added == 0


def test_log_that_has_grown_adds_its_new_lines(tmp_path: Path, encoder: Encoder) -> None:
    lines = AUTH.read_text().splitlines(keepends=True)
    log = tmp_path / "auth.log"
    log.write_text("".join(lines[:300]))
    build(tmp_path / "i", encoder, read_events([log]))
    log.write_text("".join(lines))
    grown = build(tmp_path / "i", encoder, read_events([log]))
    assert (grown.added, grown.known) == (542, 300)
    build(tmp_path / "whole", encoder, read_events([log]))
    assert contents(tmp_path / "i", encoder) == contents(tmp_path / "whole", encoder)


def test_rotated_log_is_another_file(tmp_path: Path, encoder: Encoder) -> None:
    lines = AUTH.read_text().splitlines(keepends=True)
    log = tmp_path / "auth.log"
    log.write_text("".join(lines[:300]))
    build(tmp_path / "i", encoder, read_events([log]))
    log.write_text("".join(lines[300:]))
    assert build(tmp_path / "i", encoder, read_events([log])).added == 542


def test_log_altered_under_its_first_line_is_told(tmp_path: Path, encoder: Encoder) -> None:
    lines = AUTH.read_text().splitlines(keepends=True)
    log = tmp_path / "auth.log"
    log.write_text("".join(lines[:300]))
    build(tmp_path / "i", encoder, read_events([log]))
    log.write_text("".join(lines[:1] + lines[301:]))
    problems = Problems()
    build(tmp_path / "i", encoder, read_events([log]), problems)
    assert problems.notes["changed"] == 1
    assert f"{log}:300" in problems.examples["changed"][0]


_KILLED = """
import os, signal, sys
from pathlib import Path
from loglm.events import read_events
from loglm.search import building
from loglm.search.encoders import load_encoder

model, logs, out, point = sys.argv[1:]
building._BATCH_EVENTS = 100
real = getattr(building, point)
calls = 0

def kill_at_the_tenth(*arguments):
    global calls
    result = real(*arguments)
    calls += 1
    if calls == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(building, point, kill_at_the_tenth)
encoder, encoder_id = load_encoder(model, threads=1)
building.add_events(Path(out), read_events([logs]), embed=encoder.embed_texts, encoder=encoder_id)
"""


@pytest.mark.parametrize("point", ["append_vectors", "add_words", "pack"])
def test_killed_build_is_usable_and_goes_on(
    point: str, tmp_path: Path, encoder: Encoder, model_folder: Path, shared_index: Path
) -> None:
    out = tmp_path / "i"
    done = subprocess.run([sys.executable, "-c", _KILLED, model_folder, LOGS, out, point], check=False)
    assert done.returncode == -signal.SIGKILL
    (events, texts), hits = contents(out, encoder)
    assert events > 0
    assert events % 100 == 0
    assert texts > 0
    assert hits
    stats = build(out, encoder, read_events([LOGS]))
    assert stats.known == events
    assert contents(out, encoder) == contents(shared_index, encoder)


def test_search_sees_what_was_added_meanwhile(tmp_path: Path, encoder: Encoder) -> None:
    sizes: list[int] = []

    def watched(index: SearchIndex | None) -> Iterator[LogEvent]:
        for number, event in enumerate(read_events([AUTH])):
            if number % 250 == 249:
                with SearchIndex(tmp_path / "i", embed=encoder[0].embed_texts, encoder=encoder[1]) as fresh:
                    assert fresh.like("Failed password for root")
                    sizes.append(fresh.size()[0])
                if index is not None:
                    assert index.like("Accepted publickey for alice")
                    assert index.size()[0] == sizes[-1]
            yield event

    build(tmp_path / "i", encoder, islice(watched(None), 400))
    with SearchIndex(tmp_path / "i", embed=encoder[0].embed_texts, encoder=encoder[1]) as index:
        build(tmp_path / "i", encoder, watched(index))
        assert index.size()[0] == 842
    assert sizes == [200, 400, 400, 700]


def test_second_writer_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    def interrupted() -> Iterator[LogEvent]:
        yield from islice(read_events([AUTH]), 150)
        with pytest.raises(InputError, match="another process is writing"):
            build(tmp_path / "i", encoder, read_events([AUTH]))
        yield from islice(read_events([AUTH]), 150, None)

    assert build(tmp_path / "i", encoder, interrupted()).added == 842


def test_failing_input_leaves_the_batches_before_it(tmp_path: Path, encoder: Encoder) -> None:
    def failing() -> Iterator[LogEvent]:
        yield from islice(read_events([AUTH]), 250)
        raise InputError("the disk went away")

    with pytest.raises(InputError, match="went away"):
        build(tmp_path / "i", encoder, failing())
    assert contents(tmp_path / "i", encoder)[0][0] == 200


def test_nothing_read_leaves_nothing(tmp_path: Path, encoder: Encoder) -> None:
    assert build(tmp_path / "i", encoder, iter(())).read == 0
    assert not (tmp_path / "i").exists()


def test_nothing_read_leaves_an_index_as_it_is(own_index: Path, encoder: Encoder) -> None:
    before = contents(own_index, encoder)
    build(own_index, encoder, iter(()))
    assert contents(own_index, encoder) == before


def test_an_index_made_before_the_index_of_sources_is_read_and_gets_it(own_index: Path, encoder: Encoder) -> None:
    embed, identity = encoder[0].embed_texts, encoder[1]
    filters = Filters(source="linux/sshd", since=0.0)
    with SearchIndex(own_index, embed=embed, encoder=identity) as index:
        expected = index.like("failed password for root", filters=filters)
    with closing(sqlite3.connect(own_index / DATABASE)) as connection:
        connection.execute("DROP INDEX events_by_source")
    with SearchIndex(own_index, embed=embed, encoder=identity) as index:
        assert index.like("failed password for root", filters=filters) == expected != []
    add_events(own_index, read_events([AUTH]), embed=embed, encoder=identity)
    with closing(sqlite3.connect(own_index / DATABASE)) as connection:
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events_by_source'").fetchone()


def test_folder_of_something_else_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="no index in it, and not empty"):
        build(tmp_path, encoder, read_events([AUTH]))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_cut_file_of_vectors_is_refused(own_index: Path, encoder: Encoder) -> None:
    (own_index / VECTORS).write_bytes((own_index / VECTORS).read_bytes()[:100])
    log = own_index.parent / "new.log"
    log.write_text("Mar  4 10:15:01 web1 backup[77]: rotated seventeen tapes\n")
    for events in (read_events([log]), iter(())):  # with nothing to add, too
        with pytest.raises(InputError, match="damaged"):
            build(own_index, encoder, events)


def test_overwritten_vectors_are_refused(own_index: Path, encoder: Encoder) -> None:
    with (own_index / VECTORS).open("r+b") as file:
        file.write(bytes(64))
    with pytest.raises(InputError, match="row 0 on is not as written"):
        build(own_index, encoder, iter(()))


def test_hostile_values_are_kept_as_text(tmp_path: Path, encoder: Encoder) -> None:
    event = LogEvent(
        raw="'); DROP TABLE events; -- \ud800 \0 \x1b[2J end",
        location=SourceLocation("a\udcff.log", 1 << 64),
        log_source=LogSource("linux", "x'y"),
        body="'); DROP TABLE events; -- \ud800 \0 end",
        timestamp=float("inf"),
        host="'\ud800",
    )
    build(tmp_path / "i", encoder, iter([event]))
    with SearchIndex(tmp_path / "i", embed=encoder[0].embed_texts, encoder=encoder[1]) as index:
        [hit] = index.like(event)
        assert hit.raw == "'); DROP TABLE events; -- \ufffd \0 \x1b[2J end"
        assert (hit.location.record, hit.timestamp, hit.log_source) == (None, None, "linux/x'y")


def test_copy_of_the_logs_shares_texts(tmp_path: Path, encoder: Encoder) -> None:
    shutil.copy(AUTH, tmp_path / "copy.log")
    first = build(tmp_path / "i", encoder, read_events([AUTH]))
    second = build(tmp_path / "i", encoder, read_events([tmp_path / "copy.log"]))
    assert first.texts > 0
    assert (second.added, second.texts) == (842, 0)
