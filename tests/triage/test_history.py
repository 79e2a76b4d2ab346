"""A history keeps what it learned, whole, and for one model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from loglm.artifacts.database import EncoderId
from loglm.errors import InputError, ModelError, SourceLocation
from loglm.triage.history import History, Learned
from loglm.triage.incidents import Ruling
from loglm.triage.records import Incident
from loglm.triage.verdicts import Verdict
from read_only import read_only

ENCODER = EncoderId("tiny", "abc", 2)
PLACE = SourceLocation("past.csv", 2)


def incident(name: str, time: float | None = None) -> Incident:
    return Incident(name, f"title of {name}", (f"text of {name}",), PLACE, time)


def learn(folder: Path, verdicts: dict[str, Verdict], times: dict[str, float] | None = None) -> Learned:
    incidents = [incident(name, (times or {}).get(name)) for name in verdicts]
    rulings = [Ruling(name, verdict, PLACE) for name, verdict in verdicts.items()]
    vectors = np.tile(np.asarray([[0.6, 0.8]], np.float32), (len(incidents), 1))
    with History(folder, ENCODER) as history:
        return history.learn(incidents, vectors, rulings)


def kept(folder: Path) -> dict[str, Verdict]:
    with History(folder, ENCODER) as history:
        return {past.incident_id: past.verdict for past in history.incidents().incidents}


def test_what_was_learned_is_there_again_oldest_first(tmp_path: Path) -> None:
    both = {"b": Verdict.TRUE_POSITIVE, "a": Verdict.FALSE_POSITIVE}
    learn(tmp_path / "h", both, {"a": 1.0, "b": 2.0})
    assert list(kept(tmp_path / "h").items()) == [("a", Verdict.FALSE_POSITIVE), ("b", Verdict.TRUE_POSITIVE)]
    with History(tmp_path / "h", ENCODER) as history:
        past = history.incidents()
    np.testing.assert_allclose(past.vectors, [[0.6, 0.8]] * 2, atol=1e-3)
    assert past.incidents[0].location == PLACE


def test_learning_the_same_again_adds_nothing(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    again = learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    assert (again.incidents, again.changed, again.verdicts, again.contradictions) == (0, 0, 0, [])


def test_an_id_that_comes_again_with_another_time_takes_the_place_of_the_first(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE, "b": Verdict.TRUE_POSITIVE}, {"a": 1.0})
    again = learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE, "b": Verdict.TRUE_POSITIVE}, {"a": 2.0})
    assert (again.incidents, again.changed, again.verdicts) == (0, 1, 0)
    with History(tmp_path / "h", ENCODER) as history:
        assert history.incidents().marks["a"] == incident("a", 2.0).mark


def test_a_newer_verdict_counts_and_is_said(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    changed = learn(tmp_path / "h", {"a": Verdict.BENIGN_POSITIVE})
    assert kept(tmp_path / "h") == {"a": Verdict.BENIGN_POSITIVE}
    assert str(changed.contradictions[0]) == (
        "past.csv:2: a is a benign positive, but a true positive at past.csv:2; the latter counts"
    )


def test_nothing_of_a_failed_lesson_stays(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    with History(tmp_path / "h", ENCODER) as history, pytest.raises(ValueError, match="shorter"):
        history.learn([incident("b"), incident("c")], np.zeros((1, 2), np.float32), [])
    with History(tmp_path / "h", ENCODER) as history:
        assert set(history.marks(["a", "b", "c"])) == {"a"}


def test_another_model_is_refused(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    with pytest.raises(ModelError, match=r"the history is of the model 'tiny' .*; give that model with --model"):
        History(tmp_path / "h", EncoderId("other", "def", 2))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="no history in it, and not empty"):
        History(tmp_path, ENCODER)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    (tmp_path / "h" / "history.sqlite").write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(InputError, match=r"the history is damaged .*; restore it from a copy"):
        History(tmp_path / "h", ENCODER)


def test_reading_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path / "h") == {}
    assert not (tmp_path / "h").exists()


def test_a_history_that_cannot_be_written_is_judged_by_and_keeps_nothing(tmp_path: Path) -> None:
    learn(tmp_path / "h", {"a": Verdict.TRUE_POSITIVE})
    with read_only(tmp_path / "h") as folder:
        assert kept(folder) == {"a": Verdict.TRUE_POSITIVE}
        with History(folder, ENCODER) as history:
            assert history.is_read_only
            assert history.forget([]) == set()
        with pytest.raises(InputError, match="the history is read-only, so verdicts cannot be kept in it"):
            learn(folder, {"b": Verdict.FALSE_POSITIVE})
        with pytest.raises(InputError, match="verdicts cannot be kept"), History(folder, ENCODER) as history:
            history.forget(["a"])
        assert kept(folder) == {"a": Verdict.TRUE_POSITIVE}


_OPEN_AND_LEARN = """
import sys
from pathlib import Path
import numpy as np
from loglm.triage.history import History
from triage.test_history import ENCODER, incident
for line in sys.stdin:
    folder, name = line.split()
    with History(Path(folder), ENCODER) as history:
        history.learn([incident(name)], np.asarray([[0.6, 0.8]], np.float32), [])
    print("learned", flush=True)
"""


def test_processes_that_are_first_at_once_all_learn(tmp_path: Path) -> None:
    tests = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((tests, os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, "-c", _OPEN_AND_LEARN]
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            )
            for _ in range(2)
        ]
        for turn in range(20):
            assert _learn_at_once(both, tmp_path / str(turn)) == {"i0", "i1"}


def _learn_at_once(processes: Sequence[subprocess.Popen[str]], folder: Path) -> set[str]:
    for number, process in enumerate(processes):
        assert process.stdin is not None
        process.stdin.write(f"{folder} i{number}\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "learned\n"
    with History(folder, ENCODER) as history:
        return set(history.marks(["i0", "i1"]))
