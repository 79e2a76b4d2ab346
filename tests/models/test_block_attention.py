"""Long inputs in blocks: the numbers and gradients of the stock attention, in memory that grows with their length."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.models import block_attention  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402


def _model(max_tokens: int, local_attention: int = 32) -> LogEncoderModel:
    torch.manual_seed(0)
    config = EncoderConfig(
        width=32,
        layers=4,
        heads=2,
        intermediate=32,
        vocab_size=64,
        max_tokens=max_tokens,
        local_attention=local_attention,
    )
    return LogEncoderModel(config).eval()


def _inputs(batch: int, tokens: int, padding: str) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, 64, (batch, tokens), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    if padding == "right":
        mask[0, tokens // 4 :] = 0
    elif padding == "scattered":
        mask[:, ::7] = 0
    return ids * mask, mask


@pytest.mark.parametrize("padding", ["none", "right", "scattered"])
@pytest.mark.parametrize(("batch", "tokens"), [(1, 513), (2, 640), (3, 1_000)])
def test_numbers_are_those_of_the_stock_attention(batch: int, tokens: int, padding: str) -> None:
    model = _model(max_tokens=2_048)
    ids, mask = _inputs(batch, tokens, padding)
    with torch.no_grad():
        hidden, vectors = model.hidden(ids, mask), model(ids, mask)
        model.backbone.set_attn_implementation("sdpa")
        stock_hidden, stock_vectors = model.hidden(ids, mask), model(ids, mask)
    assert (hidden - stock_hidden).abs().max() < 1e-4
    assert (vectors - stock_vectors).abs().max() < 1e-4


def test_blocks_are_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would hold just as well for the stock attention alone."""
    model = _model(max_tokens=2_048)
    reaches: list[int] = []
    local = block_attention._local
    monkeypatch.setattr(block_attention, "_local", lambda *given: reaches.append(given[-1]) or local(*given))
    for tokens in (512, 513):
        model.hidden(*_inputs(1, tokens, "none"))
    assert reaches == [16, 16]


def test_gradients_are_those_of_the_stock_attention() -> None:
    model = _model(max_tokens=2_048)
    ids, mask = _inputs(2, 600, "right")
    labels = torch.where(mask.bool(), ids, -100)
    gradients = []
    for attention in (block_attention.BLOCK_ATTENTION, "sdpa"):
        model.backbone.set_attn_implementation(attention)
        model.zero_grad()
        model.masked_token_loss(ids, mask, labels)[0].backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("padding", ["none", "right"])
def test_products_in_bf16_are_no_further_from_fp32_than_the_fused_kernel(
    padding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training in bf16 on a CPU takes plain products, and only there."""
    model = _model(max_tokens=256)
    ids, mask = _inputs(4, 100, padding)
    labels = torch.where(mask.bool(), ids, -100)
    calls: list[torch.dtype] = []
    products = block_attention._by_products
    monkeypatch.setattr(block_attention, "_by_products", lambda *g: calls.append(g[0].dtype) or products(*g))

    def gradient(attention: str, *, bf16: bool) -> torch.Tensor:
        model.backbone.set_attn_implementation(attention)
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = model.masked_token_loss(ids, mask, labels)[0]
        loss.backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    exact = gradient(block_attention.BLOCK_ATTENTION, bf16=False)
    assert calls == []
    ours, fused = gradient(block_attention.BLOCK_ATTENTION, bf16=True), gradient("sdpa", bf16=True)
    assert calls == [torch.bfloat16] * 4
    assert (ours - exact).norm() < 1.2 * (fused - exact).norm()
    assert (ours - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("padding", ["none", "right"])
def test_beyond_the_trained_length_global_layers_see_half_of_it_to_each_side(padding: str) -> None:
    model = _model(max_tokens=64)
    ids, mask = _inputs(2, 300, padding)
    near = (torch.arange(300)[:, None] - torch.arange(300)).abs()
    keys = mask[:, None, None, :].bool()
    stock = {"full_attention": (near <= 32) & keys, "sliding_attention": (near <= 16) & keys}
    with torch.no_grad():
        hidden = model.hidden(ids, mask)
        model.backbone.set_attn_implementation("sdpa")
        expected = model.backbone(input_ids=ids, attention_mask=stock).last_hidden_state
    assert ((hidden - expected).abs() * mask[:, :, None]).max() < 1e-4


def test_a_row_without_any_token_gives_numbers() -> None:
    model = _model(max_tokens=2_048)
    ids, mask = _inputs(2, 600, "none")
    mask[1] = 0
    with torch.no_grad():
        assert model.hidden(ids * mask, mask).isfinite().all()


_MEMORY_MB = """
import resource, sys, torch
from loglm.artifacts.config import EncoderConfig
from loglm.models.encoder import LogEncoderModel

torch.set_num_threads(1)
model = LogEncoderModel(EncoderConfig(width=32, layers=2, heads=1, intermediate=32)).eval()
ids = torch.randint(5, 1_000, (1, 48_000))
with torch.inference_mode():
    model(ids[:, :64], torch.ones_like(ids[:, :64]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert model(ids, torch.ones_like(ids)).isfinite().all()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
def test_48_000_tokens_take_no_memory_for_all_their_pairs() -> None:
    done = subprocess.run([sys.executable, "-c", _MEMORY_MB], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400  # one byte a pair would be 2,300
