"""What pseudonymisation finds and misses, and what it changes that it should not, on labelled log lines."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from loglm.corpus.keyed_names import KeyedNames
from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.errors import InputError
from loglm.evaluation.extraction_sources import Case, read_bytes

__all__ = ["KINDS", "ChangedWords", "IdentityScore", "score_identities", "score_templates", "totals"]

KINDS: Final = ("address", "host", "user", "domain", "email", "mac")
_FIELDS: Final = ("host", "user", "source_address", "destination_address", "domain", "email", "mac")
_EXAMPLES: Final = 12
_KEY: Final = b"the figures do not depend on the key"
_NAMES: Final = KeyedNames(_KEY)
_words = re.compile(r"[^\W\d_]{3,}").findall


@dataclass(frozen=True, slots=True)
class IdentityScore:
    """How many of the values that one source's tests name are gone from the record."""

    group: str
    source: str
    """``total`` for all sources of the group."""
    kind: str
    expected: int
    """Values that stand in the record and are to be replaced; one counts once a record."""
    gone: int
    """No longer anywhere in the record after `Pseudonymiser.apply`."""
    gone_by_event: int
    """The same after `Pseudonymiser.apply_event`, which knows the fields that were read."""
    kept: int
    """Further values, which stay by design: ``root``, loopback, public sites."""


@dataclass(frozen=True, slots=True)
class ChangedWords:
    """Words that name nobody, so far as the labels tell, and how many were changed."""

    group: str
    words: int
    changed: int
    examples: tuple[str, ...]
    """The most frequent of the changed ones."""


def score_identities(cases: Iterable[Case]) -> tuple[list[IdentityScore], list[ChangedWords]]:
    """Pseudonymise the records of parser tests.

    Args:
        cases: See `loglm.evaluation.extraction.extraction_cases`.

    Returns:
        Scores by group, source and kind; and for each group the words beside the expected values. Tests do not name
        every identity of a record, so words changed there are an upper bound of what is changed wrongly.
    """
    pseudonymiser = Pseudonymiser(_KEY)
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    words: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for case in cases:
        values = dict(_identities(case))
        after = pseudonymiser.apply(case.text)
        by_event = after if case.event is None else pseudonymiser.apply_event(replace(case.event, raw=case.text)).raw
        for value, kind in values.items():
            count = counts.setdefault((case.group, case.source, kind), Counter())
            if _stays(value, pseudonymiser):
                count["kept"] += 1
            else:
                count.update(expected=1, gone=not _stands_in(value, after), by_event=not _stands_in(value, by_event))
        all_words, changed = words.setdefault(case.group, (Counter(), Counter()))
        _count_others(case.text, after, values, all_words, changed)
    scores = [
        IdentityScore(*place, count["expected"], count["gone"], count["by_event"], count["kept"])
        for place, count in sorted(counts.items())
    ]
    return scores, [_changed(group, *pair) for group, pair in words.items()]


def score_templates(folder: Path) -> ChangedWords:
    """Pseudonymise Loghub's templates: what is left of lines without their variables, so nothing is to change.

    Raises:
        InputError: There are no templates below the folder.
    """
    tables = sorted((folder / "logs" / "parsing" / "loghub_2k").glob("*_templates.csv*"))
    if not tables:
        raise InputError(f"no templates of Loghub in {str(folder)!r}; expected logs/parsing/loghub_2k/*_templates.csv")
    pseudonymiser = Pseudonymiser(_KEY)
    all_words: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for table in tables:
        for row in csv.DictReader(io.StringIO(read_bytes(table).decode())):
            text = row["EventTemplate"]
            _count_others(text, pseudonymiser.apply(text), (), all_words, changed)
    return _changed("templates of Loghub", all_words, changed)


def totals(scores: Iterable[IdentityScore]) -> list[IdentityScore]:
    """One score for each group and kind, all sources taken together."""
    counts: dict[tuple[str, str], list[int]] = {}
    for score in scores:
        count = counts.setdefault((score.group, score.kind), [0, 0, 0, 0])
        for place, number in enumerate((score.expected, score.gone, score.gone_by_event, score.kept)):
            count[place] += number
    return [IdentityScore(group, "total", kind, *count) for (group, kind), count in counts.items()]


def _identities(case: Case) -> Iterator[tuple[str, str]]:
    """(value as it stands in the record, kind)."""
    for name in _FIELDS:
        for value in getattr(case.expected, name):
            for written in _forms(value) if name == "mac" else (value,):
                if written not in ("", "-") and _stands_in(written, case.text):
                    yield written, _kind(written, name)


def _forms(mac: str) -> Iterator[str]:
    digits = re.sub(r"[^0-9a-fA-F]", "", mac)
    if len(digits) == 12:
        for separator in ":-":
            yield separator.join(digits[place : place + 2] for place in range(0, 12, 2))
        yield ".".join(digits[place : place + 4] for place in range(0, 12, 4))


def _kind(value: str, field: str) -> str:
    if _address(value) is not None:
        return "address"
    if "@" in value:
        return "email"
    return "host" if field.endswith("_address") else field


def _address(value: str) -> str | None:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return None


def _stays(value: str, pseudonymiser: Pseudonymiser) -> bool:
    if _address(value) is not None or "@" in value:
        return pseudonymiser.apply(value) == value
    return _NAMES.name(value) == value


def _stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text as a whole word, capitals or not."""
    return re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text, re.IGNORECASE) is not None


def _count_others(text: str, after: str, values: Iterable[str], all_words: Counter[str], changed: Counter[str]) -> None:
    """Words of a text that are in none of the values, and those of them that are fewer afterwards."""
    named = {word.lower() for value in values for word in _words(value)}
    before = Counter(word for word in _words(text) if word.lower() not in named)
    all_words.update(before)
    changed.update(before - Counter(_words(after)))


def _changed(group: str, all_words: Counter[str], changed: Counter[str]) -> ChangedWords:
    examples = tuple(word for word, _ in changed.most_common(_EXAMPLES))
    return ChangedWords(group, all_words.total(), changed.total(), examples)
