"""Perplexity, bits per byte and accuracy on hidden tokens of a corpus' test splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.corpus.folder import CORPUS_JSON, CorpusFolder
from loglm.errors import EmptyInputError
from loglm.evaluation.hidden_sets import corpus_sets, ngram_scorers, score_hidden
from loglm.evaluation.intrinsic import ALL_SOURCES, IntrinsicScore
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["TASK"]

_THEIRS = "10 M and 200 k samples of security logs; perplexity by other tokens"

_SEED = 0


def _files(inputs: SuiteInputs) -> list[Path]:
    corpus = CorpusFolder.open(inputs.need("corpus"))
    if not (corpus.sequences("idts") or corpus.sequences("odts")):
        raise EmptyInputError(f"{corpus.path}: its test splits idts and odts are empty")
    return [corpus.path / CORPUS_JSON]  # it holds the checksums of the others


def _score(run: TaskRun) -> Iterator[Score]:
    corpus = CorpusFolder.open(run.inputs.need("corpus"))
    models = run.models.hidden_models(corpus.tokenizer_path, run.note)
    scores = score_hidden(
        corpus_sets(corpus),
        {**ngram_scorers(corpus, seed=_SEED, say=run.say), **models.scorers},
        load_tokenizer(corpus.tokenizer_path),
        sequences=run.options.sequences,
        max_tokens=models.max_tokens,
        share=run.options.share,
        seed=_SEED,
        say=run.say,
    )
    for score in scores:
        yield from _figures(score)


def _figures(score: IntrinsicScore) -> Iterator[Score]:
    data = score.data if score.source == ALL_SOURCES else f"{score.data}/{score.source}"
    for metric in ("perplexity", "bits per byte", "accuracy"):
        value = getattr(score, metric.replace(" ", "_"))
        yield Score("hidden tokens", data, score.model, metric, value, score.hidden_tokens)


TASK = SuiteTask(
    name="hidden-tokens",
    about="Content tokens hidden in held-out events: idts, of the sources learned from; odts, of whole sources held "
    "out. Encoders see both sides with all hidden tokens masked; the 5-gram sees what stands before. 95 % bootstrap "
    "intervals over events.",
    files=_files,
    score=_score,
    low_is_good=frozenset({"perplexity", "bits per byte"}),
    published=(
        PublishedFigure("perplexity, in distribution", "2.16", _THEIRS, ("hidden tokens", "idts", "perplexity")),
        PublishedFigure("perplexity, out of distribution", "67.4", _THEIRS, ("hidden tokens", "odts", "perplexity")),
        PublishedFigure("masked accuracy, in distribution", ".90", _THEIRS, ("hidden tokens", "idts", "accuracy")),
        PublishedFigure("masked accuracy, out of distribution", ".36", _THEIRS, ("hidden tokens", "odts", "accuracy")),
    ),
)
