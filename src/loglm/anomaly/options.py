"""How anomalies are looked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loglm.anomaly.stretches import Stretch
from loglm.anomaly.table import View
from loglm.errors import InputError

__all__ = ["AnomalyOptions"]


@dataclass(frozen=True, slots=True)
class AnomalyOptions:
    """How anomalies are looked for."""

    baseline_share: float = 0.5
    """Of the input, by time, that is the baseline where none is given apart, in 0..1."""
    budget: float = 100.0
    """Alerts per 1,000 entities and day that a normal day may bring."""
    threshold: float | None = None
    """Bits from which on an event is reported, in place of the one that the baseline gives."""
    view: View = "primary"
    """Whose behaviour events are taken for, see `loglm.anomaly.table.entity_of`."""
    entities: int | None = None
    """Remembered at most; None for `loglm.context.memory.MOST_ENTITIES`, or what a state was kept with."""
    leave_out: tuple[Stretch, ...] = ()
    """Of the baseline: its events of these times are neither learned from nor scored."""

    def __post_init__(self) -> None:
        if not 0 < self.baseline_share < 1:
            raise InputError(f"the share of the baseline is {self.baseline_share}; expected more than 0, less than 1")
        if not self.budget > 0:
            raise InputError(f"the budget is {self.budget:g} alerts per 1,000 entities and day; expected more than 0")
        if self.threshold is not None and not (self.threshold >= 0 and math.isfinite(self.threshold)):
            raise InputError(f"the threshold is {self.threshold:g} bits; expected 0 or more, 20 for example")
        if self.entities is not None and self.entities < 1:
            raise InputError(f"{self.entities} entities are to be remembered; expected 1 or more")
