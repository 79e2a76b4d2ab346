"""Run folders: what `loglm pretrain` leaves, and the trained model in one."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder_lock import lock_beside
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["RunFiles", "load_run", "load_weights", "lock_run"]


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where things lie in a run folder."""

    folder: Path

    @property
    def run(self) -> Path:
        """What the run is: encoder, plans, corpus and tokenizer, as JSON."""
        return self.folder / "run.json"

    @property
    def results(self) -> Path:
        """What came out, as JSON; there when the run has ended."""
        return self.folder / "results.json"

    @property
    def weights(self) -> Path:
        """Trained weights; there when the run has ended."""
        return self.folder / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """Copy of the corpus' tokenizer."""
        return self.folder / TOKENIZER_JSON

    @property
    def sample(self) -> Path:
        """A few held-out sequences, on which exported models are compared with the weights."""
        return self.folder / "sample.npz"


def lock_run(folder: Path) -> AbstractContextManager[None]:
    """For as long as a run is trained in a folder, so that no second one writes its checkpoints there.

    Raises:
        InputError: Another process is training there.
        OSError: The folder's place cannot be written to.
    """
    return lock_beside(
        folder, busy=f"{folder}: another process is training there; wait for its end, or give another --out"
    )


def load_run(files: RunFiles) -> LogEncoderModel:
    """The trained model of a run folder.

    Raises:
        ModelError: There is no finished run, its weights are of another size, or its tokenizer was changed.
    """
    if not files.run.is_file():
        raise ModelError(f"{files.folder}: no run folder (no {files.run.name} in it); make one with `loglm pretrain`")
    if not (files.results.is_file() and files.weights.is_file()):
        raise ModelError(f"{files.folder}: this run is not finished; give its `loglm pretrain` command again to go on")
    try:
        run = json.loads(files.run.read_text(encoding="utf-8"))
        config, sha256 = EncoderConfig.from_json(run["encoder"]), run["tokenizer"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{files.run}: cannot be read ({error}); train again in another folder") from error
    tokenizer = load_tokenizer(files.tokenizer)
    if file_sha256(files.tokenizer) != sha256 or tokenizer.get_vocab_size() != config.vocab_size:
        raise ModelError(
            f"{files.tokenizer}: not the tokenizer of this run (sha256 differs); copy it from the corpus folder again"
        )
    return load_weights(config, files.weights)


def load_weights(config: EncoderConfig, path: Path) -> LogEncoderModel:
    """An encoder with the weights of a safetensors file, ready to be used.

    Raises:
        ModelError: The file is no such, or its weights are of another encoder.
    """
    model = LogEncoderModel(config)
    try:
        model.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: not the weights of this encoder ({reason}); train again") from error
    return model.eval()
