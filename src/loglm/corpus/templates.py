"""Keys of a rendered event: hashes for equal events and texts, and one for texts of one template."""

from __future__ import annotations

import hashlib
import re

__all__ = ["event_hash", "header_hash", "template_hash", "template_of", "text_hash"]

_FIELD = re.compile(r"([^=\s]{1,80})=")
_BODY_WORDS = 8
"""Words of a message that are told apart; further ones are mostly values."""


def template_of(text: str) -> str:
    """The header, the names of the fields, and the first words of the message, those with digits or signs as ``*``.

    >>> template_of("linux/sshd sshd\\nFailed password for <user> from <ip4:public> port <port>")
    'linux/sshd sshd\\nFailed password for * from * port *'
    """
    header, *lines = text.split("\n")
    parts = []
    for line in lines:
        name = _FIELD.match(line)
        parts.append(
            name[1]
            if name
            else " ".join(w if w.isalpha() else "*" for w in line.split(None, _BODY_WORDS)[:_BODY_WORDS])
        )
    return "\n".join((header, *parts))


def text_hash(text: str) -> int:
    """64 bits of BLAKE2b; among a million texts, two differing ones share it with a chance of 3 in 100 million."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def event_hash(exact: str, text: str) -> int:
    """`text_hash` of an event in both views: equal events have equal texts, also where long ones are cut."""
    return text_hash(f"{exact}\0{text}")


def template_hash(text: str) -> int:
    """`text_hash` of the template."""
    return text_hash(template_of(text))


def header_hash(text: str) -> int:
    """`text_hash` of the first line: log source and action. Texts in which it differs are no near duplicates."""
    return text_hash(text.partition("\n")[0])
