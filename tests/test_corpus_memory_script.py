"""benchmarks/corpus_memory.py: peaks are those of the work alone, and rows hold what grows with the documents."""

from __future__ import annotations

import operator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus.documents import read_range

_STATUS = Path("/proc/self/status")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """By its own name, so that the processes that it starts find it too."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    return import_module("corpus_memory")


@pytest.mark.skipif(not _STATUS.is_file() or "VmHWM" not in _STATUS.read_text(), reason="needs /proc")
def test_a_peak_is_of_the_work_alone(script: ModuleType) -> None:
    little, much = (script.peak(operator.mul, b"x", size) for size in (1, 100_000_000))
    assert much - little == pytest.approx(1e8, rel=0.1)


def test_documents_are_as_steps_read_them(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "FILE_TEXTS", 40)
    paths = script.write_files(tmp_path, 100, words_each=3)
    rows = read_range(paths, 0, (1 << 64) - 1)
    assert [len(paths), len(rows), rows["hash"].n_unique()] == [3, 100, 100]
    assert set(rows["text"].str.len_chars()) == {23}


def test_a_row_holds_what_a_document_more_needs(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    script.show(lambda _, documents: {"plan": 5_000_000 + 2_000 * documents}, 900)
    assert capsys.readouterr().out.split() == ["plan", "900", "2,000", "7"]
