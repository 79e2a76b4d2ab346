"""Lines of rules' tests, and search among them by what they are described as."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.errors import EmptyInputError
from loglm.evaluation.described_lines import (
    cluster_descriptions,
    description_files,
    description_scores,
    read_described_lines,
)
from loglm.evaluation.embedders import tfidf

TESTS = """[ssh login failed]
log 1 pass = Feb  9 11:44:56 web sshd[12]: Failed password for root from 10.0.0.7 port 51512 ssh2
log 2 fail = Feb  9 11:44:56 web sshd[12]: Accepted password for root

rule = 5716
[Login failed]
log 1 pass = Feb  9 11:44:56 web su[3]: FAILED SU (to root) alice on pts/0
[Disk is full]
log 1 pass = Feb  9 11:44:56 web kernel: EXT4-fs error: no space left on device
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "wazuh_ruleset"
    folder.mkdir()
    (folder / "sshd.ini").write_text(TESTS)
    (folder / "test_features.ini").write_text("[engine]\nlog 1 pass = Feb  9 11:44:56 web x: y\n")
    (tmp_path / "setup.ini").write_text(TESTS)
    return tmp_path


def test_lines_that_a_rule_is_for_have_its_description(data: Path) -> None:
    lines = read_described_lines(description_files(data))
    assert [line.description for line in lines] == ["ssh login failed", "Login failed", "Disk is full"]


def test_like_descriptions_are_one_cluster() -> None:
    first, second, other = cluster_descriptions(["ssh login failed", "Login failed", "Disk is full"])
    assert first == second != other


def test_lines_of_a_cluster_are_what_is_to_be_found(data: Path) -> None:
    found = list(description_scores(read_described_lines(description_files(data)), [tfidf()], lambda _: None))
    values = {s.metric: s for s in found if s.model == "TF-IDF"}
    assert values["MRR"].items == 2
    assert 0.5 <= values["MRR"].value.mean <= 1


def test_files_without_lines_are_refused(data: Path) -> None:
    (data / "wazuh_ruleset" / "sshd.ini").write_text("[nothing]\nlog 1 fail = x\n")
    with pytest.raises(EmptyInputError, match="0 described lines"):
        read_described_lines(description_files(data))
