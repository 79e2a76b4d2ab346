"""Loghub's lines: which are taken, without labels, and what of them a corpus holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled_logs import KINDS, USERS, write_logs, write_system
from loglm.corpus.folder import CorpusFolder, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError
from loglm.evaluation.template_lines import read_template_lines, seen_shares
from loglm.tokenizer.bpe import train_tokenizer


def test_each_message_is_taken_once_with_its_system_and_template(tmp_path: Path) -> None:
    write_system(tmp_path, "Gamma", [("E1", "link up"), ("E1", "link up"), ("E2", "link down")])
    lines = read_template_lines(tmp_path, per_system=10, seed=0)
    assert [(line.template, line.raw) for line in lines] == [
        ("Gamma/E1", "Mar  4 10:15:01 gamma sshd[77]: link up"),
        ("Gamma/E2", "Mar  4 10:15:01 gamma sshd[77]: link down"),
    ]
    assert all(line.text.startswith("linux/sshd") and "gamma" not in line.text for line in lines)


def test_a_sample_is_of_the_size_asked_and_the_same_again(tmp_path: Path) -> None:
    data = write_logs(tmp_path)
    lines = read_template_lines(data, per_system=5, seed=1)
    assert [line.system for line in lines] == ["Alpha"] * 5 + ["Beta"] * 5
    assert lines == read_template_lines(data, per_system=5, seed=1)


def test_a_label_is_no_part_of_the_line(tmp_path: Path) -> None:
    (tmp_path / "Bird_2k.log").write_text("VAPI 1131 kernel: bad sector\n")
    (tmp_path / "Bird_2k.log_structured.csv").write_text("LineId,Label,Content,EventId\n1,VAPI,bad sector,E1\n")
    (line,) = read_template_lines(tmp_path, per_system=5, seed=0)
    assert line.raw == "1131 kernel: bad sector"


def test_real_lines_agree_with_their_answers(shared_data: Path) -> None:
    lines = read_template_lines(shared_data / "logs", per_system=50, seed=0)
    assert len({line.system for line in lines}) >= 11
    assert not any(line.raw.startswith(("VAPI ", "- ")) for line in lines)


def test_a_folder_without_labelled_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="no labelled log lines"):
        read_template_lines(tmp_path, per_system=5, seed=0)


def test_what_a_corpus_holds_is_found_token_for_token(tmp_path: Path) -> None:
    data = write_logs(tmp_path)
    write_system(data, "Gamma", [("E1", "link up"), ("E2", "fan 3 is slow")])
    lines = read_template_lines(data, per_system=50, seed=0)
    learned = [line.text for line in lines if line.system in ("Alpha", "Beta") or "fan" in line.text]
    tokenizer = train_tokenizer([KINDS[0], *USERS], vocab_size=640)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(learned)]
    TokenShard.from_sequences(rows, [0] * len(rows), ("made",)).save(tmp_path / "train.npz")
    write_corpus_json(tmp_path, {"train": ["train.npz"]}, vocab_size=640, about={})
    assert seen_shares(lines, CorpusFolder.open(tmp_path)) == {"Alpha": 1.0, "Beta": 1.0, "Gamma": 0.5}


def test_messages_of_two_templates_are_left_out_and_said(tmp_path: Path) -> None:
    write_system(tmp_path, "Alpha", [("E1", "disk full"), ("E2", "disk full"), ("E1", "disk empty")])
    said: list[str] = []
    lines = read_template_lines(tmp_path, per_system=5, seed=0, say=said.append)
    assert [line.template for line in lines] == ["Alpha/E1"]
    assert said == [
        "Alpha_2k.log_structured.csv: 1 message left out, of two templates: 'disk full' is of E1 (line 1) and E2 "
        "(line 2)"
    ]
