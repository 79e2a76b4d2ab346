"""Distillation into token vectors: the fit, the model folder, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from cli.tiny_model import write_tiny_model
from loglm.artifacts.folder import open_model_dir
from loglm.corpus.folder import TOKENIZER_JSON, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError
from loglm.runtime.encoder import LogEncoder
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.static_distillation import (
    StaticOptions,
    distil_static,
    fit_table,
    token_counts,
    tokens_alone,
)

OPTIONS = StaticOptions("small")
TEXTS = [f"linux/sshd sshd\nFailed password for {user} from <ip4:{kind}>" for user in "abcdefgh" for kind in ("a", "b")]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its event vectors are plain means of token vectors, so that a table can say the same."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "teacher")


@pytest.fixture(scope="module")
def corpus(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    shutil.copyfile(teacher / TOKENIZER_JSON, folder / TOKENIZER_JSON)
    tokenizer = load_tokenizer(folder / TOKENIZER_JSON)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(TEXTS)]
    TokenShard.from_sequences(rows, [0] * len(rows), ("made",)).save(folder / "train.npz")
    write_corpus_json(folder, {"train": ["train.npz"]}, vocab_size=tokenizer.get_vocab_size(), about={"sources": []})
    return folder


def closeness(student: Path, teacher: Path) -> float:
    """Mean cosine between both models' vectors."""
    first, second = (LogEncoder.from_pretrained(path).embed_texts(TEXTS) for path in (student, teacher))
    return float((first * second).sum(axis=1).mean())


def test_the_fitted_table_comes_nearer_than_tokens_alone(teacher: Path, corpus: Path, tmp_path: Path) -> None:
    facts = distil_static(teacher, corpus, tmp_path / "fitted", OPTIONS)
    distil_static(teacher, corpus, tmp_path / "tokens", replace(OPTIONS, method="tokens"))
    assert closeness(tmp_path / "fitted", teacher) > 0.99 > closeness(tmp_path / "tokens", teacher)
    _, manifest = open_model_dir(tmp_path / "fitted")
    assert set(manifest["files"]) == {"README.md", "config.json", "tokenizer.json", "vectors.npz"}
    assert manifest["static"] == facts["static"]
    assert (facts["static"]["width"], facts["static"]["max_tokens"]) == (16, 64)


def test_vectors_may_be_narrower(teacher: Path, corpus: Path, tmp_path: Path) -> None:
    distil_static(teacher, corpus, tmp_path / "m", replace(OPTIONS, width=4))
    assert LogEncoder.from_pretrained(tmp_path / "m").embed_texts(TEXTS).shape == (len(TEXTS), 4)


def test_the_same_options_give_the_same_bytes(teacher: Path, corpus: Path, tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        distil_static(teacher, corpus, tmp_path / name, replace(OPTIONS, events=5))
        with np.load(tmp_path / name / "vectors.npz") as arrays:
            files.append(arrays["vectors"])
    np.testing.assert_array_equal(files[0], files[1])


def test_fit_finds_the_table_that_made_the_vectors() -> None:
    numbers = np.random.default_rng(0)
    shard = TokenShard.from_sequences([numbers.integers(0, 20, 8).tolist() for _ in range(400)], [0] * 400, ("made",))
    counts = token_counts(shard, np.arange(400), 22)
    truth, rarity = numbers.normal(size=(22, 4)), np.linspace(0.5, 1, 22)
    weighted = counts.toarray() * rarity
    vectors = weighted / weighted.sum(axis=1, keepdims=True) @ truth
    start = truth + numbers.normal(size=truth.shape)
    table = fit_table(counts, rarity, vectors, start=start)
    assert np.abs(table[:20] - truth[:20]).max() < 0.05 < np.abs(start[:20] - truth[:20]).max()
    kept = table[20:] / start[20:]
    np.testing.assert_allclose(kept, kept[0, 0], err_msg="tokens of no event keep their vectors, up to the scale")


def test_counts_are_of_the_drawn_sequences(shard: TokenShard) -> None:
    counts = token_counts(shard, np.array([3, 1]), 64).toarray()
    np.testing.assert_array_equal(counts, [np.bincount(shard[i], minlength=64) for i in (3, 1)])


def test_every_token_stands_alone_once() -> None:
    assert [row.tolist() for row in tokens_alone(3)] == [[2, 0, 3], [2, 1, 3], [2, 2, 3]]


def test_another_process_is_refused_while_the_first_one_works(teacher: Path, corpus: Path, tmp_path: Path) -> None:
    """And not only when both have worked for minutes."""
    pytest.importorskip("fcntl", reason="needs POSIX locks")
    refused = []

    def progress(rows: Iterable[np.ndarray], what: str) -> Iterator[np.ndarray]:
        with pytest.raises(InputError, match="another process is writing this model; wait for its end"):
            distil_static(teacher, corpus, tmp_path / "m", replace(OPTIONS, overwrite=True))
        refused.append(what)
        return iter(rows)

    distil_static(teacher, corpus, tmp_path / "m", OPTIONS, progress)
    assert refused == ["tokens read alone", "events read"]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_what_cannot_be_distilled_is_refused(teacher: Path, corpus: Path, corpus_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another tokenizer than the teacher's"):
        distil_static(teacher, corpus_folder, tmp_path / "m", OPTIONS)
    with pytest.raises(InputError, match="vectors of 17 numbers cannot be learned from a teacher of 16"):
        distil_static(teacher, corpus, tmp_path / "m", replace(OPTIONS, width=17))
    assert not list(tmp_path.iterdir())
    (tmp_path / "m").mkdir()
    with pytest.raises(InputError, match="use --force"):
        distil_static(teacher, corpus, tmp_path / "m", OPTIONS)
