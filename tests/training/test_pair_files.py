"""Files of pairs are read in parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.corpus.folder import CorpusFolder
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training import pairs as pairs_module
from loglm.training.pairs import read_pairs


def test_pairs_read_in_parts_are_those_read_at_once(
    corpus_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two parts, of which the second has groups of the first; the first two pairs are groups of their own."""
    rows = [{"first": "a b", "second": "c d"}, {"first": "a b", "second": "c d", "group": None}]
    rows += [{"first": f"root on port {n}", "second": f"login {n % 4}", "group": f"{n % 4}"} for n in range(40)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tokenizer = load_tokenizer(CorpusFolder.open(corpus_folder).tokenizer_path)
    whole, groups = read_pairs(path, tokenizer, max_tokens=16)
    monkeypatch.setattr(pairs_module, "_AT_ONCE", 24)
    parts, same = read_pairs(path, tokenizer, max_tokens=16)
    assert len(whole) == 84
    assert [parts[i].tolist() for i in range(84)] == [whole[i].tolist() for i in range(84)]
    assert groups.tolist() == same.tolist() == [0, 0, 1, 1, *(2 + n % 4 for n in range(40) for _ in range(2))]
