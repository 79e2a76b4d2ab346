"""Unstable logs: test sequences as they look after the software's messages or its logging changed.

In the manner of LogRobust (Zhang et al. 2019) and PreLog (Le and Zhang 2024), whose altered logs are not published:

- events: so large a share of the events, drawn by chance, gets a text in which one or two words are inserted, removed
  or replaced by words that carry no meaning; a text is altered in one way wherever it stands;
- sequences: in so large a share of the sequences one event is repeated once to three times, one is deleted, or up to
  five that follow each other are shuffled.

Only events that normal sequences hold are altered, so that a label stays right. Learned from is the log as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from loglm.anomaly.event_sequences import EventSequences

__all__ = ["ALTERATIONS", "Alteration"]

_SHARES = (0.05, 0.10, 0.15, 0.20)
_WORDS = (
    "now",
    "currently",
    "the",
    "a",
    "please",
    "note",
    "that",
    "just",
    "successfully",
    "again",
    "here",
    "for",
    "of",
)
"""Words that are inserted."""
_MOST_WORDS, _MOST_REPEATS, _MOST_SHUFFLED = 2, 3, 5


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way in which a test part is altered."""

    name: str
    share: float
    """Of events or sequences."""
    apply: Callable[[EventSequences, np.ndarray, float, np.random.Generator], EventSequences]

    def alter(self, sequences: EventSequences, harmless: np.ndarray, *, seed: int) -> EventSequences:
        """The altered sequences; ``harmless``, bool (texts,), says which texts normal sequences hold.

        Times and entities are not kept: events come and go.
        """
        bare = replace(sequences, times=None, entities=None)
        return self.apply(bare, harmless, self.share, np.random.default_rng(seed))


def _alter_events(
    sequences: EventSequences, harmless: np.ndarray, share: float, random: np.random.Generator
) -> EventSequences:
    altered: dict[int, int] = {}
    texts = list(sequences.texts)
    for place in np.flatnonzero(harmless).tolist():
        altered[place] = len(texts)
        texts.append(_alter_text(texts[place], random))
    to = np.arange(len(sequences.texts))
    to[list(altered)] = list(altered.values())
    rows = [np.where(random.random(len(row)) < share, to[row], row).astype(np.int32) for row in sequences.rows]
    return replace(sequences, texts=tuple(texts), rows=rows)


def _alter_sequences(
    sequences: EventSequences, harmless: np.ndarray, share: float, random: np.random.Generator
) -> EventSequences:
    ways = (_repeat, _delete, _shuffle)
    rows = [
        ways[random.integers(len(ways))](row, harmless, random) if random.random() < share else row
        for row in sequences.rows
    ]
    return replace(sequences, rows=rows)


def _repeat(row: np.ndarray, harmless: np.ndarray, random: np.random.Generator) -> np.ndarray:
    place = _place(row, harmless, random)
    if place is None:
        return row
    return np.insert(row, place, [row[place]] * int(random.integers(1, _MOST_REPEATS + 1)))


def _delete(row: np.ndarray, harmless: np.ndarray, random: np.random.Generator) -> np.ndarray:
    place = _place(row, harmless, random)
    return row if place is None or len(row) < 2 else np.delete(row, place)


def _shuffle(row: np.ndarray, harmless: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The events in a stretch that are harmless change places with each other."""
    start = int(random.integers(max(1, len(row) - 1)))
    places = start + np.flatnonzero(harmless[row[start : start + _MOST_SHUFFLED]])
    shuffled = row.copy()
    shuffled[places] = random.permutation(row[places])
    return shuffled


def _place(row: np.ndarray, harmless: np.ndarray, random: np.random.Generator) -> int | None:
    places = np.flatnonzero(harmless[row])
    return int(random.choice(places)) if len(places) else None


def _alter_text(text: str, random: np.random.Generator) -> str:
    """Words of the message, not of the header that rendering puts before it."""
    header, line_end, message = text.rpartition("\n")
    words = message.split(" ")
    for _ in range(int(random.integers(1, _MOST_WORDS + 1))):
        way, place = int(random.integers(3)), int(random.integers(len(words) + 1))
        plain = [i for i, word in enumerate(words) if word.isalpha()]
        if way == 0 or not plain:
            words.insert(place, str(random.choice(_WORDS)))
        elif way == 1 and len(words) > 1:
            del words[int(random.choice(plain))]
        else:
            words[int(random.choice(plain))] = str(random.choice(_WORDS))
    return header + line_end + " ".join(words)


ALTERATIONS: Sequence[Alteration] = tuple(
    Alteration(f"{share:.0%} of {what} altered", share, way)
    for what, way in (("events", _alter_events), ("sequences", _alter_sequences))
    for share in _SHARES
)
