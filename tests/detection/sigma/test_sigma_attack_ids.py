from __future__ import annotations

import pytest

from loglm.attack.catalog import techniques
from loglm.detection.sigma.attack_ids import V19_TO_V18, techniques_of


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("T1059.001",), ("T1059.001",)),
        (("T1685", "T1685.001"), ("T1562.001", "T1562.002")),
        (("T1686.003", "T1686"), ("T1562.004",)),
        (("T1685.005",), ("T1070.001",)),
        (("T1002",), ("T1560",)),
        (("T9999",), ()),
        ((), ()),
    ],
)
def test_techniques_are_of_v18(tags: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert techniques_of(tags) == expected


def test_table_leads_from_unknown_to_known_ids() -> None:
    assert not set(V19_TO_V18) & set(techniques())
    assert set(V19_TO_V18.values()) <= set(techniques())
