"""Real log lines whose template is known: the Loghub samples, with what of them a model may have seen.

A system has two files anywhere below the data folder, compressed or not: ``NAME_2k.log``, the lines, and
``NAME_2k.log_structured.csv``, with the columns LineId, Content (the message without its header) and EventId (the
template); where it has a column Label, the first column of the line is a label and left out.

Source: Zhu et al. 2023 (ISSRE), "Loghub: A Large Collection of System Log Datasets for AI-driven Log Analytics".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.corpus.folder import CorpusFolder
from loglm.errors import EmptyInputError
from loglm.evaluation.plain_files import find_file, read_text
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.plurals import plural
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["TemplateLine", "held_out_lines", "read_template_lines", "seen_shares", "template_files"]

_LINES = "_2k.log"
_ANSWERS = "_2k.log_structured.csv"
_SEEN = 0.01
"""Share of a system's texts in a corpus from which on it is not held out."""


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line of a log."""

    system: str
    raw: str
    """As it is in the log, without a label."""
    text: str
    """Rendered in the masked view."""
    template: str
    """``system/EventId``: lines of one template are of one kind."""


def template_files(data: Path) -> list[tuple[str, Path, Path]]:
    """System, lines and answers of each system that has both files below a folder.

    Raises:
        EmptyInputError: There is none.
    """
    found = []
    for answers in sorted(data.rglob(f"*{_ANSWERS}*")):
        system = answers.name.partition("_")[0]
        log = find_file(data, f"{system}{_LINES}")
        if log is not None:
            found.append((system, log, answers))
    if not found:
        raise EmptyInputError(
            f"{data}: no labelled log lines; expected Loghub's NAME{_LINES} and NAME{_ANSWERS} anywhere below it"
        )
    return found


def read_template_lines(
    data: Path, *, per_system: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> list[TemplateLine]:
    """A random sample of each system's lines, each message once, by system and place.

    Args:
        data: Folder with the files.
        per_system: Lines of a system at most.
        seed: Fixes the sample.
        say: Is told of messages that are left out because they stand there with two templates.

    Raises:
        EmptyInputError: There is no system with both files, or no line in them that has an answer.
    """
    lines: list[TemplateLine] = []
    for system, log, answers in template_files(data):
        found = list(_distinct_messages(system, log, answers, say))
        picked = np.random.default_rng(seed).permutation(len(found))[:per_system]
        lines += [found[i] for i in sorted(picked)]
    if not lines:
        raise EmptyInputError(f"{data}: no line of NAME{_LINES} has an answer in NAME{_ANSWERS}; get the files again")
    return lines


def held_out_lines(
    data: Path, corpus: Path | None, *, per_system: int, say: Callable[[str], None]
) -> list[TemplateLine]:
    """Lines as of `read_template_lines`, without the systems of which more than 1 % of the texts are in a corpus.

    Raises:
        EmptyInputError: There are none, or none is held out.
    """
    found = read_template_lines(data, per_system=per_system, seed=0, say=say)
    if corpus is None:
        return found
    shares = seen_shares(found, CorpusFolder.open(corpus))
    for system, share in shares.items():
        verdict = "left out" if share > _SEEN else "held out"
        say(f"{system}: {share:.1%} of its texts are in the corpus, {verdict}")
    kept = [line for line in found if shares[line.system] <= _SEEN]
    if not kept:
        raise EmptyInputError(f"{data}: every system is in {corpus}; nothing is held out to measure on")
    return kept


def seen_shares(lines: list[TemplateLine], corpus: CorpusFolder) -> dict[str, float]:
    """By system, the share of its distinct rendered texts that are, token for token, in a corpus' training split."""
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    shard, _ = corpus.load("train")
    seen = {shard[i].tobytes() for i in range(len(shard))}
    tokenizer.enable_truncation(int(shard.lengths.max()))
    tokenizer.no_padding()
    shares = {}
    for system in dict.fromkeys(line.system for line in lines):
        texts = list({line.text for line in lines if line.system == system})
        ids = [np.asarray(encoding.ids, shard.ids.dtype) for encoding in tokenizer.encode_batch_fast(texts)]
        shares[system] = sum(row.tobytes() in seen for row in ids) / len(ids)
    return shares


def _distinct_messages(system: str, log: Path, answers: Path, say: Callable[[str], None]) -> Iterator[TemplateLine]:
    lines = [line.removesuffix("\r") for line in read_text(log).split("\n")]
    rows = list(csv.DictReader(io.StringIO(read_text(answers))))
    contradicting = _with_two_templates(rows)
    if contradicting:
        first, places = next(iter(contradicting.items()))
        named = " and ".join(f"{template} (line {number})" for template, number in places.items())
        left_out = f"{plural(len(contradicting), 'message')} left out, of two templates"
        say(f"{answers.name}: {left_out}: {first[:80]!r} is of {named}")
    messages = set(contradicting)
    for row in rows:
        number, message = int(row["LineId"]), row["Content"].strip()
        if message in messages or number > len(lines) or message not in lines[number - 1]:
            continue
        messages.add(message)
        raw = lines[number - 1].partition(" ")[2] if "Label" in row else lines[number - 1]
        yield TemplateLine(system, raw, render(parse_line(raw)), f"{system}/{row['EventId']}")


def _with_two_templates(rows: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Messages whose answers contradict each other: template -> the line where it is given first."""
    given: dict[str, dict[str, str]] = {}
    for row in rows:
        given.setdefault(row["Content"].strip(), {}).setdefault(row["EventId"], row["LineId"])
    return {message: places for message, places in given.items() if len(places) > 1}
