"""Attention over long inputs in blocks: no T x T mask, memory that grows with T.

Registered with transformers as `BLOCK_ATTENTION`. Inputs no longer than a model was trained on, and at most
`STOCK_TOKENS`, go to transformers' own SDPA attention with its masks, but for training in bf16 on a CPU: there torch's
fused kernel goes back several times as long as plain matrix products (`docs/experiments.md`). Longer ones are
computed here:

- A layer that sees ``reach`` tokens to each side: queries are cut into blocks of `_BLOCK` tokens, and each block meets
  its own keys and ``reach`` more on both sides (as in Longformer, Beltagy et al. 2020, arXiv:2004.05150).
- A global layer sees everything, by the fused kernel, up to the length that the model was trained on. In longer inputs
  it sees half that length to each side: no relative position is new to it, and the time grows with T too. What
  seeing further costs in accuracy: `docs/experiments.md`.

Both give what the stock attention gives with the same mask.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["BLOCK_ATTENTION", "STOCK_TOKENS"]

BLOCK_ATTENTION = "loglm_blocks"
"""Name for ``attn_implementation``."""

STOCK_TOKENS = 512
"""Longest input for transformers' own attention; from here on blocks are faster too."""

_PRODUCTS_TOKENS = 256
"""Longest input for which plain products are faster where the fused kernel goes back slowly."""

_BLOCK = 128
_BLOCKS_AT_ONCE = 64
"""Whose masks are in memory at a time."""


def _mask(*, q_length: int, config: PreTrainedConfig, attention_mask: Tensor | None = None, **others: Any) -> Any:
    """What `_attention` gets as mask, None where nothing is hidden.

    Of transformers' making, (B, 1, T, T), for short inputs; for long ones which tokens are no padding, bool (B, T).
    """
    if _is_short(q_length, config):
        return sdpa_mask(q_length=q_length, config=config, attention_mask=attention_mask, **others)
    if attention_mask is None or bool(attention_mask.all()):
        return None
    return attention_mask


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    sliding_window: int | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """(B, T, H, d) for query, key and value (B, H, T, d)."""
    tokens, config = query.shape[2], cast(PreTrainedConfig, module.config)
    if _is_short(tokens, config):
        if _goes_back_slowly(query):
            return _by_products(query, key, value, attention_mask).transpose(1, 2), None
        return sdpa_attention_forward(module, query, key, value, attention_mask, **others)
    if sliding_window is not None:
        # transformers counts the token itself, as flash attention does.
        output = _local(query, key, value, attention_mask, sliding_window - 1)
    elif tokens > config.max_position_embeddings:
        output = _local(query, key, value, attention_mask, config.max_position_embeddings // 2)
    else:
        output = _global(query, key, value, attention_mask)
    return output.transpose(1, 2), None


def _is_short(tokens: int, config: PreTrainedConfig) -> bool:
    # An exported graph keeps one of the two ways, and its inputs are short.
    return torch.compiler.is_exporting() or tokens <= min(STOCK_TOKENS, config.max_position_embeddings)


def _goes_back_slowly(query: Tensor) -> bool:
    is_on_cpu_in_bf16 = query.device.type == "cpu" and query.dtype == torch.bfloat16
    return is_on_cpu_in_bf16 and query.requires_grad and query.shape[2] <= _PRODUCTS_TOKENS


def _by_products(query: Tensor, key: Tensor, value: Tensor, is_seen: Tensor | None) -> Tensor:
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    if is_seen is not None:
        scores = scores.masked_fill(~is_seen, torch.finfo(scores.dtype).min)
    output: Tensor = scores.softmax(dim=-1) @ value
    return output


def _global(query: Tensor, key: Tensor, value: Tensor, is_token: Tensor | None) -> Tensor:
    if is_token is None:
        return F.scaled_dot_product_attention(query, key, value)
    # A mask would keep some devices from their fused kernel, so the keys of padding are taken out.
    rows = [
        F.scaled_dot_product_attention(query[row, None], key[row, None, :, kept], value[row, None, :, kept])
        for row, kept in enumerate(is_token)
    ]
    return torch.cat(rows)


def _local(query: Tensor, key: Tensor, value: Tensor, is_token: Tensor | None, reach: int) -> Tensor:
    batch, heads, tokens, width = query.shape
    blocks = -(-tokens // _BLOCK)
    after = blocks * _BLOCK - tokens
    if is_token is None:
        is_token = torch.ones((batch, tokens), dtype=torch.bool, device=query.device)
    parts = (
        _blocks(F.pad(query, (0, 0, 0, after)), _BLOCK),
        _blocks(F.pad(key, (0, 0, reach, reach + after)), _BLOCK + 2 * reach),
        _blocks(F.pad(value, (0, 0, reach, reach + after)), _BLOCK + 2 * reach),
        F.pad(is_token, (reach, reach + after)).unfold(1, _BLOCK + 2 * reach, _BLOCK).flatten(0, 1),
    )
    in_reach = _in_reach(reach, query.device)
    outputs = [
        F.scaled_dot_product_attention(queries, keys, values, attn_mask=in_reach & is_key[:, None, None, :])
        for queries, keys, values, is_key in zip(*(torch.split(part, _BLOCKS_AT_ONCE) for part in parts), strict=True)
    ]
    output = torch.cat(outputs).view(batch, blocks, heads, _BLOCK, width).transpose(1, 2)
    return output.reshape(batch, heads, blocks * _BLOCK, width)[:, :, :tokens]


def _blocks(states: Tensor, size: int) -> Tensor:
    """(B * N, H, size, d): ``size`` states from every `_BLOCK`-th on, each an input of its own; a view where B is 1."""
    return states.unfold(2, size, _BLOCK).permute(0, 2, 1, 4, 3).flatten(0, 1)


def _in_reach(reach: int, device: torch.device) -> Tensor:
    """bool (`_BLOCK`, `_BLOCK` + 2 reach): which keys of its window are near enough to each query of a block."""
    place = torch.arange(_BLOCK + 2 * reach, device=device)
    offset = place - place[:_BLOCK, None]
    return (offset >= 0) & (offset <= 2 * reach)


AttentionInterface.register(BLOCK_ATTENTION, _attention)
AttentionMaskInterface.register(BLOCK_ATTENTION, _mask)
