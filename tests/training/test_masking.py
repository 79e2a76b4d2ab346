"""Which tokens are hidden, and in what units."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from loglm.tokenizer.bpe import TokenRoles  # noqa: E402
from loglm.training.masking import Masking, TokenMasker  # noqa: E402

LINE_END, EQUALS = 10, 11


def ids(rows: int = 50, width: int = 30) -> torch.Tensor:
    return torch.randint(5, 64, (rows, width), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("masking", "delimiters_too"), [("content-only", False), ("plain", True)])
def test_delimiters_are_hidden_by_plain_masking_only(roles: TokenRoles, masking: Masking, delimiters_too: bool) -> None:
    inputs, labels = TokenMasker(roles, vocab_size=64, share=0.5, seed=0, masking=masking)(ids())
    hidden = labels != -100
    assert bool(torch.isin(ids()[hidden], torch.tensor([LINE_END, EQUALS])).any()) == delimiters_too
    assert torch.equal(inputs[~hidden], ids()[~hidden])
    assert hidden.float().mean() == pytest.approx(0.5, abs=0.05)


def test_special_tokens_are_never_hidden(roles: TokenRoles) -> None:
    special = torch.tensor([[0, 2, 3, 4] * 20])
    _, labels = TokenMasker(roles, vocab_size=64, share=0.9, seed=0, masking="plain")(special)
    assert (labels == -100).all()


def test_fields_are_hidden_whole_and_long_ones_in_spans_of_eight(roles: TokenRoles) -> None:
    event = torch.tensor([[20, 21, EQUALS, 30, 31, 32, LINE_END, *range(40, 60)]]).repeat(200, 1)
    _, labels = TokenMasker(roles, vocab_size=64, share=0.3, seed=0, unit="field")(event)
    hidden = labels != -100
    # A delimiter opens the span behind it, so the last field's first span holds seven tokens.
    for unit in (slice(0, 2), slice(3, 6), slice(7, 14), slice(14, 22)):
        assert (hidden[:, unit].all(dim=1) | ~hidden[:, unit].any(dim=1)).all()
    assert not (hidden[:, 7] == hidden[:, 14]).all()
    assert hidden[:, 3].float().mean() == pytest.approx(0.3, abs=0.1)
