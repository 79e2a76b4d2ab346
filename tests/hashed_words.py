"""An embedder for tests: hashed words, which needs neither learning nor a model."""

from __future__ import annotations

from collections.abc import Sequence

from loglm.evaluation.embedders import Embedder, Vectors


def hashed_words() -> Embedder:
    """Texts as counts of hashed words, of unit length."""
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=64, alternate_sign=False)

    def embed(texts: Sequence[str]) -> Vectors:
        return words.transform(texts).toarray()

    return Embedder("hashed words", lambda _texts: embed)
