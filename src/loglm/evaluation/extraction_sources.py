"""Parser tests of other projects as (what goes in, what is expected of it), for measuring extraction.

Every input is read by `read_source`, as a user's file would be: a whole file where the test is a file of lines, else
the one record of the test. What a test expects of a record is its fields in the Elastic Common Schema (ECS), or what
says the same there; `Expected` holds them by the names of `LogEvent`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import zstandard

from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.source import HEAD_BYTES, Source

__all__ = ["GROUPS", "Case", "Expected", "read_bytes"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a parser test expects of one record: for each field the values that are right, empty where it is silent."""

    time: str | float | None = None
    """As the test writes it: ISO 8601 text or POSIX seconds."""
    host: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    source_address: tuple[str, ...] = ()
    destination_address: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    mac: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One record of a parser test with the event that LogLM made of it."""

    group: str
    source: str
    """Package, format or service."""
    text: str
    """The record as it was given."""
    expected: Expected
    event: LogEvent | None = field(repr=False)
    """None where no event stands for the record."""


_VALUES: Final = {
    "host": ("host.name", "host.hostname", "observer.name", "observer.hostname"),
    "user": ("user.name", "user.email", "source.user.name", "source.user.email", "client.user.name"),
    "source_address": ("source.ip", "client.ip", "source.address", "client.address"),
    "destination_address": ("destination.ip", "server.ip", "destination.address", "server.address"),
    "domain": ("user.domain", "source.user.domain", "host.domain", "source.domain", "destination.domain"),
    "email": ("email.from.address", "email.to.address", "email.sender.address", "destination.user.email"),
    "mac": ("source.mac", "destination.mac", "client.mac", "host.mac", "observer.mac"),
}
"""ECS fields of which any one is a right answer."""
_DATADOG: Final = {
    "host": ("host", "hostname", "syslog.hostname"),
    "user": ("usr.name", "usr.email", "usr.id", "usr.username"),
    "source_address": ("network.client.ip",),
    "destination_address": ("network.destination.ip",),
}
_FAIL_JSON = re.compile(r"^#\s*failJSON:\s*(\{.*\})")
_DATADOG_EARLIEST_MS = 1e11
"""Smaller times stand for `when the log came in`."""


def elastic_integrations(folder: Path) -> Iterator[Case]:
    """Pipeline tests of Elastic's integrations: files of lines, and lists of events."""
    for path in sorted(folder.rglob("*-expected.json*")):
        name = path.name.partition("-expected.json")[0]
        given = next((file for file in (path.parent / name, path.parent / f"{name}.zst") if file.is_file()), None)
        if given is None:
            continue
        expected = json.loads(read_bytes(path)).get("expected") or []
        package = path.relative_to(folder).parts[0]
        if name.endswith(".json"):
            events = json.loads(read_bytes(given)).get("events") or []
            texts = [_elastic_text(event) for event in events]
            pairs = [(text, _first_event(f"{name}:{n}", text)) for n, text in enumerate(texts, 1)]
        else:
            pairs = _read_lines(name, read_bytes(given), expected)
        for (text, event), record in zip(pairs, expected, strict=False):
            if record:
                yield Case("elastic_integrations", package, text, _expected_ecs(record, _VALUES), event)


def sekoia_intake_formats(folder: Path) -> Iterator[Case]:
    """Parser tests of Sekoia's intake formats: one message each."""
    for path in sorted(folder.iterdir()):
        for line in read_bytes(path).decode().splitlines():
            test = json.loads(line)
            text = test["input"]["message"]
            source = path.name.partition(".jsonl")[0]
            event = _first_event(source, text)
            yield Case("sekoia_intake_formats", source, text, _expected_ecs(test["expected"], _VALUES), event)


def datadog_integrations_extras(folder: Path) -> Iterator[Case]:
    """Pipeline tests of Datadog's integrations; ``timestamp`` and attributes by Datadog's standard names."""
    import yaml

    for path in sorted(folder.iterdir()):
        source = path.name.partition("_tests.yaml")[0]
        for test in yaml.load(read_bytes(path), Loader=_yaml_loader()).get("tests") or []:  # noqa: S506 (a safe loader)
            result = test.get("result") or {}
            expected = _expected_ecs(result.get("custom") or {}, _DATADOG)
            time_ms = result.get("timestamp")
            if isinstance(time_ms, int) and time_ms > _DATADOG_EARLIEST_MS:
                expected = Expected(time_ms / 1e3, *_entities(expected))
            text = str(test["sample"])
            yield Case("datadog_integrations_extras", source, text, expected, _first_event(source, text))


def fail2ban(folder: Path) -> Iterator[Case]:
    """Sample lines of fail2ban's filters: the time and the host that failed, which is the source."""
    for path in sorted(folder.iterdir()):
        service = path.name.removesuffix(".zst")
        wanted: dict[str, Any] | None = None
        for line in read_bytes(path).decode(errors="replace").splitlines():
            marked = _FAIL_JSON.match(line)
            if marked:
                wanted = _json_object(marked[1])
            elif line.startswith("#") or not line.strip():
                continue
            elif wanted is not None:
                if wanted.get("match") and wanted.get("host"):
                    expected = Expected(wanted.get("time"), source_address=(str(wanted["host"]),))
                    yield Case("fail2ban", service, line, expected, _first_event(service, line))
                wanted = None


def loghub_2k(folder: Path) -> Iterator[Case]:
    """Loghub's samples of 2,000 lines, whose columns give date and time; the raw lines lie in the corpus."""
    raw = folder.parent.parent / "corpus" / "loghub"
    for path in sorted(folder.glob("*_structured.csv*")):
        system = path.name.partition("_2k")[0]
        given = raw / f"{system}_2k.log.zst"
        if not given.is_file() or system not in _LOGHUB_TIMES:
            continue
        rows = list(csv.DictReader(io.StringIO(read_bytes(path).decode())))
        lines = read_bytes(given).decode(errors="replace").splitlines()
        if len(lines) != len(rows):
            continue
        events = {event.location.record: event for event in _read(f"{system}.log", read_bytes(given))}
        for number, (line, row) in enumerate(zip(lines, rows, strict=True), 1):
            expected = Expected(_LOGHUB_TIMES[system](row), host=_loghub_host(system, row))
            yield Case("loghub_2k", system, line, expected, events.get(number))


GROUPS: Final[dict[str, Callable[[Path], Iterator[Case]]]] = {
    "elastic_integrations": elastic_integrations,
    "sekoia_intake_formats": sekoia_intake_formats,
    "datadog_integrations_extras": datadog_integrations_extras,
    "fail2ban": fail2ban,
    "loghub_2k": loghub_2k,
}
"""By folder name below ``logs/parsing``."""


# --- reading -----------------------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, of a ``.zst`` file those inside."""
    data = path.read_bytes()
    return zstandard.ZstdDecompressor().decompressobj().decompress(data) if path.suffix == ".zst" else data


def _read(name: str, data: bytes) -> list[LogEvent]:
    stream = cast(io.BufferedReader, io.BufferedReader(io.BytesIO(data), HEAD_BYTES))
    return list(read_source(Source(name, stream, data[:HEAD_BYTES]), Problems()))


def _first_event(name: str, text: str) -> LogEvent | None:
    return next(iter(_read(name, text.encode())), None)


def _read_lines(name: str, data: bytes, expected: list[Any]) -> list[tuple[str, LogEvent | None]]:
    """The records of a file in the order of what is expected of them.

    Where their numbers differ (Elastic joins or splits lines there) a record is found by its ``event.original``.
    """
    events = _read(name, data)
    if len(events) == len(expected):
        return [(event.raw, event) for event in events]
    by_text: dict[str, LogEvent] = {}
    for event in events:
        by_text.setdefault(event.raw.strip(), event)
    pairs: list[tuple[str, LogEvent | None]] = []
    for record in expected:
        original = ((record or {}).get("event") or {}).get("original")
        text = original.strip() if isinstance(original, str) else ""
        pairs.append((text, by_text.get(text) or (_first_event(name, text) if text else None)))
    return pairs


def _elastic_text(event: dict[str, Any]) -> str:
    """What a shipper would hand on: the message where it is all there is, else the whole event."""
    message = event.get("message")
    if isinstance(message, str) and event.keys() <= {"message", "ecs", "tags", "event", "log"}:
        return message
    return json.dumps(event)


# --- what is expected --------------------------------------------------------------------------------------------


def _expected_ecs(record: dict[str, Any], names: dict[str, tuple[str, ...]]) -> Expected:
    time = record.get("@timestamp")
    found = {role: tuple(_texts(record, fields)) for role, fields in names.items()}
    return Expected(time if isinstance(time, str) else None, **found)


def _texts(record: dict[str, Any], fields: tuple[str, ...]) -> Iterator[str]:
    for dotted in fields:
        value = _at(record, dotted)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str | int) and not isinstance(item, bool) and item != "":
                yield str(item)


def _at(record: dict[str, Any], dotted: str) -> Any:
    value: Any = record
    for key in dotted.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _entities(expected: Expected) -> tuple[tuple[str, ...], ...]:
    return expected.host, expected.user, expected.source_address, expected.destination_address


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _yaml_loader() -> type[Any]:
    """YAML's safe loader, the fast one where it is built."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _loghub_host(system: str, row: dict[str, str]) -> tuple[str, ...]:
    column = {"Linux": "Level", "Mac": "User", "OpenSSH": "Component"}.get(system)
    return (row[column],) if column else ()


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_YEAR = "2000"
"""Of dates without a year; `loglm.evaluation.extraction` compares such from the month on."""


def _named_date(month: str, day: str, clock: str, year: str = _NO_YEAR) -> str:
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}"


_LOGHUB_TIMES: Final[dict[str, Callable[[dict[str, str]], str]]] = {
    "Android": lambda row: f"{_NO_YEAR}-{row['Date']}T{row['Time']}",
    "Apache": lambda row: (lambda part: _named_date(part[1], part[2], part[3], part[4]))(row["Time"].split()),
    "HDFS": lambda row: "20{0[0]}{0[1]}-{0[2]}{0[3]}-{0[4]}{0[5]}T{1[0]}{1[1]}:{1[2]}{1[3]}:{1[4]}{1[5]}".format(
        row["Date"].zfill(6), row["Time"].zfill(6)
    ),
    "Hadoop": lambda row: f"{row['Date']}T{row['Time']}",
    "Linux": lambda row: _named_date(row["Month"], row["Date"], row["Time"]),
    "Mac": lambda row: _named_date(row["Month"], row["Date"], row["Time"]),
    "OpenSSH": lambda row: _named_date(row["Date"], row["Day"], row["Time"]),
    "OpenStack": lambda row: f"{row['Date']}T{row['Time']}",
    "Spark": lambda row: f"20{row['Date'].replace('/', '-')}T{row['Time']}",
    "Windows": lambda row: f"{row['Date']}T{row['Time']}",
}
