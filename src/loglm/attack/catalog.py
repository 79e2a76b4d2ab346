"""Look-ups in the ATT&CK Enterprise v18.1 technique table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

__all__ = ["ATTACK_VERSION", "Tactic", "Technique", "current_id", "tactic", "tactics", "technique", "techniques"]

ATTACK_VERSION = "18.1"
"""The version of ATT&CK Enterprise whose ids are used everywhere in this package."""

_DATA_FILE = Path(__file__).with_name("attack_v18_1.json")
_SITE = "https://attack.mitre.org/versions/v18"


@dataclass(frozen=True, slots=True)
class Tactic:
    """A column of the ATT&CK matrix."""

    shortname: str
    """``credential-access``."""
    tactic_id: str
    """``TA0006``."""
    name: str
    """``Credential Access``."""

    @property
    def url(self) -> str:
        """The page of this version of the tactic."""
        return f"{_SITE}/tactics/{self.tactic_id}/"


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or sub-technique."""

    technique_id: str
    """``T1059`` or ``T1059.001``."""
    name: str
    """Its own name; a sub-technique's without that of its parent."""
    tactics: tuple[str, ...]
    """Shortnames, in the order of the matrix."""
    parent: str | None
    """Id of the technique that a sub-technique belongs to; None for a technique."""

    @property
    def url(self) -> str:
        """The page of this version of the technique."""
        return f"{_SITE}/techniques/{self.technique_id.replace('.', '/')}/"


@dataclass(frozen=True, slots=True)
class _Catalog:
    tactics: Mapping[str, Tactic]
    techniques: Mapping[str, Technique]
    replaced: Mapping[str, str | None]


@lru_cache(maxsize=1)
def _catalog() -> _Catalog:
    document: dict[str, Any] = orjson.loads(_DATA_FILE.read_bytes())
    return _Catalog(
        tactics=MappingProxyType(
            {shortname: Tactic(shortname, uid, name) for shortname, uid, name in document["tactics"]}
        ),
        techniques=MappingProxyType(
            {
                technique_id: Technique(technique_id, name, tuple(shortnames), _parent_id(technique_id))
                for technique_id, (name, shortnames) in document["techniques"].items()
            }
        ),
        replaced=MappingProxyType(document["replaced"]),
    )


def _parent_id(technique_id: str) -> str | None:
    parent, dot, _ = technique_id.partition(".")
    return parent if dot else None


def tactics() -> tuple[Tactic, ...]:
    """The 14 tactics in the order of the matrix, Reconnaissance first."""
    return tuple(_catalog().tactics.values())


def tactic(shortname: str) -> Tactic | None:
    """The tactic of a shortname (``credential-access``); None where there is none."""
    return _catalog().tactics.get(shortname)


def techniques() -> Mapping[str, Technique]:
    """All 691 techniques and sub-techniques by id, in the order of ids; read-only."""
    return _catalog().techniques


def technique(technique_id: str) -> Technique | None:
    """The technique of a current id; None for ids that are unknown, revoked or deprecated (see `current_id`)."""
    return _catalog().techniques.get(technique_id)


def current_id(technique_id: str) -> str | None:
    """The v18.1 id that stands for an id of any version up to it.

    Returns:
        The id itself where it is current, its replacement where it was revoked, None where it was
        deprecated without one or is unknown.

    >>> current_id("T1002"), current_id("T1059.001"), current_id("T1026")
    ('T1560', 'T1059.001', None)
    """
    catalog = _catalog()
    seen: set[str] = set()
    current: str | None = technique_id
    while current is not None and current not in catalog.techniques:
        if current in seen:
            return None
        seen.add(current)
        current = catalog.replaced.get(current)
    return current
