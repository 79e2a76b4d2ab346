"""Encoders in torch as `loglm.evaluation.embedders.Embedder`: those of a run folder, and untrained ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.files import file_sha256
from loglm.corpus.folder import TOKENIZER_JSON, CorpusFolder
from loglm.evaluation.embedders import Embedder, Vectorize, Vectors
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.batches import pad_rows
from loglm.training.hidden_tokens import untrained_encoder
from loglm.training.run_folder import RunFiles, load_run
from loglm.training.run_models import load_run_models
from loglm.training.whitening import whiten

__all__ = [
    "finished_embedder",
    "limit_threads",
    "run_embedders",
    "run_shapes",
    "trained_embedder",
    "untrained_embedders",
]

_BATCH = 64


def limit_threads(threads: int) -> None:
    """Let torch compute with so many CPU threads in this process, all-MiniLM too."""
    torch.set_num_threads(threads)


def run_embedders(run_dir: Path) -> list[Embedder]:
    """The encoders of a run folder of `loglm pretrain`, in fp32: of each stage, as far as it has come, without
    whitening; then the finished one.

    Raises:
        ModelError: There is no run, or a file of it cannot be read.
    """
    tokenizer = load_tokenizer(run_dir / TOKENIZER_JSON)
    found = [_embedder(run.name, run.model, tokenizer) for run in load_run_models(run_dir)]
    if RunFiles(run_dir).weights.is_file():
        found = [*(stage for stage in found if stage.name != run_dir.resolve().name), finished_embedder(run_dir)]
    return found


def finished_embedder(run_dir: Path) -> Embedder:
    """The trained encoder of a finished run, in fp32.

    Raises:
        ModelError: There is no finished run.
    """
    files = RunFiles(run_dir)
    return trained_embedder(run_dir.resolve().name, load_run(files), files.tokenizer)


def trained_embedder(name: str, model: LogEncoderModel, tokenizer: Path) -> Embedder:
    """An encoder in fp32, on the device that it is on."""
    return _embedder(name, model, load_tokenizer(tokenizer))


def run_shapes(run_dir: Path) -> dict[EncoderConfig, Path]:
    """The shapes of a run's encoders, each with the tokenizer's file."""
    return {run.model.config: run_dir / TOKENIZER_JSON for run in load_run_models(run_dir)}


def untrained_embedders(
    config: EncoderConfig, tokenizer: Path, *, seeds: int, corpus: CorpusFolder | None = None
) -> list[Embedder]:
    """Encoders with the random weights that training starts from, one for each seed, all of one name; and, whitened on
    the corpus where it is of this tokenizer, the same ones under another."""
    name, loaded = f"untrained, {config.width} x {config.layers}", load_tokenizer(tokenizer)
    found = [_embedder(name, untrained_encoder(config, seed), loaded) for seed in range(seeds)]
    if corpus is None or corpus.facts["tokenizer"]["sha256"] != file_sha256(tokenizer):
        return found
    shard, weights = corpus.load("train")
    models = [untrained_encoder(config, seed) for seed in range(seeds)]
    whitened = [model for model in models if whiten(model, shard, weights)]
    return [*found, *(_embedder(f"{name}, whitened", model, loaded) for model in whitened)]


def _embedder(name: str, model: LogEncoderModel, tokenizer: Tokenizer) -> Embedder:
    embed = _embed(model.eval(), tokenizer)
    return Embedder(name, lambda _texts: embed)


def _embed(model: LogEncoderModel, tokenizer: Tokenizer) -> Vectorize:
    tokenizer.enable_truncation(model.config.max_tokens)
    tokenizer.no_padding()
    device = next(model.parameters()).device

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Vectors:
        ids = [np.asarray(encoding.ids, np.int64) for encoding in tokenizer.encode_batch_fast(list(texts))]
        order = np.argsort([len(row) for row in ids], kind="stable")
        vectors = np.zeros((len(ids), model.config.vector_width), np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = (tensor.to(device) for tensor in pad_rows([ids[row] for row in rows]))
            vectors[rows] = model(*batch).cpu().numpy()
        return vectors

    return embed
