"""The loop: windows of entities' events, the surprisal of the next one as loss, held-out environments to stop by."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from loglm.artifacts.config import ContextConfig
from loglm.context.encoder import LEAST_PROBABILITY
from loglm.context.experts import EXPERTS
from loglm.context.mixture import fit_weights
from loglm.context.steps import NO_GAP
from loglm.models.context import ContextModel
from loglm.training.context.streams import Stream

__all__ = ["ContextRecipe", "ContextScores", "pretrain_context", "score_streams"]

_LN2 = math.log(2)


@dataclass(frozen=True, slots=True)
class ContextRecipe:
    """How a context encoder is trained."""

    width: int = 64
    """D of the model."""
    window: int = 64
    """Events of a training example at most."""
    batch: int = 32
    """Windows a step."""
    steps: int = 600
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    dropout: float = 0.1
    """Of what is read and of the state, in training."""
    gap_weight: float = 0.3
    """Weight of the gap's surprisal beside the code's."""
    validate_every: int = 60
    """Steps between looks at the held-out environments; the best weights there are kept."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ContextScores:
    """Mean surprisals over environments, each with the same weight, in bits per event; lower is better."""

    encoder: float
    """Of the next code, by the encoder."""
    fixed: float
    """By the best fixed weights of the experts, fitted to the training environments."""
    sequence: float
    """By the variable-order Markov model of the baseline alone."""
    gaps: float
    """Of the next gap's level, by the encoder."""
    usual_gaps: float
    """By the environment, which knows the code."""
    events: int


def pretrain_context(
    train: Sequence[Stream], held_out: Sequence[Stream], recipe: ContextRecipe, say: Callable[[str], None]
) -> tuple[ContextModel, np.ndarray]:
    """Train a model.

    Returns:
        The model with the weights that were best on the held-out environments, and the best fixed weights (experts,).
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    fixed = fit_weights(np.concatenate([stream.given for stream in train]), sources=len(EXPERTS))
    model = ContextModel(ContextConfig(width=recipe.width, experts=len(EXPERTS)), dropout=recipe.dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    windows, chances = _windows(train, recipe.window)
    model.train()
    best, kept, started = math.inf, model.state_dict(), time.monotonic()
    for step in range(1, recipe.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _rate(step / recipe.steps)
        chosen = rng.choice(len(windows), recipe.batch, p=chances)
        loss = _loss(model, *_batch([windows[place] for place in chosen]), recipe.gap_weight)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % recipe.validate_every == 0 or step == recipe.steps:
            scores = score_streams(model, held_out, fixed)
            say(
                f"step {step:,} of {recipe.steps:,}: held-out {scores.encoder:.3f} bits an event "
                f"(fixed weights {scores.fixed:.3f}), {time.monotonic() - started:.0f} s"
            )
            if scores.encoder < best:
                best, kept = scores.encoder, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return model.eval(), fixed


def score_streams(model: ContextModel, streams: Sequence[Stream], fixed: np.ndarray) -> ContextScores:
    """Mean surprisal of the events of streams, but for the first of each."""
    rows: dict[str, list[np.ndarray]] = {}
    model.eval()
    with torch.inference_mode():
        for stream in streams:
            if len(stream.readings) > 1:
                rows.setdefault(stream.environment, []).append(_surprisals(model, stream, fixed))
    model.train()
    means = [np.nanmean(np.concatenate(own), axis=0) for own in rows.values()]
    encoder, fixed_bits, sequence, gaps, usual_gaps = map(float, np.nanmean(np.stack(means), axis=0))
    events = sum(len(part) for own in rows.values() for part in own)
    return ContextScores(encoder, fixed_bits, sequence, gaps, usual_gaps, events)


def _surprisals(model: ContextModel, stream: Stream, fixed: np.ndarray) -> np.ndarray:
    """Bits of each event but the first: by encoder, fixed weights, sequence; of its gap by encoder and environment."""
    readings, given = torch.from_numpy(stream.readings)[None], torch.from_numpy(stream.given)[None]
    weights, gaps = model(readings, given.clamp_min(LEAST_PROBABILITY))
    code = -_expected(weights[:, :-1], given[:, 1:])[0] / _LN2
    came = readings[0, 1:, 0]
    of_gap = F.cross_entropy(gaps[0, :-1], came, reduction="none") / _LN2
    own = stream.given[1:]
    known = came.numpy() != NO_GAP
    usual = np.where(known, -np.log2(np.maximum(stream.usual_gap[1:], 1e-9)), np.nan)
    floor = np.maximum(own @ fixed, 1e-12), np.maximum(own[:, EXPERTS.index("sequence")], 1e-12)
    timed = np.where(known, of_gap.numpy(), np.nan)
    return np.stack([code.numpy(), -np.log2(floor[0]), -np.log2(floor[1]), timed, usual], axis=1)


def _expected(weights: Tensor, given: Tensor) -> Tensor:
    """Log of the probability of what came, by the weighted experts."""
    return torch.logsumexp(F.log_softmax(weights, dim=-1) + given.clamp_min(1e-12).log(), dim=-1)


def _loss(model: ContextModel, readings: Tensor, given: Tensor, is_there: Tensor, gap_weight: float) -> Tensor:
    weights, gaps = model(readings, given.clamp_min(LEAST_PROBABILITY))
    follows = is_there[:, 1:]
    code = -_expected(weights[:, :-1], given[:, 1:])[follows].mean()
    of_gap = F.cross_entropy(gaps[:, :-1][follows], readings[:, 1:, 0][follows])
    return code + gap_weight * of_gap


_Window = tuple[Stream, int, int]


def _windows(streams: Sequence[Stream], size: int) -> tuple[list[_Window], np.ndarray]:
    """Stretches of streams, and the chance of each: environments count by the root of their number of stretches."""
    windows = [
        (stream, start, min(start + size, len(stream.readings)))
        for stream in streams
        for start in range(0, len(stream.readings) - 1, size)
    ]
    names, place = np.unique([window[0].environment for window in windows], return_inverse=True)
    chances = 1 / np.sqrt(np.bincount(place, minlength=len(names)))[place]
    return windows, chances / chances.sum()


def _batch(windows: Sequence[_Window]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(stop - start for _, start, stop in windows)
    readings = np.zeros((len(windows), longest, 4), np.int64)
    given = np.ones((len(windows), longest, len(EXPERTS)), np.float32)
    is_there = np.zeros((len(windows), longest), bool)
    for row, (stream, start, stop) in enumerate(windows):
        readings[row, : stop - start] = stream.readings[start:stop]
        given[row, : stop - start] = stream.given[start:stop]
        is_there[row, : stop - start] = True
    return torch.from_numpy(readings), torch.from_numpy(given), torch.from_numpy(is_there)


def _rate(done: float) -> float:
    """Of the learning rate: warm-up over the first twentieth, then half a cosine down to a twentieth."""
    return min(1.0, done / 0.05) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
