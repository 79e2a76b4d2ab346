from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear
from loglm.errors import SourceLocation
from loglm.events.lineformats import LineParser
from loglm.events.lineformats.access_log import AccessLog
from loglm.events.lineformats.aws_text import AwsText
from loglm.events.lineformats.cef import Cef
from loglm.events.lineformats.error_log import ErrorLog
from loglm.events.lineformats.key_value import KeyValue
from loglm.events.lineformats.leef import Leef
from loglm.events.lineformats.nested import AuditLine, JsonLine
from loglm.events.lineformats.panos import Panos
from loglm.events.lineformats.plain import Plain
from loglm.events.lineformats.syslog_rfc3164 import SyslogRfc3164
from loglm.events.lineformats.syslog_rfc5424 import SyslogRfc5424
from loglm.events.protocols import LineFormat
from loglm.events.reading import parse_line

PLACE = SourceLocation("x", 1)
FORMATS: list[LineFormat] = [
    SyslogRfc3164(),
    SyslogRfc5424(),
    AccessLog(),
    ErrorLog(),
    AwsText(),
    Panos(),
    JsonLine(),
    AuditLine(),
    Cef(),
    Leef(),
    KeyValue(),
    Plain(),
]
STARTS = (
    "",
    "<34>Oct 11 22:14:15 web1 ",
    "Oct 11 22:14:15 web1 sshd[1]: ",
    "Oct 11 22:14:15 web1 sudo: bob : ",
    "Oct 11 22:14:15 web1 su(pam_unix): ",
    "<34>1 2003-10-11T22:14:15Z h a 1 - ",
    "<34>1 2003-10-11T22:14:15Z h a 1 - [x",
    '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "',
    "[Sun Dec 04 04:47:44 2005] [error] ",
    "2022/04/06 13:44:45 [info] 8#8: *2 ",
    "CEF:0|a|b|c|d|e|f|",
    "LEEF:2.0|a|b|c|d|",
    "type=EXECVE msg=audit(1.5:2): argc=1 a0=",
    "type=USER_CMD msg=audit(1.5:2): msg='",
    'a=1 b="',
    "{",
    "%ASA-1-2: ",
    "IN= OUT= SRC= PROTO=",
    "2021-10-11 22:14:15 ",
    "1,2012/10/30 09:46:42,0160,TRAFFIC,end,1,",
    '[action:"Accept"; ifdir:"',
    "user=",
    "h2 2020-01-11T16:55:20.356586Z app/x 1.2.3.4:5 ",
    "a" * 64 + " bucket [06/Feb/2019:00:00:38 +0000] ",
)
PIECES = (
    *(
        "a=",
        '="',
        "\\",
        '\\"',
        "'",
        "|",
        "[",
        "]",
        "(",
        ")",
        " : ",
        "COMMAND=",
        "; ",
        " from ",
        "1.2.3.4",
        "::",
        " port 2",
    ),
    *("Failed password for ", "invalid user ", "saddr=0200", "FF", " ", "\t", "\x1d", "\x00", "é", "\ufffd", "{", '"'),
)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@settings(max_examples=150)
@given(st.data())
def test_formats_take_any_text(form: LineFormat, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(STARTS)) + data.draw(
        st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map("".join)
    )
    event = form.parse(text, PLACE)
    assert event is None or event.raw == text


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "piece", ["a", " ", "a=", '\\"', '" ', "[", "(", " from 1.2.3.4 port 2", "1.", "::", "; A=", "\\", ":", "<", "a1="]
)
def test_parse_takes_linear_time_over_any_repetition(start: str, piece: str) -> None:
    def parse(line: str) -> None:
        assert parse_line(line, PLACE).raw == line

    assert_linear(parse, lambda size: start + piece * (size // len(piece)), 100_000)


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("Oct 11 22:14:15 web1 sshd[1]: x", "linux/sshd"),
        ("<34>1 2003-10-11T22:14:15Z h sudo 1 - - x", "linux/sudo"),
        ('1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "unknown/access/webserver"),
        ("[Sun Dec 04 04:47:44 2005] [error] x", "apache/error/webserver"),
        ("type=LOGIN msg=audit(1.5:2): pid=1", "linux/auditd"),
        ("CEF:0|a|b|c|d|e|f|", "a/b"),
        ("LEEF:1.0|a|b|c|d|", "a/b"),
        ("a=1 b=2 c=3", "unknown/key_value"),
        ("just text", "unknown/text"),
    ],
)
def test_parse_line_finds_the_format(line: str, source: str) -> None:
    assert str(parse_line(line, PLACE).log_source) == source


def test_parse_line_maps_json_records() -> None:
    event = parse_line('{"event_type": "alert", "src_ip": "1.2.3.4"}', PLACE)
    assert (event.source_address, event.attributes["event_type"]) == ("1.2.3.4", "alert")


def test_line_parser_counts_formats() -> None:
    lines = ["Oct 11 22:14:15 web1 sshd[1]: x", "Oct 11 22:14:15 web1 su: y", "text"]
    assert LineParser().count_formats(lines) == {"syslog_rfc3164": 2, "plain": 1}


def test_line_parser_still_reads_other_formats_than_the_preferred() -> None:
    parser = LineParser()
    parser.prefer(["a=1 b=2 c=3"] * 5)
    assert str(parser.parse("Oct 11 22:14:15 web1 sshd[1]: x", PLACE).log_source) == "linux/sshd"
