"""The parts that the JSON reader is made of: scanner, lenient parser, wrappers, prefixes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.events.readers.json_lenient import MAX_DEPTH, parse_leniently, too_deep
from loglm.events.readers.json_prefix import is_header
from loglm.events.readers.json_scan import JsonScanner
from loglm.events.readers.json_wrappers import records_in


def chunks_of(text: str, size: int) -> Iterator[bytes]:
    data = text.encode()
    return iter([data[at : at + size] for at in range(0, len(data), size)])


objects = st.recursive(
    st.text(alphabet='a"\\{}[], \n', max_size=6) | st.integers(0, 99),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(alphabet='k"{[', max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.just("k"), objects, min_size=1), max_size=4),
    st.integers(1, 7),
    st.sampled_from([None, 1]),
)
def test_json_scanner_finds_every_element_wherever_chunks_end(
    records: list[object], size: int, indent: int | None
) -> None:
    found = list(JsonScanner(chunks_of(json.dumps(records, indent=indent), size)))
    assert [(json.loads(piece), why) for piece, why in found] == [(record, None) for record in records]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_json_scanner_yields_scalars_and_says_what_is_broken(size: int) -> None:
    found = list(JsonScanner(chunks_of('[1, "a, b", true, {"c": [2]}, {"d": ', size)))
    assert found == [
        (b"1", None),
        (b'"a, b"', None),
        (b"true", None),
        (b'{"c": [2]}', None),
        (b'{"d": ', "the document ends inside this record"),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": 1}{"b": 2} , [3]', [{"a": 1}, {"b": 2}, [3]]),
        ('{"a": NaN}', [{"a": None}]),
        ('{"a": 99999999999999999999}', [{"a": 1e20}]),
        ("", None),
        (",", None),
        ("{'a': 1}", None),
        ('{"a": 1} x', None),
    ],
)
def test_parse_leniently_reads_all_of_a_text_or_nothing(text: str, values: list[object] | None) -> None:
    assert parse_leniently(text) == values


def test_too_deep_counts_nesting_not_brackets() -> None:
    assert not too_deep("[" * 1000, [[[1]], *([[]] * 1000)])
    value: object = 1
    for _ in range(MAX_DEPTH + 3):
        value = [value]
    assert too_deep(json.dumps(value), value)


RECORD = {"timestamp": "2021-02-03T04:05:06Z", "a": 1}


@pytest.mark.parametrize(
    "wrapper",
    [
        {"Records": [RECORD]},
        {"records": [RECORD], "time": "2021-02-03T04:05:06Z", "nested": {"a": {}}},
        {"value": [RECORD], "@odata.nextLink": "https://"},
        {"items": [RECORD], "kind": "List", "metadata": {"a": 1}},
        {"took": 1, "_shards": {"total": 1}, "hits": {"total": 1, "hits": [RECORD]}},
        {"messageType": "DATA_MESSAGE", "subscriptionFilters": ["a"], "logEvents": [RECORD]},
        {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [RECORD]}]}]},
        {"anything": [RECORD]},
    ],
)
def test_records_in_opens_wrappers(wrapper: dict[str, object]) -> None:
    assert records_in(wrapper) == [RECORD]


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        {},
        {"a": 1},
        {"events": [{"name": "login"}], "actor": {"email": "a@b.example"}, "id": {"time": "2021-02-03T04:05:06Z"}},
        {"timestamp": 1612325106, "items": [{"a": 1}]},
        {"data": "text", "items": 3},
        {"value": []},
        {"log": {"level": "info"}},
        {"message": "a", "data": {"b": 1}},
    ],
)
def test_records_in_leaves_records_alone(record: dict[str, object]) -> None:
    assert records_in(record) is None


def test_records_in_gives_no_record_of_an_empty_delivery() -> None:
    assert records_in({"Records": []}) == []


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("Feb  3 04:05:06 web1 app[12]: ", True),
        ("<13>1 2021-02-03T04:05:06.123456+01:00 web1 app 1 ID - ", True),
        ("2021-02-03T04:05:06Z stderr F ", True),
        ("2021-02-03 04:05:06 ERROR in module x at line 4 because: ", False),
        ("user logged in ", False),
    ],
)
def test_is_header_tells_headers_from_messages(prefix: str, expected: bool) -> None:
    assert is_header(prefix) is expected
