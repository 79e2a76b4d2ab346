from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.delimited import DelimitedReader
from loglm.events.source import HEAD_BYTES, Source

ARGUS = (
    "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label\n"
    "2019/04/04 16:24:47.672448,63.822830,tcp,10.8.0.69,56101,   ->,14.1.11.113,999,S0,0,0,31,8764,1887,15,\n"
)
ALERTS = (
    "time,name,ip,host,short,time_label,event_label\n"
    "1642723347,Wazuh: ClamAV database update,172.19.130.4,mail,W-Sys-Cav,false_positive,-\n"
)


def source_of(data: bytes) -> Source:
    return Source("t.csv", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(text: str | bytes, problems: Problems | None = None) -> list[LogEvent]:
    data = text.encode() if isinstance(text, str) else text
    return list(DelimitedReader().read(source_of(data), problems or Problems(stop_on_error=True)))


def sniff(text: str | bytes) -> float:
    return DelimitedReader().sniff(source_of(text.encode() if isinstance(text, str) else text))


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_delimited_reads_flows_with_each_separator(separator: str) -> None:
    text = ARGUS.replace(",", separator)
    assert sniff(text) > 0.8
    (event,) = read(text)
    assert (str(event.log_source), event.action, event.timestamp) == ("flow/flow", "tcp", 1554395087.672448)
    assert (event.source_address, event.destination_address) == ("10.8.0.69", "14.1.11.113")
    assert event.attributes["TotPkts"] == 31
    assert event.attributes["Dur"] == 63.82283
    assert event.attributes["Dir"] == "->"
    assert "Label" not in event.attributes


def test_delimited_guesses_the_fields_of_an_unknown_table() -> None:
    (event,) = read(ALERTS)
    assert (str(event.log_source), event.host, event.source_address) == ("unknown/table", "mail", "172.19.130.4")
    assert (event.timestamp, event.action) == (1642723347.0, "Wazuh: ClamAV database update")
    assert event.attributes["time_label"] == "false_positive"


def test_delimited_gives_rows_to_the_mapper_of_their_source() -> None:
    text = "RecordType,CreationDate,UserIds,Operations,AuditData\n"
    text += '15,2021-05-18T21:13:33Z,ann@x.example,UserLoggedIn,"{""CreationTime"":""2021-05-18T21:13:33"",'
    text += '""Operation"":""UserLoggedIn"",""UserId"":""ann@x.example"",""Workload"":""AzureActiveDirectory""}"\n'
    (event,) = read(text)
    assert (str(event.log_source), event.action, event.user) == ("m365/audit", "UserLoggedIn", "ann@x.example")


def test_delimited_chooses_the_mapper_by_the_header_not_by_the_cells_that_are_set() -> None:
    text = ARGUS.split("\n")[0] + "\n2018/05/10 10:52:47,0.04,man,,0,,,,STA,,,0,0,0,0,\n"
    assert str(read(text)[0].log_source) == "flow/flow"


def test_delimited_reads_quoted_line_breaks_and_says_where_records_start() -> None:
    events = read('a,b,time\n1,"two\nlines",2021-02-03\n2,plain,2021-02-04\n')
    assert [event.attributes["b"] for event in events] == ["two\nlines", "plain"]
    assert [event.location.record for event in events] == [2, 4]
    assert events[0].raw == '1,"two\nlines",2021-02-03'


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("12", 12), ("-3", -3), ("0", 0), ("1.5", 1.5), ("4e-06", 4e-06), ("0.25", 0.25)),
        *(("007", "007"), ("0x1f", "0x1f"), ("1.2.3.4", "1.2.3.4"), ("12345e99", "12345e99"), ("1_000", "1_000")),
        *(("٣", "٣"), ("nan", "nan"), ("-", "-"), ("9" * 25, "9" * 25), ("1e5", "1e5"), (" x ", "x")),
    ],
)
def test_delimited_makes_numbers_of_what_is_written_like_one(cell: str, value: object) -> None:
    assert read(f"time,other,cell\n2021-02-03,a,{cell}\n")[0].attributes["cell"] == value


def test_delimited_names_unnamed_and_repeated_columns() -> None:
    (event,) = read(",TenantId,name,name\n7,a,b,c\n")
    assert event.attributes == {"column_1": 7, "TenantId": "a", "name": "b", "name_4": "c"}


def test_delimited_keeps_extra_cells_and_accepts_missing_ones() -> None:
    events = read("a,b,c,d\n1,2,3,4,5\n1,2,3\n" + "1,2,3,4\n" * 30)
    assert [event.attributes for event in events[:2]] == [
        {"a": 1, "b": 2, "c": 3, "d": 4, "_extra": ["5"]},
        {"a": 1, "b": 2, "c": 3},
    ]


def test_delimited_rejects_rows_that_are_no_rows() -> None:
    problems = Problems()
    events = read("a,b,c,d\n" + "1,2,3,4\n" * 9 + "no row at all\n1,2,3,4\n", problems)
    assert len(events) == 10
    assert problems.rejected == {"wrong-columns": 1}
    assert problems.examples["wrong-columns"][0].startswith("t.csv:11: expected 4 columns, got 1")


def test_delimited_counts_the_lines_that_an_unclosed_quote_swallows() -> None:
    problems = Problems()
    text = "a,b,c,d\n" + "1,2,3,4\n" * 40 + '1,"open,3,4\n' + "1,2,3,4\n" * 200_000
    events = read(text, problems)
    assert len(events) + problems.total_rejected == 40 + 1 + 200_000


def test_delimited_skips_headers_in_the_middle_and_preambles() -> None:
    text = '#TYPE System.Object\n"a","b","time"\n"1","x","2021-02-03"\n"a","b","time"\n"2","y","2021-02-03"\n'
    assert [event.attributes["a"] for event in read(text)] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_delimited_reads_other_encodings(encoding: str) -> None:
    assert read("time;käse;host\n2021-02-03;ä;h1\n".encode(encoding))[0].attributes["käse"] == "ä"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "word\nword\n",
        "Feb  3 04:05:06 web1 app: one, two, three\nFeb  3 04:05:07 web1 app: four, five, six\n",
        "2021-02-03 04:05:06,INFO,started,1\n2021-02-03 04:05:07,INFO,stopped,2\n",
        "10.0.0.1,443,GET\n10.0.0.2,80,POST\n",
        "Dear all, this is a letter, with commas\nand another line, also with, commas\n",
        "a,b,c\nno commas here\nnor here\nnor there\n",
        "key=value,other=thing,third=x\nkey=value,other=thing,third=x\n",
        "CEF:0|Vendor|Product|1.0|100|name|5|src=1.2.3.4\nCEF:0|Vendor|Product|1.0|101|name|5|src=1.2.3.4\n",
        "INFO | main | started\nINFO | main | stopped\nERROR | x\nmore\nlines\n",
        '{"a": 1, "b": 2, "c": 3}\n{"a": 1, "b": 2, "c": 3}\n',
        '<Event a="1", b="2", c="3">\n',
        b"\x00\x01,\x02,\x03\n",
    ],
)
def test_delimited_sniffs_nothing_in_other_text(text: str | bytes) -> None:
    assert sniff(text) == 0.0


def test_delimited_notes_a_file_without_a_header() -> None:
    problems = Problems()
    assert read("plain text\n", problems) == []
    assert problems.notes == {"no-header": 1}


@given(
    st.lists(
        st.lists(st.text(alphabet='ab1 ,"\n;', min_size=1, max_size=6), min_size=4, max_size=4), min_size=1, max_size=5
    )
)
def test_delimited_reads_what_the_csv_module_writes(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([["time", "user", "host", "ip"], *rows])
    assert len(read(buffer.getvalue(), Problems())) <= len(rows)


@given(st.binary(max_size=300))
def test_delimited_never_raises(data: bytes) -> None:
    source = source_of(b"time,user,host\n" + data)
    DelimitedReader().sniff(source)
    list(DelimitedReader().read(source, Problems()))


def test_delimited_reads_every_flow_of_a_capture(shared_data: Path) -> None:
    file = shared_data / "attack" / "slips" / "test2-malicious.binetflow.zst"
    text = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read()
    events = read(text)
    assert len(events) == text.count(b"\n") - 1
    assert all(event.timestamp and event.source_address for event in events)
