from __future__ import annotations

import pytest

from loglm.errors import SourceLocation
from loglm.events.entities import MOST_NAME_CHARS, bounded_name, primary_entity
from loglm.events.event import LogEvent, LogSource


def event_of(product: str, service: str = "", category: str = "", path: str = "log", **fields: str) -> LogEvent:
    return LogEvent("raw", SourceLocation(path, 1), LogSource(product, service, category), **fields)  # type: ignore[arg-type]


EVERYTHING = {"host": "web1", "user": "alice", "source_address": "10.0.0.1", "destination_address": "10.0.0.2"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (("windows", "security"), ("host", "web1")),
        (("linux", "sshd"), ("host", "web1")),
        (("macos",), ("host", "web1")),
        (("unknown",), ("host", "web1")),
        (("aws", "cloudtrail"), ("user", "alice")),
        (("m365", "exchange"), ("user", "alice")),
        (("kubernetes", "audit"), ("user", "alice")),
        (("okta",), ("user", "alice")),
        (("cisco", "duo"), ("user", "alice")),
        (("m365", "defender"), ("host", "web1")),
        (("kubernetes", "container"), ("host", "web1")),
        (("linux", "netfilter", "firewall"), ("source_address", "10.0.0.1")),
        (("aws", "vpcflow"), ("source_address", "10.0.0.1")),
        (("zeek", "conn"), ("source_address", "10.0.0.1")),
        (("unknown", "access", "webserver"), ("source_address", "10.0.0.1")),
    ],
)
def test_primary_entity_follows_the_log_source(source: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert primary_entity(event_of(*source, **EVERYTHING)) == expected


@pytest.mark.parametrize("kind", ["user", "source_address", "destination_address"])
def test_primary_entity_falls_back_to_what_is_there(kind: str) -> None:
    assert primary_entity(event_of("linux", **{kind: "x"})) == (kind, "x")


@pytest.mark.parametrize(
    ("path", "name"), [("a/b.log", "b.log"), ("C:\\logs\\x.txt", "x.txt"), ("a.zip!in/c.log", "c.log"), ("-", "-")]
)
def test_primary_entity_falls_back_to_the_file_name(path: str, name: str) -> None:
    assert primary_entity(event_of("unknown", path=path)) == ("file", name)


@pytest.mark.parametrize("product", ["windows", "okta", "zeek"])
def test_names_as_long_as_a_record_are_cut_and_stay_apart(product: str) -> None:
    names = [end * 2 for end in ("a" * 500_000, "a" * 499_999)] + ["a" * 999_999 + "\ud800"]
    for kind in EVERYTHING:
        cut = [primary_entity(event_of(product, **{kind: name}))[1] for name in names]
        assert len(set(cut)) == len(names)
        assert max(map(len, cut)) <= MOST_NAME_CHARS + 33
    assert len(primary_entity(event_of("unknown", path="in.zip!" + "b" * 10_000))[1]) <= MOST_NAME_CHARS + 33


def test_names_of_usual_length_are_kept_and_a_cut_one_is_cut_once() -> None:
    name = "h" * MOST_NAME_CHARS
    assert bounded_name(name) == name
    cut = bounded_name(name + "x")
    assert cut.startswith(name + "…")
