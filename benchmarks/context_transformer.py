"""The context encoder that the design had foreseen: a small transformer over event vectors; for `context_encoders.py`.

It reads of each event its vector by the shipped LogEncoder, the levels of the time gap before it, of how rare its text
is in the environment (0: new) and its kind for the entity (0: text new), and its log source. It learns without labels
to say the code of the next event, or, from both sides, of events that are hidden from it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from loglm.context.codebook import SOURCES
from loglm.context.steps import LEVELS

WINDOW = 64
"""Events that it reads at once."""
_STRIDE = 32
"""Of windows to score by: events but the first ones have so many before them at least."""
_HIDDEN_SHARE, _HIDDEN_EVERY = 0.2, 4
_TEMPERATURE = 0.1
_LOOKS = 5

Target = Literal["code", "vector"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A transformer and its training."""

    target: Target = "code"
    """What it says of an event: one of the codes, or its vector, told from the others of the batch (InfoNCE)."""
    codes: int = 0
    both_sides: bool = False
    """Hidden events from both sides, in place of the next one from those before it."""
    steps: int = 250
    seed: int = 0
    width: int = 64
    layers: int = 2
    batch: int = 16
    learning_rate: float = 2e-3


@dataclass(frozen=True, slots=True)
class EventSequence:
    """Events of one entity, in order."""

    readings: np.ndarray
    """int64 (n, 4), see `loglm.context.encoder.Reading`."""
    rows: np.ndarray
    """int64 (n,): of the vectors."""
    targets: np.ndarray
    """int64 (n,): codes, or rows of the vectors to be said."""
    weight: float = 1.0


class EventTransformer(nn.Module):
    """Events (B, T) to states (B, T, D) and what they say (B, T, codes) or (B, T, V)."""

    def __init__(self, plan: Plan, vectors: int) -> None:
        super().__init__()
        self.plan = plan
        width = plan.width
        self.vector = nn.Linear(vectors, width)
        self.levels = nn.ModuleList(nn.Embedding(size, width) for size in (LEVELS, LEVELS, LEVELS, SOURCES))
        self.place = nn.Embedding(WINDOW + 1, width)
        self.absent = nn.Parameter(torch.zeros(width))
        for table in (*self.levels, self.place):
            nn.init.normal_(table.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.1, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, plan.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.said = nn.Linear(width, plan.codes if plan.target == "code" else vectors)

    def states(self, vectors: Tensor, readings: Tensor, absent: Tensor, there: Tensor) -> Tensor:
        """(B, T, D); bool (B, T): ``absent`` events that are hidden, ``there`` those that are no padding."""
        read = self.vector(vectors) + sum(table(readings[..., i]) for i, table in enumerate(self.levels))
        read = torch.where(absent[..., None], self.absent, read) + self.place.weight[: read.shape[1]]
        length = read.shape[1]
        mask = None if self.plan.both_sides else nn.Transformer.generate_square_subsequent_mask(length)
        padding = ~there if self.plan.both_sides else None
        states: Tensor = self.layers(read, mask=mask, src_key_padding_mask=padding, is_causal=mask is not None)
        return states


def train(
    sequences: Sequence[EventSequence], checks: Sequence[EventSequence], vectors: Tensor, plan: Plan
) -> tuple[EventTransformer, float]:
    """Train on windows; of five looks at ``checks`` the best one's weights are kept, and the last one's without.

    Returns:
        The model, and seconds of CPU.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    model = EventTransformer(plan, vectors.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.learning_rate, weight_decay=0.05)
    windows, chances = _windows(sequences)
    checked = _windows(checks)[0] if checks else []
    checked = [checked[i] for i in np.random.default_rng(0).permutation(len(checked))[:128]]
    best, kept, started = math.inf, model.state_dict(), time.process_time()
    for step in range(1, plan.steps + 1):
        optimizer.param_groups[0]["lr"] = plan.learning_rate * _rate(step / plan.steps)
        model.train()
        picked = rng.choice(len(windows), plan.batch, p=chances)
        loss = _loss(model, [windows[place] for place in picked], vectors, rng)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if checked and step % max(1, plan.steps // _LOOKS) == 0:
            model.eval()
            with torch.inference_mode():
                parts = [checked[i : i + 32] for i in range(0, len(checked), 32)]
                found = float(np.mean([float(_loss(model, part, vectors, np.random.default_rng(0))) for part in parts]))
            if found < best:
                best, kept = found, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept if checked else model.state_dict())
    return model.eval(), time.process_time() - started


def log_shares(
    model: EventTransformer, sequences: Sequence[EventSequence], vectors: Tensor, candidates: Tensor | None
) -> list[np.ndarray]:
    """What the model gave each of the targets of sequences, which are read in windows that overlap.

    Args:
        model: Trained.
        sequences: Of any length.
        vectors: All vectors (rows, V).
        candidates: For vectors as targets those that may come (n, V); targets are then places there.

    Returns:
        float64 (events, 2) each: natural logarithm of the probability, and the cosine (0 for codes).
    """
    found = [np.zeros((len(one.rows), 2)) for one in sequences]
    for part in _parts(sequences, _STRIDE):
        rows, readings, targets, there = _batch([(sequences[i], start, stop) for i, start, stop in part])
        with torch.inference_mode():
            said = _said(model, vectors[rows], readings, there)
            scores = _log_and_cosine(said.flatten(0, 1), targets.flatten(), candidates).reshape(*rows.shape, 2)
        for (i, start, stop), own in zip(part, scores, strict=True):
            first = _STRIDE if start else 0
            found[i][start + first : stop] = own[first : stop - start]
    return found


def event_states(model: EventTransformer, sequences: Sequence[EventSequence], vectors: Tensor) -> list[np.ndarray]:
    """States after each event of sequences, float32 (events, D) each; every event but the first has 16 before it."""
    found = [np.zeros((len(one.rows), model.plan.width), np.float32) for one in sequences]
    for part in _parts(sequences, WINDOW - 16):
        rows, readings, _, there = _batch([(sequences[i], start, stop) for i, start, stop in part])
        with torch.inference_mode():
            states = model.states(vectors[rows], readings, torch.zeros_like(there), there).numpy()
        for (i, start, stop), own in zip(part, states, strict=True):
            first = 16 if start else 0
            found[i][start + first : stop] = own[first : stop - start]
    return found


_Window = tuple[EventSequence, int, int]


def _parts(sequences: Sequence[EventSequence], stride: int) -> list[list[tuple[int, int, int]]]:
    """Batches of (sequence, start, stop) that cover all events, each beginning so many events after the one before;
    those of like length together."""
    spans = [
        (number, start, min(start + WINDOW, len(one.rows)))
        for number, one in enumerate(sequences)
        for start in range(0, max(1, len(one.rows) - WINDOW + stride), stride)
    ]
    spans.sort(key=lambda span: span[2] - span[1])
    return [spans[i : i + 64] for i in range(0, len(spans), 64)]


def _said(model: EventTransformer, vectors: Tensor, readings: Tensor, there: Tensor) -> Tensor:
    """What is said of each event before it came, or with a fourth of the events hidden at a time."""
    if not model.plan.both_sides:
        return model.said(_shifted(model, vectors, readings))
    found = torch.zeros(*there.shape, model.said.out_features)
    for offset in range(min(_HIDDEN_EVERY, there.shape[1])):
        absent = torch.zeros_like(there)
        absent[:, offset::_HIDDEN_EVERY] = True
        found[absent] = model.said(model.states(vectors, readings, absent, there)[absent])
    return found


def _log_and_cosine(said: Tensor, targets: Tensor, candidates: Tensor | None) -> np.ndarray:
    if candidates is None:
        logs = F.log_softmax(said, dim=-1).gather(-1, targets[:, None])[:, 0]
        return np.stack([logs.double().numpy(), np.zeros(len(targets))], axis=1)
    cosine = F.normalize(said, dim=-1) @ F.normalize(candidates, dim=-1).T
    logs = F.log_softmax(cosine / _TEMPERATURE, dim=-1).gather(-1, targets[:, None])[:, 0]
    near = cosine.gather(-1, targets[:, None])[:, 0]
    return torch.stack([logs, near], dim=1).double().numpy()


def _loss(model: EventTransformer, windows: Sequence[_Window], vectors: Tensor, rng: np.random.Generator) -> Tensor:
    rows, readings, targets, asked = _batch(windows)
    if model.plan.both_sides:
        absent = torch.from_numpy(rng.random(asked.shape) < _HIDDEN_SHARE) & asked
        absent[:, 0] |= ~absent.any(dim=1)
        said = model.said(model.states(vectors[rows], readings, absent, asked))[absent]
        asked = absent
    else:
        said = model.said(_shifted(model, vectors[rows], readings)[asked])
    if model.plan.target == "code":
        return F.cross_entropy(said, targets[asked])
    others, own = torch.unique(targets[asked], return_inverse=True)
    near = F.normalize(said, dim=-1) @ F.normalize(vectors[others], dim=-1).T
    return F.cross_entropy(near / _TEMPERATURE, own)


def _shifted(model: EventTransformer, vectors: Tensor, readings: Tensor) -> Tensor:
    """States before each event: nothing stands before the first one."""
    absent = torch.zeros(vectors.shape[:2], dtype=torch.bool)
    absent[:, 0] = True
    return model.states(vectors.roll(1, dims=1), readings.roll(1, dims=1), absent, ~absent)


def _windows(sequences: Sequence[EventSequence]) -> tuple[list[_Window], np.ndarray]:
    windows = [
        (one, start, min(start + WINDOW, len(one.rows)))
        for one in sequences
        for start in range(0, len(one.rows) - 1, WINDOW)
    ]
    weights = np.asarray([window[0].weight for window in windows])
    return windows, weights / weights.sum()


def _batch(windows: Sequence[_Window]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows, readings, targets, and which events are there, (B, T) and (B, T, 4)."""
    longest = max(stop - start for _, start, stop in windows)
    rows, targets = np.zeros((2, len(windows), longest), np.int64)
    readings = np.zeros((len(windows), longest, 4), np.int64)
    there = np.zeros((len(windows), longest), bool)
    for place, (one, start, stop) in enumerate(windows):
        size = stop - start
        rows[place, :size], targets[place, :size] = one.rows[start:stop], one.targets[start:stop]
        readings[place, :size], there[place, :size] = one.readings[start:stop], True
    return torch.from_numpy(rows), torch.from_numpy(readings), torch.from_numpy(targets), torch.from_numpy(there)


def _rate(done: float) -> float:
    """Warm-up over the first twentieth, then half a cosine down to a twentieth, as the shipped encoder's."""
    return min(1.0, done / 0.05) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
