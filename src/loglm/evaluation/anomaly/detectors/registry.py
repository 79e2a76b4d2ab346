"""The detectors of the benchmark, in the order of the tables; a new one is a line here, or is given to the run."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

import numpy as np

from loglm.anomaly.sequence_detector import SequenceDetector
from loglm.errors import InputError
from loglm.evaluation.anomaly.detectors.context import ContextSurprise, context_version
from loglm.evaluation.anomaly.detectors.detector import DetectorKind
from loglm.evaluation.anomaly.detectors.known_events import KnownEvents, KnownEventsLabelled
from loglm.evaluation.anomaly.detectors.labelled import CountClassifier, NgramClassifier, logistic_regression, tree
from loglm.evaluation.anomaly.detectors.simple import (
    CountForest,
    MarkovChain,
    NearestCounts,
    NearestMean,
    UnseenEvents,
)
from loglm.evaluation.embedders import Embedder, dense, tfidf

__all__ = ["choose_detectors", "detector_kinds"]


def detector_kinds(encoder: Callable[[], Embedder], version: str = "") -> list[DetectorKind]:
    """Detectors that need no extra.

    Args:
        encoder: Gives a pretrained one to those that use one.
        version: Of the encoder.
    """

    def embed(texts: Sequence[str]) -> np.ndarray:
        return dense(encoder().fit(())(texts))

    return [
        DetectorKind("unseen-events", lambda _seed: UnseenEvents()),
        DetectorKind("counts-nn", lambda _seed: NearestCounts()),
        DetectorKind("tfidf-nn", lambda _seed: NearestMean(tfidf())),
        DetectorKind("isolation-forest", CountForest, is_random=True),
        DetectorKind("markov-chain", lambda _seed: MarkovChain()),
        DetectorKind("encoder-nn", lambda _seed: NearestMean(encoder()), model=version),
        DetectorKind("known+encoder-nn", lambda _seed: KnownEvents(NearestMean(encoder()), embed), model=version),
        DetectorKind("context", lambda _seed: ContextSurprise(encoded=False)),
        DetectorKind("context-encoder", lambda _seed: ContextSurprise(encoded=True), model=context_version()),
        DetectorKind("sequence-detector", lambda _seed: SequenceDetector()),
        DetectorKind("sequence-detector+encoder", lambda _seed: SequenceDetector(embed=embed), model=version),
        DetectorKind("counts-lr", lambda seed: CountClassifier(logistic_regression, seed), "labelled"),
        DetectorKind("counts-tree", lambda seed: CountClassifier(tree, seed), "labelled", is_random=True),
        DetectorKind("ngram-classifier", NgramClassifier, "labelled", is_random=True),
        DetectorKind(
            "known+ngram-classifier",
            lambda seed: KnownEventsLabelled(NgramClassifier(seed), embed),
            "labelled",
            is_random=True,
            model=version,
        ),
    ]


def choose_detectors(kinds: Sequence[DetectorKind], names: Sequence[str]) -> list[DetectorKind]:
    """Detectors by name, in the order given first; all of them for no name.

    Raises:
        InputError: There is no such detector; says which may have been meant.
    """
    known = [kind.name for kind in kinds]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InputError(f"no model {name!r}. {hint}There are {', '.join(known)}")
    return [kind for kind in kinds if not names or kind.name in names]
