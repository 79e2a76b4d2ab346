"""EvtxReader: every record that stands whole is read, and the others are counted."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from evtx_builder import CHUNK_BYTES, chunk, event, evtx_file, file_header

from loglm.errors import RecordError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers import evtx as evtx_module
from loglm.events.readers.evtx import EvtxReader
from loglm.events.readers.evtx_chunk import layout_of, readied
from loglm.events.source import HEAD_BYTES, Source

HEADER = 4096
FIRST_RECORD = 512


def source_of(data: bytes) -> Source:
    return Source("a.evtx", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])


def read(data: bytes) -> tuple[list[LogEvent], Problems]:
    problems = Problems()
    return list(EvtxReader().read(source_of(data), problems)), problems


def ids(events: list[LogEvent]) -> list[int | None]:
    return [event.location.record for event in events]


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def record_offset(data: bytes, number: int) -> int:
    """Where a record of the first chunk starts, counted from 0."""
    return HEADER + layout_of(data[HEADER : HEADER + CHUNK_BYTES]).records[number][0]


# --- whole files -------------------------------------------------------------------------------------------------


def test_records_are_read_in_order_with_their_ids() -> None:
    events, problems = read(evtx_file(3, 4))
    assert ids(events) == [1, 2, 3, 4, 5, 6, 7]
    assert [event.attributes["TargetUserName"] for event in events] == [f"user{number}" for number in range(1, 8)]
    assert problems == Problems()


def test_raw_is_the_record_as_json() -> None:
    events, _ = read(evtx_file(1))
    assert orjson.loads(events[0].raw)["Event"]["EventData"] == {"TargetUserName": "user1", "LogonType": "3"}
    assert (events[0].timestamp, events[0].host, events[0].user) == (1714979281.0, "host1", "user1")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (evtx_file(1), 1.0),
        (b"ElfFile\0", 1.0),
        (bytes(4096) + evtx_file(1)[4096:], 0.9),
        (b"ElfFil", 0.0),
        (b"", 0.0),
        (b'{"Event": {}}', 0.0),
    ],
)
def test_sniff_goes_by_the_magic_number(data: bytes, expected: float) -> None:
    assert EvtxReader().sniff(source_of(data)) == expected


def test_an_empty_log_is_read_without_complaint() -> None:
    unused = struct.pack("<8sQQQQIII", b"ElfChnk\0", 1, 2**64 - 1, 2**64 - 1, 2**64 - 1, 128, 0, 512)
    events, problems = read(file_header(1, 1) + unused.ljust(CHUNK_BYTES, b"\0"))
    assert (events, problems) == ([], Problems())


def test_unused_chunks_at_the_end_are_no_problem() -> None:
    events, problems = read(evtx_file(3) + bytes(CHUNK_BYTES * 3))
    assert (len(events), problems) == (3, Problems())


def test_left_overs_behind_the_free_space_are_not_read() -> None:
    data = bytearray(evtx_file(5))
    end = record_offset(bytes(data), 3) - HEADER
    struct.pack_into("<QQQQIII", data, HEADER + 8, 9, 11, 9, 11, 128, 512, end)
    for number, record_id in enumerate((9, 10, 11)):
        struct.pack_into("<Q", data, record_offset(evtx_file(5), number) + 8, record_id)
    events, problems = read(bytes(data))
    assert (ids(events), problems.total_rejected) == ([9, 10, 11], 0)


def test_records_newer_than_the_chunk_header_are_read() -> None:
    data = bytearray(evtx_file(6))
    end = record_offset(bytes(data), 2) - HEADER
    struct.pack_into("<QQQQIII", data, HEADER + 8, 1, 2, 1, 2, 128, 512, end)
    assert ids(read(bytes(data))[0]) == [1, 2, 3, 4, 5, 6]


def test_a_file_is_read_chunk_by_chunk() -> None:
    data = evtx_file(*[2] * 50)
    source = source_of(data)
    next(iter(EvtxReader().read(source, Problems())))
    assert source.stream.tell() == HEADER + CHUNK_BYTES


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    read(patched(evtx_file(5), record_offset(evtx_file(5), 2) + 24, b"\xff" * 40))
    assert capfd.readouterr() == ("", "")


# --- damaged files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_cut_in_a_chunk_loses_the_records_behind_it(kept: float) -> None:
    data = evtx_file(40)
    used = record_offset(data, 39)
    events, problems = read(data[: int(HEADER + (used - HEADER) * kept)])
    assert ids(events) == list(range(1, len(events) + 1))
    assert 40 * kept - 3 < len(events) < 40 * kept + 1
    assert problems.rejected == {"corrupt-record": 40 - len(events)}


def test_a_cut_between_chunks_loses_the_rest() -> None:
    events, problems = read(evtx_file(5, 6, 7)[: HEADER + CHUNK_BYTES])
    assert (len(events), problems.rejected) == (5, {"corrupt-record": 13})


def test_a_zeroed_chunk_is_counted_by_the_ids_around_it() -> None:
    data = patched(evtx_file(5, 6, 7), HEADER + CHUNK_BYTES, bytes(CHUNK_BYTES))
    events, problems = read(data)
    assert ids(events) == [1, 2, 3, 4, 5, *range(12, 19)]
    assert problems.rejected == {"corrupt-record": 6}
    assert problems.examples["corrupt-record"][0].startswith("a.evtx:6: 1 missing or unreadable chunk")


def test_a_zeroed_first_chunk_is_counted() -> None:
    events, problems = read(patched(evtx_file(5, 6), HEADER, bytes(CHUNK_BYTES)))
    assert (ids(events), problems.rejected) == ([6, 7, 8, 9, 10, 11], {"corrupt-record": 5})


@pytest.mark.parametrize("damage", [bytes(512), b"\xff" * 512, b"ElfChnk\0" + b"\x11" * 504])
def test_a_chunk_without_its_header_is_read(damage: bytes) -> None:
    events, problems = read(patched(evtx_file(5, 6), HEADER + CHUNK_BYTES, damage))
    assert (ids(events), problems.total_rejected) == (list(range(1, 12)), 0)


def test_tables_that_lead_in_circles_do_no_harm() -> None:
    """The library hangs on some tables of strings and templates; they are not used."""
    data = evtx_file(20)
    for offset in range(128, 512, 4):
        assert len(read(patched(data, HEADER + offset, struct.pack("<I", 512 + offset)))[0]) == 20


@pytest.mark.parametrize("damage", [bytes(4096), b"ElfFile\0" + b"\xff" * 4088])
def test_a_file_without_its_header_is_read(damage: bytes) -> None:
    events, problems = read(patched(evtx_file(5, 6), 0, damage))
    assert len(events) == 11
    assert set(problems.rejected) <= {"corrupt-record"}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data, at: patched(data, at, b"xxxx"), id="magic"),
        pytest.param(lambda data, at: patched(data, at + 4, b"\xff\xff\0\0"), id="size"),
        pytest.param(lambda data, at: patched(data, at + 4, b"\3\0\0\0"), id="small-size"),
        pytest.param(lambda data, at: patched(data, at + 8, b"\xee" * 8), id="id"),
        pytest.param(lambda data, at: patched(data, at + 16, b"\xff" * 8), id="time"),
        pytest.param(lambda data, at: patched(data, record_offset(data, 4) - 4, b"\0" * 4), id="second-size"),
    ],
)
def test_one_bad_field_of_a_record_header_is_mended(damage: Callable[[bytes, int], bytes]) -> None:
    data = evtx_file(9)
    events, problems = read(damage(data, record_offset(data, 3)))
    assert (ids(events), problems.total_rejected) == (list(range(1, 10)), 0)
    assert [event.attributes["TargetUserName"] for event in events] == [f"user{number}" for number in range(1, 10)]


def test_a_destroyed_record_is_the_only_one_lost() -> None:
    data = evtx_file(9)
    start, end = record_offset(data, 3), record_offset(data, 4)
    events, problems = read(patched(data, start, b"\xa5" * (end - start)))
    assert ids(events) == [1, 2, 3, 5, 6, 7, 8, 9]
    assert problems.rejected == {"corrupt-record": 1}
    assert problems.examples["corrupt-record"][0].startswith("a.evtx:4: ")


def test_destroyed_records_in_a_row_are_counted_one_by_one() -> None:
    data = evtx_file(9)
    start, end = record_offset(data, 3), record_offset(data, 6)
    events, problems = read(patched(data, start, bytes(end - start)))
    assert (ids(events), problems.rejected) == ([1, 2, 3, 7, 8, 9], {"corrupt-record": 3})


def test_a_record_that_cannot_be_decoded_is_named() -> None:
    data = evtx_file(9)
    events, problems = read(patched(data, record_offset(data, 3) + 24, b"\xff" * 8))
    assert ids(events) == [1, 2, 3, 5, 6, 7, 8, 9]
    assert problems.rejected == {"corrupt-record": 1}
    assert problems.examples["corrupt-record"][0].startswith("a.evtx:4: Failed to parse record number 4")


def test_altered_records_are_noted() -> None:
    data = evtx_file(5, 6)
    where = data.index("user2".encode("utf-16-le"))
    events, problems = read(patched(data, where, "eve".encode("utf-16-le")))
    assert events[1].attributes["TargetUserName"] == "ever2"
    assert (problems.total_rejected, problems.notes) == (0, {"checksum": 1})
    assert "1 chunk" in problems.examples["checksum"][0]


@pytest.mark.parametrize("data", [b"", b"ElfFile\0", b"ElfFile\0" + bytes(9000), evtx_file(5)[:HEADER]])
def test_a_file_without_a_readable_chunk_is_rejected_once(data: bytes) -> None:
    events, problems = read(data)
    assert (events, problems.rejected) == ([], {"corrupt-file": 1})
    assert "none of its 1 chunk can be read" in problems.examples["corrupt-file"][0]


def test_garbage_behind_the_magic_number_is_rejected_once() -> None:
    events, problems = read(b"ElfFile\0" + random.Random(3).randbytes(300_000))
    assert (events, problems.rejected) == ([], {"corrupt-file": 1})


def test_a_header_that_counts_too_few_chunks_is_not_believed() -> None:
    events, problems = read(patched(evtx_file(5, 6, 7), 0, file_header(1, 2)))
    assert (len(events), problems.total_rejected) == (18, 0)


def test_stop_on_error_raises_at_the_first_bad_record() -> None:
    data = evtx_file(9)
    reader = EvtxReader().read(
        source_of(patched(data, record_offset(data, 3) + 24, b"\xff" * 8)), Problems(stop_on_error=True)
    )
    with pytest.raises(RecordError, match="record number 4"):
        list(reader)


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_leaves_an_honest_count(seed: int) -> None:
    """Records that were not touched come out unchanged, and read plus rejected is what was there."""
    rng = random.Random(seed)
    sizes = [rng.randrange(5, 60) for _ in range(3)]
    data = bytearray(evtx_file(*sizes))
    for _ in range(rng.choice((1, 3, 10))):
        where = HEADER + CHUNK_BYTES * rng.randrange(3) + rng.randrange(FIRST_RECORD, 30_000)
        length = rng.choice((1, 4, 50, 600))
        data[where : where + length] = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length))
    before = {event.location.record: event.raw for event in read(evtx_file(*sizes))[0]}
    events, problems = read(bytes(data))
    assert len(events) + problems.total_rejected == sum(sizes)
    assert len({event.location.record for event in events}) == len(events)
    unchanged = sum(before[event.location.record] == event.raw for event in events)
    assert unchanged >= sum(sizes) - 60


# --- the library -------------------------------------------------------------------------------------------------


class PanicException(BaseException):
    """Stands for pyo3's class of this name."""


def _library_that_raises(error: BaseException, after: int) -> Callable[..., Any]:
    class Parser:
        def __init__(self, *_: Any) -> None:
            self.count = 0

        def records_json(self) -> Iterator[dict[str, Any]]:
            for number in range(1, after + 1):
                yield {"event_record_id": number, "data": '{"Event":{"System":{"EventID":1}}}'}
            raise error

    return Parser


def test_a_panic_of_the_library_costs_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evtx_module, "PyEvtxParser", _library_that_raises(PanicException("boom"), 2))
    events, problems = read(evtx_file(5))
    assert (ids(events), problems.rejected) == ([1, 2], {"corrupt-record": 3})


def test_a_library_that_fails_for_ever_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parser:
        def __init__(self, *_: Any) -> None: ...

        def records_json(self) -> Any:
            return self

        def __next__(self) -> None:
            raise RuntimeError("Failed to parse record number 2: again")

    monkeypatch.setattr(evtx_module, "PyEvtxParser", Parser)
    events, problems = read(evtx_file(5))
    assert (events, problems.rejected) == ([], {"corrupt-record": 5})


def test_other_exceptions_are_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evtx_module, "PyEvtxParser", _library_that_raises(KeyboardInterrupt(), 2))
    with pytest.raises(KeyboardInterrupt):
        read(evtx_file(5))


def test_a_record_of_another_structure_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parser:
        def __init__(self, *_: Any) -> None: ...

        def records_json(self) -> Iterator[dict[str, Any]]:
            for number, text in enumerate(("{}", "[]", "{", '{"Event":{}}', '{"Event":[]}'), start=1):
                yield {"event_record_id": number, "data": text}

    monkeypatch.setattr(evtx_module, "PyEvtxParser", Parser)
    events, problems = read(evtx_file(5))
    assert (events, problems.rejected) == ([], {"corrupt-record": 5})


# --- the layout of chunks ----------------------------------------------------------------------------------------


def test_layout_names_the_records_of_a_chunk() -> None:
    data = chunk(7, [event(1, {"a": "b"}, record_id=number) for number in range(7, 10)])
    layout = layout_of(data)
    assert [record_id for _, _, record_id in layout.records] == [7, 8, 9]
    assert (layout.first_id, layout.lost, layout.gaps, layout.odd, layout.blank) == (7, 0, [], [], False)


@pytest.mark.parametrize(("data", "blank"), [(bytes(CHUNK_BYTES), True), (b"\x01" * CHUNK_BYTES, False)])
def test_layout_tells_blank_from_damaged(data: bytes, blank: bool) -> None:
    assert (layout_of(data).records, layout_of(data).blank) == ([], blank)


def test_readied_chunk_has_the_layout_that_was_found() -> None:
    data = bytearray(chunk(1, [event(1, {"a": "b"}, record_id=number) for number in range(1, 8)]))
    data[layout_of(bytes(data)).records[3][0] + 4] ^= 0xFF
    data[8:16] = b"\xff" * 8
    layout = layout_of(bytes(data))
    again = layout_of(readied(bytes(data), layout))
    assert (again.records, again.odd, again.lost) == (layout.records, [], 0)


@pytest.mark.parametrize("unit", [b"**\0\0", b"**\0\0\x1c\0\0\0", b"\x1c\0\0\0"])
def test_layout_of_adversarial_chunk_is_found_in_time(unit: bytes) -> None:
    layout = layout_of((b"ElfChnk\0" + unit * CHUNK_BYTES)[:CHUNK_BYTES])
    assert len(layout.records) < 2500


# --- real files --------------------------------------------------------------------------------------------------


def _real(shared_data: Path, name: str) -> bytes:
    with (shared_data / "attack" / name).open("rb") as stream:
        return zstandard.ZstdDecompressor().stream_reader(stream).read()


@pytest.mark.parametrize(
    ("name", "events", "rejected"),
    [
        ("benign-windows/dfir-museum-win11-rathbunvm/Security.evtx.zst", 6740, 0),
        ("benign-windows/plaso/System.evtx.zst", 5009, 0),
        ("benign-windows/omerbenamram-evtx/sysmon.evtx.zst", 358, 0),  # with stale chunks behind the last one
        ("benign-windows/omerbenamram-evtx/2-vss_7-System.evtx.zst", 1160, 262),  # two chunks are zeros
        ("benign-windows/omerbenamram-evtx/Microsoft-Windows-LanguagePackSetup_4Operational.evtx.zst", 17, 3),
    ],
)
def test_real_files_are_read(shared_data: Path, name: str, events: int, rejected: int) -> None:
    found, problems = read(_real(shared_data, name))
    assert (len(found), problems.total_rejected) == (events, rejected)
    assert all(event.timestamp and event.host and event.action for event in found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "name",
    [
        "benign-windows/dfir-museum-win11-rathbunvm/Security.evtx.zst",
        "dfir-museum/server2022-aptsimulator/Microsoft-Windows-PowerShell_Operational.evtx.zst",
    ],
)
def test_real_damaged_files_leave_an_honest_count(shared_data: Path, name: str, seed: int) -> None:
    data = bytearray(_real(shared_data, name)[: HEADER + 4 * CHUNK_BYTES])
    total = sum(len(layout_of(bytes(data[HEADER + CHUNK_BYTES * n :][:CHUNK_BYTES])).records) for n in range(4))
    last = layout_of(bytes(data[-CHUNK_BYTES:])).records[-1][2]
    data[:4096] = file_header(4, last + 1)
    rng = random.Random(seed)
    for _ in range(5):
        where = HEADER + CHUNK_BYTES * rng.randrange(4) + rng.randrange(FIRST_RECORD, 60_000)
        data[where : where + 200] = rng.choice((rng.randbytes(200), bytes(200)))
    found, problems = read(bytes(data))
    assert len(found) + problems.total_rejected == total
    assert problems.notes == {"checksum": 1}
