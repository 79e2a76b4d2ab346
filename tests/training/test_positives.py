"""Which events the contrastive stage draws together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.corpus.folder import CorpusFolder  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import LogLMError, TrainingError  # noqa: E402
from loglm.events.reading import parse_line  # noqa: E402
from loglm.events.rendering import render  # noqa: E402
from loglm.tokenizer.bpe import load_tokenizer  # noqa: E402
from loglm.training.contrastive import contrastive_loss  # noqa: E402
from loglm.training.pairs import read_pairs  # noqa: E402
from loglm.training.positives import Pairs, Templates, partners  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_embedders import finished_embedder  # noqa: E402

TEXTS = [
    "linux/auth login\nmethod=password\nAccepted root on port 1",
    "linux/auth login\nmethod=publickey\nAccepted root on port 2",
    "linux/auth login\nmethod=password\nsession closed",
    "linux/cron run\nAccepted root on port 1",
    "linux/auth login\nmethod=publickey\nAccepted root on port 9",
]


@pytest.fixture
def templates(corpus_folder: Path) -> tuple[TokenShard, Templates]:
    tokenizer = load_tokenizer(CorpusFolder.open(corpus_folder).tokenizer_path)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(TEXTS)]
    shard = TokenShard.from_sequences(rows, [0, 0, 0, 1, 1], ("auth", "cron"))
    return shard, Templates.of(shard, tokenizer)


def test_another_event_of_the_template(templates: tuple[TokenShard, Templates]) -> None:
    drawn = [partners(np.arange(5), kin=templates[1], seed=seed).tolist() for seed in range(20)]
    assert {row[0] for row in drawn} == {1, 4}
    assert {row[1] for row in drawn} == {0, 4}
    assert {row[4] for row in drawn} == {0, 1}
    assert {(row[2], row[3]) for row in drawn} == {(2, 3)}


def test_events_of_one_template_are_no_negatives(templates: tuple[TokenShard, Templates]) -> None:
    alike = templates[1].alike(np.asarray([0, 2, 1]))
    assert alike.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    first, second = torch.eye(3), torch.tensor([[0.6, 0, 0.8], [0, 1, 0], [0.8, 0, 0.6]])
    _, plain = contrastive_loss(first, second, temperature=0.1)
    _, kept = contrastive_loss(first, second, temperature=0.1, alike=alike)
    assert (plain.item(), kept.item()) == (pytest.approx(1 / 3), 1)


def test_partial_views_are_of_the_event_itself() -> None:
    assert partners(np.arange(5), kin=None, seed=0).tolist() == [0, 1, 2, 3, 4]


def test_the_two_texts_of_a_pair() -> None:
    pairs = Pairs.after(3, np.asarray([0, 0, 1, 1, 0, 0]))
    assert pairs.another(np.arange(9), seed=0).tolist() == [0, 1, 2, 4, 3, 6, 5, 8, 7]
    alike = pairs.alike(np.asarray([0, 3, 5, 8]))
    assert alike.tolist() == [
        [True, False, False, False],
        [False, True, False, True],
        [False, False, True, False],
        [False, True, False, True],
    ]


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"first": f"Accepted root on port {n}", "second": f"login of number {n % 4}", "group": str(n % 4)}
        for n in range(40)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_pairs_are_drawn_together_and_resumed(corpus_folder: Path, pairs_file: Path, tmp_path: Path) -> None:
    recipe = PretrainRecipe(
        corpus_folder,
        tmp_path / "run",
        layers=1,
        steps=60,
        contrastive_share=1.0,
        positives="pairs",
        pairs=pairs_file,
        learning_rate=4e-3,
        batch_tokens=512,
        threads=1,
    )
    run_recipe(recipe)
    firsts = [f"Accepted root on port {n}" for n in range(4)]
    seconds = [f"login of number {n}" for n in range(4)]
    embed = finished_embedder(tmp_path / "run").fit([])
    cosines = (
        np.asarray(embed([render(parse_line(text)) for text in firsts]))
        @ np.asarray(embed([render(parse_line(text)) for text in seconds])).T
    )
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2, 3]
    pairs_file.write_text(pairs_file.read_text() + '{"first": "a b", "second": "c d"}\n')
    with pytest.raises(TrainingError, match="--pairs"):
        run_recipe(recipe)


def test_rendered_texts_are_taken_as_they_are(corpus_folder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(CorpusFolder.open(corpus_folder).tokenizer_path)
    texts = {"first": "linux/auth login\nuser=<user>", "second": "linux/auth login\nuser=root\naddress=10.0.0.7"}
    rows = [texts | {"rendered": True}, texts]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shard, _ = read_pairs(tmp_path / "pairs.jsonl", tokenizer, max_tokens=64)
    read = [tokenizer.decode(shard[place].tolist()) for place in range(4)]
    assert read[:2] == list(texts.values())
    assert "10.0.0.7" not in read[3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("", "no pair in it"),
        ('{"first": "a", "second": "b"}\n{"first": "a"}', ":2: expected a JSON object with the texts"),
        ('{"first": "a", "second": " "}', ":1: expected a JSON object with the texts"),
        ("first,second", ":1: no JSON object"),
    ],
    ids=["absent", "empty", "key", "blank", "csv"],
)
def test_a_file_without_pairs(corpus_folder: Path, tmp_path: Path, content: str | None, reason: str) -> None:
    tokenizer = load_tokenizer(CorpusFolder.open(corpus_folder).tokenizer_path)
    if content is not None:
        (tmp_path / "pairs.jsonl").write_text(content)
    with pytest.raises(LogLMError, match=reason):
        read_pairs(tmp_path / "pairs.jsonl", tokenizer, max_tokens=32)


def test_the_choice_is_part_of_the_run(corpus_folder: Path, tmp_path: Path) -> None:
    usual = PretrainRecipe(
        corpus_folder, tmp_path / "views", layers=1, steps=4, contrastive_share=0.75, batch_tokens=256, threads=1
    )
    losses = set()
    for positives in ("views", "template"):
        recipe = replace(usual, run_dir=tmp_path / positives, positives=positives)
        losses.add(run_recipe(recipe)["stages"]["contrastive"]["scores"]["odts"]["loss_nats"])
    assert len(losses) == 2
