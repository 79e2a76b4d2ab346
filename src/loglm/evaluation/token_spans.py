"""Parts of a log text that mean something as a whole, and that a tokenizer should not run together or tear apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal, get_args

__all__ = ["KINDS", "Span", "SpanKind", "find_spans"]

SpanKind = Literal["field name", "IPv4 octet", "port", "path part", "GUID", "command word"]
KINDS: Final[tuple[SpanKind, ...]] = get_args(SpanKind)
Span = tuple[int, int]
"""Start and end in characters, half open."""

_FIELD = re.compile(r'(?m)(?:^|[\s,;&?({\["])([A-Za-z_][\w.\-\[\]]{0,127})(?:=|":)')
_NAME = re.compile(r"[\w-]+")
_IP4 = re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?!\w|\.\d)")
_PORT = re.compile(
    r"(?<!\w)(?:\d{1,3}\.){3}\d{1,3}:(\d{1,5})(?!\w)|"
    r'(?:\b[Pp]ort|[a-z]Port|_port|PORT|\b[sd]pt|_p)"?[=: ]{1,2}(\d{1,5})(?!\w)'
)
_GUID = re.compile(r"(?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)")
_WINDOWS_PATH = re.compile(r'(?<!\w)[A-Za-z]:((?:\\[^\\/:*?"<>|=\n]{1,64}){1,20})')
_UNIX_PATH = re.compile(r"(?<![\w.:/)<>\\])((?:/[\w.+@%~-]{1,64}){2,20})")
_PART = re.compile(r"[^\\/]+")
_COMMAND = re.compile(r'(?im)(?:\b|_)(?:commandline|command_line|command|cmdline|cmd|proctitle)"?[=:]([^\n]{1,512})')
_WORD = re.compile(r"(?<![\w<])[A-Za-z]{2,}(?![\w>:])")


def find_spans(text: str) -> dict[SpanKind, list[Span]]:
    """Where the parts of each kind stand in a rendered event.

    Field names are the words of keys (``id.orig_h=`` has two), before ``=`` or as keys of JSON. Path parts stand
    between slashes or backslashes; the last one of a Windows path ends at a blank. Command words are the words of
    letters alone in what follows ``CommandLine=``, ``COMMAND=`` and the like, up to the end of the line.
    Placeholders are no parts.
    """
    return {kind: sorted(set(_FINDERS[kind](text))) for kind in KINDS}


def _field_names(text: str) -> Iterator[Span]:
    for field in _FIELD.finditer(text):
        for name in _NAME.finditer(text, *field.span(1)):
            yield name.span()


def _octets(text: str) -> Iterator[Span]:
    for address in _IP4.finditer(text):
        if all(int(octet) < 256 for octet in address.groups()):
            yield from (address.span(number) for number in range(1, 5))


def _ports(text: str) -> Iterator[Span]:
    for port in _PORT.finditer(text):
        yield port.span(port.lastindex or 0)


def _guids(text: str) -> Iterator[Span]:
    for guid in _GUID.finditer(text):
        yield guid.span()


def _path_parts(text: str) -> Iterator[Span]:
    for path in _UNIX_PATH.finditer(text):
        for part in _PART.finditer(text, *path.span(1)):
            yield part.span()
    for path in _WINDOWS_PATH.finditer(text):
        last = text.rfind("\\", *path.span(1)) + 1
        blank = re.search(r"\s", text[last : path.end()])
        end = last + blank.start() if blank else path.end()
        for part in _PART.finditer(text, path.start(1), end):
            yield part.span()


def _command_words(text: str) -> Iterator[Span]:
    for command in _COMMAND.finditer(text):
        for word in _WORD.finditer(text, *command.span(1)):
            yield word.span()


_FINDERS: Final[dict[SpanKind, Callable[[str], Iterator[Span]]]] = {
    "field name": _field_names,
    "IPv4 octet": _octets,
    "port": _ports,
    "path part": _path_parts,
    "GUID": _guids,
    "command word": _command_words,
}
