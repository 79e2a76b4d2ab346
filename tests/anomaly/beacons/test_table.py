"""The table keeps within its bound and loses old connections of busy pairs first."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.beacons.connections import FLOW, Connection
from loglm.anomaly.beacons.series import environment_of
from loglm.anomaly.beacons.table import ConnectionTable
from loglm.errors import SourceLocation
from loglm.events import LogEvent, LogSource


def call(time: float, source: str = "10.0.0.5", destination: str = "93.1.2.3", name: str = "") -> Connection:
    return Connection(time, source, destination, 443, FLOW, name)


def event(time: float) -> LogEvent:
    return LogEvent(
        f"raw {time}", SourceLocation("x.log", int(time)), LogSource("zeek", "conn"), {"a": 1}, timestamp=time
    )


def test_rows_and_texts_come_back() -> None:
    table = ConnectionTable()
    table.add(call(2.0, name="a.example"))
    table.add(call(1.0))
    rows = table.rows()
    assert rows["time"].tolist() == [2.0, 1.0]
    assert [table.texts[n] for n in rows["name"]] == ["a.example", ""]
    assert [table.texts[n] for n in rows["destination"]] == ["93.1.2.3", "93.1.2.3"]


def test_the_bound_holds_and_slow_pairs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.anomaly.beacons.table._BUFFERED", 100)
    table = ConnectionTable(most_rows=2_000)
    for number in range(20_000):
        table.add(call(float(number), destination="93.9.9.9", name="busy.example"), event(number))
        if number % 1_000 == 0:
            table.add(call(float(number), source="10.0.0.77", name="slow.example"), event(number))
        table.add(call(float(number), destination=f"94.{number // 65_536}.{number // 256 % 256}.{number % 256}"))
        assert len(table) <= 2_000 + 100
    assert table.forgotten == 40_020 - len(table)
    assert len(table.texts) < 3_000
    found = {one.destination: one for one in environment_of(table).series}
    assert len(found["slow.example"].rows) == 20
    assert found["busy.example"].times[-1] == 19_999.0
    assert sum(map(len, table.samples.values())) <= 16


def test_samples_are_of_their_own_pair_after_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.anomaly.beacons.table._BUFFERED", 50)
    table = ConnectionTable(most_rows=500)
    for number in range(3_000):
        destination = f"94.1.{number % 7}.1" if number % 3 else f"95.{number % 251}.{number % 11}.1"
        table.add(call(float(number), destination=destination), event(number))
    for (source, target, _, _), kept in table.samples.items():
        assert table.texts[source] == "10.0.0.5"
        for sample in kept:
            number = int(sample.event.raw.removeprefix("raw "))
            assert table.texts[target].startswith("94." if number % 3 else "95.")


def test_an_empty_table() -> None:
    environment = environment_of(ConnectionTable())
    assert not environment.series and environment.sources == 0


def test_names_join_by_uid_in_any_order() -> None:
    from loglm.anomaly.beacons.connections import HANDSHAKE

    table = ConnectionTable()
    for number in range(8):
        table.add(Connection(float(number), "10.0.0.5", "93.1.2.3", 443, FLOW, "", "", f"u{number}", 10.0))
    for number in range(8):
        name = "a.example" if number % 2 else "b.example"
        table.add(Connection(float(number), "10.0.0.5", "93.1.2.3", 443, HANDSHAKE, name, "ja3", f"u{number}"))
    found = {one.destination: one.rows for one in environment_of(table).series}
    assert {name: len(rows) for name, rows in found.items()} == {"a.example": 4, "b.example": 4}
    assert np.all(found["a.example"]["bytes_out"] == 10.0)
    assert np.all(found["a.example"]["client"] > 0)
