"""Texts to learn a tokenizer from: distinct rendered events of logs, or those of a corpus folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglm.corpus import texts
from loglm.corpus.folder import write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.corpus.tokenizer_texts import tokenizer_texts
from loglm.errors import InputError
from loglm.tokenizer.bpe import train_tokenizer

LINE = "Mar  4 10:15:01 web1 sshd[{n}]: Failed password for {user} from 203.0.113.9 port 5151{n} ssh2\n"


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "auth.log"
    path.write_text("".join(LINE.format(n=n, user=user) for n in range(9) for user in ("root", "admin")))
    return str(path)


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[str, list[str]]:
    texts = [f"linux/sshd sshd\nnumber {word}" for word in ("one", "two", "three")]
    folder = tmp_path / "corpus"
    folder.mkdir()
    tokenizer = train_tokenizer(texts, vocab_size=400)
    tokenizer.save(str(folder / "tokenizer.json"))
    shard = TokenShard.from_sequences([tokenizer.encode(text).ids for text in texts], [0] * 3, ("made",))
    shard.save(folder / "train.npz", np.ones(3))
    write_corpus_json(folder, {"train": ["train.npz"]}, vocab_size=tokenizer.get_vocab_size(), about={})
    return str(folder), texts


def test_equal_events_give_one_text(log: str) -> None:
    texts = tokenizer_texts([log])
    assert len(texts) == len(set(texts)) == 2
    assert all("<port>" in text for text in texts)


def test_a_corpus_folder_gives_back_its_texts(corpus: tuple[str, list[str]]) -> None:
    folder, texts = corpus
    assert sorted(tokenizer_texts([folder])) == sorted(texts)


def test_the_draw_is_bounded_and_the_same_for_a_seed(corpus: tuple[str, list[str]]) -> None:
    folder, _ = corpus
    assert len(tokenizer_texts([folder], max_texts=2)) == 2
    assert tokenizer_texts([folder], max_texts=2, seed=3) == tokenizer_texts([folder], max_texts=2, seed=3)


def test_as_many_texts_of_one_log_are_read_as_are_asked_for(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "PER_SOURCE", 1)
    assert [len(tokenizer_texts([log], max_texts=most)) for most in (1, 2)] == [1, 2]


def test_a_corpus_folder_beside_logs_is_refused(corpus: tuple[str, list[str]], log: str) -> None:
    with pytest.raises(InputError, match="corpus folder alone, or logs"):
        tokenizer_texts([log, corpus[0]])


def test_nothing_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    with pytest.raises(InputError, match="no event was read"):
        tokenizer_texts([str(tmp_path / "empty.log")])
