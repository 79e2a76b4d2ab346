"""Pairs of Linux log lines by Drain."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from labelled_logs import write_linux
from loglm.errors import EmptyInputError, MissingExtraError
from loglm.evaluation.drain_pairs import drain_pair_scores, linux_log, read_drain_lines
from loglm.evaluation.embedders import Embedder, tfidf


@pytest.fixture
def log(tmp_path: Path) -> Path:
    pytest.importorskip("drain3", reason="needs the evaluate extra")
    path = linux_log(write_linux(tmp_path))
    assert path is not None
    return path


def test_lines_of_one_kind_have_one_template_whatever_stands_in_them(log: Path) -> None:
    lines = read_drain_lines(log)
    opened = {line.template for line in lines if "session opened" in line.raw}
    assert len(opened) == 1
    assert len({line.template for line in lines}) == 3


def test_words_tell_pairs_apart_and_equal_vectors_do_not(log: Path) -> None:
    constant = Embedder("constant", lambda _: lambda texts: np.ones((len(texts), 1), np.float32))
    found = list(drain_pair_scores(read_drain_lines(log), [tfidf(), constant], lambda _: None))
    values = {(s.model, s.metric): s.value.mean for s in found if s.data == "Linux"}
    assert values["TF-IDF", "AUC"] > 0.9
    assert values["constant", "AUC"] == 0.5
    assert values["constant", "difference"] == 0
    assert {s.items for s in found} == {2_000}


def test_a_log_of_one_kind_is_refused(log: Path) -> None:
    log.write_text("Jun 14 15:16:01 combo sshd[1]: restart\n" * 3)
    with pytest.raises(EmptyInputError, match="Drain finds 1 template;"):
        read_drain_lines(log)


def test_without_drain3_the_install_line_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "drain3.drain", None)
    with pytest.raises(MissingExtraError, match=r"comes with the extra loglm\[evaluate\]"):
        read_drain_lines(write_linux(tmp_path) / "Linux_full.log")
