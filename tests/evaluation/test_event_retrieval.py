"""Events of recordings find their technique's texts; names are learned from other datasets."""

from __future__ import annotations

from pathlib import Path

from labelled_logs import write_intel
from labelled_windows import attack_table
from loglm.evaluation.embedders import tfidf
from loglm.evaluation.event_retrieval import EVENTS, event_scores, seen_attacks


def test_words_and_learned_names_find_the_technique(tmp_path: Path) -> None:
    scores = list(event_scores(attack_table(), write_intel(tmp_path), [tfidf()]))
    found = {(s.model, s.metric): s.value.mean for s in scores if s.data == EVENTS}
    assert found["names learned from other recordings", "recall@1"] == 1
    assert found["intel, with examples", "recall@1"] == 0.5  # in three texts every word is common
    assert found["intel + names learned from other recordings", "MRR"] == 1
    assert found["TF-IDF", "recall@3"] == 1


def test_a_recording_is_asked_about_with_its_own_events_alone() -> None:
    attacks = seen_attacks(attack_table())
    assert len(attacks) == 12
    assert attacks[1].texts == ("sekurlsa dump lsass", "service started")
    assert attacks[1].techniques == {"T1003"}
    assert attacks[1].words == ""
    assert max(attacks[1].named, key=lambda name: attacks[1].named[name]) == "T1003"
