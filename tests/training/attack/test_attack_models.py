"""LogLM's rows of the attack benchmark, on a table of four windows and an encoder of one layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.context.usual import LEAST_PAST
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_surprise import past_windows
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack.models import FittedHeads, context_models, encoder_models, head_models
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.technique_encoders import TechniqueEncoders
from loglm.training.attack.technique_finetuning import FinetunePlan
from loglm.training.recipe import PretrainRecipe, run_recipe

LABELS = ("T1003", "T1059")
NAMED = NamedTexts(("windows/sysmon 1\nImage=procdump",), (("T1003",),), share=1.0)


def table() -> WindowTable:
    texts = ["windows/sysmon 1\nImage=mimikatz", "windows/sysmon 1\nImage=powershell", "windows/system 7036\nx=1"]
    recordings = [Recording(name, "one", "one", "attack", {name}) for name in LABELS]
    recordings.append(Recording("clean", "clean", "clean/a", "benign"))
    made = WindowTable(recordings, texts)
    for number in (0, 1, 2, 0, 1, 2):
        made.rows.append(np.asarray([number], np.int32))
        made.recording.append(number)
        made.channel.append("windows/sysmon")
        made.entity.append("host:a")
        made.start.append(0.0)
        made.rules.append(())
    made.events += [2, 2, 2]
    return made


def test_rows_share_the_alarms_and_name_by_head_encoder_or_both(corpus_folder: Path, tmp_path: Path) -> None:
    run_recipe(PretrainRecipe(corpus_folder, tmp_path / "run", layers=1, steps=4, batch_tokens=256))
    heads = FittedHeads(table(), [NAMED])
    steps: list[int] = []
    models = [
        *head_models(heads),
        *encoder_models(
            heads,
            tmp_path / "run",
            plan=FinetunePlan(tokens=2_000, batch=4),
            report=lambda read, _: steps.append(read),
        ),
    ]
    windows = np.arange(6)
    said = [model.fit(frozenset(range(3)), LABELS, 0)(windows) for model in models]
    for attack, technique in said:
        assert attack == pytest.approx(said[0][0])
        assert technique.sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    assert steps == sorted(set(steps))  # trained once for both rows
    alone, together = said[2][1], said[3][1]
    expected = said[0][1] ** 0.75 * alone**0.25
    assert together == pytest.approx(expected / expected.sum(axis=1, keepdims=True), rel=1e-3)


def test_context_moves_the_alarm_of_windows_with_a_past_and_no_name() -> None:
    made = table()
    for number in (0, 1, 2) * 8:
        made.rows.append(np.asarray([number], np.int32))
        made.recording.append(number)
        made.channel.append("windows/sysmon")
        made.entity.append("host:a")
        made.start.append(0.0)
        made.rules.append(((4, "T1003", "rule"),) if number == 0 else ())
    bits = np.ones(len(made))
    bits[-3:] = 50.0
    heads, windows = FittedHeads(made, []), np.arange(len(made))
    learned = frozenset(range(3))
    rows = context_models(heads, bits)
    assert [row.limits_of_fit for row in rows] == [False, False, True, True]
    for row, alone in zip(rows, [*head_models(heads), *head_models(heads)], strict=True):
        assert row.name.startswith(f"{alone.name} + context")
        assert (row.against, row.reads_rules) == ("" if row.limits_of_fit else alone.name, alone.reads_rules)
        before, names = alone.fit(learned, LABELS, 0)(windows)
        assert row.fit(learned, LABELS, 0)(windows)[1] == pytest.approx(names)
        assert row.alarm is not None
        after = row.alarm(learned, LABELS, 0)(windows)[0]
        had_past = past_windows(made)[:-3] >= LEAST_PAST
        assert after[:-3][~had_past] == pytest.approx(before[:-3][~had_past], rel=1e-5)
        if row.limits_of_fit:
            assert np.all(after[:-3][had_past] < before[:-3][had_past])
        else:
            assert after[:-3] == pytest.approx(before[:-3], rel=1e-5)
        assert np.all(after[-3:] > before[-3:])


def test_names_are_kept_and_belong_to_what_was_learned_from(corpus_folder: Path, tmp_path: Path) -> None:
    run_recipe(PretrainRecipe(corpus_folder, tmp_path / "run", layers=1, steps=4, batch_tokens=256))
    plan, kept, windows = FinetunePlan(tokens=500, batch=4), tmp_path / "names", np.arange(6)

    def ask(named: NamedTexts) -> tuple[np.ndarray, int]:
        heads, steps = FittedHeads(table(), [named]), list[int]()
        encoders = TechniqueEncoders(
            heads.table,
            heads.words,
            heads.named,
            tmp_path / "run",
            plan,
            kept=kept,
            report=lambda read, _: steps.append(read),
        )
        return encoders.names(frozenset(range(3)), LABELS, 0)(windows), len(steps)

    first, trained = ask(NAMED)
    again, retrained = ask(NAMED)
    assert (trained > 0, retrained) == (True, 0)
    assert again == pytest.approx(first, abs=1e-3)
    assert ask(replace(NAMED, share=NAMED.share / 2))[1] > 0
    assert len(list(kept.iterdir())) == 2
