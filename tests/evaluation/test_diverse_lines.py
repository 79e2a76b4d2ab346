"""The benchmark of subsampling on labelled lines in miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled_logs import write_logs, write_system
from loglm.errors import EmptyInputError
from loglm.evaluation.diverse_lines import diversity_scores, read_line_tables
from loglm.evaluation.embedders import tfidf


def test_entities_are_columns_and_open_words(tmp_path: Path) -> None:
    table = read_line_tables(write_logs(tmp_path))[0]
    assert (table.system, len(table.raw)) == ("Alpha", 12)
    assert {("EventId", "E0"), ("Content", "root")} < table.entities[0]
    assert ("Content", "alice") not in table.entities[0]


def test_farthest_first_finds_more_templates_than_random(tmp_path: Path) -> None:
    common = [("E0", f"session opened for user u{number}") for number in range(60)]
    rare = [(f"E{number}", f"{word} {word} failed") for number, word in enumerate("disk fan link power".split(), 1)]
    write_system(tmp_path, "Alpha", [*common, *rare])
    tables = read_line_tables(tmp_path)
    found = list(diversity_scores(tables, [tfidf(), tfidf(reads_raw=True)], seeds=1, say=lambda _: None))
    templates = {s.model: s.value.mean for s in found if (s.metric, s.data) == ("templates", "Alpha")}
    assert templates["TF-IDF, farthest first"] == 5
    assert set(templates) == {
        *("random", "TF-IDF, k-means centres", "TF-IDF, facility location", "TF-IDF, farthest first"),
        "TF-IDF, farthest first and unseen values",
    }
    assert len([s for s in found if s.model == "random" and s.data == "mean"]) == 30


def test_tables_too_short_to_choose_from_are_refused(tmp_path: Path) -> None:
    write_system(tmp_path, "Alpha", [("E0", f"message {number}") for number in range(10)])
    with pytest.raises(EmptyInputError, match="no table of more than 10 lines"):
        read_line_tables(tmp_path)
