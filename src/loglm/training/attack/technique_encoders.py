"""Encoders fine-tuned for each fold and seed of the attack benchmark; what they said may be kept: it takes hours."""

from __future__ import annotations

import copy
import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from loglm.artifacts.files import file_sha256
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.errors import InputError
from loglm.evaluation.window_table import WindowTable
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.attack.examples import TableWords, make_examples
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.technique_finetuning import (
    FinetunePlan,
    TechniqueEncoder,
    finetune,
    finetune_examples,
    window_names,
)
from loglm.training.hardware import choose_hardware
from loglm.training.run_folder import RunFiles
from loglm.training.run_models import load_trained

__all__ = ["Names", "TechniqueEncoders"]

Names = Callable[[np.ndarray], np.ndarray]
"""Window indices (w,) to technique probabilities, float32 (w, C)."""


class TechniqueEncoders:
    """One is trained at a time; the last one stays in memory."""

    def __init__(
        self,
        table: WindowTable,
        words: TableWords,
        named: Sequence[NamedTexts],
        trained: Path,
        plan: FinetunePlan,
        *,
        kept: Path | None = None,
        report: Callable[[int, float], None] | None = None,
    ) -> None:
        """Take what encoders learn from.

        Args:
            table: All windows.
            words: Their words.
            named: Texts that name techniques.
            trained: Run folder, or model folder with weights, to start from.
            plan: How to fine-tune; the seed is given with each call.
            kept: Folder for what encoders said of windows, so that they need not be trained again.
            report: Called after each step with the tokens read so far and the loss in nats.

        Raises:
            ModelError: ``trained`` holds no weights.
        """
        self._table, self._words, self._named, self._plan = table, words, named, plan
        self._kept, self._report = kept, report
        self._hardware = choose_hardware()
        self._pretrained = load_trained(trained).model
        self._tokenizer = load_tokenizer(trained / TOKENIZER_JSON)
        files = RunFiles(trained)
        self._identity = {
            "weights": file_sha256(files.weights),
            "tokenizer": file_sha256(files.tokenizer),
            "plan": asdict(plan),
            "learned_from": _digest(
                [table.digest(), *([group.texts, group.techniques, group.share] for group in named)]
            ),
        }
        self._last: tuple[tuple[frozenset[int], int], TechniqueEncoder] | None = None

    def names(self, recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Names:
        """What an encoder that learned from some recordings says; it is trained when it is first asked."""

        def say(windows: np.ndarray) -> np.ndarray:
            file = self._file(recordings, labels, seed, windows)
            if file is not None and file.is_file():
                return _load(file, len(windows), len(labels))
            said = window_names(
                self._encoder(recordings, labels, seed),
                self._table,
                windows,
                self._tokenizer,
                self._plan,
                hardware=self._hardware,
            )
            if file is not None:
                _save(file, said)
            return said

        return say

    def _encoder(self, recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> TechniqueEncoder:
        key = recordings, seed
        if self._last is None or self._last[0] != key:
            plan = replace(self._plan, seed=seed)
            chosen = make_examples(self._table, self._words, recordings, labels)
            examples = finetune_examples(self._table, self._named, chosen, recordings, self._tokenizer, plan)
            encoder = copy.deepcopy(self._pretrained)
            self._last = key, finetune(encoder, examples, plan, hardware=self._hardware, report=self._report)
        return self._last[1]

    def _file(self, recordings: frozenset[int], labels: tuple[str, ...], seed: int, windows: np.ndarray) -> Path | None:
        if self._kept is None:
            return None
        of = [self._identity, sorted(recordings), labels, seed, windows.tolist()]
        return self._kept / f"names-{_digest(of)[:16]}.npz"


def _digest(of: object) -> str:
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()


def _save(file: Path, said: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial.npz")
    np.savez_compressed(partial, names=said.astype(np.float16))
    partial.replace(file)


def _load(file: Path, windows: int, techniques: int) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            said = np.asarray(arrays["names"], np.float32)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: cannot be read ({error}); delete it to compute it again") from error
    if said.shape != (windows, techniques):
        raise InputError(f"{file}: names of {said.shape}, expected {(windows, techniques)}; delete it")
    return said
