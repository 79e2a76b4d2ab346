"""Encoders in torch as `loglm.evaluation.embedders.Embedder`: those of a run folder, and untrained ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from loglm.artifacts.config import EncoderConfig
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.evaluation.embedders import Embed, Embedder, Vectors
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.batches import pad_rows
from loglm.training.hidden_tokens import untrained_encoder
from loglm.training.run_folder import RunFiles, load_run
from loglm.training.run_models import load_run_models

__all__ = ["finished_embedder", "limit_threads", "run_embedders", "run_shapes", "untrained_embedders"]

_BATCH = 64


def limit_threads(threads: int) -> None:
    """Let torch compute with so many CPU threads in this process, all-MiniLM too."""
    torch.set_num_threads(threads)


def run_embedders(run_dir: Path) -> list[Embedder]:
    """The encoders of a run folder of `loglm pretrain`, in fp32: of each stage, as far as it has come.

    Raises:
        ModelError: There is no run, or a file of it cannot be read.
    """
    models = load_run_models(run_dir)
    tokenizer = load_tokenizer(run_dir / TOKENIZER_JSON)
    return [_embedder(run.name, run.model, tokenizer) for run in models]


def finished_embedder(run_dir: Path) -> Embedder:
    """The trained encoder of a finished run, in fp32.

    Raises:
        ModelError: There is no finished run.
    """
    files = RunFiles(run_dir)
    return _embedder(run_dir.name, load_run(files), load_tokenizer(files.tokenizer))


def run_shapes(run_dir: Path) -> dict[EncoderConfig, Path]:
    """The shapes of a run's encoders, each with the tokenizer's file."""
    return {run.model.config: run_dir / TOKENIZER_JSON for run in load_run_models(run_dir)}


def untrained_embedders(config: EncoderConfig, tokenizer: Path, *, seeds: int) -> list[Embedder]:
    """Encoders with the random weights that training starts from, one for each seed, all of one name."""
    name, loaded = f"untrained, {config.width} x {config.layers}", load_tokenizer(tokenizer)
    return [_embedder(name, untrained_encoder(config, seed), loaded) for seed in range(seeds)]


def _embedder(name: str, model: LogEncoderModel, tokenizer: Tokenizer) -> Embedder:
    embed = _embed(model.eval(), tokenizer)
    return Embedder(name, lambda _texts: embed)


def _embed(model: LogEncoderModel, tokenizer: Tokenizer) -> Embed:
    tokenizer.enable_truncation(model.config.max_tokens)
    tokenizer.no_padding()

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Vectors:
        ids = [np.asarray(encoding.ids, np.int64) for encoding in tokenizer.encode_batch_fast(list(texts))]
        order = np.argsort([len(row) for row in ids], kind="stable")
        vectors = np.zeros((len(ids), model.config.vector_width), np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            vectors[rows] = model(*pad_rows([ids[row] for row in rows])).numpy()
        return vectors

    return embed
