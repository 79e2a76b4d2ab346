"""Sparse features of a rendered event: its fields, the words in them and pairs of neighbouring words, hashed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["FEATURE_BITS", "event_features", "hash_features", "hash_names"]

FEATURE_BITS = 20
"""Features are indices below 2**20."""

_WORD = re.compile(r"<[a-z0-9:-]{1,16}>|[A-Za-z]+|\d+|%%\d+|[$^|&;`@\\]{1,2}|--?[A-Za-z]+")
_MAX_WORDS = 160
_FREE_TEXT = frozenset(
    ("commandline", "parentcommandline", "scriptblocktext", "payload", "hostapplication", "details", "targetobject")
)


def event_features(text: str) -> Iterator[str]:
    """Names of the features of a rendered event; one may come more than once.

    ``h:`` the header, ``k:`` key=value whole, ``w:`` a word under its key, ``a:`` a word under any key,
    ``b:`` two neighbouring words of free text and command lines.
    """
    header, _, rest = text.partition("\n")
    yield f"h:{header}"
    action = header.rpartition("/")[2] if "/" in header else header
    for line in rest.split("\n"):
        key, separator, value = line.partition("=")
        if not separator or " " in key:
            key, value = "", line
        value = value.lower()
        if key:
            yield f"k:{key}={value[:200]}"
        words = _WORD.findall(value)[:_MAX_WORDS]
        for word in words:
            yield f"w:{key}:{word}"
            yield f"a:{word}"
        if len(words) > 1:
            yield f"k:{action}:{key}:{words[-1]}"
        if not key or key.lower() in _FREE_TEXT:
            for first, second in itertools.pairwise(words):
                yield f"b:{first} {second}"


def hash_features(texts: Sequence[str]) -> csr_matrix:
    """Binary features of texts, float32 CSR of shape (len(texts), 2**FEATURE_BITS), rows of unit length.

    Source: the hashing trick (Weinberger et al. 2009), MurmurHash3 by scikit-learn's FeatureHasher.
    """
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(n_features=1 << FEATURE_BITS, input_type="string", alternate_sign=False, dtype=np.float32)
    rows: csr_matrix = hasher.transform(set(event_features(text)) for text in texts)
    rows.data[:] = 1.0
    lengths = np.sqrt(np.maximum(np.diff(rows.indptr), 1)).astype(np.float32)
    rows.data /= np.repeat(lengths, np.diff(rows.indptr))
    return rows


def hash_names(names: Sequence[str]) -> np.ndarray:
    """The feature index of each name, int64 (n,)."""
    from sklearn.utils import murmurhash3_32

    hashes = np.asarray([murmurhash3_32(name, seed=0) for name in names], np.int64)
    return np.abs(hashes) % (1 << FEATURE_BITS)
