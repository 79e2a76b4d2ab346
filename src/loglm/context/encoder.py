"""ContextEncoder: the events of one entity so far to a vector, and to what is expected next; in ONNX Runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loglm.artifacts.config import ContextConfig
from loglm.artifacts.files import file_sha256
from loglm.context.experts import EXPERTS
from loglm.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["BEGINNING", "CONTEXT_ONNX", "LEAST_PROBABILITY", "ContextEncoder", "Outlook", "Reading"]

CONTEXT_ONNX = "context.onnx"
LEAST_PROBABILITY = 2.0**-16
"""Below it what an expert gave an event is not told apart any more."""


class Reading(NamedTuple):
    """What the encoder reads of an event, beside how well it was foreseen."""

    gap: int
    """Level of the time gap before it, see `loglm.context.steps.gap_level`."""
    rarity: int
    """Level of how rare its text is in the environment, see `loglm.context.steps.rarity_level`; 0 for a new one."""
    own_rarity: int
    """The same of its code among the entity's recent events; 0 where the entity shows this text for the first time."""
    source: int
    """Number of its log source."""


BEGINNING = Reading(0, 0, 0, 0)
"""What is read before an entity's first event, in place of one; each expert then counts as having been right."""


class Outlook(NamedTuple):
    """What comes next, as the encoder sees it."""

    hidden: np.ndarray
    """float32 (D,): the entity's events so far, the vector of its context."""
    weights: np.ndarray
    """float64 (experts,): how much each of `EXPERTS` is to be believed; sums to 1."""
    gaps: np.ndarray
    """float64 (LEVELS,): probabilities of the levels of the gap before the next event."""


class ContextEncoder:
    """A recurrent network over the events of one entity: each event changes its state by one step of fixed cost.

    It learned from many environments whom to believe when (`loglm.context.experts`), which holds where it knows none of
    the events; so it goes with any codebook. One event is computed at a time, so that a score does not depend on which
    others are computed beside it.
    """

    def __init__(self, session: InferenceSession, config: ContextConfig, *, identity: str = "") -> None:
        """``identity``: sha256 of its file, by which a state that was kept knows it again."""
        self.config = config
        self.identity = identity
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> ContextEncoder:
        """Of a model folder that `open_model_dir` has checked.

        Raises:
            ModelError: There is no context encoder in it.
        """
        from onnxruntime import InferenceSession, SessionOptions

        if not (folder / CONTEXT_ONNX).is_file():
            raise ModelError(f"{folder}: no context encoder ({CONTEXT_ONNX}) in it; make one: loglm pretrain-context")
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = ContextConfig.from_json(described.get("context", {}))
        if config.experts != len(EXPERTS):
            raise ModelError(f"{folder}: chooses between {config.experts} experts, but this loglm has {len(EXPERTS)}")
        options = SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        session = InferenceSession(str(folder / CONTEXT_ONNX), options, providers=["CPUExecutionProvider"])
        return cls(session, config, identity=file_sha256(folder / CONTEXT_ONNX))

    def start(self) -> np.ndarray:
        """The state before the first event, float32 (D,)."""
        return np.zeros(self.config.width, np.float32)

    def beginning(self) -> tuple[Reading, np.ndarray]:
        """What is read before the first event, in place of one, and what each expert had given it."""
        return BEGINNING, np.ones(len(EXPERTS), np.float32)

    def advance(self, hidden: np.ndarray, reading: Reading, given: np.ndarray) -> Outlook:
        """Read one more event.

        Args:
            hidden: float32 (D,), the events before it.
            reading: What is known of it.
            given: float32 (experts,), the probability that each of `EXPERTS` had given its code.
        """
        inputs = {
            "hidden": hidden[None],
            "event": np.asarray([reading], np.int64),
            "given": np.maximum(given, LEAST_PROBABILITY, dtype=np.float32)[None],
        }
        following, weights, gaps = self._session.run(["next_hidden", "weights", "gaps"], inputs)
        return Outlook(following[0], _normalised(weights[0]), _normalised(gaps[0]))


def _normalised(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64) - float(logits.max()))
    probabilities: np.ndarray = weights / weights.sum()
    return probabilities
