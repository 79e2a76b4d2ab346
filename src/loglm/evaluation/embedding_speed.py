"""How fast models embed: distinct rendered events, tokenizing included, nothing cached, by wall and by CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.evaluation.attack_metrics import seed_interval
from loglm.evaluation.embedders import Embedder, tfidf
from loglm.evaluation.scores import ALL, Score

__all__ = ["Time", "speed_scores", "time_turns", "timed"]

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Time:
    """How long a call took."""

    wall_s: float
    cpu_s: float
    """Of all threads of this process."""


def timed(embed: Callable[[Sequence[str]], object], texts: Sequence[str]) -> Time:
    """One call."""
    wall, cpu = time.perf_counter(), time.process_time()
    embed(texts)
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def time_turns(
    embeds: Mapping[str, Callable[[Sequence[str]], object]], texts: Sequence[str], *, rounds: int, most: int
) -> list[tuple[list[str], dict[str, Time]]]:
    """The texts of each round, and how long each model took for them.

    The models take turns with each piece of the texts, so that what else the machine does meets all of them; the first
    piece is not counted.

    Args:
        embeds: Models by name, which must not have met the texts before, since they may keep vectors.
        texts: All different; a random sample of them is used.
        rounds: Pieces that count.
        most: Texts of a piece at most.
    """
    order = np.random.default_rng(0).permutation(len(texts))[: (rounds + 1) * most]
    turns = []
    for piece in np.array_split(order, rounds + 1):
        asked = [texts[i] for i in piece]
        turns.append((asked, {name: timed(embed, asked) for name, embed in embeds.items()}))
    return turns[1:]


def speed_scores(
    embedders: Sequence[Embedder],
    texts: Sequence[str],
    *,
    count_tokens: Callable[[Sequence[str]], int] | None,
    say: Callable[[str], None],
    most: int,
) -> Iterator[Score]:
    """Speeds with 95 % t intervals over rounds; all are better high.

    ``events/s, known`` is of texts asked before, as most of a log's are: a model that keeps vectors looks them up.
    ``CPU, TF-IDF = 1`` is the speed by CPU time in parts of TF-IDF's in the same round, which another machine or a busy
    one changes least.

    Args:
        embedders: Fresh ones; those of raw lines are left out.
        texts: Rendered events, all different, at least two a round.
        count_tokens: Tokens of texts, the same count for all models; without it there is no ``tokens/min``.
        say: Is told what is measured.
        most: Texts of a round at most.
    """
    chosen = {embedder.name: embedder for embedder in embedders if not embedder.reads_raw}
    baseline = tfidf()
    embeds = {name: embedder.fit(texts) for name, embedder in {baseline.name: baseline, **chosen}.items()}
    say(f"speed: {', '.join(embeds)}")
    turns = time_turns(embeds, texts, rounds=_ROUNDS, most=most)
    again = [{name: timed(embed, asked) for name, embed in embeds.items()} for asked, _ in turns]
    tokens = [count_tokens(asked) for asked, _ in turns] if count_tokens else []
    number = sum(len(asked) for asked, _ in turns)
    for name in embeds:
        own = [times[name] for _, times in turns]
        rates = {
            "events/s": [len(asked) / taken.wall_s for (asked, _), taken in zip(turns, own, strict=True)],
            "events/s, known": [
                len(asked) / times[name].wall_s for (asked, _), times in zip(turns, again, strict=True)
            ],
            "tokens/min": [60 * count / taken.wall_s for count, taken in zip(tokens, own, strict=False)],
            "CPU, TF-IDF = 1": [
                times[baseline.name].cpu_s / taken.cpu_s for (_, times), taken in zip(turns, own, strict=True)
            ],
        }
        for metric, values in rates.items():
            if values:
                yield Score("speed", ALL, name, metric, seed_interval(values), number)
