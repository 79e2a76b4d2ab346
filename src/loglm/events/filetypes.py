"""Telling text from binary files, and naming well-known binary ones."""

from __future__ import annotations

import re

from loglm.events.lines import text_encoding

__all__ = ["file_type", "is_blank", "is_text", "is_web_page"]

_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b\x1d") + b"\x7f"
_MOST_CONTROL = 0.05
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,99}<(?:!doctype\s{1,99}html|html)[\s>]", re.IGNORECASE)
_NUL_RUN = re.compile(rb"\0+")
_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"\xca\xfe\xba\xbe", "a Java class or Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture (Zeek or Suricata can make logs of it)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture (Zeek or Suricata can make logs of it)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (Zeek or Suricata can make logs of it)"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it first)"),
    (b"Rar!\x1a\x07", "a RAR archive (unpack it first)"),
    (b"LfLe", "an old Windows event log (.evt; export it as .evtx)"),
    (b"regf", "a Windows registry hive"),
    (b"PAR1", "a Parquet table"),
    (b"LPKSHHRH", "a systemd journal (journalctl -o json makes a log of it)"),
)


def file_type(head: bytes) -> str | None:
    """What a binary file is, by its first bytes; None where they are not known."""
    for magic, name in _MAGIC:
        if head.startswith(magic) and (len(magic) > 4 or not is_text(head)):
            return name
    return None


def is_text(head: bytes) -> bool:
    """Whether a file that begins so can be read as lines: few control characters, NUL bytes only in blocks.

    Text in UTF-16 counts; so does a log that a crash or preallocation left with blocks of NUL bytes.
    """
    encoding = text_encoding(head)
    if encoding != "utf-8":
        head = head.decode(encoding, errors="replace").encode()
    text = head.replace(b"\0", b"")
    if not text or head.startswith(b"%PDF-"):
        return False
    if len(text) < len(head) and len(_NUL_RUN.findall(head)) > 1 + len(text) // 50:
        return False
    return len(text) - len(text.translate(None, _CONTROL)) <= _MOST_CONTROL * len(text)


def is_blank(head: bytes) -> bool:
    """Whether a file that begins so has text there, and none but white space."""
    return is_text(head) and not head.decode(text_encoding(head), errors="replace").strip("\ufeff\0 \t\r\n\v\f")


def is_web_page(head: bytes) -> bool:
    """Whether a file that begins so is HTML, by its first tag."""
    return _WEB_PAGE.match(head) is not None
