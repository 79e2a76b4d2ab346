"""Blocks of a PDF: its pages' paragraphs, by pypdf."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from loglm.errors import RecordError, SourceLocation
from loglm.intel.passages import Block
from loglm.plurals import plural

__all__ = ["PdfText", "read_pdf"]

_MAX_PAGES = 2_000
_MAX_CHARS = 20_000_000
_MAX_SECONDS = 120.0
_LEAST_LETTERS = 20
"""A page with fewer is taken for a picture."""
_LETTERS = re.compile(r"\w")
_BROKEN_WORD = re.compile(r"(\w)-\n(?=[a-z])")
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(slots=True)
class PdfText:
    """What a PDF says."""

    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    pages: int = 0
    pictures: int = 0
    """Pages without text."""
    cut: str = ""
    """Why its end was not read; empty where all of it was."""


def read_pdf(data: bytes, location: SourceLocation) -> PdfText:
    """The text of a PDF's pages.

    Raises:
        RecordError: It is damaged or encrypted, or no page has text (kinds ``damaged``, ``encrypted``,
            ``picture-only``).
    """
    with _quiet():
        found = _read(data, location)
    if not found.blocks:
        raise RecordError(
            "picture-only",
            f"none of its {plural(found.pages, 'page')} holds text, so they are pictures of it; run text recognition "
            "(OCR) over the file and give the result",
            location,
        )
    return found


def _read(data: bytes, location: SourceLocation) -> PdfText:
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise RecordError("encrypted", "it asks for a password; give a copy without one", location)
        found = PdfText(_title(reader.metadata))
        for number, text in _pages(reader, found):
            found.pictures += not _is_text(text)
            found.blocks += [Block(block, f"page {number}") for block in _paragraphs(text)]
    except RecordError:
        raise
    except Exception as error:
        raise RecordError("damaged", f"the PDF cannot be read ({type(error).__name__}: {error})", location) from error
    return found


def _pages(reader: object, found: PdfText) -> Iterator[tuple[int, str]]:
    """Number and text of the pages, as long as there are neither too many nor too much of them."""
    started, chars = time.monotonic(), 0
    for number, page in enumerate(reader.pages, 1):  # type: ignore[attr-defined]
        if number > _MAX_PAGES or chars > _MAX_CHARS or time.monotonic() - started > _MAX_SECONDS:
            found.cut = f"read to page {number - 1:,} only, the rest is too much"
            return
        found.pages = number
        text = page.extract_text()
        chars += len(text)
        yield number, text


def _paragraphs(text: str) -> list[str]:
    if not _is_text(text):
        return []
    mended = _BROKEN_WORD.sub(r"\1", text)
    return [block for block in _PARAGRAPH.split(mended) if block.strip()]


def _is_text(text: str) -> bool:
    return sum(1 for _ in zip(_LETTERS.finditer(text), range(_LEAST_LETTERS), strict=False)) == _LEAST_LETTERS


def _title(metadata: object) -> str:
    title = getattr(metadata, "title", None)
    return title.strip() if isinstance(title, str) else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """What pypdf thinks of a file's faults is not for people."""
    logger = logging.getLogger("pypdf")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
