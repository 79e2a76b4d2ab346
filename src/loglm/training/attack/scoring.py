"""Heads fitted on a window table and applied to its windows."""

from __future__ import annotations

import numpy as np

from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.window_table import WindowTable
from loglm.findings import Level, RuleHit
from loglm.training.attack.examples import TableWords, make_examples
from loglm.training.attack.head import HeadPlan, train_attack_head

__all__ = ["RULE_FUSION", "fit_attack_side", "fit_head", "rule_hits", "table_scorer"]

RULE_FUSION = Calibration(rule_attack=(0.0, 0.0, 0.7, 2.0, 4.0), rule_technique=(1.5, 3.0, 4.5, 6.0, 7.5))
"""How much a rule hit of each level, informational to critical, moves the verdict."""


def fit_head(
    table: WindowTable, words: TableWords, recordings: frozenset[int], labels: tuple[str, ...], *, seed: int
) -> AttackHead:
    """A head that learned from some recordings of a table, not calibrated."""
    return train_attack_head(make_examples(table, words, recordings, labels), HeadPlan(seed=seed))


def fit_attack_side(table: WindowTable, words: TableWords, recordings: frozenset[int], *, seed: int) -> AttackHead:
    """A head that learned what an attack is, and names nothing: in a tenth of the time."""
    labels = tuple(sorted({name for i in recordings for name in table.recordings[i].base_techniques}))[:1]
    return train_attack_head(make_examples(table, words, recordings, labels), HeadPlan(seed=seed, epochs=0))


def table_scorer(table: WindowTable, words: TableWords, head: AttackHead, *, rules: bool) -> Scorer:
    """Score windows of a table with a head, with rule hits fused in where ``rules`` is set."""
    place = {word: column for column, word in enumerate(words.words)}
    columns = np.asarray([place[word] for word in head.words], np.int64)

    def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = head.score_rows(words.windows[windows][:, columns])
        if not rules:
            return scores.attack, scores.technique
        attack, technique = scores.attack.copy(), scores.technique.copy()
        for index, window in enumerate(windows):
            hits = rule_hits(table.rules[window])
            if hits:
                fused = RULE_FUSION.fuse(float(attack[index]), technique[index], hits, head.labels)
                attack[index], technique[index] = fused
        return attack, technique

    return score


def rule_hits(rows: tuple[tuple[int, str, str], ...]) -> list[RuleHit]:
    """A table's (level, technique, rule id) rows as rule hits."""
    return [RuleHit(rule, "", Level(level), (technique,) if technique else ()) for level, technique, rule in rows]
