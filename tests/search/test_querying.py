"""Questions to an index of the example logs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from loglm.artifacts.database import EncoderId
from loglm.errors import InputError, ModelError
from loglm.events import parse_line, read_events, render
from loglm.search.querying import Filters, SearchIndex, query_text
from loglm.search.store import DATABASE, VECTORS
from search.conftest import AUTH, Encoder


def test_example_finds_its_own_text_first(index: SearchIndex) -> None:
    event = list(read_events([AUTH]))[1]
    best = index.like(event)[0]
    same = [other for other in read_events([AUTH]) if render(other) == render(event)]
    assert (best.text, best.events) == (render(event), len(same))
    assert best.score == pytest.approx(1, abs=0.02)
    assert best.similarity == pytest.approx(1, abs=1e-3)
    assert best.raw in {other.raw for other in same}
    assert (best.location.path, best.location.record) == (str(AUTH), same[0].location.record)
    assert best.first_time == min(other.timestamp or 0 for other in same)


def test_words_find_texts_that_hold_them(index: SearchIndex) -> None:
    hits = index.like("Failed password for invalid user", limit=8)
    assert len(hits) == 8
    assert any("Failed password for invalid user" in hit.raw for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("query", ['a" OR b*', "NEAR(failed password, 2)", "text : failed ^password", "a AND NOT (b"])
def test_query_language_is_plain_words(index: SearchIndex, query: str) -> None:
    assert index.like(query)


@pytest.mark.parametrize(
    ("query", "reason"),
    [("", "empty"), (" \n", "empty"), ("!!! ...", "no letters"), ("sshd", "all one word"), ("x x X", "all one word")],
)
def test_query_without_two_words_is_refused(index: SearchIndex, query: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        index.like(query)


def test_compact_json_is_an_event(index: SearchIndex) -> None:
    assert index.like('{"EventID":4624,"Channel":"Security"}')


def test_plain_text_is_compared_without_a_header() -> None:
    assert query_text("no route to host 10.0.0.7 at all") == "no route to host <ip4:private> at all"
    assert query_text(parse_line("no route to host")).startswith("unknown")


@pytest.mark.parametrize("value", ["127.0.0.5", "alice", "ALICE", "ED25519"])
def test_value_finds_all_events_with_it(index: SearchIndex, value: str) -> None:
    hits = index.with_value(value, limit=1000)
    assert all(value.lower() in hit.raw.lower() for hit in hits)
    assert [hit.events for hit in hits] == sorted(hit.events for hit in hits)


def test_value_counts_only_its_events(index: SearchIndex) -> None:
    lines = [line for line in AUTH.read_text().splitlines() if " for alice from 127.0.0.5 port " in line]
    hits = index.with_value("for alice from 127.0.0.5 port", limit=1000)
    assert sum(hit.events for hit in hits) == len(lines) > 0


def test_unknown_value_is_not_found(index: SearchIndex) -> None:
    assert index.with_value("203.0.113.254") == []


@pytest.mark.parametrize("value", ["", "  ", "x" * 1025])
def test_unusable_value_is_refused(index: SearchIndex, value: str) -> None:
    with pytest.raises(InputError, match="1 to 1,024 characters"):
        index.with_value(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("linux/sshd", {"linux/sshd"}), ("SSHD", {"linux/sshd"}), ("aws", {"aws/cloudtrail"})],
)
def test_source_filter(index: SearchIndex, name: str, expected: set[str]) -> None:
    hits = index.like("session opened for user", filters=Filters(source=name), limit=1000)
    assert {hit.log_source for hit in hits} == expected


def test_entity_filter_counts_its_events(index: SearchIndex) -> None:
    hits = index.like("user logged on", filters=Filters(entity="ws01.CORP.example"), limit=1000)
    assert {hit.entity for hit in hits} == {"WS01.corp.example"}


def test_time_filter_counts_its_events(index: SearchIndex) -> None:
    since = datetime.fromisoformat("2026-03-17T08:00:00+00:00").timestamp()
    until = datetime.fromisoformat("2026-03-17T09:00:00+00:00").timestamp()
    for hits in (
        index.like("user logged on", filters=Filters(since=since, until=until), limit=1000),
        index.with_value("WS01.corp.example", filters=Filters(since=since, until=until), limit=1000),
    ):
        assert hits
        assert all(since <= (hit.first_time or 0) <= (hit.last_time or 0) < until for hit in hits)


def test_filters_that_leave_nothing_find_nothing(index: SearchIndex) -> None:
    assert index.like("user logged on", filters=Filters(until=0.0)) == []


@pytest.mark.parametrize(
    ("filters", "reason"),
    [(Filters(source="cobol"), "there are aws/cloudtrail"), (Filters(entity="nobody' OR 1"), "no event is of")],
    ids=["source", "entity"],
)
def test_filter_on_an_unknown_name_is_refused(index: SearchIndex, filters: Filters, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        index.like("user logged on", filters=filters)


def test_index_of_another_model_is_refused(shared_index: Path, encoder: Encoder) -> None:
    other = EncoderId("other", "0" * 64, 16)
    with pytest.raises(ModelError, match="of the model 'tiny'"):
        SearchIndex(shared_index, embed=encoder[0].embed_texts, encoder=other)


def test_values_need_no_encoder(shared_index: Path) -> None:
    with SearchIndex(shared_index) as index:
        assert index.with_value("alice")
        with pytest.raises(InputError, match="without an encoder"):
            index.like("Failed password")


def test_folder_without_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="loglm index"):
        SearchIndex(tmp_path)
    with pytest.raises(InputError, match="there is no such folder"):
        SearchIndex(tmp_path / "none")


def _flip_vector(folder: Path) -> None:
    data = bytearray((folder / VECTORS).read_bytes())
    data[1000] ^= 0x40
    (folder / VECTORS).write_bytes(data)


def _overwrite_pages(folder: Path) -> None:
    with (folder / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(200_000))


def _run_sql(statement: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        connection = sqlite3.connect(folder / DATABASE)
        connection.execute(statement)
        connection.commit()
        connection.close()

    return run


DAMAGES: dict[str, Callable[[Path], None]] = {
    "vectors altered": _flip_vector,
    "vectors missing": lambda folder: (folder / VECTORS).unlink(),
    "vectors cut": lambda folder: os.truncate(folder / VECTORS, 64),
    "no database": lambda folder: (folder / DATABASE).write_bytes(b"not a database at all" * 500),
    "database overwritten": _overwrite_pages,
    "database cut": lambda folder: os.truncate(folder / DATABASE, 50_000),
    "table missing": _run_sql("DROP TABLE meta"),
    "raw events altered": _run_sql("UPDATE blocks SET raws = x'00112233'"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_index_is_said(damage: Callable[[Path], None], own_index: Path, encoder: Encoder) -> None:
    damage(own_index)

    def ask() -> None:
        with SearchIndex(own_index, embed=encoder[0].embed_texts, encoder=encoder[1]) as index:
            index.like("Failed password for root")

    with pytest.raises(InputError, match=r"damaged"):
        ask()


def test_index_of_a_later_format_is_refused(own_index: Path) -> None:
    _run_sql("UPDATE meta SET value = '99' WHERE key = 'format'")(own_index)
    with pytest.raises(InputError, match="format 99"):
        SearchIndex(own_index)


@pytest.mark.parametrize(
    "filters",
    [Filters(source="linux/sshd"), Filters(since=0.0), Filters(entity="web1"), Filters(source="aws", until=9e9)],
)
def test_a_filter_does_not_look_at_all_events(index: SearchIndex, filters: Filters) -> None:
    asked: list[str] = []
    connection = index._connection
    connection.set_trace_callback(asked.append)
    index.like("failed password for root", filters=filters)
    connection.set_trace_callback(None)
    (sql,) = [text for text in asked if "DISTINCT" in text]
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert "SEARCH events" in plan and "SCAN" not in plan
