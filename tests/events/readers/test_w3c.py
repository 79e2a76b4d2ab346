from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.w3c import W3cReader
from loglm.events.source import HEAD_BYTES, Source

IIS = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2018-01-01 08:09:10\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status"
    " time-taken\n"
)
IIS_ROW = "2018-01-01 08:09:10 10.0.0.1 GET /login.aspx q=1 443 CORP\\ann 81.2.69.143 Mozilla/5.0+(Windows) 200 123\n"
FIREWALL = (
    "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n"
    "#Fields: date time action protocol src-ip dst-ip src-port dst-port size\n\n"
    "2005-04-11 08:05:57 DROP UDP 123.45.78.90 123.156.78.255 137 137 78\n"
)
CLOUDFRONT = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem\n"
    "2014-05-23\t01:13:11\tFRA2\t182\t192.0.2.10\tGET\td111.cloudfront.net\t/view/my/file.html\n"
)
EXCHANGE = (
    "#Software: Microsoft Exchange Server\n#Log-type: Message Tracking Log\n"
    "#Fields: date-time,client-ip,server-hostname,event-id,sender-address,message-subject\n"
    '2021-02-03T04:05:06.789Z,10.0.0.9,EX1,RECEIVE,ann@corp.example,"hello, ""world"""\n'
)


def source_of(data: bytes) -> Source:
    return Source("u_ex.log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(text: str, problems: Problems | None = None) -> list[LogEvent]:
    return list(W3cReader().read(source_of(text.encode()), problems or Problems(stop_on_error=True)))


def test_w3c_reads_iis() -> None:
    (event,) = read(IIS + IIS_ROW)
    assert (str(event.log_source), event.action, event.user) == ("iis/access/webserver", "GET", "CORP\\ann")
    assert (event.source_address, event.destination_address, event.timestamp) == (
        "81.2.69.143",
        "10.0.0.1",
        1514794150.0,
    )
    assert event.attributes["sc-status"] == 200
    assert event.attributes["cs(User-Agent)"] == "Mozilla/5.0+(Windows)"
    assert event.location.record == 5


@pytest.mark.parametrize(
    ("text", "source", "action", "address", "timestamp"),
    [
        (FIREWALL, "windows/firewall/firewall", "DROP", "123.45.78.90", 1113206757.0),
        (CLOUDFRONT, "aws/cloudfront/webserver", "GET", "192.0.2.10", 1400807591.0),
        (EXCHANGE, "exchange/messagetracking", "RECEIVE", "10.0.0.9", 1612325106.789),
    ],
)
def test_w3c_reads_its_relatives(text: str, source: str, action: str, address: str, timestamp: float) -> None:
    (event,) = read(text)
    assert (str(event.log_source), event.action, event.source_address, event.timestamp) == (
        source,
        action,
        address,
        timestamp,
    )


def test_w3c_reads_quoted_cells_with_commas() -> None:
    assert read(EXCHANGE)[0].attributes["message-subject"] == 'hello, "world"'


def test_w3c_reads_quoted_values_with_blanks() -> None:
    text = '#Fields: date time cs-method cs(User-Agent)\n2018-01-01 08:09:10 GET "Mozilla/5.0 (Windows NT 10.0)"\n'
    assert read(text)[0].attributes["cs(User-Agent)"] == "Mozilla/5.0 (Windows NT 10.0)"


def test_w3c_leaves_unset_fields_out() -> None:
    (event,) = read(IIS + IIS_ROW.replace("CORP\\ann", "-").replace("q=1", "-"))
    assert event.user is None
    assert "cs-uri-query" not in event.attributes


def test_w3c_follows_a_fields_line_in_the_middle() -> None:
    events = read(IIS + IIS_ROW + "#Fields: date time cs-method\n2018-01-02 00:00:00 POST\n")
    assert [event.action for event in events] == ["GET", "POST"]
    assert events[1].attributes == {"date": "2018-01-02", "time": "00:00:00", "cs-method": "POST"}


def test_w3c_takes_the_date_of_the_header_where_lines_have_only_the_time() -> None:
    text = (
        "#Version: 1.0\n#Date: 2000-10-09 16:44:49\n#Fields: time c-ip cs-method cs-uri-stem\n16:44:49 1.1.1.1 GET /\n"
    )
    assert read(text)[0].timestamp == 971109889.0


def test_w3c_keeps_more_columns_than_named_and_rejects_what_does_not_fit() -> None:
    problems = Problems()
    events = read("stray\n" + IIS + IIS_ROW[:-1] + " extra\n" + "a b\n", problems)
    assert [event.attributes["_extra"] for event in events] == [["extra"]]
    assert problems.rejected == {"wrong-columns": 2}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (IIS, 0.98),
        ("\ufeff" + IIS, 0.98),
        ("#Software: X\n\n#Version: 1.0\n    \n#Fields:   date-local time-local\n", 0.98),
        ("#fields\tts\tuid\n", 0.0),
        ("# Fields: a\n", 0.0),
        ("text\n#Fields: date time\n", 0.0),
        ("", 0.0),
    ],
)
def test_w3c_sniffs_the_fields_line(text: str, score: float) -> None:
    assert W3cReader().sniff(source_of(text.encode())) == score


@given(st.text(alphabet='#Fields: date-time,c-ip"\t\n1.2', max_size=200))
def test_w3c_never_raises(text: str) -> None:
    for header in ("#Fields: date time c-ip\n", "#Fields: date,c-ip\n", "#Fields: date\tc-ip\n"):
        list(W3cReader().read(source_of((header + text).encode()), Problems()))


def test_w3c_rejects_a_comma_row_that_is_no_csv() -> None:
    row = "2021-02-03,a\rb,EX1,RECEIVE,x,y\n"
    problems = Problems()
    good = EXCHANGE.splitlines(keepends=True)
    events = list(W3cReader().read(source_of("".join([*good, row, good[-1]]).encode()), problems))
    assert [event.action for event in events] == ["RECEIVE", "RECEIVE"]
    assert problems.total_rejected == 1
