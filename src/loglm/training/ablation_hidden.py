"""The hidden tokens that an ablation judges on: test splits of the first corpus, whole and by what all corpora share.

An encoder predicts texts of a source that it did not learn from worse, whatever else was chosen. So where corpora
differ, ``idts`` is also judged on the sources alone that all of them train on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from loglm.corpus.folder import CorpusFolder
from loglm.evaluation.hidden_sets import corpus_sets
from loglm.evaluation.intrinsic import ALL_SOURCES, HiddenTokens, draw_sequences, hide_tokens, score_models
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.ablation_plan import AblationPlan
from loglm.training.hidden_tokens import encoder_scorer

__all__ = ["SHARED_SOURCES", "HiddenSets"]

SHARED_SOURCES = "sources of all corpora"
"""Ends the name of the figure of ``idts`` on those alone."""
_SHARE, _SEQUENCES, _MAX_TOKENS = 0.15, 500, 256


@dataclass(frozen=True, slots=True)
class HiddenSets:
    """Test splits of one corpus with hidden tokens, the same for every encoder."""

    splits: Mapping[str, Any]
    """Of its ``corpus.json``, by which figures that were kept are known to be of the same texts."""
    sets: Mapping[str, HiddenTokens]
    token_bytes: np.ndarray
    """int64 (V,): bytes of each token's text."""
    shared: tuple[str, ...]
    """Sources in ``idts`` that every compared corpus trains on; none where those are all of its sources."""

    @classmethod
    def of_plan(cls, plan: AblationPlan) -> HiddenSets:
        """Raises InputError where a corpus cannot be used."""
        corpus = CorpusFolder.open(plan.first_corpus)
        tokenizer = load_tokenizer(corpus.tokenizer_path)
        roles, vocab_size = TokenRoles.of(tokenizer), tokenizer.get_vocab_size()
        sets = {}
        for split, shard in corpus_sets(corpus).items():
            drawn = draw_sequences(shard, _SEQUENCES, max_tokens=_MAX_TOKENS, seed=0)
            sets[split] = hide_tokens(drawn, roles, vocab_size=vocab_size, share=_SHARE, seed=0)
        shared = _shared_sources(plan, sets["idts"]) if "idts" in sets else ()
        return cls(corpus.facts["splits"], sets, bytes_of_tokens(tokenizer), shared)

    def identity(self) -> dict[str, Any]:
        """What figures are of, as JSON values."""
        return {"corpus": self.splits, **({"shared_sources": [*self.shared]} if self.shared else {})}

    def figures(self, model: LogEncoderModel) -> dict[str, float]:
        """Bits per byte of an encoder by name of the figure, lower is better."""
        groups = {SHARED_SOURCES: self.shared} if self.shared else {}
        scores = score_models(self.sets, {"": encoder_scorer(model)}, token_bytes=self.token_bytes, groups=groups)
        names = {(data, ALL_SOURCES): f"{data} bits per byte" for data in self.sets}
        names["idts", SHARED_SOURCES] = f"idts bits per byte, {SHARED_SOURCES}"
        return {
            names[score.data, score.source]: score.bits_per_byte.mean
            for score in scores
            if (score.data, score.source) in names
        }


def _shared_sources(plan: AblationPlan, hidden: HiddenTokens) -> tuple[str, ...]:
    shard = hidden.shard
    there = {shard.source_names[number] for number in np.unique(shard.source)}
    corpora = {plan.corpus_of(choice) for choice in plan.choices}
    shared = there.intersection(*(CorpusFolder.open(path).sources_of("train") for path in corpora))
    return () if shared == there else tuple(sorted(shared))
