"""Figures in one form: joined over seeds, chosen for a table, written and read back."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from loglm.errors import InputError
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import ALL, Score, join_seeds, read_scores, summary_scores, write_scores


def score(model: str, mean: float, data: str = ALL, task: str = "similarity") -> Score:
    return Score(task, data, model, "AUC", Interval(mean, 0.1, 0.9), 7)


def test_random_starts_are_joined_and_single_figures_kept() -> None:
    joined = join_seeds([score("untrained", 0.4), score("TF-IDF", 0.5), score("untrained", 0.6)])
    assert [(s.model, round(s.value.mean, 3)) for s in joined] == [("untrained", 0.5), ("TF-IDF", 0.5)]
    assert joined[1].value == Interval(0.5, 0.1, 0.9)
    assert joined[0].value.low < 0.4


def test_a_table_shows_all_data_together_or_else_whole_sets() -> None:
    scores = [score("a", 0.5), score("a", 0.4, "Linux")]
    scores += [score("a", 0.3, data, "hidden tokens") for data in ("idts", "idts/sshd")]
    assert [s.data for s in summary_scores(scores)] == [ALL, "idts"]


def test_scores_are_read_back_with_absent_intervals(tmp_path: Path) -> None:
    plain = Score("speed", ALL, 'a "quoted", name', "events/s", Interval(2178.5), 400)
    with (tmp_path / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        write_scores(file, [score("a", 0.25), plain])
    first, second = read_scores(tmp_path / "scores.csv")
    assert first == score("a", 0.25)
    assert (second.place, second.value.mean, second.items) == (plain.place, 2178.5, 400)
    assert math.isnan(second.value.low)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n", "no table of scores"),
        ("task,data,model,metric,mean,low,high,items\nx,y\n", "cannot be read"),
        ("task,data,model,metric,mean,low,high,items\nx,all,m,AUC,much,,,3\n", "could not convert"),
    ],
    ids=["other-columns", "short-row", "no-number"],
)
def test_what_is_no_table_of_scores_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_scores(tmp_path / "scores.csv")
