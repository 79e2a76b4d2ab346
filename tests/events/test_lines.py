from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.errors import RecordError
from loglm.events.lines import MAX_LINE_BYTES, decode_line, iter_lines, text_encoding
from loglm.events.problems import Problems
from loglm.events.source import HEAD_BYTES, Source


def source_of(data: bytes) -> Source:
    return Source("log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def lines_of(data: bytes) -> list[tuple[int, str]]:
    return list(iter_lines(source_of(data), Problems(stop_on_error=True)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_iter_lines_accepts_each_line_end(end: str) -> None:
    assert lines_of(f"a{end}b{end}{end}c".encode()) == [(1, "a"), (2, "b"), (4, "c")]


def test_iter_lines_keeps_a_lone_cr_inside_an_lf_file() -> None:
    assert lines_of(b"10%\r20%\nend\n") == [(1, "10%\r20%"), (2, "end")]


def test_iter_lines_joins_cr_lf_split_over_chunks() -> None:
    data = b"x" * ((1 << 18) - 1) + b"\r\nnext\r"
    assert [number for number, _ in lines_of(data)] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_iter_lines_recognises_the_encoding(encoding: str) -> None:
    assert lines_of("Administrator häst 雪\r\nlogged on\r\n".encode(encoding)) == [
        (1, "Administrator häst 雪"),
        (2, "logged on"),
    ]


def test_iter_lines_decodes_each_line_of_a_mixed_file() -> None:
    data = "ä utf-8\n".encode() + "ä cp1252\n".encode("cp1252") + b"\x81\x8d neither\n"
    assert [line for _, line in lines_of(data)] == ["ä utf-8", "ä cp1252", "\ufffd\ufffd neither"]


def test_iter_lines_reads_utf16_appended_to_ascii() -> None:
    data = b"plain ascii line that is first\n" * 20 + "appended\n".encode("utf-16-le")
    assert lines_of(data)[-1] == (21, "appended")


def test_iter_lines_drops_nul_bytes_and_byte_order_marks_of_joined_files() -> None:
    data = b"\xef\xbb\xbfone\n\xef\xbb\xbftwo" + b"\0" * (3 << 20) + b"\nth\0ree\n"
    assert lines_of(data) == [(1, "one"), (2, "two"), (3, "three")]


def test_iter_lines_counts_a_line_too_long_and_goes_on() -> None:
    problems = Problems()
    data = b"first\n" + b"z" * (MAX_LINE_BYTES + 1) + b"\nlast\n"
    assert list(iter_lines(source_of(data), problems)) == [(1, "first"), (3, "last")]
    assert problems.rejected == {"too-long": 1}
    assert "log:2: line of 1,048,577 bytes" in problems.examples["too-long"][0]


def test_iter_lines_accepts_a_line_of_just_the_limit() -> None:
    assert len(lines_of(b"z" * MAX_LINE_BYTES + b"\nlast")) == 2


def test_iter_lines_counts_a_line_too_long_at_the_end_of_the_file() -> None:
    problems = Problems()
    assert list(iter_lines(source_of(b"z" * (3 * MAX_LINE_BYTES)), problems)) == []
    assert problems.rejected == {"too-long": 1}


def test_iter_lines_stops_where_asked() -> None:
    with pytest.raises(RecordError, match="at most 1,048,576 are read"):
        lines_of(b"z" * (2 * MAX_LINE_BYTES))


def test_iter_lines_takes_linear_time_over_a_long_line() -> None:
    assert_linear(lambda data: list(iter_lines(source_of(data), Problems())), lambda size: b"q" * size, 50_000_000)


def test_iter_lines_reads_a_50_mb_line_in_bounded_memory() -> None:
    source = source_of(b"q" * 50_000_000 + b"\nlast\n")
    tracemalloc.start()
    lines = list(iter_lines(source, Problems()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == [(2, "last")]
    assert peak < 8 << 20


@given(st.binary())
def test_iter_lines_takes_any_bytes(data: bytes) -> None:
    for number, line in lines_of(data):
        assert number >= 1
        assert line.strip()
        assert "\n" not in line


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", codec="utf-8")), max_size=20))
def test_iter_lines_returns_what_was_written(texts: list[str]) -> None:
    expected = [(number, text) for number, text in enumerate(texts, 1) if text.strip()]
    assert lines_of(("\n".join(["head", *texts])).encode())[1:] == [(number + 1, text) for number, text in expected]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"", "utf-8"),
        (b"ascii text", "utf-8"),
        (b"\xff\xfea\0", "utf-16-le"),
        ("no mark here".encode("utf-16-be"), "utf-16-be"),
        (b"text" + b"\0" * 100, "utf-8"),
    ],
)
def test_text_encoding_reads_marks_and_nul_bytes(head: bytes, encoding: str) -> None:
    assert text_encoding(head) == encoding


def test_decode_line_keeps_valid_sequences_beside_broken_ones() -> None:
    assert decode_line("snö ".encode() + b"\xe9\xff") == "snö \ufffd\ufffd"
