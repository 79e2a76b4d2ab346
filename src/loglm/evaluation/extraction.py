"""How often time, host, user and addresses of an event are what other projects' parser tests expect.

The rules by which a value is right stand in docs/extraction.md, and are `is_right`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from loglm.errors import InputError
from loglm.evaluation.extraction_sources import GROUPS, Case
from loglm.events.timestamps import parse_timestamp

__all__ = ["FIELDS", "Score", "extraction_cases", "is_right", "score_cases", "totals"]

FIELDS: Final = ("time", "host", "user", "source_address", "destination_address")

_QUARTER_S = 900
_LARGEST_OFFSET_S = 14 * 3600
_ADDRESSES: Final = ("source_address", "destination_address")
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)$")


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the values that one source's tests expect were found."""

    group: str
    source: str
    """``total`` for all sources of the group."""
    field: str
    expected: int
    right: int

    @property
    def share(self) -> float:
        """``right`` by ``expected``, 0 to 1; 0 where nothing is expected."""
        return self.right / self.expected if self.expected else 0.0


def extraction_cases(folder: Path, progress: Callable[[str], None] | None = None) -> Iterator[Case]:
    """Yield every record of the parser tests with the event that was read from it.

    Args:
        folder: The data folder; the tests lie in ``logs/parsing`` below it.
        progress: Is told the name of each group before it is read.

    Raises:
        InputError: There are no parser tests.
    """
    tests = folder / "logs" / "parsing"
    present = [name for name in GROUPS if (tests / name).is_dir()]
    if not present:
        raise InputError(f"no parser tests in {str(tests)!r}; expected folders such as {next(iter(GROUPS))!r}")
    for name in present:
        if progress:
            progress(name)
        yield from GROUPS[name](tests / name)


def score_cases(cases: Iterable[Case]) -> list[Score]:
    """The scores by group, source and field, in that order; sources without an expectation are left out."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for case in cases:
        for name in FIELDS:
            right = is_right(case, name)
            if right is not None:
                count = counts.setdefault((case.group, case.source, name), [0, 0])
                count[0] += 1
                count[1] += right
    return [Score(*key, *count) for key, count in sorted(counts.items())]


def totals(scores: Iterable[Score]) -> list[Score]:
    """One score for each group and field, all sources taken together."""
    counts: dict[tuple[str, str], list[int]] = {}
    for score in scores:
        count = counts.setdefault((score.group, score.field), [0, 0])
        count[0] += score.expected
        count[1] += score.right
    return [Score(group, "total", name, *count) for (group, name), count in counts.items()]


def is_right(case: Case, field: str) -> bool | None:
    """Whether one field of a case's event is one of the right values; None where nothing is expected of it.

    A value that does not stand in the record's text (a test's setting, a look-up) is not expected.
    """
    event = case.event
    if field == "time":
        if case.expected.time is None:
            return None
        seconds = None if event is None else event.timestamp
        return seconds is not None and _is_time(seconds, case.expected.time, case)
    text = case.text.lower()
    expected = [value for value in getattr(case.expected, field) if value.lower() in text and value != "-"]
    if not expected or (field in _ADDRESSES and not any(map(_is_address, expected))):
        return None
    found = None if event is None else getattr(event, field)
    if not found:
        return False
    if field == "host" and not _is_address(found):
        found = _short_of(found, expected)
    plain = _PLAIN[field]
    return plain(found) in {plain(value) for value in expected}


def _is_time(seconds: float, expected: str | float, case: Case) -> bool:
    wanted = parse_timestamp(expected)
    if wanted is None:
        return False
    text = expected if isinstance(expected, str) else ""
    year_is_written = text[:4] in case.text
    for offset in (0, _unwritten_offset(text, case.text)):
        if int(seconds) == int(wanted) + offset:
            return True
        if text and not year_is_written and _is_same_but_year(seconds, wanted + offset, zone_is_open=False):
            return True
    if case.group != "fail2ban":
        return False
    return _is_offset(int(seconds) - int(wanted)) or (
        not year_is_written and _is_same_but_year(seconds, wanted, zone_is_open=True)
    )


def _unwritten_offset(expected: str, text: str) -> int:
    """Seconds east of UTC of the zone in an expected time, 0 where the record itself has that zone."""
    zone = _ZONE.search(expected)
    if zone is None or zone[0] in text or zone[0].replace(":", "") in text:
        return 0
    seconds = 3600 * int(zone[2]) + 60 * int(zone[3])
    return -seconds if zone[1] == "-" else seconds


def _is_offset(difference: int) -> bool:
    """Whether two times differ as the clocks of two time zones do."""
    return difference % _QUARTER_S == 0 and abs(difference) <= _LARGEST_OFFSET_S


def _is_same_but_year(seconds: float, wanted: float, *, zone_is_open: bool) -> bool:
    """Whether two times agree in month, day and clock; the year of the nearest one is taken."""
    theirs = datetime.fromtimestamp(wanted, UTC)
    year = datetime.fromtimestamp(seconds, UTC).year
    for candidate in (year - 1, year, year + 1):
        try:
            difference = int(seconds) - int(theirs.replace(year=candidate).timestamp())
        except ValueError:  # 29 February
            continue
        if difference == 0 or (zone_is_open and _is_offset(difference)):
            return True
    return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _short_of(host: str, expected: list[str]) -> str:
    """A host's name without its domain where one of the expected ones has none."""
    return host.partition(".")[0] if any("." not in name for name in expected) else host


def _plain_address(text: str) -> str:
    bare = text.strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return text.lower().rstrip(".")
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _plain_user(text: str) -> str:
    return text.lower().rpartition("\\")[2].partition("@")[0]


def _plain_host(text: str) -> str:
    return text.lower().rstrip(".")


_PLAIN: Final[dict[str, Callable[[str], str]]] = {
    "host": _plain_host,
    "user": _plain_user,
    "source_address": _plain_address,
    "destination_address": _plain_address,
}
