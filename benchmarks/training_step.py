"""A step of masked training on a CPU in bf16: the product's attention beside transformers' SDPA attention.

    python benchmarks/training_step.py [--size nano] [--threads 1]

Forward and back through a new encoder, 4,096 tokens a step in rows of one length, 15 % of them hidden. The two take
turns; each line is the median of their tokens by CPU second, and of the ratio of neighbouring turns.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from loglm.artifacts.config import ENCODER_SIZES
from loglm.models.block_attention import BLOCK_ATTENTION
from loglm.models.encoder import LogEncoderModel
from loglm.training.hardware import choose_hardware

LENGTHS = (32, 96, 256)
TOKENS = 4_096
ROUNDS = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="nano", choices=sorted(ENCODER_SIZES))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = LogEncoderModel(ENCODER_SIZES[options.size]).train()
    print(f"{options.size}, {choose_hardware(device='cpu')}\ntokens a row   LogLM, tokens/s   SDPA, tokens/s   ratio")
    for length in LENGTHS:
        rates = [(_rate(model, BLOCK_ATTENTION, length), _rate(model, "sdpa", length)) for _ in range(ROUNDS + 1)][1:]
        ours, stock = (statistics.median(column) for column in zip(*rates, strict=True))
        ratio = statistics.median(own / other for own, other in rates)
        print(f"{length:12,}{ours:18,.0f}{stock:17,.0f}{ratio:8.2f}")


def _rate(model: LogEncoderModel, attention: str, length: int) -> float:
    """Tokens by CPU second of one step."""
    model.backbone.set_attn_implementation(attention)  # type: ignore[operator]
    ids = torch.randint(5, model.config.vocab_size, (TOKENS // length, length))
    labels = torch.where(torch.rand(ids.shape) < 0.15, ids, -100)
    start = time.process_time()
    with choose_hardware(device="cpu").autocast():
        loss, _ = model.masked_token_loss(ids, torch.ones_like(ids), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    return ids.numel() / (time.process_time() - start)


if __name__ == "__main__":
    main()
