from __future__ import annotations

import io
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.zeek_tsv import ZeekTsvReader
from loglm.events.source import HEAD_BYTES, Source

HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#open\t2022-06-17-00-00-07\n"
)
CONN = (
    HEADER
    + "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tlocal_orig"
    "\thistory\ttunnel_parents\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tbool\tstring\tset[string]\n"
)
ROW = (
    "1655071198.444458\tCHLXQF2OBY4onAR0Ug\t147.32.81.167\t62771\t40.74.108.123\t443\ttcp\tssl\t1.135424\t1596\tT"
    "\tShAD\t(empty)\n"
)


def source_of(data: bytes) -> Source:
    return Source("conn.log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(text: str, problems: Problems | None = None) -> list[LogEvent]:
    return list(ZeekTsvReader().read(source_of(text.encode()), problems or Problems(stop_on_error=True)))


def test_zeek_tsv_gives_types_time_addresses_and_session() -> None:
    (event,) = read(CONN + ROW + "#close\t2022-06-17-01-00-00\n")
    assert event.attributes == {
        "ts": 1655071198.444458,
        "uid": "CHLXQF2OBY4onAR0Ug",
        "id.orig_h": "147.32.81.167",
        "id.orig_p": 62771,
        "id.resp_h": "40.74.108.123",
        "id.resp_p": 443,
        "proto": "tcp",
        "service": "ssl",
        "duration": 1.135424,
        "orig_bytes": 1596,
        "local_orig": True,
        "history": "ShAD",
        "tunnel_parents": [],
    }
    assert (str(event.log_source), event.action, event.timestamp) == ("zeek/conn", "conn", 1655071198.444458)
    assert (event.source_address, event.destination_address) == ("147.32.81.167", "40.74.108.123")
    assert (event.session, event.location.record, event.raw) == ("CHLXQF2OBY4onAR0Ug", 9, ROW[:-1])


def test_zeek_tsv_leaves_unset_fields_out() -> None:
    (event,) = read(CONN + "1.5\tC1\t10.0.0.1\t1\t10.0.0.2\t2\tudp\t-\t-\t-\t-\t-\t-\n")
    assert set(event.attributes) == {"ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto"}


def test_zeek_tsv_reads_a_header_that_comes_again_with_other_fields() -> None:
    text = (
        CONN
        + ROW
        + HEADER.replace("conn", "dns")
        + "#fields\tts\tuid\tquery\n#types\ttime\tstring\tstring\n2.0\tC2\ta.example\n"
    )
    events = read(text)
    assert [str(event.log_source) for event in events] == ["zeek/conn", "zeek/dns"]
    assert events[1].attributes == {"ts": 2.0, "uid": "C2", "query": "a.example"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a\\x09b", "a\tb"),
        ("\\x23start", "#start"),
        ("caf\\xc3\\xa9", "café"),
        ("\\xff\\xfe", "\\xff\\xfe"),
        ("a\\x2cb", "a,b"),
    ],
)
def test_zeek_tsv_undoes_escapes(written: str, value: str) -> None:
    (event,) = read(HEADER + f"#fields\tts\tname\n#types\ttime\tstring\n1.0\t{written}\n")
    assert event.attributes["name"] == value


def test_zeek_tsv_reads_sets_and_vectors() -> None:
    text = (
        HEADER
        + "#fields\tts\ta\tb\tc\n#types\ttime\tset[addr]\tvector[count]\tvector[string]\n"
        + "1.0\t10.0.0.1,10.0.0.2\t1,-,3\tx\n"
    )
    assert read(text)[0].attributes == {"ts": 1.0, "a": ["10.0.0.1", "10.0.0.2"], "b": [1, None, 3], "c": ["x"]}


def test_zeek_tsv_reads_label_columns_three_spaces_apart() -> None:
    text = CONN.replace("tunnel_parents\n", "tunnel_parents   label   detailed-label\n")
    text = text.replace("set[string]\n", "set[string]   string   string\n")
    (event,) = read(text + ROW[:-1] + "   Malicious   PartOfAHorizontalPortScan\n")
    assert event.attributes["tunnel_parents"] == []
    assert event.attributes["label"] == "Malicious"
    assert event.attributes["detailed-label"] == "PartOfAHorizontalPortScan"


def test_zeek_tsv_has_no_time_and_session_where_they_were_masked() -> None:
    (event,) = read(
        "### baseline\n### sorted\n"
        + CONN
        + ROW.replace("1655071198.444458\tCHLXQF2OBY4onAR0Ug", "XXXXXXXXXX.XXXXXX\tXXXXXXXXXXX")
    )
    assert (event.timestamp, event.session, event.source_address) == (None, None, "147.32.81.167")


@pytest.mark.parametrize(
    ("path", "column", "action"), [("notice", "note", "Scan::Port_Scan"), ("weird", "name", "bad_TCP_checksum")]
)
def test_zeek_tsv_takes_the_name_of_notices_and_weirds_as_action(path: str, column: str, action: str) -> None:
    (event,) = read(HEADER.replace("conn", path) + f"#fields\tts\t{column}\n#types\ttime\tenum\n1.0\t{action}\n")
    assert event.action == action


def test_zeek_tsv_takes_the_user_of_logs_that_name_one() -> None:
    (event,) = read(HEADER.replace("conn", "ntlm") + "#fields\tts\tusername\n#types\ttime\tstring\n1.0\tALeonard\n")
    assert event.user == "ALeonard"


def test_zeek_tsv_keeps_extra_columns_and_ignores_empty_ones_at_the_end() -> None:
    events = read(CONN + ROW[:-1] + "\t\n" + ROW[:-1] + "\tmore\n")
    assert "_extra" not in events[0].attributes
    assert events[1].attributes["_extra"] == ["more"]


def test_zeek_tsv_rejects_lines_that_do_not_fit_and_goes_on() -> None:
    problems = Problems()
    assert len(read(CONN + "only\ttwo\n" + ROW, problems)) == 1
    assert problems.rejected == {"wrong-columns": 1}
    assert "conn.log:9: expected 13 columns" in problems.examples["wrong-columns"][0]


def test_zeek_tsv_rejects_lines_before_a_header() -> None:
    problems = Problems()
    assert len(read("stray line\n" + CONN + ROW, problems)) == 1
    assert problems.rejected == {"wrong-columns": 1}


@pytest.mark.parametrize("value", ["9" * 400, "abc", "1e999", ""])
def test_zeek_tsv_keeps_the_text_of_a_number_that_is_none(value: str) -> None:
    (event,) = read(HEADER + f"#fields\tts\tn\tx\n#types\ttime\tcount\tstring\n1.0\t{value}\ty\n")
    assert event.attributes["n"] == value


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (CONN, 1.0),
        ("\ufeff" + CONN, 1.0),
        ("#separator \\t\n#fields\tts\n", 1.0),
        ("#fields\tts\tuid\n#types\ttime\tstring\n", 1.0),
        ("#Fields: date time\n", 0.0),
        ("# separator of things\n", 0.0),
        ("", 0.0),
        ("Feb  3 04:05:06 host app: #separator \n", 0.0),
    ],
)
def test_zeek_tsv_sniffs_headers_only(text: str, score: float) -> None:
    assert ZeekTsvReader().sniff(source_of(text.encode())) == score


@given(st.text(alphabet="#fieldstypepath\t\n x09\\-.,()[]1é", max_size=300))
def test_zeek_tsv_never_raises(text: str) -> None:
    list(ZeekTsvReader().read(source_of(("#separator \\x09\n" + text).encode()), Problems()))


def test_zeek_tsv_reads_every_line_of_a_labelled_capture(shared_data: Path) -> None:
    file = shared_data / "attack" / "stratosphere-testing" / "008-zeek-mixed" / "conn.log.labeled.zst"
    text = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read().decode()
    events = read(text)
    assert len(events) == sum(1 for line in text.split("\n") if line and line[0] != "#")
    assert {event.attributes["label"] for event in events} <= {"Benign", "Malicious", "Background", "Unknown"}


@pytest.mark.parametrize("separator", ["#separator \\x09", "#separator\t\\x09", "#separator\t\\t", "#separator"])
def test_zeek_reader_takes_the_separator_behind_any_blank(separator: str) -> None:
    text = f"{separator}\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.5\tC1\n"
    problems = Problems()
    [event] = ZeekTsvReader().read(source_of(text.encode()), problems)
    assert event.attributes == {"ts": 1.5, "uid": "C1"}
