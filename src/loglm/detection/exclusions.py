"""Exclusions: what an environment knows to be harmless, as a file that people review.

```toml
[[exclusion]]
id = "backup-agent"
reason = "the nightly backup reads shadow copies"
category = "backup"
expires = 2027-03-31
technique = ["T1003"]
entity = "bkp*.corp.example"
log_source = "windows/sysmon*"
contains = ["backupagent.exe", "vssadmin list shadows"]
max_level = "high"
```

An exclusion hides a window that alerts, before windows become findings, where all that it says holds: the technique
(with its sub-techniques), entity and log source (shell patterns, whatever the case), and each text of ``contains``, in
the raw record of the event that weighed most. So a window whose strongest event is something else is not hidden, and a
finding loses only the windows that the exclusion is about. After ``expires`` it hides nothing, and that is said. How
many windows each has hidden is counted. Of `loglm anomalies` an exclusion without technique hides unusual events.
JSON is read too, as ``{"exclusion": [...]}``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Any

from loglm.detection.merging import FindingDraft
from loglm.errors import InputError
from loglm.events.event import LogEvent
from loglm.findings import Finding, Level

__all__ = ["Category", "EventExclusions", "Exclusion", "Exclusions", "write_proposals"]

_KEYS = frozenset("id reason category expires technique entity entity_kind log_source contains max_level".split())
_MOST = 10_000
_MOST_KNOWN = 100_000
_PROPOSED_DAYS = 90
_WORDS = 3


class Category(StrEnum):
    """Kinds of harmless activity that look like attacks."""

    ADMINISTRATION = "administration"
    SOFTWARE_DEPLOYMENT = "software-deployment"
    BACKUP = "backup"
    VULNERABILITY_SCANNER = "vulnerability-scanner"
    SECURITY_TOOL = "security-tool"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One entry."""

    exclusion_id: str
    reason: str
    expires: date
    """The last day, in UTC, on which it hides anything."""
    category: Category = Category.OTHER
    technique: tuple[str, ...] = ()
    """``T1059`` or ``T1059.001``; empty for any."""
    entity: str = "*"
    entity_kind: str = ""
    log_source: str = "*"
    contains: tuple[str, ...] = ()
    """Lower case."""
    max_level: Level = Level.HIGH
    """Findings above are never hidden."""

    def hides(self, draft: FindingDraft) -> bool:
        """Whether it is about a window that alerts."""
        if draft.level > self.max_level:
            return False
        if self.technique and not any(_is_of(draft.technique_id, name) for name in self.technique):
            return False
        if not self.is_about(draft.entity_kind, draft.entity, draft.log_source):
            return False
        strongest = max(draft.evidence, key=lambda item: item.weight + len(item.rules), default=None)
        return self.is_in(strongest.raw.lower() if strongest else "")

    def is_about(self, entity_kind: str, entity: str, log_source: str) -> bool:
        """Whether it is about an entity and a log source."""
        if self.entity_kind and self.entity_kind != entity_kind:
            return False
        named = ((entity, self.entity), (log_source, self.log_source))
        return all(fnmatchcase(text.lower()[:256], pattern) for text, pattern in named)

    def is_in(self, raw: str) -> bool:
        """Whether a record, in lower case, holds all its texts."""
        return all(text in raw for text in self.contains)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """A file of them."""

    active: tuple[Exclusion, ...]
    expired: tuple[Exclusion, ...] = ()

    @classmethod
    def load(cls, path: Path, *, today: date | None = None) -> Exclusions:
        """Read a TOML or JSON file.

        Raises:
            InputError: The file cannot be read; an entry lacks id, reason or expiry date, has an unknown key or value,
                or would hide everything.
        """
        entries = list(_entries(path))
        found = [_exclusion(entry, f"{path}: exclusion {number}") for number, entry in enumerate(entries, 1)]
        names = [item.exclusion_id for item in found]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise InputError(f"{path}: more than one exclusion has the id {twice[0]!r}; each needs its own")
        today = datetime.now(UTC).date() if today is None else today
        active = tuple(item for item in found if item.expires >= today)
        return cls(active, tuple(item for item in found if item.expires < today))

    def hiding(self, draft: FindingDraft) -> Exclusion | None:
        """The first exclusion that is about a window that alerts; None for none."""
        return next((item for item in self.active if item.hides(draft)), None)


class EventExclusions:
    """Which single events exclusions are about, whatever technique they may be of: those of no technique.

    Called with an entity, (kind, value), and an event of it; returns the id of the exclusion that hides it and the
    level up to which it does, the one of the highest level first; None where none is about it.
    """

    def __init__(self, exclusions: Exclusions) -> None:
        named = [item for item in exclusions.active if not item.technique]
        self._active = sorted(named, key=lambda item: -item.max_level)
        self._about: dict[tuple[str, str, str], tuple[Exclusion, ...]] = {}

    def __call__(self, entity: tuple[str, str], event: LogEvent) -> tuple[str, Level] | None:
        key = (*entity, event.log_source.label)
        about = self._about.get(key)
        if about is None:
            if len(self._about) >= _MOST_KNOWN:
                self._about.clear()
            about = self._about[key] = tuple(item for item in self._active if item.is_about(*key))
        raw = event.raw.lower() if about else ""
        return next(((item.exclusion_id, item.max_level) for item in about if item.is_in(raw)), None)


def write_proposals(findings: Iterable[Finding], path: Path, *, today: date | None = None) -> None:
    """Write exclusions for findings that are right and harmless, for people to narrow, give reasons and accept.

    Each holds technique, entity, log source, and the words that weighed most of the strongest event; it expires in 90
    days. The reason is left empty, so that the file is refused as it is.
    """
    today = datetime.now(UTC).date() if today is None else today
    blocks = [_HEADER, *(_block(finding, today + timedelta(days=_PROPOSED_DAYS)) for finding in findings)]
    path.write_text("\n".join(blocks), encoding="utf-8")


_HEADER = """\
# Proposed from benign positives: each hides what its finding showed. Narrow it, write the reason, then give the file
# to `loglm detect --exclusions`. Categories: administration, software-deployment, backup, vulnerability-scanner,
# security-tool, other.
"""


def _block(finding: Finding, expires: date) -> str:
    raw = finding.evidence[0].raw.lower() if finding.evidence else ""
    words = [word for item in finding.evidence[:1] for word in item.highlights if word.lower() in raw][:_WORDS]
    names = [] if finding.technique_id == "unknown" else [finding.technique_id]
    lines = [
        "[[exclusion]]",
        f"id = {_quoted(f'finding-{finding.finding_id}')}",
        'reason = ""',
        'category = "other"',
        f"expires = {expires.isoformat()}",
        f"technique = [{', '.join(map(_quoted, names))}]",
        f"entity = {_quoted(escape(finding.entity))}",
        f"log_source = {_quoted(_source_pattern(finding.log_source))}",
        f"contains = [{', '.join(map(_quoted, words))}]",
        "",
    ]
    return "\n".join(lines)


def _source_pattern(log_source: str) -> str:
    """Of one source itself; of several the product that they have in common, or any."""
    products = {source.partition("/")[0] for source in log_source.split(", ")}
    if ", " not in log_source:
        return escape(log_source)
    return f"{escape(products.pop())}/*" if len(products) == 1 else "*"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(text.encode("utf-8", "replace").decode()).replace("\x7f", "\\u007f")


def _entries(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if text.lstrip()[:1] == "{" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: exclusions cannot be read ({error}); expected TOML with [[exclusion]]") from error
    entries = data.get("exclusion") if isinstance(data, dict) else None
    if not isinstance(entries, list) or set(data) != {"exclusion"} or len(entries) > _MOST:
        raise InputError(f"{path}: expected a list of tables [[exclusion]] and nothing else, at most {_MOST:,}")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise InputError(f"{path}: exclusion {number} is no table")
        yield entry


def _exclusion(entry: Mapping[str, Any], place: str) -> Exclusion:
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise InputError(f"{place}: unknown key {unknown[0]!r}; expected {', '.join(sorted(_KEYS))}")
    found = Exclusion(
        exclusion_id=_text(entry, "id", place, needed=True),
        reason=_text(entry, "reason", place, needed=True),
        expires=_date(entry, place),
        category=_choice(Category, entry.get("category", "other"), "category", place),
        technique=_texts(entry, "technique", place),
        entity=_text(entry, "entity", place, otherwise="*").lower(),
        entity_kind=_text(entry, "entity_kind", place),
        log_source=_text(entry, "log_source", place, otherwise="*").lower(),
        contains=tuple(text.lower() for text in _texts(entry, "contains", place)),
        max_level=_level(entry.get("max_level", "high"), place),
    )
    if set(found.entity) <= set("*?") and not any(len(text) > 2 for text in found.contains):
        raise InputError(f"{place}: it names neither an entity nor a text of three characters, and would hide too much")
    return found


def _text(entry: Mapping[str, Any], key: str, place: str, *, needed: bool = False, otherwise: str = "") -> str:
    value = entry.get(key, otherwise)
    if not isinstance(value, str) or len(value) > 1_000 or (needed and not value.strip()):
        raise InputError(
            f"{place}: {key} {'is needed, as' if needed else 'must be'} a text of at most 1,000 characters"
        )
    return value


def _texts(entry: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value) or len(value) > 64:
        raise InputError(f"{place}: {key} must be a list of at most 64 texts")
    return tuple(value)


def _date(entry: Mapping[str, Any], place: str) -> date:
    value = entry.get("expires")
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
    except ValueError:
        pass
    raise InputError(f"{place}: expires is needed, as a date such as 2027-03-31")


def _choice(kind: type[Category], value: object, key: str, place: str) -> Category:
    try:
        return kind(str(value))
    except ValueError:
        raise InputError(f"{place}: {key} {value!r} is none of {', '.join(kind)}") from None


def _level(value: object, place: str) -> Level:
    names: Sequence[str] = [level.name.lower() for level in Level]
    if value not in names:
        raise InputError(f"{place}: max_level {value!r} is none of {', '.join(names)}")
    return Level(1 + names.index(str(value)))


def _is_of(technique_id: str, name: str) -> bool:
    return technique_id == name or technique_id.startswith(f"{name}.")
