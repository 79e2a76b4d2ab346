"""Lines of a text log, whatever its encoding and line ends, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from loglm.events.problems import Problems, quoted
from loglm.events.source import HEAD_BYTES, Source

__all__ = ["MAX_LINE_BYTES", "decode_line", "head_lines", "iter_lines", "text_encoding"]

MAX_LINE_BYTES = 1 << 20
"""A longer line is counted as ``too-long`` and skipped; UTF-16 is measured as the UTF-8 it becomes."""

_CHUNK_BYTES = 1 << 18
_UTF8_BOM = codecs.BOM_UTF8
_WIDE_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def iter_lines(source: Source, problems: Problems) -> Iterator[tuple[int, str]]:
    """Yield (line number in the whole file, from 1; text without its line end) of each line that is not blank.

    Lines end at LF or CRLF; in a file whose head holds CR but no LF, at CR. UTF-8 and UTF-16 (by byte
    order mark or by where the NUL bytes stand) are recognised from the head; a line that is not UTF-8 is
    decoded by `decode_line`. NUL bytes are dropped. A line over `MAX_LINE_BYTES` is given to
    ``problems.reject`` as ``too-long`` and costs no more memory than one that fits.
    """
    number = source.part.records_before
    for block, cut_bytes in _blocks(source):
        if cut_bytes:
            number += 1
            start = quoted(decode_line(block))
            message = f"line of {cut_bytes:,} bytes, at most {MAX_LINE_BYTES:,} are read; it starts with {start}"
            problems.reject("too-long", message, source.at(number))
            continue
        for line in _split(block):
            number += 1
            if line and not line.isspace():
                yield number, line


def head_lines(head: bytes, most: int) -> list[str]:
    """The first lines of a file that are not blank, at most so many; the last one of a cut head is left out."""
    encoding = text_encoding(head)
    data = head if encoding == "utf-8" else head.decode(encoding, errors="replace").encode()
    data = data.replace(b"\0", b"")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    lines = [line for line in _split(data) if line and not line.isspace()]
    if len(lines) > 1 and len(head) >= HEAD_BYTES:
        lines.pop()
    return lines[:most]


def text_encoding(head: bytes) -> str:
    """``utf-8``, ``utf-16-le``, ``utf-16-be``, ``utf-32-le`` or ``utf-32-be``, from the start of a file.

    ``utf-8`` stands for every encoding that holds ASCII as single bytes.
    """
    for bom, encoding in _WIDE_BOMS:
        if head.startswith(bom):
            return encoding
    sample = head[:4096]
    pairs = len(sample) // 2
    if pairs < 4 or 0 not in sample:
        return "utf-8"
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.4 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return "utf-8"


def decode_line(line: bytes) -> str:
    """The text of one line: UTF-8, else Windows-1252, else UTF-8 with U+FFFD for what cannot be decoded.

    A line that holds valid UTF-8 sequences beside broken ones keeps the valid ones.
    """
    try:
        return line.decode()
    except UnicodeDecodeError:
        text = line.decode(errors="replace")
    if not text.replace("\ufffd", "").isascii():
        return text
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return text


def _split(block: bytes) -> list[str]:
    """The decoded lines of a block that ends where a line does."""
    if _UTF8_BOM in block:
        block = block.removeprefix(_UTF8_BOM).replace(b"\n" + _UTF8_BOM, b"\n")
    try:
        lines = block.decode().split("\n")
    except UnicodeDecodeError:
        lines = [decode_line(line) for line in block.split(b"\n")]
    if b"\r" in block:
        lines = [line.rstrip("\r") for line in lines]
    return lines


def _blocks(source: Source) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines joined by LF, each with 0; or the start of a line too long, with its length."""
    rest = b""
    skipped = 0
    failures: list[OSError] = []
    for chunk in _until_failure(_chunks(source), failures):
        end = chunk.rfind(b"\n")
        if end < 0:
            if skipped:
                skipped += len(chunk)
            elif len(rest) + len(chunk) > MAX_LINE_BYTES:
                skipped = len(rest) + len(chunk)
                rest = (rest + chunk)[:80]
            else:
                rest += chunk
            continue
        first = chunk.find(b"\n")
        if skipped or len(rest) + first > MAX_LINE_BYTES:
            yield (rest + chunk[:first])[:80], (skipped or len(rest)) + first
            if end > first:
                yield chunk[first + 1 : end], 0
        else:
            yield rest + chunk[:end], 0
        skipped = 0
        rest = chunk[end + 1 :]
    if rest:
        yield rest, skipped
    if failures:
        raise failures[0]


def _until_failure(chunks: Iterator[bytes], failures: list[OSError]) -> Iterator[bytes]:
    """The chunks up to an error, which is kept until the line that it cut has been given out."""
    try:
        yield from chunks
    except OSError as error:
        failures.append(error)


def _chunks(source: Source) -> Iterator[bytes]:
    """The stream in pieces, as LF-ended text without NUL in an encoding that holds ASCII as single bytes."""
    encoding = text_encoding(source.head)
    chunks = iter(lambda: source.stream.read1(_CHUNK_BYTES), b"")
    if encoding != "utf-8":
        chunks = _to_utf8(chunks, encoding)
        head = source.head.decode(encoding, errors="replace").encode()
    else:
        head = source.head
    chunks = (chunk.replace(b"\0", b"") if b"\0" in chunk else chunk for chunk in chunks)
    return _cr_to_lf(chunks) if b"\r" in head and b"\n" not in head else chunks


def _to_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text.encode()
    if text := decoder.decode(b"", final=True):
        yield text.encode()


def _cr_to_lf(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """CR and CRLF as LF, also where a chunk ends between CR and LF."""
    held = False
    for chunk in chunks:
        text = b"\r" + chunk if held else chunk
        held = text.endswith(b"\r")
        if held:
            text = text[:-1]
        if text:
            yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"
