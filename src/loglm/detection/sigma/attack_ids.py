"""The ATT&CK ids of Sigma tags, written as ids of Enterprise v18.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loglm.attack.catalog import current_id

__all__ = ["V19_TO_V18", "techniques_of"]

V19_TO_V18: Final = {
    "T1684.001": "T1656",
    "T1685": "T1562.001",
    "T1685.001": "T1562.002",
    "T1685.002": "T1562.008",
    "T1685.003": "T1562.011",
    "T1685.004": "T1562.012",
    "T1685.005": "T1070.001",
    "T1685.006": "T1070.002",
    "T1686": "T1562.004",
    "T1686.001": "T1562.007",
    "T1686.002": "T1562.013",
    "T1686.003": "T1562.004",
    "T1687": "T1211",
    "T1688": "T1562.009",
    "T1689": "T1562.010",
    "T1690": "T1562.003",
}
"""Ids that ATT&CK v19 brought in, most for Impair Defenses (T1562), with what stood for them in v18.1."""


def techniques_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The v18.1 techniques of a rule's ATT&CK ids, each once, in the rule's order; unknown ones are left out."""
    found: dict[str, None] = {}
    for tag in tags:
        technique_id = current_id(V19_TO_V18.get(tag, tag))
        if technique_id is not None:
            found[technique_id] = None
    return tuple(found)
