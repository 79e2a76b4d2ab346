"""Parts of log texts: which characters are a field name, an octet, a port, a path part, a GUID or a command word."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.evaluation.token_spans import KINDS, SpanKind, find_spans


def found(text: str, kind: SpanKind) -> list[str]:
    return [text[start:end] for start, end in find_spans(text)[kind]]


@pytest.mark.parametrize(
    ("kind", "text", "parts"),
    [
        (
            "field name",
            "linux/sudo COMMAND\nid.orig_h=1\nTargetUserName=x y=2",
            ["id", "orig_h", "TargetUserName", "y"],
        ),
        ("field name", '{"eventName": 1,"a-b":2} x == 3', ["eventName", "a-b"]),
        ("field name", "GET /?q=1 HTTP/1.1", ["q"]),
        ("IPv4 octet", "from 203.0.113.9:22 v1.2.3.4.5 999.1.1.1", ["203", "0", "113", "9"]),
        ("port", "10.0.0.7:51512 port 22, SourcePort=443 id.resp_p=53 report 7", ["51512", "22", "443", "53"]),
        ("path part", "PWD=/usr/local/bin ran /bin/cat", ["usr", "local", "bin", "bin", "cat"]),
        ("path part", "https://host/a/b and/or 10/10/2000", []),
        ("path part", r"C:\Program Files\App\run.exe /q", ["Program Files", "App", "run.exe"]),
        ("GUID", "x={0f1e2d3c-0000-1111-2222-333344445555}", ["0f1e2d3c-0000-1111-2222-333344445555"]),
        ("command word", "COMMAND=/bin/ip netns identify 4867\nip=no", ["bin", "ip", "netns", "identify"]),
        ("command word", "CommandLine=cmd.exe /c whoami <user>", ["cmd", "exe", "whoami"]),
    ],
    ids=["keys", "json", "query", "octets", "ports", "unix", "no-path", "windows", "guid", "sudo", "windows-command"],
)
def test_find_spans(kind: SpanKind, text: str, parts: list[str]) -> None:
    assert found(text, kind) == parts


@given(st.text(st.sampled_from('aZ9 =./\\:"-_<>\n{'), max_size=200))
def test_spans_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    for kind in KINDS:
        spans = find_spans(text)[kind]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
