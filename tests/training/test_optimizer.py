"""Muon for matrices, AdamW for the rest, and a state that another optimiser of the same weights takes over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from torch import nn  # noqa: E402

from loglm.training.optimizer import EncoderOptimizer, Optimizer  # noqa: E402
from loglm.training.team import Team  # noqa: E402

RATE = 0.01


class Words(nn.Module):
    """Two matrices between vectors, an embedding, a bias."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(50, 16)
        self.wide = nn.Linear(16, 32)
        self.unused = nn.Linear(4, 4)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.wide(self.embedding(ids))


def gradients(model: Words, steps: int) -> Iterator[None]:
    for step in range(steps):
        model.zero_grad(set_to_none=True)
        model(torch.arange(step, 40)).pow(2).sum().backward()
        yield


def trained(model: Words, optimizer: EncoderOptimizer, steps: int) -> None:
    for _ in gradients(model, steps):
        optimizer.step(RATE)


def test_an_update_of_a_matrix_is_near_orthogonal_and_of_adamw_size() -> None:
    model = Words()
    before = model.wide.weight.detach().clone()
    trained(model, EncoderOptimizer(model, kind="muon", weight_decay=0.0), 1)
    update = (before - model.wide.weight.detach()) / RATE
    singular = torch.linalg.svdvals(update)
    assert singular.max() / singular.min() < 2.5  # of the gradient: thousands
    assert 0.1 < update.pow(2).mean().sqrt() < 0.3


def test_embeddings_biases_and_what_has_no_gradient() -> None:
    muon, adamw = Words(), Words()
    unused = muon.unused.weight.detach().clone()
    trained(muon, EncoderOptimizer(muon, kind="muon", weight_decay=0.1), 1)
    trained(adamw, EncoderOptimizer(adamw, kind="adamw", weight_decay=0.1), 1)
    torch.testing.assert_close(muon.embedding.weight, adamw.embedding.weight)
    torch.testing.assert_close(muon.wide.bias, adamw.wide.bias)
    assert not torch.allclose(muon.wide.weight, adamw.wide.weight, atol=1e-4)
    torch.testing.assert_close(muon.unused.weight, unused)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_goes_on_from_a_state_to_the_same_weights(kind: Optimizer) -> None:
    through, halves = Words(), Words()
    optimizer = EncoderOptimizer(through, kind=kind, weight_decay=0.01)
    first = EncoderOptimizer(halves, kind=kind, weight_decay=0.01)
    trained(through, optimizer, 2)
    trained(halves, first, 2)
    second = EncoderOptimizer(halves, kind=kind, weight_decay=0.01)
    second.restore(first.state(Team()))
    trained(through, optimizer, 2)
    trained(halves, second, 2)
    for name, weight in through.named_parameters():
        torch.testing.assert_close(weight, dict(halves.named_parameters())[name], rtol=0, atol=0)
