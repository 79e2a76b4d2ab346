"""An encoder fine-tuned end to end to name techniques: on labels of recordings and on texts that name techniques.

A window's label is taught to the mean of a few of its events, rarer ones first, since labels are for whole recordings.
Windows are drawn by the weight that they have for the head (`loglm.training.attack.examples`), and beside them as many
texts that name techniques, and as many windows that are no attack, whose events are to name nothing: else every event
of a machine's own noise would be sure of some technique.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from loglm.errors import EmptyInputError
from loglm.evaluation.attack_background import label_sets
from loglm.evaluation.attack_baselines import training_windows
from loglm.evaluation.window_table import WindowTable
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import SPECIAL_TOKENS
from loglm.training.attack.head import HeadExamples
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.hardware import Hardware

__all__ = ["FinetuneExamples", "FinetunePlan", "TechniqueEncoder", "finetune", "finetune_examples", "window_names"]

_MASK = SPECIAL_TOKENS.index("[MASK]")
_EVENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """How to fine-tune."""

    tokens: int = 1_000_000
    """Tokens to learn from, without padding."""
    max_tokens: int = 96
    """Longer events are cut."""
    batch: int = 12
    """Windows of a batch, texts that name techniques, and windows that are no attack."""
    events_per_window: int = 3
    learning_rate: float = 3e-4
    output_learning_rate: float = 5e-3
    hidden_share: float = 0.08
    """Share of tokens replaced by [MASK]."""
    warmup_steps: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FinetuneExamples:
    """Sets of events to learn from: windows, and texts of one event each."""

    tokens: dict[int, list[int]]
    """Number of an event -> its token ids."""
    events: list[np.ndarray]
    """Per example: numbers of its distinct events."""
    rarity: dict[int, float]
    """Number of an event -> chance, on any scale, to stand for its window."""
    targets: np.ndarray
    """float32 (n, C + 1): shares over techniques, and last over none of them."""
    chances: tuple[np.ndarray, ...]
    """Of windows of attacks, of texts and of other windows, float64 (n,) each: chance to be drawn, on any scale."""


class TechniqueEncoder(nn.Module):
    """An encoder, its event vectors before they are cut to unit length, and a linear layer to techniques and none."""

    def __init__(self, encoder: LogEncoderModel, techniques: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Linear(encoder.config.vector_width, techniques + 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def vectors(self, sequences: Sequence[list[int]]) -> Tensor:
        """Event vectors (n, D) of token id sequences; those of like length share a pass."""
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
        parts = [order[start : start + _EVENTS_AT_ONCE] for start in range(0, len(order), _EVENTS_AT_ONCE)]
        vectors = torch.cat([self._vectors([sequences[i] for i in part]) for part in parts])
        return vectors[torch.from_numpy(np.argsort(order)).to(vectors.device)]

    def _vectors(self, sequences: list[list[int]]) -> Tensor:
        ids = nn.utils.rnn.pad_sequence([torch.tensor(s) for s in sequences], batch_first=True)
        ids = ids.to(self.output.weight.device)
        vectors: Tensor = self.encoder.projection(self.encoder.pooled(ids, (ids != 0).long()))
        return vectors


def finetune_examples(
    table: WindowTable,
    named: Sequence[NamedTexts],
    examples: HeadExamples,
    recordings: frozenset[int],
    tokenizer: Tokenizer,
    plan: FinetunePlan,
) -> FinetuneExamples:
    """What `loglm.training.attack.examples.make_examples` chose, as tokens of events."""
    windows = training_windows(table, recordings)
    rows = [np.unique(table.rows[w]) for w in windows]
    texts = [text for group in named for text in group.texts]
    own = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int32)
    numbers = [*own.tolist(), *range(len(table.texts), len(table.texts) + len(texts))]
    tokenizer.enable_truncation(plan.max_tokens)
    encoded = tokenizer.encode_batch_fast([*(table.texts[i] for i in own), *texts])
    recurring = label_sets(table, recordings)
    is_window = np.arange(len(examples.technique)) < len(windows)
    is_none = examples.attack == 0.0
    names, none = examples.technique_weight * ~is_none, np.where(is_none, examples.attack_weight, 0.0)
    return FinetuneExamples(
        tokens={number: encoding.ids for number, encoding in zip(numbers, encoded, strict=True)},
        events=[*rows, *(np.asarray([number]) for number in numbers[len(own) :])],
        rarity={int(i): float(max(1, recurring[i])) ** -1.5 for i in own},
        targets=np.concatenate([examples.technique, is_none[:, None]], axis=1, dtype=np.float32),
        # Less uneven than the head's weights, by which a batch would be of a few recordings only.
        chances=tuple(chance.astype(np.float64) ** 0.7 for chance in (names * is_window, names * ~is_window, none)),
    )


def finetune(
    encoder: LogEncoderModel,
    examples: FinetuneExamples,
    plan: FinetunePlan,
    *,
    hardware: Hardware,
    report: Callable[[int, float], None] | None = None,
) -> TechniqueEncoder:
    """Train the transformer of an encoder, which is changed, and a new linear layer after its projection, which is not.

    Args:
        encoder: Pretrained, or fresh.
        examples: What to learn from.
        plan: How.
        hardware: Where; the encoder stays there.
        report: Called after each step with the tokens read so far and the loss in nats.

    Raises:
        EmptyInputError: No window names a technique.
    """
    torch.manual_seed(plan.seed)
    random = np.random.default_rng(plan.seed)
    draw = _Draw(examples, plan, random)
    encoder.projection.requires_grad_(False)
    model = TechniqueEncoder(encoder, examples.targets.shape[1] - 1).to(hardware.device).train()
    parts = [list(encoder.backbone.parameters()), list(model.output.parameters())]
    peaks = (plan.learning_rate, plan.output_learning_rate)
    groups = [{"params": part, "peak": peak} for part, peak in zip(parts, peaks, strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    read = step = 0
    while read < plan.tokens:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * (min(1, (step + 1) / plan.warmup_steps) * (1 - read / plan.tokens) + 0.02)
        sequences, example, targets = draw()
        with hardware.autocast():
            loss = _loss(model, sequences, example.to(hardware.device), targets.to(hardware.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([weight for part in parts for weight in part], 1.0)
        optimizer.step()
        read, step = read + sum(map(len, sequences)), step + 1
        if report is not None:
            report(read, float(loss.detach()))
    return model.eval()


@torch.inference_mode()
def window_names(
    model: TechniqueEncoder,
    table: WindowTable,
    windows: np.ndarray,
    tokenizer: Tokenizer,
    plan: FinetunePlan,
    *,
    hardware: Hardware,
) -> np.ndarray:
    """float32 (w, C): technique probabilities of windows; the surer a technique of an event is, the more it counts."""
    rows = [np.unique(table.rows[w]) for w in windows]
    numbers = np.unique(np.concatenate(rows))
    tokenizer.enable_truncation(plan.max_tokens)
    sequences = [encoding.ids for encoding in tokenizer.encode_batch_fast([table.texts[i] for i in numbers])]
    with hardware.autocast():
        logits = model.output(model.vectors(sequences))
    events = torch.softmax(logits.float(), dim=-1)[:, :-1].cpu().numpy()
    sure = events.max(axis=1, keepdims=True) ** 2
    held = [np.searchsorted(numbers, row) for row in rows]
    names = np.asarray([(events[row] * sure[row]).sum(axis=0) for row in held], np.float32)
    named: np.ndarray = names / np.maximum(names.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return named


class _Draw:
    """Batches: windows of attacks, texts that name techniques, and windows that are no attack, as many of each."""

    def __init__(self, examples: FinetuneExamples, plan: FinetunePlan, random: np.random.Generator) -> None:
        self._examples, self._plan, self._random = examples, plan, random
        if not examples.chances[0].any():
            raise EmptyInputError("no window of the recordings to learn from names a technique")
        self._chances = [chance / chance.sum() for chance in examples.chances if chance.any()]

    def __call__(self) -> tuple[list[list[int]], Tensor, Tensor]:
        """Token ids of events, the example (0..n-1) of each, and targets (n, C + 1)."""
        drawn = [self._random.choice(len(chance), self._plan.batch, p=chance) for chance in self._chances]
        picked = np.concatenate(drawn)
        sequences, example = [], []
        for place, number in enumerate(picked):
            for event in self._events_of(self._examples.events[number]):
                sequences.append(self._with_hidden(self._examples.tokens[int(event)]))
                example.append(place)
        return sequences, torch.tensor(example), torch.from_numpy(self._examples.targets[picked])

    def _events_of(self, events: np.ndarray) -> np.ndarray:
        if len(events) <= self._plan.events_per_window:
            return events
        rarity = np.asarray([self._examples.rarity[int(event)] for event in events])
        return self._random.choice(events, self._plan.events_per_window, replace=False, p=rarity / rarity.sum())

    def _with_hidden(self, ids: list[int]) -> list[int]:
        hidden = self._random.random(len(ids)) < self._plan.hidden_share
        free = len(SPECIAL_TOKENS)
        return [_MASK if hide and token >= free else token for token, hide in zip(ids, hidden, strict=True)]


def _loss(model: TechniqueEncoder, sequences: list[list[int]], example: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats of the mean event of each example."""
    vectors = model.vectors(sequences)
    sums = vectors.new_zeros(len(targets), vectors.shape[1]).index_add(0, example, vectors)
    means = sums / torch.bincount(example, minlength=len(targets)).unsqueeze(-1)
    names = F.log_softmax(model.output(model.dropout(means)).float(), dim=-1)
    return -(targets * names).sum(dim=-1).mean()
