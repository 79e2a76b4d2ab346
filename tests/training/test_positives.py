"""Which events the contrastive stage draws together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.corpus.folder import CorpusFolder  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.tokenizer.bpe import load_tokenizer  # noqa: E402
from loglm.training.contrastive import contrastive_loss  # noqa: E402
from loglm.training.positives import Templates, partners  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402

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
    shard, found = templates
    drawn = [partners(shard, np.arange(5), "template", templates=found, seed=seed).tolist() for seed in range(20)]
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


def test_neighbours_are_of_one_source(templates: tuple[TokenShard, Templates]) -> None:
    assert partners(templates[0], np.arange(5), "neighbours", templates=None, seed=0).tolist() == [1, 2, 2, 4, 4]


def test_partial_views_are_of_the_event_itself(templates: tuple[TokenShard, Templates]) -> None:
    assert partners(templates[0], np.arange(5), "views", templates=None, seed=0).tolist() == [0, 1, 2, 3, 4]


def test_the_choice_is_part_of_the_run(corpus_folder: Path, tmp_path: Path) -> None:
    usual = PretrainRecipe(
        corpus_folder, tmp_path / "views", layers=1, steps=4, contrastive_share=0.75, batch_tokens=256, threads=1
    )
    losses = set()
    for positives in ("views", "template", "neighbours"):
        recipe = replace(usual, run_dir=tmp_path / positives, positives=positives)
        losses.add(run_recipe(recipe)["stages"]["contrastive"]["scores"]["odts"]["loss_nats"])
    assert len(losses) == 3
