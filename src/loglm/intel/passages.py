"""Passages: pieces of texts of a length that people and prompts take, each with its place and its techniques."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from loglm.attack import current_id

__all__ = ["MAX_PASSAGE_CHARS", "Block", "Kind", "Passage", "cut", "techniques_in"]

MAX_PASSAGE_CHARS = 1_800
"""About 300 words: a description of a technique is mostly one passage."""
_FULL_CHARS = 500
"""From which a passage is not joined with what follows it."""
_MAX_TITLE_CHARS = 300
_MAX_TECHNIQUES = 8
"""A paragraph that names more is a list of them, and about none."""
_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9])T(\d{4})(?:[./](\d{3}))?(?![0-9A-Za-z])")
_CITATION = re.compile(r"\(Citation: [^()]{0,300}\)")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}\)")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,9} ?/?>")
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_END = re.compile(r"(?<=[.!?;:])\s|\n|\s")


class Kind(StrEnum):
    """What a passage has to do with its techniques."""

    DEFINITION = "definition"
    """It says what one technique is."""
    EXAMPLE = "example"
    """It tells of a use of them, as its source states."""
    TEXT = "text"
    """It is prose; its techniques are those whose ids it names."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text. Untrusted: whoever wrote the text wrote it."""

    text: str
    """At most `MAX_PASSAGE_CHARS` characters; citations and addresses of links are taken out."""
    title: str
    """Of the text or the object, with the heading above the passage."""
    path: str
    """Of the file, as given, ``archive!member`` inside archives."""
    place: str
    """Where in the file: ``line 12``, ``page 3``, or the id of an object."""
    kind: Kind = Kind.TEXT
    techniques: tuple[str, ...] = ()
    """Ids of ATT&CK Enterprise v18.1."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or what else a reader takes for one piece."""

    text: str
    place: str
    heading: str = ""
    """The heading above it."""


def cut(blocks: Iterable[Block], *, title: str, path: str) -> Iterator[Passage]:
    """Short blocks under one heading joined, long ones cut where a sentence or at least a word ends.

    A passage has the techniques whose ids stand in it, where they are no more than eight.
    """
    title = " ".join(title.split())
    held: list[Block] = []
    size = 0
    for block in (piece for whole in blocks for piece in _pieces(whole)):
        if held and (held[0].heading != block.heading or size + len(block.text) > MAX_PASSAGE_CHARS):
            yield _joined(held, title, path)
            held, size = [], 0
        held.append(block)
        size += len(block.text) + 1
        if size >= _FULL_CHARS:
            yield _joined(held, title, path)
            held, size = [], 0
    if held:
        yield _joined(held, title, path)


def techniques_in(text: str) -> tuple[str, ...]:
    """Ids of techniques that a text names, as they are today, in their order; revoked ones by what replaced them.

    >>> techniques_in("T1086, and https://attack.mitre.org/techniques/T1003/001/; not T9999")
    ('T1059.001', 'T1003.001')
    """
    named = (f"T{base}.{sub}" if sub else f"T{base}" for base, sub in _TECHNIQUE.findall(text))
    return tuple(dict.fromkeys(known for name in named if (known := current_id(name))))


def _pieces(block: Block) -> Iterator[Block]:
    names = " ".join(techniques_in(block.text))
    text = _plain(block.text)
    if names and not techniques_in(text):
        text = f"{text} ({names})"  # they stood in the address of a link
    start = 0
    while start < len(text):
        end = _place_to_cut(text, start)
        if piece := text[start:end].strip():
            yield Block(piece, block.place, block.heading)
        start = end


def _place_to_cut(text: str, start: int) -> int:
    """The last end of a sentence in the second half of what fits, else of a line or word."""
    most = start + MAX_PASSAGE_CHARS
    if len(text) <= most:
        return len(text)
    ends = [match.end() for match in _END.finditer(text, start + MAX_PASSAGE_CHARS // 2, most)]
    sentences = [end for end in ends if text[end - 2] in ".!?" or text[end - 1] == "\n"]
    return max(sentences or ends, default=most)


def _plain(text: str) -> str:
    """Without citations, addresses of links, tags without attributes and runs of blanks."""
    text = _TAG.sub("", _LINK.sub(r"\1", _CITATION.sub("", text)))
    return "\n".join(line for raw in text.split("\n") if (line := _BLANKS.sub(" ", raw).strip()))


def _joined(blocks: list[Block], title: str, path: str) -> Passage:
    heading = " ".join(blocks[0].heading.split())
    whole = f"{title} › {heading}" if heading and heading != title else title
    text = "\n".join(block.text for block in blocks)
    named = techniques_in(f"{heading} {text}")
    about = named if len(named) <= _MAX_TECHNIQUES else ()
    return Passage(text, whole[:_MAX_TITLE_CHARS], path, blocks[0].place, Kind.TEXT, about)
