"""An encoder fine-tuned end to end learns names from windows and from texts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import train_tokenizer
from loglm.training.attack.examples import make_examples, table_words
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.technique_finetuning import FinetunePlan, finetune, finetune_examples, window_names
from loglm.training.hardware import choose_hardware

HARDWARE = choose_hardware(device="cpu", precision="fp32")
LABELS = ("T1003", "T1059", "T1136")
TEXTS = ["windows/sysmon 1\nImage=mimikatz", "windows/sysmon 1\nImage=powershell", "windows/security 4720\nUser=guest"]
NAMED = NamedTexts(("windows/sysmon 1\nImage=procdump",), (("T1003",),), share=1.0)
PLAN = FinetunePlan(tokens=30_000, batch=8, learning_rate=3e-3, warmup_steps=5, hidden_share=0.0)


def table() -> WindowTable:
    recordings = [Recording(name, "one", "one", "attack", {name}) for name in LABELS]
    recordings.append(Recording("clean", "clean", "clean/a", "benign"))
    rows = [np.asarray([i], np.int32) for i in (0, 1, 2, 3)]
    texts = [*TEXTS, "windows/system 7036\nx=1"]
    windows = range(4)
    return WindowTable(
        recordings, texts, rows, list(windows), ["windows/sysmon"] * 4, ["host:a"] * 4, [0.0] * 4, [()] * 4, [1] * 4
    )


def _weights(encoder: LogEncoderModel) -> list[np.ndarray]:
    weights = (encoder.projection.weight, encoder.backbone.embeddings.tok_embeddings.weight)
    return [weight.detach().numpy().copy() for weight in weights]


def test_an_encoder_learns_names_of_windows_and_texts() -> None:
    made = table()
    recordings = frozenset(range(4))
    tokenizer = train_tokenizer([*made.texts, *NAMED.texts], vocab_size=700, min_frequency=1)
    encoder = LogEncoderModel(EncoderConfig(32, 2, 2, 64, vocab_size=tokenizer.get_vocab_size(), max_tokens=64))
    chosen = make_examples(made, table_words(made, [NAMED]), recordings, LABELS)
    examples = finetune_examples(made, [NAMED], chosen, recordings, tokenizer, PLAN)
    losses: list[float] = []
    projection, embeddings = _weights(encoder)
    model = finetune(encoder, examples, PLAN, hardware=HARDWARE, report=lambda _, loss: losses.append(loss))
    assert losses[-1] < losses[0] / 10
    assert (_weights(encoder)[0] == projection).all()
    assert (_weights(encoder)[1] != embeddings).any()
    learning = {id(p) for p in (*encoder.backbone.parameters(), *model.output.parameters())}
    assert all(id(p) in learning for p in model.parameters() if p.grad is not None)
    names = window_names(model, made, np.arange(3), tokenizer, PLAN, hardware=HARDWARE)
    assert names.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert [LABELS[i] for i in names.argmax(axis=1)] == list(LABELS)


def test_nothing_to_learn_from_is_refused() -> None:
    made = table()
    recordings = frozenset({3})
    tokenizer = train_tokenizer(made.texts, vocab_size=700, min_frequency=1)
    encoder = LogEncoderModel(EncoderConfig(32, 2, 2, 64, vocab_size=tokenizer.get_vocab_size(), max_tokens=64))
    chosen = make_examples(made, table_words(made, [NAMED]), recordings, LABELS)
    examples = finetune_examples(made, [NAMED], chosen, recordings, tokenizer, PLAN)
    with pytest.raises(EmptyInputError, match="no window"):
        finetune(encoder, examples, PLAN, hardware=HARDWARE)
