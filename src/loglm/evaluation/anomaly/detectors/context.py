"""The second level as a detector: surprise of a sequence's events by what is usual and by the sequence so far."""

from __future__ import annotations

from functools import cache

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.sequence_detector import largest_tenth
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import MANIFEST, default_context_dir, open_model_dir
from loglm.artifacts.kinds import CONTEXT_ENCODER
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer
from loglm.context.steps import Step
from loglm.evaluation.anomaly.detectors.detector import KnownTexts

__all__ = ["ContextSurprise", "context_version"]

_MOST_CODES = 4_096


class ContextSurprise:
    """Mean bits of the most surprising tenth of a sequence's events, as `loglm.context.scorer.ContextScorer` has them.

    Each sequence is an entity of its own, each known text a kind of event; all unknown ones share a kind, and those
    beyond the 4,095 most frequent too.

    Args:
        encoded: Whether the shipped context encoder weighs the expectations, or fixed weights do.
    """

    def __init__(self, *, encoded: bool) -> None:
        self._encoder = _shipped_encoder() if encoded else None
        self._known: KnownTexts | None = None
        self._code = np.zeros(0, np.int64)
        self._environment = Environment(1)

    def fit(self, sequences: EventSequences) -> None:
        """Count what is usual."""
        self._known = KnownTexts(sequences)
        known = self._known.encode(sequences)
        frequency = np.bincount(known.flat()[0], minlength=len(self._known) + 1)[:-1]
        codes = min(len(frequency), _MOST_CODES - 1)
        self._code = np.full(len(frequency) + 1, codes, np.int64)
        self._code[np.argsort(-frequency, kind="stable")[:codes]] = np.arange(codes)
        self._environment = Environment(codes + 1)
        self._environment.learn_events(
            (number, step) for number in range(len(known)) for step in self._steps(known, known, number)
        )

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), bits; 0 for an empty sequence. Equal sequences are scored once."""
        if self._known is None:
            raise RuntimeError("fit first")
        known = self._known.encode(sequences)
        found: dict[bytes, float] = {}
        scores = np.zeros(len(sequences))
        for number, row in enumerate(sequences.rows):
            times = b"" if sequences.times is None else sequences.times[number].tobytes()
            content = row.tobytes() + times
            if content not in found:
                found[content] = self._bits(self._steps(sequences, known, number))
            scores[number] = found[content]
        return scores

    def _steps(self, sequences: EventSequences, known: EventSequences, number: int) -> list[Step]:
        """Keys tell unknown texts from each other and from known ones."""
        texts, numbers = sequences.rows[number].tolist(), known.rows[number].tolist()
        times = [None] * len(texts) if sequences.times is None else sequences.times[number].tolist()
        unknown = len(known.texts) - 1
        return [
            Step(place if place < unknown else unknown + text, int(self._code[place]), 0, time, order)
            for order, (text, place, time) in enumerate(zip(texts, numbers, times, strict=True))
        ]

    def _bits(self, steps: list[Step]) -> float:
        scorer = ContextScorer(self._environment, self._encoder)
        scored = [one for step in steps for one in scorer.add(("sequence", ""), step)]
        return largest_tenth(np.asarray([one.surprise.bits for one in [*scored, *scorer.flush()]]))


def context_version() -> str:
    """Checksum of the shipped context encoder."""
    return file_sha256(default_context_dir() / MANIFEST)


@cache
def _shipped_encoder() -> ContextEncoder:
    return ContextEncoder.load(open_model_dir(default_context_dir(), kinds=(CONTEXT_ENCODER,))[0])
