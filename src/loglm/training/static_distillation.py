"""Distillation of an encoder into a table of token vectors, whose weighted mean is an event's vector.

Source: model2vec (Tulkens and van Dongen 2024) passes each token through the encoder alone, reduces the dimensions and
weights by rarity, a / (a + chance of the token) (SIF, Arora et al. 2017). Ours starts there and then fits the table to
the encoder's vectors of whole events, by ridge regression towards the start: in a log, what a token adds to an event's
vector has little to do with its vector alone.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_matrix, diags

from loglm import __version__
from loglm.artifacts.config import StaticConfig
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import WriteModel, model_target
from loglm.corpus.folder import TOKENIZER_JSON, CorpusFolder
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError
from loglm.events.progress import Progress, silent
from loglm.runtime.static_vectors import StaticVectors
from loglm.tokenizer.bpe import SPECIAL_TOKENS
from loglm.training.hardware import choose_hardware
from loglm.training.run_data import training_data
from loglm.training.teacher import Targets, Teacher, load_teacher, refuse_wider, targets_of_width

__all__ = ["StaticMethod", "StaticOptions", "distil_static", "fit_table", "token_counts", "tokens_alone"]

StaticMethod = Literal["fitted", "tokens"]

_RARITY = 1e-3
_RIDGE = 0.03
_ITERATIONS = 40
_PART = 1_024
_CLS, _SEP = SPECIAL_TOKENS.index("[CLS]"), SPECIAL_TOKENS.index("[SEP]")


@dataclass(frozen=True, slots=True)
class StaticOptions:
    """How a table is made."""

    name: str
    """Of the model."""
    width: int | None = None
    """Numbers of a vector; the teacher's for None."""
    method: StaticMethod = "fitted"
    """``tokens``: each token alone, without the fit to events."""
    events: int = 50_000
    """Drawn from the corpus by weight, to count tokens in and to fit to."""
    seed: int = 0
    overwrite: bool = False


def distil_static(
    teacher_path: Path, corpus_path: Path, target: Path, options: StaticOptions, progress: Progress = silent
) -> dict[str, Any]:
    """Write a model folder for `loglm embed`, whole or not at all.

    Args:
        teacher_path: Run folder or model folder.
        corpus_path: Corpus made with the teacher's tokenizer.
        target: The folder to make.
        options: How.
        progress: Is told how far the work is.

    Returns:
        The manifest's facts.

    Raises:
        ModelError: The teacher cannot be used.
        InputError: The corpus is of another tokenizer, the vectors are to be wider than the teacher's, or the target
            is there or cannot be written.
    """
    with model_target(target, overwrite=options.overwrite) as write:
        teacher, corpus = load_teacher(teacher_path, choose_hardware()), CorpusFolder.open(corpus_path)
        if file_sha256(teacher.tokenizer_path) != corpus.facts["tokenizer"]["sha256"]:
            raise InputError(
                f"{corpus_path}: made with another tokenizer than the teacher's; build the corpus again with "
                f"`loglm corpus build --tokenizer {shlex.quote(str(teacher.tokenizer_path))}`"
            )
        config = StaticConfig(options.width or teacher.width, corpus.vocab_size, teacher.max_tokens)
        refuse_wider(teacher, config.width)
        return _write(write, _table(teacher, corpus, config, options, progress), teacher, config, options)


def _write(
    write: WriteModel, table: np.ndarray, teacher: Teacher, config: StaticConfig, options: StaticOptions
) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": options.name,
        "version": "1",
        "loglm_version": __version__,
        "licence": "as the logs that its teacher learned from",
        "created": time.strftime("%Y-%m-%d", time.gmtime()),
        "static": {"teacher": teacher.sha256, "method": options.method, **config.to_json()},
    }

    def fill(folder: Path) -> None:
        StaticVectors(table, config).save(folder)
        copyfile(teacher.tokenizer_path, folder / TOKENIZER_JSON)
        (folder / "config.json").write_text(json.dumps({"static": config.to_json()}, indent=1) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(_card(options, teacher, config), encoding="utf-8")

    write(fill, about)
    return about


def _table(
    teacher: Teacher, corpus: CorpusFolder, config: StaticConfig, options: StaticOptions, progress: Progress
) -> np.ndarray:
    """Weighted vector of each token, float32 (V, D)."""
    data = training_data(corpus, config.max_tokens)
    vectors = targets_of_width(teacher, data.train, data.weights, config.width)
    chances = data.weights / data.weights.sum()
    count = min(options.events, int((chances > 0).sum()))
    drawn = np.random.default_rng(options.seed).choice(len(data.train), count, replace=False, p=chances)
    counts = token_counts(data.train, drawn, config.vocab_size)
    seen = np.asarray(counts.sum(axis=0)).ravel() + 1
    rarity = (_RARITY / (_RARITY + seen / seen.sum())).astype(np.float32)
    table = _in_parts(vectors, progress(tokens_alone(config.vocab_size), "tokens read alone"))
    if options.method == "fitted":
        whole = _in_parts(vectors, progress((data.train[i] for i in drawn), "events read"))
        table = fit_table(counts, rarity, whole, start=table)
    weighted: np.ndarray = table * rarity[:, None]
    return weighted


def _in_parts(vectors: Targets, rows: Iterator[np.ndarray]) -> np.ndarray:
    """The teacher's vectors of rows, float32 (n, D), read by and by."""
    parts = []
    while part := list(islice(rows, _PART)):
        parts.append(vectors(part))
    return np.concatenate(parts)


def tokens_alone(vocab_size: int) -> list[np.ndarray]:
    """Each token as an event of its own."""
    return [np.array([_CLS, token, _SEP]) for token in range(vocab_size)]


def token_counts(shard: TokenShard, drawn: np.ndarray, vocab_size: int) -> csr_matrix:
    """How often each token stands in each of the sequences ``drawn``, float32 (n, V)."""
    rows = [shard[i] for i in drawn]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(row) for row in rows])])
    counts = csr_matrix(
        (np.ones(ends[-1], np.float32), np.concatenate(rows).astype(np.int32), ends), shape=(len(rows), vocab_size)
    )
    counts.sum_duplicates()
    return counts


def fit_table(counts: csr_matrix, rarity: np.ndarray, vectors: np.ndarray, *, start: np.ndarray) -> np.ndarray:
    """The table whose weighted means come nearest to the vectors of events (ridge regression, conjugate gradients).

    Args:
        counts: Of tokens in events, (n, V).
        rarity: Weight of each token, (V,).
        vectors: Of the events, (n, D).
        start: Table to stay near, (V, D), up to its scale; tokens that no event holds keep its vectors.

    Returns:
        float32 (V, D).
    """
    weighted = counts @ diags(rarity)
    means = (diags(1 / np.asarray(weighted.sum(axis=1)).ravel()) @ weighted).tocsr().astype(np.float32)
    said = means @ start
    table: np.ndarray = start * ((said * vectors).sum() / (said * said).sum())
    residual = means.T @ (vectors - means @ table)
    step, length = residual.copy(), (residual * residual).sum(axis=0)
    for _ in range(_ITERATIONS):
        turned = means.T @ (means @ step) + _RIDGE * step
        rate = length / np.maximum((step * turned).sum(axis=0), 1e-20)
        table = table + rate * step
        residual = residual - rate * turned
        before, length = length, (residual * residual).sum(axis=0)
        step = residual + step * (length / np.maximum(before, 1e-20))
    return table


def _card(options: StaticOptions, teacher: Teacher, config: StaticConfig) -> str:
    how = "fitted to its vectors of whole events" if options.method == "fitted" else "each token by itself"
    return "\n".join(
        [
            f"# {options.name}",
            "",
            f"{config.vocab_size:,} token vectors of {config.width} numbers, distilled with loglm {__version__} from "
            f"{teacher.name!r}, {how}. For `loglm embed --model`; it has no ATT&CK head.",
            "",
            "It may hold traces of the logs that its teacher learned from: share it as you would share those.",
            "",
        ]
    )
