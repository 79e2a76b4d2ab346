"""Inputs longer than a model was trained on: hidden tokens, memory and time by length; and vectors of long events.

    python benchmarks/long_input.py --run RUNDIR --data DIR

RUNDIR: a run folder of `loglm pretrain`. In one thread; about ten minutes of CPU for `nano`. Tables:

* memory and time by length: one input, in a process of its own, by block attention and by transformers' SDPA
  attention, where that stays below 16 GB.
* vectors of long events: real scripts cut in half; for each first half the second one is searched among all second
  halves. Mean reciprocal rank of the vectors of the first tokens alone, of averaged pieces, and of one pass over all.
* accuracy by length: the same tokens, with the same 15 % of their content hidden, read in inputs of more and more
  tokens: events of one source one after another, and a PowerShell script put together from its 4104 events. Bits per
  byte and accuracy on the hidden tokens.
* beyond the trained length: the same where global layers see everything instead of as far as in training: with the
  rotary positions as they are, squeezed into the trained length, or with a larger base.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.models.block_attention import BLOCK_ATTENTION
from loglm.models.encoder import LogEncoderModel
from loglm.runtime.long_texts import text_vectors
from loglm.tokenizer.bpe import SPECIAL_TOKENS, TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.run_models import load_run_models

LENGTHS = (128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 48_000)
EVENTS = {
    "Windows Security": "attack/dfir-museum/win10-belkasoft-insider/Security.evtx.zst",
    "Linux syslog": "logs/corpus/loghub/Linux_full.log.zst",
    "Microsoft 365": "logs/corpus/o365_audit_invictus/auditdata.jsonl.zst",
}
SCRIPTS = "attack/dfir-museum/win10-belkasoft-insider/Microsoft-Windows-PowerShell_Operational.evtx.zst"
MOST_BYTES = 16 << 30
BATCH_TOKENS = 4_096
HIDDEN_SHARE = 0.15
_CLS, _SEP, _MASK = (SPECIAL_TOKENS.index(name) for name in ("[CLS]", "[SEP]", "[MASK]"))


# --- what is read -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stream:
    """Tokens of one source without special ones, and which of them are hidden: int64 and bool (48,000 - 2,)."""

    name: str
    ids: np.ndarray
    is_hidden: np.ndarray


def read_streams(data: Path, tokenizer: Any, delimiters: list[int]) -> list[Stream]:
    texts = {name: _events(data / path) for name, path in EVENTS.items()}
    texts["PowerShell script"] = iter([max(whole_scripts(data / SCRIPTS), key=len)])
    is_content = np.ones(tokenizer.get_vocab_size(), bool)
    is_content[delimiters] = False
    random = np.random.default_rng(0)
    streams = []
    for name, given in texts.items():
        ids = np.fromiter(islice(_tokens(given, tokenizer), max(LENGTHS) - 2), np.int64)
        streams.append(Stream(name, ids, (random.random(len(ids)) < HIDDEN_SHARE) & is_content[ids]))
    return streams


def _events(path: Path) -> Iterator[str]:
    return (render(event) + "\n" for event in read_events([path]))


def _tokens(texts: Iterator[str], tokenizer: Any) -> Iterator[int]:
    for text in texts:
        yield from tokenizer.encode(text, add_special_tokens=False).ids


def whole_scripts(path: Path) -> list[str]:
    """Scripts put together from the events that hold their parts; those of which all parts are there."""
    parts: dict[str, dict[int, str]] = {}
    totals: dict[str, int] = {}
    for event in read_events([path]):
        script = event.attributes.get("ScriptBlockId")
        if isinstance(script, str) and isinstance(event.attributes.get("ScriptBlockText"), str):
            number = int(event.attributes["MessageNumber"])
            parts.setdefault(script, {})[number] = event.attributes["ScriptBlockText"]
            totals[script] = int(event.attributes["MessageTotal"])
    return ["".join(text for _, text in sorted(p.items())) for s, p in parts.items() if len(p) == totals[s]]


# --- hidden tokens ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    bits_per_byte: float
    accuracy: float


@torch.inference_mode()
def score(model: LogEncoderModel, stream: Stream, length: int, delimiters: list[int], token_bytes: np.ndarray) -> Score:
    """Of the hidden tokens when the stream is read in inputs of so many tokens, [CLS] and [SEP] included."""
    size = length - 2
    ids, hidden = torch.from_numpy(stream.ids), torch.from_numpy(stream.is_hidden)
    starts = list(range(0, len(ids), size))
    at_once = max(1, BATCH_TOKENS // length)
    vectors = []
    for first in range(0, len(starts), at_once):
        inputs, mask, wanted = _inputs(ids, hidden, starts[first : first + at_once], size)
        vectors.append(model.hidden(inputs, mask)[wanted])
    nats, right = 0.0, 0
    for states, targets in zip(*(torch.split(part, 1_024) for part in (torch.cat(vectors), ids[hidden])), strict=True):
        logits = model.token_logits(states)
        logits[:, torch.as_tensor(delimiters)] = -torch.inf
        nats += float(F.cross_entropy(logits, targets, reduction="sum"))
        right += int((logits.argmax(-1) == targets).sum())
    size_of_hidden = token_bytes[stream.ids[stream.is_hidden]].sum()
    return Score(nats / math.log(2) / size_of_hidden, right / int(hidden.sum()))


def _inputs(ids: Tensor, hidden: Tensor, starts: list[int], size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids with hidden ones masked, 0/1 mask and where the hidden ones stand, each (B, T)."""
    longest = min(size, len(ids) - starts[0]) + 2
    inputs, mask = torch.zeros((2, len(starts), longest), dtype=torch.int64)
    wanted = torch.zeros((len(starts), longest), dtype=torch.bool)
    for row, start in enumerate(starts):
        own = ids[start : start + size]
        end = len(own) + 1
        wanted[row, 1:end] = hidden[start : start + size]
        inputs[row, 1:end] = own.masked_fill(wanted[row, 1:end], _MASK)
        inputs[row, 0], inputs[row, end] = _CLS, _SEP
        mask[row, : end + 1] = 1
    return inputs, mask, wanted


# --- global layers that see everything ----------------------------------------------------------------------------


def sees_all(model: LogEncoderModel, length: int) -> None:
    """Positions as they are."""
    backbone: Any = model.backbone
    backbone.config.max_position_embeddings = max(length, model.config.max_tokens)


def squeezed(model: LogEncoderModel, length: int) -> None:
    """Positions times trained length by length (Chen et al. 2023, arXiv:2306.15595)."""
    sees_all(model, length)
    _frequencies(model).mul_(min(1.0, model.config.max_tokens / length))


def larger_base(model: LogEncoderModel, length: int) -> None:
    """Slow rotations squeezed, fast ones kept: the rotary base grows with the length (NTK-aware scaling)."""
    sees_all(model, length)
    frequencies = _frequencies(model)
    last = len(frequencies) - 1
    frequencies.mul_(max(1.0, length / model.config.max_tokens) ** -(torch.arange(last + 1) / last))


def _frequencies(model: LogEncoderModel) -> Tensor:
    backbone: Any = model.backbone
    frequencies: Tensor = backbone.rotary_emb.full_attention_inv_freq
    return frequencies


VARIANTS: dict[str, Callable[[LogEncoderModel, int], None]] = {
    "all, positions as they are": sees_all,
    "all, squeezed": squeezed,
    "all, larger base": larger_base,
}


# --- memory and time ----------------------------------------------------------------------------------------------


def cost(run: Path, length: int, attention: str) -> tuple[float, float]:
    """Peak MB (RSS) of a process that reads one input of so many tokens, and CPU seconds of the reading.

    MemoryError where it would take more than `MOST_BYTES`.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_cost, (run, length, attention))


def _cost(run: Path, length: int, attention: str) -> tuple[float, float]:
    torch.set_num_threads(1)
    model = load_run_models(run)[-1].model.eval()
    backbone: Any = model.backbone
    backbone.set_attn_implementation(attention)
    ids = torch.randint(len(SPECIAL_TOKENS), model.config.vocab_size, (1, length))
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        model(ids[:, :128], mask[:, :128])
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        start = time.process_time()
        try:
            model(ids, mask)
        except RuntimeError as error:  # torch's allocator raises nothing more precise
            raise MemoryError(str(error)) from error
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, time.process_time() - start


# --- vectors of long events ---------------------------------------------------------------------------------------


@torch.inference_mode()
def long_vectors(model: LogEncoderModel, tokenizer: Any, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Unit vectors (n, D) of the texts by each of the ways to read them."""
    most = model.config.max_tokens
    ids = [tokenizer.encode(text, add_special_tokens=False).ids[: max(LENGTHS) - 2] for text in texts]
    whole = [[_CLS, *own, _SEP] for own in ids]

    def read(rows: Sequence[Sequence[int]]) -> np.ndarray:
        vectors = [model(torch.tensor([row]), torch.ones((1, len(row)), dtype=torch.int64)) for row in rows]
        return torch.cat(vectors).numpy()

    found = text_vectors(texts, tokenizer, read, max_tokens=most)
    return {
        f"first {most} tokens": read([[_CLS, *own[: most - 2], _SEP] for own in ids]),
        "averaged pieces": np.stack([one.vector for one in found]),
        "one pass": read(whole),
    }


def mean_reciprocal_rank(queries: np.ndarray, candidates: np.ndarray) -> float:
    """Of candidate i for query i; unit vectors, (n, D) each."""
    similarity = queries @ candidates.T
    ranks = (similarity >= similarity.diagonal()[:, None]).sum(axis=1)
    return float((1 / ranks).mean())


def distinct_scripts(path: Path, tokenizer: Any) -> list[str]:
    """Whole scripts of at least 1,024 tokens, of those that begin alike or are of about one length the first."""
    kept: dict[str, str] = {}
    sizes: set[int] = set()
    for script in whole_scripts(path):
        size = len(script) // 64
        is_new = script[:256] not in kept and not sizes & {size - 1, size, size + 1}
        if is_new and len(tokenizer.encode(script[:65_536]).ids) >= 1_024:
            kept[script[:256]] = script
            sizes.add(size)
    return list(kept.values())


# --- tables -------------------------------------------------------------------------------------------------------


def print_accuracy(run: Path, streams: list[Stream], delimiters: list[int], token_bytes: np.ndarray) -> None:
    def row(label: str, length: int, change: Callable[[LogEncoderModel, int], None] | None) -> None:
        model = load_run_models(run)[-1].model.eval()
        if change is not None:
            change(model, length)
        scores = [score(model, stream, length, delimiters, token_bytes) for stream in streams]
        cells = " | ".join(f"{one.bits_per_byte:.3f} / {one.accuracy:.3f}" for one in scores)
        print(f"| {length:,} | {label}{cells} |", flush=True)

    names = " | ".join(f"{stream.name} ({int(stream.is_hidden.sum()):,})" for stream in streams)
    print(f"\nBits per byte / accuracy on hidden tokens (their number)\n\n| tokens | {names} |")
    for length in LENGTHS:
        row("", length, None)
    print(f"\nGlobal layers that see everything\n\n| tokens | positions | {names} |")
    for length in (1_024, 4_096):
        for label, change in VARIANTS.items():
            row(f"{label} | ", length, change)


def print_cost(run: Path) -> None:
    print("\nOne input: peak MB / CPU seconds\n\n| tokens | blocks | transformers' SDPA |")
    fits = True
    for length in LENGTHS:
        blocks, stock = cost(run, length, BLOCK_ATTENTION), None
        if fits:
            try:
                stock = cost(run, length, "sdpa")
            except MemoryError:
                fits = False
        shown = f"{stock[0]:,.0f} / {stock[1]:.2f}" if stock else f"over {MOST_BYTES >> 30} GB"
        print(f"| {length:,} | {blocks[0]:,.0f} / {blocks[1]:.2f} | {shown} |", flush=True)


def print_vectors(model: LogEncoderModel, tokenizer: Any, scripts: list[str]) -> None:
    halves = [long_vectors(model, tokenizer, part) for part in zip(*map(_halves, scripts), strict=True)]
    sizes = [len(tokenizer.encode(script, add_special_tokens=False).ids) for script in scripts]
    print(f"\n{len(scripts)} scripts of {min(sizes):,} to {max(sizes):,} tokens, second half by first half: MRR")
    for name in halves[0]:
        print(f"| {name} | {mean_reciprocal_rank(halves[0][name], halves[1][name]):.3f} |")


def _halves(script: str) -> tuple[str, str]:
    return script[: len(script) // 2], script[len(script) // 2 :]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="run folder of loglm pretrain")
    parser.add_argument("--data", type=Path, required=True, help="folder of real logs, with attack/ and logs/")
    arguments = parser.parse_args()
    missing = [path for path in (*EVENTS.values(), SCRIPTS) if not (arguments.data / path).is_file()]
    if missing:
        print(f"{arguments.data}: {missing[0]} is not there", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    tokenizer = load_tokenizer(arguments.run / "tokenizer.json")
    delimiters = TokenRoles.of(tokenizer).delimiters
    print_cost(arguments.run)
    scripts = distinct_scripts(arguments.data / SCRIPTS, tokenizer)
    print_vectors(load_run_models(arguments.run)[-1].model.eval(), tokenizer, scripts)
    print_accuracy(
        arguments.run, read_streams(arguments.data, tokenizer, delimiters), delimiters, bytes_of_tokens(tokenizer)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
