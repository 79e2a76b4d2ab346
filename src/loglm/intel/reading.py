"""Texts of any format into passages: recognised by content, bounded in size, and what cannot be read is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from loglm.errors import RecordError, SourceLocation
from loglm.events.decompression import READ_ERRORS
from loglm.events.discovery import unwanted
from loglm.events.opening import open_inputs
from loglm.events.problems import Problems
from loglm.events.source import Source
from loglm.intel.attack_lines import is_attack_line, line_passages
from loglm.intel.html_text import read_html
from loglm.intel.misp import is_misp, misp_passages
from loglm.intel.passages import Passage, cut
from loglm.intel.pdf_text import read_pdf
from loglm.intel.stix import is_stix, stix_passages
from loglm.intel.text_files import markdown_blocks, plain_blocks, title_of
from loglm.intel.words import count_terms
from loglm.plurals import plural

__all__ = ["Document", "leave_out", "read_documents"]

_MAX_BYTES = 256 << 20
"""Of one text; ATT&CK's bundle has 50 MB."""
_MAX_PROSE_BYTES = 32 << 20
"""Of one that is not JSON or PDF."""
_TEXTS = frozenset(".pdf .md .markdown .rst .html .htm .xhtml .txt .json .jsonl .stix .misp".split())
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_BLANK = b"\xef\xbb\xbf \t\r\n"
"""With the mark of UTF-8."""
_LEAST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Document:
    """A file, or a member of an archive, in passages."""

    path: str
    """As given, ``archive!member`` inside archives."""
    sha256: bytes
    """Of its bytes."""
    format: str
    """markdown, html, pdf, stix, misp, attack, or text."""
    passages: list[Passage]


def read_documents(
    paths: Sequence[str | Path], problems: Problems, *, is_known: Callable[[str, bytes], bool] = lambda _p, _d: False
) -> Iterator[Document]:
    """The documents below some paths, one after the other.

    Archives and compressed files are unpacked, as logs are. Notes: ``too-large``, ``not-text``, ``unknown-json``,
    ``unknown-xml``, ``picture-only``, ``picture-pages``, ``encrypted``, ``damaged``, ``cut``, ``one-word``,
    ``no-text``, and those of `loglm.events.opening`; the other documents are read all the same.

    Args:
        paths: Files, folders, patterns; ``-`` for stdin.
        problems: Takes the notes.
        is_known: (path, sha256) to whether a document need not be read; it then comes without passages.

    Raises:
        InputError: A path does not exist.
    """
    for source in open_inputs(paths, problems, leave_out=leave_out):
        data = _bytes_of(source, problems)
        if data is None:
            continue
        digest = sha256(data).digest()
        if is_known(source.path, digest):
            yield Document(source.path, digest, "", [])
            continue
        try:
            form, passages = _read(data, source.path, problems)
        except RecordError as error:
            problems.note(error.kind, error.reason, source.at())
            continue
        kept = list(_worth_keeping(passages, source, problems))
        if kept:
            yield Document(source.path, digest, form, kept)
        else:
            problems.note("no-text", f"taken for {form}, it has no text to index", source.at())


def leave_out(name: str) -> tuple[str, str] | None:
    """Which files of folders and archives are no texts, as `loglm.events.discovery.unwanted` says of logs."""
    if PurePosixPath(name).suffix.lower() in _TEXTS and not PurePosixPath(name).name.startswith("."):
        return None
    reason = unwanted(name)
    return ("not-a-text", reason[1]) if reason and reason[0] == "not-a-log" else reason


def _bytes_of(source: Source, problems: Problems) -> bytes | None:
    try:
        data = source.stream.read(_MAX_BYTES + 1)
    except READ_ERRORS as error:
        problems.note("unreadable", f"cannot be read: {error}", source.at())
        return None
    if len(data) > _MAX_BYTES:
        problems.note("too-large", f"has more than {_MAX_BYTES >> 20} MiB and is left out; split it", source.at())
        return None
    return data


def _read(data: bytes, path: str, problems: Problems) -> tuple[str, Iterator[Passage]]:
    """Format and passages.

    Raises:
        RecordError: It is of no format that is read, or damaged.
    """
    location = SourceLocation(path)
    suffix = PurePosixPath(path.removesuffix(".zst").removesuffix(".gz")).suffix.lower()
    if _is_pdf(data, suffix):
        return "pdf", _pdf(data, path, problems)
    if data[:64].lstrip(_BLANK)[:1] in (b"{", b"[") and suffix not in (".md", ".markdown", ".txt"):
        return _json(data, path, problems)
    if data[:64].lstrip(_BLANK).startswith(b"<?xml") and not _HTML.search(data[:2048]):
        raise RecordError("unknown-xml", "XML is not read; give STIX 2 (JSON), Markdown, HTML, PDF or text", location)
    if len(data) > _MAX_PROSE_BYTES:
        raise RecordError("too-large", f"has more than {_MAX_PROSE_BYTES >> 20} MiB; split it", location)
    text = _decoded(data, location)
    name = PurePosixPath(path.replace("!", "/")).name
    if suffix in (".html", ".htm", ".xhtml") or _HTML.search(data[:2048]):
        page = read_html(text)
        if page.cut:
            problems.note("cut", page.cut, location)
        return "html", cut(page.blocks, title=page.title or name, path=path)
    if suffix in (".md", ".markdown", ".rst"):
        return "markdown", cut(markdown_blocks(text), title=title_of(text, name), path=path)
    return "text", cut(plain_blocks(text), title=name, path=path)


def _is_pdf(data: bytes, suffix: str) -> bool:
    """By its mark at the start; PDF readers take it within the first 1,024 bytes too, prose that speaks of PDF has it
    there."""
    mark = b"%PDF-"
    return data[:64].lstrip(_BLANK).startswith(mark) or (suffix == ".pdf" and mark in data[:1024])


def _pdf(data: bytes, path: str, problems: Problems) -> Iterator[Passage]:
    location = SourceLocation(path)
    found = read_pdf(data, location)
    if found.pictures:
        problems.note("picture-pages", f"{found.pictures:,} of {plural(found.pages, 'page')} hold no text", location)
    if found.cut:
        problems.note("cut", found.cut, location)
    title = found.title or PurePosixPath(path).name
    pages = groupby(found.blocks, key=lambda block: block.place)
    return (passage for _, blocks in pages for passage in cut(blocks, title=title, path=path))


def _json(data: bytes, path: str, problems: Problems) -> tuple[str, Iterator[Passage]]:
    try:
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        first = _loaded(data.partition(b"\n")[0])
        if not is_attack_line(first):
            raise RecordError("damaged", f"it begins as JSON and is not ({error})", SourceLocation(path)) from error
        return "attack", _lines(data, path, problems)
    if is_stix(document):
        return "stix", stix_passages(document, path)
    if is_misp(document):
        return "misp", misp_passages(document, path)
    if is_attack_line(document):
        return "attack", line_passages(document, path)
    raise RecordError(
        "unknown-json",
        "JSON that is neither a STIX bundle, nor a MISP event, nor a line of ATT&CK's texts is left out",
        SourceLocation(path),
    )


def _lines(data: bytes, path: str, problems: Problems) -> Iterator[Passage]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        entry = _loaded(line)
        if isinstance(entry, dict) and is_attack_line(entry):
            yield from line_passages(entry, path)
        else:
            message = "expected an object of ATT&CK (id, type, name, description) or an example (technique, text)"
            problems.reject("not-an-attack-line", message, SourceLocation(path, number))


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _decoded(data: bytes, location: SourceLocation) -> str:
    """UTF-8, UTF-16 with its mark, or else Windows' Western code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\0" in data[:65_536]:
        raise RecordError("not-text", "it holds binary data; texts are Markdown, HTML, PDF, JSON or plain", location)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _worth_keeping(passages: Iterator[Passage], source: Source, problems: Problems) -> Iterator[Passage]:
    """Passages of at least two different words; of others there is nothing to find, and that is noted once a file."""
    left_out: str | None = None
    for passage in passages:
        if len(count_terms(passage.text)) >= _LEAST_WORDS:
            yield passage
        else:
            left_out = left_out or passage.place
    if left_out:
        problems.note(
            "one-word",
            "text that is all one word, or no word, is left out",
            SourceLocation(f"{source.path}, {left_out}"),
        )
