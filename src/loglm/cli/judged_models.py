"""The models that `loglm evaluate` judges, beside baselines: from model folders and runs, with torch or without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loglm.artifacts.config import EncoderConfig
    from loglm.evaluation.embedders import Embedder
    from loglm.evaluation.frozen.detectors import VectorDetector
    from loglm.evaluation.frozen.embedding_detectors import SequenceDetectors
    from loglm.evaluation.intrinsic import HiddenScorer
    from loglm.evaluation.suite.facts import ModelFacts
    from loglm.evaluation.suite.task import HiddenModels
    from loglm.models.encoder import LogEncoderModel
    from loglm.training.run_models import RunModel

__all__ = ["JudgedModels", "check_tokenizer", "encoder_scorers", "load_embedders"]

_Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class JudgedModels:
    """Model folders and runs as a suite asks for them (`loglm.evaluation.suite.task.SuiteModels`)."""

    models: Sequence[Path]
    runs: Sequence[Path]
    """Where there is neither, the shipped model is judged."""
    seeds: int
    threads: int | None
    general: bool
    """Whether all-MiniLM is measured too."""
    corpus: Path | None = None
    """On which untrained encoders are whitened."""

    def about(self) -> list[ModelFacts]:
        """Names and checksums.

        Raises:
            ModelError: A folder is no model or no run, or was altered.
        """
        from loglm.evaluation.suite.facts import model_facts, run_facts

        folders = _open_folders(self.models, self.runs)
        models = [model_facts(name, folder, version) for name, folder, version in folders]
        return [*models, *(run_facts(run) for run in self.runs)]

    def embedders(self, note: _Say) -> list[Embedder]:
        """Baselines first; each call loads them anew."""
        return load_embedders(
            self.models,
            self.runs,
            seeds=self.seeds,
            threads=self.threads,
            general=self.general,
            corpus=self.corpus,
            say=note,
        )

    def vector_detectors(self, note: _Say) -> list[VectorDetector]:
        """An LSTM and graph networks; none without torch."""
        from loglm.errors import MissingExtraError

        try:
            from loglm.training.frozen.registry import network_detectors
        except MissingExtraError as error:
            note(f"LSTM and graph networks: not measured. {error}")
            return []
        return network_detectors()

    def last_layers(self, note: _Say) -> SequenceDetectors:
        """Of model folders with weights and of finished runs, beside untrained ones of their shapes."""
        from functools import partial

        from loglm.errors import MissingExtraError

        try:
            from loglm.training.frozen.last_layer import WAYS, LastLayerClassifier
            from loglm.training.hidden_tokens import untrained_encoder
            from loglm.training.run_embedders import limit_threads
            from loglm.training.run_models import holds_weights, load_trained
        except MissingExtraError as error:
            note(f"encoders: not measured. {error}")
            return {}
        if self.threads is not None:
            limit_threads(self.threads)
        opened = [(name, folder) for name, folder, _ in _open_folders(self.models, self.runs)]
        found: SequenceDetectors = {}
        for name, folder in [*opened, *((run.resolve().name, run) for run in self.runs)]:
            if not holds_weights(folder):
                note(f"{name}: not measured, it has no weights (model.safetensors) to train on")
                continue
            model, tokenizer = load_trained(folder).model, folder / "tokenizer.json"
            untrained = f"untrained, {model.config.width} x {model.config.layers}"
            for way in WAYS:
                start = partial(untrained_encoder, model.config)
                found[f"{untrained}, {way}"] = partial(LastLayerClassifier, start, tokenizer, way)
                found[f"{name}, {way}"] = partial(LastLayerClassifier, partial(_same, model), tokenizer, way)
        return found

    def hidden_models(self, tokenizer: Path, note: _Say) -> HiddenModels:
        """Encoders of runs and of model folders with weights, those that read tokens of a tokenizer."""
        from loglm.errors import InputError, MissingExtraError
        from loglm.evaluation.hidden_sets import MAX_TOKENS
        from loglm.evaluation.suite.task import HiddenModels

        try:
            found = self._with_weights(note)
        except MissingExtraError as error:
            note(f"encoders: not measured. {error}")
            found = []
        fitting = []
        for model in found:
            try:
                check_tokenizer(model, tokenizer)
            except InputError as error:
                note(f"{model.name}: not measured. {error}")
            else:
                fitting.append(model)
        max_tokens = min((model.model.config.max_tokens for model in fitting), default=MAX_TOKENS)
        return HiddenModels(encoder_scorers(fitting, seed=0), max_tokens)

    def _with_weights(self, note: _Say) -> list[RunModel]:
        from loglm.training.run_folder import RunFiles
        from loglm.training.run_models import load_run_models, load_trained

        found = [model for run in self.runs for model in load_run_models(run)]
        for name, folder, _ in _open_folders(self.models, self.runs):
            if RunFiles(folder).weights.is_file():
                found.append(replace(load_trained(folder), name=name))
            else:
                note(f"{name}: not measured, it has no weights (model.safetensors) to predict with")
        return found


def _same(model: LogEncoderModel, _seed: int) -> LogEncoderModel:
    """A trained encoder, whatever the seed."""
    return model


def load_embedders(
    models: Sequence[Path],
    runs: Sequence[Path],
    *,
    seeds: int,
    threads: int | None,
    general: bool,
    corpus: Path | None,
    say: _Say,
    widths: Sequence[int] = (),
) -> list[Embedder]:
    """Baselines first, then what is to be judged; the shipped model where nothing is given.

    ``widths``: of model folders also the first numbers of their vectors alone.

    Raises:
        InputError: The corpus cannot be read.
        ModelError: A model or run cannot be read.
        MissingExtraError: There are runs, but no torch.
    """
    from loglm.evaluation.embedders import SENTENCE_ENCODER_PACKAGE, log_encoder, sentence_encoder, shortened, tfidf
    from loglm.evaluation.lexical_search import LEXICAL_PACKAGE, has_bm25

    if not has_bm25():
        say(f"BM25: not measured, it needs the package {LEXICAL_PACKAGE}")
    sentence = [sentence_encoder(reads_raw=reads_raw) for reads_raw in (False, True)] if general else []
    if None in sentence:
        say(f"all-MiniLM: not measured, it needs the package {SENTENCE_ENCODER_PACKAGE}")
    folders = _open_folders(models, runs)
    whole = [log_encoder(folder, name, threads=threads) for name, folder, _ in folders]
    ours = [*whole, *(shortened(encoder, width) for encoder in whole for width in widths)]
    shapes = {_config(folder / "config.json"): folder / "tokenizer.json" for _, folder, _ in folders}
    trained = _trained_embedders(runs, shapes, seeds, threads, corpus, say)
    return [*(tfidf(reads_raw=raw) for raw in (False, True)), *(e for e in sentence if e is not None), *trained, *ours]


def check_tokenizer(model: RunModel, tokenizer: Path) -> None:
    """Refuse an encoder that reads tokens of another tokenizer.

    Raises:
        InputError: It does.
    """
    from loglm.artifacts.files import file_sha256
    from loglm.errors import InputError

    if model.tokenizer_sha256 not in (None, file_sha256(tokenizer)):
        raise InputError(
            f"model {model.name!r} reads tokens of another tokenizer than {tokenizer}; measure it with the corpus that "
            "it was trained on"
        )


def encoder_scorers(models: Sequence[RunModel], *, seed: int) -> dict[str, HiddenScorer]:
    """Scorers of hidden tokens by name: untrained encoders of the same shapes first."""
    if not models:
        return {}
    from loglm.training.hidden_tokens import encoder_scorer, untrained_encoder

    scorers = {
        f"untrained, {config.width} x {config.layers}": encoder_scorer(untrained_encoder(config, seed))
        for config in dict.fromkeys(run.model.config for run in models)
    }
    return scorers | {run.name: encoder_scorer(run.model) for run in models}


def _open_folders(models: Sequence[Path], runs: Sequence[Path]) -> list[tuple[str, Path, str]]:
    """Name, folder and version of each model; models of one name are told apart by their folders' names."""
    from loglm.artifacts.folder import open_model_dir

    paths: list[Path | None] = [*models] if models or runs else [None]
    opened = [open_model_dir(path) for path in paths]
    names = [str(about.get("name", folder.name)) for folder, about in opened]
    return [
        (
            name if names.count(name) == 1 else f"{name} ({folder.resolve().name})",
            folder,
            str(about.get("version") or ""),
        )
        for name, (folder, about) in zip(names, opened, strict=True)
    ]


def _config(path: Path) -> EncoderConfig:
    from loglm.artifacts.config import EncoderConfig

    return EncoderConfig.from_json(json.loads(path.read_text(encoding="utf-8"))["encoder"])


def _trained_embedders(
    runs: Sequence[Path],
    shapes: dict[EncoderConfig, Path],
    seeds: int,
    threads: int | None,
    corpus: Path | None,
    say: _Say,
) -> list[Embedder]:
    """What torch computes: encoders without training, of the shapes of models and runs, then the runs' own."""
    from loglm.corpus.folder import CorpusFolder
    from loglm.errors import MissingExtraError

    try:
        from loglm.training.run_embedders import limit_threads, run_embedders, run_shapes, untrained_embedders
    except MissingExtraError:
        if runs:
            raise
        say("untrained encoders: not measured, they need the extra loglm[train]")
        return []
    if threads is not None:
        limit_threads(threads)
    shapes = shapes | {config: tokenizer for run in runs for config, tokenizer in run_shapes(run).items()}
    folder = None if corpus is None else CorpusFolder.open(corpus)
    untrained = [
        embedder
        for config, tokenizer in shapes.items()
        for embedder in untrained_embedders(config, tokenizer, seeds=seeds, corpus=folder)
    ]
    return [*untrained, *(embedder for run in runs for embedder in run_embedders(run))]
