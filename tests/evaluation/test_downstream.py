"""The tasks together: which figures come out, and of which data."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled_logs import write_logs
from labelled_windows import attack_table
from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.block_and_line_sets import read_anomaly_sets
from loglm.evaluation.downstream import anomaly_scores, attack_scores, template_scores
from loglm.evaluation.embedders import tfidf
from loglm.evaluation.scores import ALL
from loglm.evaluation.template_lines import read_template_lines
from loglm.evaluation.window_table import WindowTable


def silent(_: str) -> None:
    pass


def test_template_figures_of_all_systems_and_of_each(tmp_path: Path) -> None:
    lines = read_template_lines(write_logs(tmp_path), per_system=50, seed=0)
    scores = [s for s in template_scores(lines, [tfidf()], silent) if s.model == "TF-IDF"]
    mrr = {score.data: score for score in scores if (score.task, score.metric) == ("template search", "MRR")}
    assert set(mrr) == {ALL, "Alpha", "Beta"}
    assert mrr[ALL].value.mean == pytest.approx((mrr["Alpha"].value.mean + mrr["Beta"].value.mean) / 2)
    assert mrr[ALL].items == mrr["Alpha"].items + mrr["Beta"].items
    (auc,) = (s for s in scores if (s.data, s.metric) == (ALL, "AUC"))
    assert auc.value.mean > 0.9
    assert [score.metric for score in scores][-1] == "mean cosine"


def test_brief_figures_are_those_of_all_systems(tmp_path: Path) -> None:
    lines = read_template_lines(write_logs(tmp_path), per_system=50, seed=0)
    full = [s for s in template_scores(lines, [tfidf()], silent) if (s.model, s.data) == ("TF-IDF", ALL)]
    assert list(template_scores(lines, [tfidf()], silent, brief=True)) == full


def test_anomaly_figures_stand_beside_unseen_events(tmp_path: Path) -> None:
    sets = read_anomaly_sets(write_logs(tmp_path), most=50)
    scores = list(anomaly_scores(sets, [tfidf(), tfidf(reads_raw=True)], silent))
    assert {score.model for score in scores} == {"unseen events", "TF-IDF"}  # raw lines are for search alone
    assert {score.value.mean for score in scores if "duplicates" not in score.metric} == {1.0}


def test_attack_figures_are_of_recordings_left_out() -> None:
    scores = list(attack_scores(attack_table(), [tfidf()], seeds=2, windows=12, say=silent))
    assert [(score.metric, score.value.mean, score.items) for score in scores] == [("top-1", 1, 12), ("top-3", 1, 12)]


def test_a_table_of_other_recordings_is_refused() -> None:
    with pytest.raises(EmptyInputError, match="no recording of the attack benchmark"):
        list(attack_scores(WindowTable([]), [tfidf()], seeds=1, windows=12, say=silent))
