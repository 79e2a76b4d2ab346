"""From head scores and rule hits to calibrated probabilities, thresholds and severities."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from loglm.errors import ModelError
from loglm.findings import Level, RuleHit

__all__ = ["Calibration", "ChannelBasis"]

_HIGH = 0.9


@dataclass(frozen=True, slots=True)
class ChannelBasis:
    """What is known of false alarms in a channel: how much the threshold there rests on."""

    clean_windows: int
    """Windows of clean machines."""
    clean_machines: int
    background_windows: int
    """Windows of attack recordings that hold only what recurs in many: the machine's own noise, but no clean data."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants fitted on validation recordings that the head was not trained on."""

    threshold: float = 0.5
    """A window with this attack probability or more becomes a finding, in a channel without a threshold of its own:
    next to no clean log of such a channel was seen, so that this one lies above all clean windows of the others."""
    channel_thresholds: dict[str, float] = field(default_factory=dict)
    """``product/service`` -> threshold of a channel of which enough clean or background windows were seen."""
    channel_basis: dict[str, ChannelBasis] = field(default_factory=dict)
    """``product/service`` -> what is known of false alarms there; a channel not named has no data at all."""
    name_threshold: float = 0.0
    """Below this probability of the likeliest technique the finding says "unknown technique"."""
    rule_attack: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    """Added to the attack logit for the strongest rule hit of each level, informational to critical."""
    rule_technique: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    """Added to the log-probability of each technique that a hit of that level names."""
    context_intercept: float = -0.3
    """Added to the attack logit of a window that is compared with the past of its entity, beside what that moves it by:
    so that thresholds set without context let no more clean windows through with it (benchmarks/detect_context.py)."""

    def fuse(
        self, attack: float, technique: np.ndarray, hits: Sequence[RuleHit], labels: Sequence[str]
    ) -> tuple[float, np.ndarray]:
        """(attack probability, technique probabilities) after rule hits; unchanged without hits."""
        if not hits:
            return attack, technique
        level = max(hit.level for hit in hits)
        logit = math.log(max(attack, 1e-6) / max(1 - attack, 1e-6)) + self.rule_attack[level - 1]
        boost = np.zeros(len(labels), np.float32)
        column = {label: index for index, label in enumerate(labels)}
        for hit in hits:
            for name in hit.techniques:
                index = column.get(name.partition(".")[0])
                if index is not None:
                    boost[index] = max(boost[index], self.rule_technique[hit.level - 1])
        fused = np.log(np.maximum(technique, 1e-9)) + boost
        fused = np.exp(fused - fused.max())
        return 1 / (1 + math.exp(-logit)), (fused / fused.sum()).astype(np.float32)

    def threshold_for(self, channel: str) -> float:
        """The threshold of a ``product/service``."""
        return self.channel_thresholds.get(channel, self.threshold)

    def level(self, attack: float, hits: Sequence[RuleHit], *, channel: str) -> Level:
        """Severity, at least that of the strongest rule hit.

        By probability: low below the channel's threshold, medium from there on; high above every clean window that was
        seen, in a channel of which enough were.
        """
        by_score = Level.HIGH if attack >= max(_HIGH, self.threshold) else Level.MEDIUM
        if channel not in self.channel_thresholds:
            by_score = Level.MEDIUM
        if attack < self.threshold_for(channel):
            by_score = Level.LOW
        by_rule = max((hit.level for hit in hits), default=Level.INFORMATIONAL)
        return max(by_score, by_rule)

    def save(self, folder: Path) -> None:
        """Write ``calibration.json``."""
        (folder / "calibration.json").write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Raises ModelError where the file is missing or does not fit."""
        try:
            data = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
            for name in ("rule_attack", "rule_technique"):
                data[name] = tuple(data[name])
            data["channel_basis"] = {name: ChannelBasis(**basis) for name, basis in data["channel_basis"].items()}
            return cls(**data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}: calibration.json cannot be read ({error})") from error
