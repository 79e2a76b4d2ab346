from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.access_log import AccessLog
from loglm.events.lineformats.error_log import ErrorLog
from loglm.events.reading import parse_line

PLACE = SourceLocation("access.log", 1)


def access(line: str) -> LogEvent:
    event = AccessLog().parse(line, PLACE)
    assert event is not None
    return event


def test_access_log_reads_the_combined_format() -> None:
    event = access(
        '1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] "GET /a/b.php?q=1%27&x HTTP/1.0" 200 2326 "http://r/" "curl/7 (x)"'
    )
    assert event.attributes == {
        "c-ip": "1.2.3.4",
        "cs-username": "bob",
        "cs-method": "GET",
        "cs-uri-stem": "/a/b.php",
        "cs-uri-query": "q=1%27&x",
        "cs-version": "HTTP/1.0",
        "sc-status": 200,
        "sc-bytes": 2326,
        "cs-referer": "http://r/",
        "cs-user-agent": "curl/7 (x)",
    }
    assert (event.source_address, event.user, event.action) == ("1.2.3.4", "bob", "GET")
    assert str(event.log_source) == "unknown/access/webserver"
    assert event.time == datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)
    assert event.entity == ("source_address", "1.2.3.4")


@pytest.mark.parametrize(
    ("line", "client", "host"),
    [
        ('1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 -', "1.2.3.4", None),
        ('::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 304 0', "::1", None),
        ('web:80 1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "-" "-"', "1.2.3.4", "web"),
        ('1.2.3.4, 10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "1.2.3.4", None),
        ('client.example.com - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "client.example.com", None),
    ],
)
def test_access_log_finds_client_and_virtual_host(line: str, client: str, host: str | None) -> None:
    event = access(line)
    assert (event.source_address, event.host) == (client, host)


@pytest.mark.parametrize(
    ("request_line", "method", "stem"),
    [
        ("GET /a b c HTTP/1.1", "GET", "/a b c"),
        ('GET /\\"quoted\\" HTTP/1.1', "GET", '/\\"quoted\\"'),
        ('GET /?t=<script>alert("x")</script> HTTP/1.0', "GET", "/"),
        ("OPTIONS * HTTP/1.0", "OPTIONS", "*"),
        ("GET /", "GET", "/"),
        ("\\x16\\x03\\x01", None, None),
        ("", None, None),
        ("-", None, None),
    ],
)
def test_access_log_takes_odd_requests(request_line: str, method: str | None, stem: str | None) -> None:
    event = access(f'1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "{request_line}" 400 226 "-" "-"')
    assert (event.action, event.attributes.get("cs-uri-stem")) == (method, stem)
    assert ("request" in event.attributes) == (method is None)


def test_access_log_keeps_further_fields() -> None:
    event = access('1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "-" "ua" 0.012 "x-id"')
    assert event.attributes["extra"] == '0.012 "x-id"'


@pytest.mark.parametrize(
    "line",
    ["", "text", 'a [b] "c" 200', '[10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1', "1.2.3.4 - - [10/Oct/2000] x"],
)
def test_access_log_refuses_other_lines(line: str) -> None:
    assert AccessLog().parse(line, PLACE) is None


@pytest.mark.parametrize(
    ("line", "source", "address", "body"),
    [
        (
            "[Sun Dec 04 04:47:44 2005] [error] [client 1.2.3.4] Directory index forbidden",
            "apache/error/webserver",
            "1.2.3.4",
            "Directory index forbidden",
        ),
        (
            "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35:tid 43] [client 1.2.3.4:50] AH00037: no",
            "apache/error/webserver",
            "1.2.3.4",
            "AH00037: no",
        ),
        (
            "[Sat Jul 20 22:11:44.147674 2013] [authz:error] [pid 1] [client [2001:db8::1]:51548] AH01637: no",
            "apache/error/webserver",
            "2001:db8::1",
            "AH01637: no",
        ),
        (
            '2022/04/06 13:44:45 [error] 8#8: *29 open() "/x" failed (2: No), client: 1.2.3.4, server: w, host: "w"',
            "nginx/error/webserver",
            "1.2.3.4",
            'open() "/x" failed (2: No), client: 1.2.3.4, server: w, host: "w"',
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok",
            "apache/error/webserver",
            None,
            "workerEnv.init() ok",
        ),
    ],
)
def test_error_log_reads_apache_and_nginx(line: str, source: str, address: str | None, body: str) -> None:
    event = ErrorLog().parse(line, PLACE)
    assert event is not None
    assert (str(event.log_source), event.source_address, event.body) == (source, address, body)
    assert event.timestamp is not None


def test_error_log_refuses_other_lines() -> None:
    assert ErrorLog().parse("[main] [error] x", PLACE) is None


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("nginx", "nginx/access/webserver"),
        ("httpd[22]", "apache/access/webserver"),
        ("apache2", "apache/access/webserver"),
        ("myapp", "linux/access/webserver"),
    ],
)
def test_access_log_sent_by_syslog_names_the_server(program: str, source: str) -> None:
    line = f'Oct 10 13:55:36 web1 {program}: 1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1'
    event = parse_line(line)
    assert (str(event.log_source), event.host, event.source_address) == (source, "web1", "1.2.3.4")
