"""Numbers with their nouns, as messages say them."""

from __future__ import annotations

__all__ = ["plural"]

_HISSING = ("s", "x", "ch", "sh")


def plural(count: int, noun: str) -> str:
    """A number and what is counted; in a noun of several words the last one changes.

    >>> plural(1, "event"), plural(1204, "new event"), plural(3, "entity"), plural(2, "day"), plural(0, "process")
    ('1 event', '1,204 new events', '3 entities', '2 days', '0 processes')
    """
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(_HISSING) else 's'}"
