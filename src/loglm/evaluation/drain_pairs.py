"""Similarity of Linux log lines by the templates that Drain finds, as SecEncoder's authors measure it.

Their protocol (arXiv:2411.07528, 4.2.1): Drain with depth 4 and a similarity threshold of .4; 1,000 pairs of lines of
one template, 1,000 of two; the mean cosine of the first minus that of the second. It leaves out which log it is,
whether Drain sees the header of a line, and how pairs are drawn. Here it is Loghub's Linux log, the message without its
header, a random line and a random partner; beside it pairs of lines whose rendered texts differ, and the AUC.

Source of Drain: He et al. 2017 (ICWS), in the implementation of drain3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError, MissingExtraError
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.plain_files import find_file, read_text
from loglm.evaluation.scores import Score
from loglm.evaluation.template_lines import TemplateLine
from loglm.evaluation.template_search import draw_pairs, score_pairs
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.plurals import plural

__all__ = ["TASK", "drain_pair_scores", "linux_log", "read_drain_lines"]

TASK = "similarity, Drain pairs"
_SYSTEM = "Linux"
_FILES = ("Linux_full.log", "Linux.log", "Linux_2k.log")
_DEPTH, _SIMILARITY = 4, 0.4
_PAIRS = 1_000


def linux_log(data: Path) -> Path | None:
    """Loghub's Linux log below a folder, the whole one rather than the sample."""
    return next((path for name in _FILES if (path := find_file(data, name)) is not None), None)


def read_drain_lines(path: Path) -> list[TemplateLine]:
    """Its lines, the template of each as Drain has it after all of them.

    Raises:
        MissingExtraError: drain3 is not installed.
        EmptyInputError: Drain finds fewer than two templates.
    """
    try:
        from drain3.drain import Drain
    except ModuleNotFoundError as error:
        raise MissingExtraError("drain3", "evaluate") from error

    drain = Drain(depth=_DEPTH, sim_th=_SIMILARITY)
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    clusters = [drain.add_log_message(_message(line))[0].cluster_id for line in lines]
    if len(set(clusters)) < 2:
        raise EmptyInputError(
            f"{path}: Drain finds {plural(len(set(clusters)), 'template')}; expected a log of several kinds"
        )
    return [
        TemplateLine(_SYSTEM, line, render(parse_line(line)), f"{_SYSTEM}/{cluster}")
        for line, cluster in zip(lines, clusters, strict=True)
    ]


def drain_pair_scores(
    lines: Sequence[TemplateLine], embedders: Iterable[Embedder], say: Callable[[str], None]
) -> Iterator[Score]:
    """Difference of mean cosines and AUC by every embedder, with 95 % bootstrap intervals over pairs."""
    pools = {_SYSTEM: range(len(lines)), f"{_SYSTEM}, unequal texts": _one_a_text(lines)}
    pairs = {name: _draw([lines[i] for i in pool], np.asarray(pool)) for name, pool in pools.items()}
    used = np.unique(np.concatenate([part.ravel() for both in pairs.values() for part in both]))
    for embedder in embedders:
        say(f"{TASK}: {embedder.name}")
        texts = [lines[i].raw if embedder.reads_raw else lines[i].text for i in used.tolist()]
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        vectors = embedder.fit(texts)(list(numbers))
        row_of = np.zeros(len(lines), np.int64)
        row_of[used] = [numbers[text] for text in texts]
        for name, (same, other) in pairs.items():
            scores = score_pairs(vectors, row_of[same], row_of[other])
            for metric, value in (("difference", scores.difference), ("AUC", scores.auc)):
                yield Score(TASK, name, embedder.name, metric, value, len(same) + len(other))


def _draw(lines: Sequence[TemplateLine], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    same, other = draw_pairs([line.system for line in lines], [line.template for line in lines], pairs=_PAIRS, seed=0)
    return places[same], places[other]


def _one_a_text(lines: Sequence[TemplateLine]) -> list[int]:
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        first.setdefault(line.text, number)
    return list(first.values())


def _message(line: str) -> str:
    """A line of syslog without time, host and program."""
    return line.partition(": ")[2].strip() or line.strip()
