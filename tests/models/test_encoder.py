"""Sizes hold what they state, and each size of each family computes and learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import ENCODER_SIZES, STATED_PARAMETERS, EncoderConfig, EncoderFamily, Pooling  # noqa: E402
from loglm.cli.pretrain import _SIZES  # noqa: E402
from loglm.errors import ModelError  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.training.recipe import PretrainRecipe  # noqa: E402

FAMILIES: tuple[EncoderFamily, ...] = ("modernbert", "deberta-v2")


@pytest.mark.parametrize(("family", "within"), [("modernbert", 0.005), ("deberta-v2", 0.03)])
@pytest.mark.parametrize("size", ENCODER_SIZES)
def test_size_has_the_parameters_that_it_states(size: str, family: EncoderFamily, within: float) -> None:
    recipe = PretrainRecipe(Path("corpus"), Path("run"), size=size, family=family, steps=1)
    with torch.device("meta"):
        model = LogEncoderModel(recipe.encoder_config(ENCODER_SIZES[size].vocab_size))
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(STATED_PARAMETERS[size], rel=within)


@pytest.mark.parametrize("size", ENCODER_SIZES)
def test_texts_state_two_digits_of_the_parameters(size: str) -> None:
    count = float(f"{STATED_PARAMETERS[size]:.1e}")
    shown = f"{count / 1e6:g}M" if count < 1e9 else f"{count / 1e9:g}B"
    assert f"| `{size}` | {shown} |" in (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"{size} {shown}" in _SIZES


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", ["base", "large", "xlarge", "xxlarge"])
def test_large_size_steps_at_reduced_depth(size: str, family: EncoderFamily) -> None:
    torch.manual_seed(0)
    model = LogEncoderModel(replace(ENCODER_SIZES[size], layers=1, vocab_size=512, family=family))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    ids = torch.randint(5, 512, (2, 12))
    losses = []
    for _ in range(2):
        loss, _ = model.masked_token_loss(ids, torch.ones_like(ids), ids)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[1] < losses[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_have_unit_length_and_ignore_padding(family: EncoderFamily) -> None:
    torch.manual_seed(0)
    config = EncoderConfig(width=16, layers=2, heads=2, intermediate=16, vocab_size=64, family=family)
    model = LogEncoderModel(config).eval()
    ids = torch.randint(5, 64, (2, 9))
    padded = torch.cat([ids, torch.zeros((2, 4), dtype=torch.int64)], dim=1)
    with torch.no_grad():
        alone, beside = model(ids, torch.ones_like(ids)), model(padded, (padded != 0).long())
    torch.testing.assert_close(alone.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-5)


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ModelError, match="expected modernbert or deberta-v2"):
        EncoderConfig(width=16, layers=1, heads=2, intermediate=16, family="gpt")  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_pooling_is_of_the_last_layer_or_of_first_and_last(family: EncoderFamily) -> None:
    config = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=64, family=family)
    ids, mask = torch.tensor([[2, 9, 8, 3, 0]]), torch.tensor([[1, 1, 1, 1, 0]])
    pooled = {}
    for pooling in get_args(Pooling):
        torch.manual_seed(0)
        model = LogEncoderModel(replace(config, pooling=pooling)).eval()
        with torch.inference_mode():
            pooled[pooling], last = model.pooled(ids, mask)[0], model.hidden(ids, mask)[0]
    torch.testing.assert_close(pooled["cls"], last[0])
    torch.testing.assert_close(pooled["mean"], last[:4].mean(dim=0))
    torch.testing.assert_close(pooled["first-last"][16:], pooled["mean"])
    assert not torch.allclose(pooled["first-last"][:16], pooled["mean"])
    with pytest.raises(ModelError, match="pooling 'max' is not known"):
        replace(config, pooling="max")


@pytest.mark.parametrize("labelled", [0, 1, 127, 128, 129])
def test_loss_is_over_the_labelled_tokens_alone(labelled: int) -> None:
    torch.manual_seed(0)
    model = LogEncoderModel(EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=64)).eval()
    ids = torch.randint(5, 64, (15, 10))
    labels = torch.full_like(ids, -100)
    labels.view(-1)[torch.randperm(150)[:labelled]] = 7
    logits = model.token_logits(model.hidden(ids, torch.ones_like(ids)))
    loss, right = model.masked_token_loss(ids, torch.ones_like(ids), labels)
    expected = torch.nn.functional.cross_entropy(logits[labels == 7], labels[labels == 7], reduction="sum")
    torch.testing.assert_close(loss, expected)
    assert int(right) == int((logits[labels == 7].argmax(-1) == 7).sum())
    loss.backward()
