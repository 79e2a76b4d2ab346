"""What a run begins with: the model, what it learns from, and what of both a checkpoint has to agree in."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from loglm.artifacts.config import Pooling
from loglm.artifacts.files import file_sha256
from loglm.corpus.folder import CORPUS_JSON, TOKENIZER_JSON, CorpusFolder
from loglm.errors import InputError
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.hardware import Hardware
from loglm.training.pairs import read_pairs
from loglm.training.positives import Pairs, Templates
from loglm.training.pretrain import TrainingData
from loglm.training.run_data import Replay, mixed, training_data
from loglm.training.run_folder import RunFiles
from loglm.training.run_models import load_trained
from loglm.training.teacher import Teacher, borrow_weights, load_teacher, refuse_wider, targets_of_width

if TYPE_CHECKING:
    from loglm.training.recipe import PretrainRecipe

__all__ = ["prepare"]


def prepare(
    recipe: PretrainRecipe, corpus: CorpusFolder, hardware: Hardware
) -> tuple[LogEncoderModel, TrainingData, dict[str, Any]]:
    """The model on the CPU, its data, and hashes of everything that they come from, as JSON values.

    Raises:
        InputError: A corpus cannot be used, or reads other tokens than the model or teacher.
        ModelError: The model to start from, or the teacher, cannot be used.
    """
    tokenizer = corpus.facts["tokenizer"]["sha256"]
    origin: dict[str, Any] = {"corpus": file_sha256(corpus.path / CORPUS_JSON), "tokenizer": tokenizer}
    corpus.require("train")
    replay = None
    if recipe.replay is not None:
        replay = Replay.open(recipe.replay, recipe.replay_share, tokenizer_sha256=tokenizer)
    model = _first_model(recipe, corpus, origin)
    if replay is not None:
        origin["replay"] = replay.identity()
    teacher = None if recipe.teacher is None else _teacher(recipe, recipe.teacher, corpus, model, origin, hardware)
    data = training_data(corpus, model.config.max_tokens, replay)  # takes its time: all else is checked by now
    data = _related(recipe, corpus, model, data, origin)
    if teacher is not None:
        data = replace(data, targets=targets_of_width(teacher, data.train, data.weights, model.config.vector_width))
    return model, data, origin


def _first_model(recipe: PretrainRecipe, corpus: CorpusFolder, origin: dict[str, Any]) -> LogEncoderModel:
    torch.manual_seed(recipe.seed)
    if recipe.start is None:
        return LogEncoderModel(recipe.encoder_config(corpus.vocab_size))
    start = load_trained(recipe.start)
    _refuse_other_tokenizer(recipe.start, start.tokenizer_sha256, corpus)
    origin["start"] = file_sha256(RunFiles(recipe.start).weights)
    if recipe.pooling in (None, start.model.config.pooling):
        return start.model
    return _pooled_anew(start.model, recipe.pooling)


def _pooled_anew(model: LogEncoderModel, pooling: Pooling) -> LogEncoderModel:
    """The same encoder with vectors pooled otherwise; their projection is to be learned anew."""
    other = LogEncoderModel(replace(model.config, pooling=pooling))
    own = {name: weight for name, weight in other.state_dict().items() if name.startswith("projection.")}
    other.load_state_dict(model.state_dict() | own)
    return other


def _related(
    recipe: PretrainRecipe, corpus: CorpusFolder, model: LogEncoderModel, data: TrainingData, origin: dict[str, Any]
) -> TrainingData:
    """The data with what the contrastive stage draws together; pairs are mixed in."""
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    if recipe.positives == "template":
        return replace(data, kin=Templates.of(data.train, tokenizer))
    if recipe.pairs is None:
        return data
    origin["pairs"] = {"sha256": file_sha256(recipe.pairs), "share": recipe.pair_share}
    pairs, groups = read_pairs(recipe.pairs, tokenizer, max_tokens=model.config.max_tokens)
    train, weights = mixed(data.train, data.weights, pairs, np.ones(len(pairs)), share=recipe.pair_share)
    return replace(data, train=train, weights=weights, kin=Pairs.after(len(data.train), groups))


def _teacher(
    recipe: PretrainRecipe,
    path: Path,
    corpus: CorpusFolder,
    model: LogEncoderModel,
    origin: dict[str, Any],
    hardware: Hardware,
) -> Teacher:
    """Of the same tokens as the corpus; gives the model its weights where they fit."""
    teacher = load_teacher(path, hardware)
    _refuse_other_tokenizer(path, file_sha256(teacher.tokenizer_path), corpus)
    refuse_wider(teacher, model.config.vector_width)
    origin["teacher"] = teacher.sha256
    if teacher.model is not None and recipe.start is None:
        borrow_weights(model, teacher.model)
    return teacher


def _refuse_other_tokenizer(path: Path, tokenizer_sha256: str | None, corpus: CorpusFolder) -> None:
    if tokenizer_sha256 != corpus.facts["tokenizer"]["sha256"]:
        raise InputError(
            f"{path}: reads tokens of another tokenizer than the corpus {corpus.path} holds; build the corpus again "
            f"with `loglm corpus build --tokenizer {shlex.quote(str(path / TOKENIZER_JSON))}`"
        )
