"""Beacons: hosts that call the same place again and again by themselves. The public names load on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loglm.anomaly.beacons.detector import Beacon, BeaconDetector
    from loglm.anomaly.beacons.findings import finding_of
    from loglm.anomaly.beacons.scorer import BeaconScorer
    from loglm.anomaly.beacons.wording import reasons, techniques

__all__ = ["Beacon", "BeaconDetector", "BeaconScorer", "finding_of", "reasons", "techniques"]

_MODULES = {
    "Beacon": "detector",
    "BeaconDetector": "detector",
    "BeaconScorer": "scorer",
    "finding_of": "findings",
    "reasons": "wording",
    "techniques": "wording",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
