from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.errors import RecordError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.json_records import JsonReader
from loglm.events.source import HEAD_BYTES, Source

RECORD = {"eventVersion": "1.08", "eventName": "GetUser", "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1"}
LINE = json.dumps(RECORD)


def source_of(data: bytes) -> Source:
    return Source("log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(text: str | bytes, problems: Problems | None = None) -> list[LogEvent]:
    data = text.encode() if isinstance(text, str) else text
    return list(JsonReader().read(source_of(data), problems or Problems(stop_on_error=True)))


def sniff(text: str | bytes) -> float:
    return JsonReader().sniff(source_of(text.encode() if isinstance(text, str) else text))


@pytest.mark.parametrize(
    "text",
    [
        f"{LINE}\n{LINE}\n",
        f"\n{LINE}\r\n\r\n{LINE}",
        f"[{LINE},{LINE}]",
        f"[{LINE},\n{LINE}\n]",
        json.dumps([RECORD, RECORD], indent=2),
        f"{LINE}{LINE}",
        f"{LINE},\n{LINE},\n",
        "\n".join(json.dumps(RECORD, indent=4) for _ in range(2)),
        json.dumps({"Records": [RECORD, RECORD]}),
        json.dumps({"Records": [RECORD, RECORD]}, indent=2),
        "\n".join(json.dumps({"Records": [RECORD]}) for _ in range(2)),
        json.dumps({"count": 2, "value": [RECORD, RECORD]}),
        json.dumps({"hits": {"total": 2, "hits": [{"_index": "a", "_source": RECORD} for _ in range(2)]}}, indent=1),
        json.dumps({"log": {"version": "1.2", "entries": [RECORD, RECORD]}}),
        json.dumps({"odd name": [RECORD, RECORD]}),
    ],
)
def test_json_reader_finds_the_records_of_each_layout(text: str) -> None:
    assert sniff(text) >= 0.5
    assert [(event.action, event.attributes) for event in read(text)] == [("GetUser", RECORD)] * 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_reader_recognises_the_encoding(encoding: str, indent: int | None) -> None:
    data = json.dumps([{"message": "käse"}], indent=indent, ensure_ascii=False).encode(encoding)
    assert sniff(data) >= 0.5
    assert [event.attributes for event in read(data)] == [{"message": "käse"}]


def test_json_reader_numbers_lines_in_json_lines_and_records_in_documents() -> None:
    assert [event.location.record for event in read('{"a":1}\n\n{"a":2}\n')] == [1, 3]
    assert [event.location.record for event in read('[\n{"a":1},\n\n{"a":2}\n]')] == [1, 2]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrapper", [{"Records": [RECORD] * 3}, [RECORD, "text", RECORD], {"value": [RECORD] * 3}])
def test_json_reader_numbers_the_records_in_a_wrapper(wrapper: object, indent: int | None) -> None:
    assert [event.location.record for event in read(json.dumps(wrapper, indent=indent))] == [1, 2, 3]


def test_json_reader_numbers_go_on_over_the_documents_of_a_file() -> None:
    text = "\n".join(json.dumps({"Records": [RECORD, RECORD]}, indent=1) for _ in range(2))
    assert [event.location.record for event in read(text)] == [1, 2, 3, 4]


def test_json_reader_gives_records_of_one_line_among_others_the_number_of_the_line() -> None:
    line = json.dumps({"Records": [RECORD, RECORD]})
    assert [event.location.record for event in read(f"{line}\n{line}\n")] == [1, 1, 2, 2]


def test_json_reader_counts_a_broken_record_of_a_document() -> None:
    problems = Problems()
    events = read('[\n{"a": 1},\n{"a" 1},\n{"a": 3}\n]', problems)
    assert [event.location.record for event in events] == [1, 3]
    assert problems.total_rejected == 1


def test_json_reader_keeps_the_line_as_raw_and_the_record_alone_out_of_a_wrapper() -> None:
    assert read('{"a": 1,  "b": 2}\n{"a":3}')[0].raw == '{"a": 1,  "b": 2}'
    assert read('{"Records": [{"a": 1,  "b": 2}]}')[0].raw == '{"a":1,"b":2}'


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        '{"a":',
        '{"a":1',
        '{"a" 1}',
        "{'a': 1}",
        '{"a":1}}',
        "{}x",
        '{"a":1} trailing',
        "{\x00",
        '"',
        "}",
        '{"a":tru}',
    ],
)
def test_json_reader_rejects_a_malformed_line_and_goes_on(bad: str) -> None:
    problems = Problems()
    events = read(f"{LINE}\n{bad}\n{LINE}\n", problems)
    assert len(events) == 2
    assert problems.rejected == {"malformed-json": 1}
    assert problems.examples["malformed-json"][0].startswith("log:2: ")


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_json_reader_rejects_a_depth_bomb(opening: str) -> None:
    problems = Problems()
    bomb = opening * 100_000
    assert len(read(f"{LINE}\n{bomb}\n{LINE}\n", problems)) == 2
    assert problems.rejected == {"malformed-json": 1}


@pytest.mark.parametrize("depth", [200, 900])
def test_json_reader_rejects_valid_json_that_nests_too_deep(depth: int) -> None:
    problems = Problems()
    deep = '{"a":' * depth + "1" + "}" * depth
    assert len(read(f"{deep}\n{LINE}\n[{LINE}]", problems)) == 2
    assert problems.rejected == {"malformed-json": 1}


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ('{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": 123456789012345678901234567890}', {"a": 1.2345678901234568e29}),
        ('{"a": "tab\there"}', {"a": "tab\there"}),
        (r'{"a": "\ud83d\ude00 \ud800 \udc00\\ud800"}', {"a": "😀 \ufffd \ufffd\\ud800"}),
        ('{"a": "nul \\u0000"}', {"a": "nul \x00"}),
        ('{"a": "x"},', {"a": "x"}),
    ],
)
def test_json_reader_reads_what_loggers_write_outside_the_standard(text: str, attributes: dict[str, object]) -> None:
    event = read(f"{LINE}\n{text}\n{LINE}")[1]
    assert event.attributes == attributes
    event.raw.encode()
    orjson.dumps(event.attributes)


def test_json_reader_reads_a_huge_integer_in_linear_time() -> None:
    problems = Problems()
    read(f'{LINE}\n{{"a": {"9" * 400_000}}}\n', problems)
    assert problems.total_rejected <= 1


def test_json_reader_decodes_invalid_utf8_with_replacement() -> None:
    assert read(b'{"a": "\xff\xfe\xe2\x82"}\n{"b": 1}')[0].attributes["a"]


@pytest.mark.parametrize("value", ["1", '"text"', "true", "[1, 2]"])
def test_json_reader_makes_a_plain_event_of_json_that_is_no_object(value: str) -> None:
    event = read(f"{LINE}\n{value}\n")[1]
    assert (event.body, event.attributes, event.raw) == (value, {}, value)


def test_json_reader_reads_text_lines_among_json_lines() -> None:
    event = read(f"{LINE}\n{LINE}\n2024-11-13 09:54:35 ERROR [Auth] failed login\n")[2]
    assert (event.timestamp, event.attributes.get("level")) == (1731491675.0, "ERROR")


@pytest.mark.parametrize(
    ("prefix", "host", "timestamp", "body"),
    [
        ("<34>2021-02-03T04:05:06Z web1 app 12 ID1 - ", "web1", 1612325106.0, None),
        ("2021-02-03T04:05:06.5Z web1 app[12]: ", "web1", 1612325106.5, None),
        ("2021-02-03T04:05:06Z stdout F ", None, 1612325106.0, None),
        ("2021-02-03 04:05:06,000 WARN [RpcServer] slow: ", None, 1612325106.0, "WARN [RpcServer] slow"),
        ("caddy | ", None, None, "caddy |"),
    ],
)
def test_json_reader_reads_records_behind_a_prefix(
    prefix: str, host: str | None, timestamp: float | None, body: str | None
) -> None:
    text = f'{prefix}{{"zone": "a", "size": 3, "list": [1, 2, 3], "nested": {{"key": "value"}}}}\n' * 3
    assert sniff(text) >= 0.5
    event = read(text)[0]
    assert (event.host, event.timestamp, event.body) == (host, timestamp, body)
    assert event.attributes["size"] == 3
    assert event.raw == text.split("\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "Feb  3 04:05:06 web1 sshd[12]: Accepted publickey for root\n",
        "[2021-02-03 04:05:06] INFO started\n[2021-02-03 04:05:07] INFO stopped\n",
        "{not json}\n{at all}\n",
        "a,b,c\n1,2,3\n",
        "2021 user logged in from somewhere far away with details {}\n",
        "1\n2\n3\n",
        b"\x00\x01\x02\x03ElfFile\x00",
        b"PK\x03\x04{",
    ],
)
def test_json_reader_sniffs_nothing_in_other_text(text: str | bytes) -> None:
    assert sniff(text) < 0.3


def test_json_reader_reads_a_document_longer_than_its_buffers_in_bounded_memory() -> None:
    records = b",".join(orjson.dumps({"eventName": "GetUser", "n": n, "pad": "x" * 3000}) for n in range(6000))
    data = b'{"owner": "1", "Records": [' + records + b'], "after": [{"b": 2}], "more": {"c": "}"}}\n{"last": 1}'
    source = source_of(data)
    tracemalloc.start()
    count = 0
    for event in JsonReader().read(source, Problems(stop_on_error=True)):
        count += 1
        last = event
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, last.attributes) == (6001, {"last": 1})
    assert peak < 24 << 20


def test_json_reader_goes_on_after_a_broken_record_of_a_document() -> None:
    problems = Problems()
    events = read('[\n{"a": 1},\n{"a": "x" "y"},\n{"a": "unclosed},\n{"a": 4},\n{"a": 5}\n]', problems)
    assert [event.attributes["a"] for event in events] == [1, 4, 5]
    assert problems.rejected == {"malformed-json": 2}


def test_json_reader_keeps_the_records_before_the_end_of_a_document_cut_short() -> None:
    problems = Problems()
    text = json.dumps([{"a": n, "list": [{"b": n}]} for n in range(50)], indent=2)
    assert len(read(text[:-30], problems)) == 49
    assert problems.rejected == {"malformed-json": 1}


def test_json_reader_rejects_records_of_a_document_that_are_too_long() -> None:
    problems = Problems()
    events = read(f'[{{"a": "{"x" * (2 << 20)}"}}, {{"b": 1}}]', problems)
    assert [event.attributes for event in events] == [{"b": 1}]
    assert problems.rejected == {"too-long": 1}


def test_json_reader_raises_on_the_first_problem_where_asked() -> None:
    with pytest.raises(RecordError, match="log:2: no JSON value"):
        read(f'{LINE}\n{{"a"\n', Problems(stop_on_error=True))


@pytest.mark.parametrize(
    ("start", "unit", "size"),
    [
        ("", "[", 1 << 20),
        ("", '{"a":', 1 << 21),
        ("", '[\n{"a', 1 << 19),
        ("[\n", '{"a": "\n', 1 << 20),
        ('[\n"', "\\", 1 << 22),
        ("[\n", '{"a": 1}}\n', 1 << 18),
        ("[\n", "x y z\n", 1 << 17),
    ],
)
def test_json_reader_takes_linear_time_on_broken_documents(start: str, unit: str, size: int) -> None:
    def repeated(size: int) -> bytes:
        return (start + unit * (size // len(unit))).encode()

    assert_linear(lambda data: sum(1 for _ in JsonReader().read(source_of(data), Problems())), repeated, size)


@given(st.binary(max_size=400))
def test_json_reader_never_raises(data: bytes) -> None:
    source = source_of(b'{"a": 1}\n' + data)
    JsonReader().sniff(source)
    list(JsonReader().read(source, Problems()))
    list(JsonReader().read(source_of(b"[\n" + data), Problems()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "message", "id"]), json_values, min_size=2), min_size=1, max_size=4
    )
)
def test_json_reader_yields_every_record_once_in_each_layout(records: list[dict[str, object]]) -> None:
    lines = "\n".join(json.dumps(record) for record in records)
    for text in (lines, json.dumps(records), json.dumps(records, indent=2)):
        assert len(read(text)) == len(records)


def test_json_reader_reads_the_cloudtrail_files_of_a_recording(shared_data: Path) -> None:
    files = sorted((shared_data / "attack" / "invictus-aws" / "CloudTrail").glob("*.zst"))
    events = []
    for file in files[:10]:
        events += read(zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read())
    assert events
    assert {str(event.log_source) for event in events} == {"aws/cloudtrail"}
    assert all(event.timestamp and event.user and event.action for event in events)


@pytest.mark.parametrize(
    "line",
    [
        "panic: foo bar failed",
        "  at level1.py:10034",
        "[28325:00010] smtp: refused",
        "# syslog example",
        "level=warn a",
    ],
)
def test_json_reader_reads_a_line_of_text_among_records_as_text(line: str) -> None:
    problems = Problems()
    events = read(f"{LINE}\n{line}\n{LINE}\n", problems)
    assert [event.raw for event in events] == [LINE, line, LINE]
    assert not problems.rejected


@pytest.mark.parametrize("piece", ['"user": "x",', "],", "[", '["a"', ': "x"'])
def test_json_reader_rejects_a_piece_of_a_record(piece: str) -> None:
    problems = Problems()
    assert len(read(f"{LINE}\n{piece}\n{LINE}\n", problems)) == 2
    assert problems.rejected == {"malformed-json": 1}


def test_json_reader_puts_a_record_of_several_lines_together() -> None:
    record = '{"level": "ERROR",\n"stacktrace": ["java.lang.Exception: {",\n"at A.b"] }'
    events = read(f"{LINE}\n{record}\n{LINE}\n")
    assert [(event.location.record, event.raw) for event in events] == [(1, LINE), (2, record), (5, LINE)]
    assert events[1].attributes["stacktrace"] == ["java.lang.Exception: {", "at A.b"]


@pytest.mark.parametrize(
    "text", [r'{"a": "x\ny"}\n', r'{\n  "a": "x\ny",\r\n\t"b": []\n}', r'{"a": "x\ny"}\n\n{"b": "\\"}'], ids=range(3)
)
def test_json_reader_takes_escaped_breaks_between_values_as_blanks(text: str) -> None:
    problems = Problems()
    events = read(f"{LINE}\n{text}\n{LINE}\n", problems)
    assert events[1].attributes["a"] == "x\ny"
    assert not problems.rejected


@pytest.mark.parametrize("unit", [r"\"", r"\n", r'"\\', "\\"], ids=["quote", "break", "string", "backslash"])
def test_json_reader_takes_linear_time_for_escapes(unit: str) -> None:
    assert_linear(lambda text: read(text, Problems()), lambda size: f'{LINE}\n{{"a": 1{unit * size}\n', 300_000)


@pytest.mark.parametrize(
    "text",
    ['{"user": "root", "user": "ann"}', '{"user": "root", "load": NaN, "user": "ann"}'],
    ids=["strict", "lenient"],
)
def test_of_a_key_given_twice_the_last_value_counts_and_the_raw_line_keeps_both(text: str) -> None:
    first, second = read(f"{text}\n{text}\n")
    assert first.attributes["user"] == second.attributes["user"] == "ann"
    assert first.raw == second.raw == text
