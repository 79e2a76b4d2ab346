"""The transformers under a LogEncoder: one function a family, all without dropout, all with [PAD] as id 0."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from transformers import DebertaV2Config, DebertaV2Model, ModernBertConfig, ModernBertModel

from loglm.artifacts.config import EncoderConfig, EncoderFamily
from loglm.models.block_attention import BLOCK_ATTENTION

__all__ = ["build_backbone", "transformer_layers"]

_POSITION_BUCKETS = 256


def build_backbone(config: EncoderConfig) -> nn.Module:
    """A transformer that takes ``input_ids`` and ``attention_mask`` and returns ``last_hidden_state`` (B, T, D)."""
    return _FAMILIES[config.family](config)


def transformer_layers(backbone: nn.Module) -> list[nn.Module]:
    """Its layers, first to last: the units in which a model is sharded over processes."""
    layers = backbone.layers if isinstance(backbone, ModernBertModel) else backbone.encoder.layer  # type: ignore[union-attr]
    return list(layers)  # type: ignore[arg-type]


def _modernbert(config: EncoderConfig) -> nn.Module:
    return ModernBertModel(
        ModernBertConfig(  # type: ignore[call-arg]  # two of these reach it as keywords that its types omit
            vocab_size=config.vocab_size,
            hidden_size=config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.intermediate,
            max_position_embeddings=config.max_tokens,
            local_attention=config.local_attention,
            global_attn_every_n_layers=config.global_every,
            pad_token_id=0,
            cls_token_id=2,
            sep_token_id=3,
            bos_token_id=2,
            eos_token_id=3,
            attn_implementation=BLOCK_ATTENTION,
        )
    )


def _deberta_v2(config: EncoderConfig) -> nn.Module:
    return DebertaV2Model(
        DebertaV2Config(  # type: ignore[call-arg]  # as above
            vocab_size=config.vocab_size,
            hidden_size=config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.intermediate * 3 // 2,
            max_position_embeddings=config.max_tokens,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            type_vocab_size=0,
            relative_attention=True,
            position_buckets=_POSITION_BUCKETS,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            pos_att_type=["p2c", "c2p"],
            position_biased_input=False,
            pad_token_id=0,
        )
    )


_FAMILIES: dict[EncoderFamily, Callable[[EncoderConfig], nn.Module]] = {
    "modernbert": _modernbert,
    "deberta-v2": _deberta_v2,
}
