"""benchmarks/coverage.py: every file goes through detection, and what is not whole is named."""

from __future__ import annotations

import csv
from pathlib import Path
from types import ModuleType

import pytest

from loglm.artifacts.folder import MANIFEST, default_model_dir
from loglm.detection.engine import DetectionRunner
from script_modules import load_benchmark

_ROOT = Path(__file__).resolve().parents[1]
_RECORD = '{"eventName": "GetUser", "eventSource": "iam.amazonaws.com", "eventTime": "2024-05-01T00:00:00Z"}\n'

pytestmark = pytest.mark.skipif(
    not (default_model_dir() / MANIFEST).is_file(), reason="needs the shipped model, src/loglm/data/model"
)


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    return load_benchmark("coverage")


def _rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_coverage_of_the_example_logs_is_whole(
    coverage: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "files.csv"
    assert coverage.main(["--data", str(_ROOT / "examples"), "logs", "--csv", str(table)]) == 0
    rows = _rows(table)
    assert set(rows) == {
        file.relative_to(_ROOT / "examples").as_posix()
        for file in (_ROOT / "examples" / "logs").rglob("*")
        if file.is_file()
    }
    assert all(row["read"] == row["scored"] != "0" for row in rows.values())
    total = sum(int(row["read"]) for row in rows.values())
    out, err = capsys.readouterr()
    assert f"| total | {len(rows)} | {total:,} | {total:,} | 0 | 0.00% |" in out
    assert out.endswith(f"{len(rows)} files: 0 crashed; 0 where records in are not scored + rejected\n")
    assert f"{len(rows)}/{len(rows)} files" in err


def test_coverage_names_files_with_rejected_records_and_notes(
    coverage: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "attack" / "one"
    folder.mkdir(parents=True)
    (folder / "cut.json").write_text(_RECORD * 3 + _RECORD[:40] + "\n")
    (folder / "none.log").touch()
    (folder / "whole.json").write_text(_RECORD)
    assert coverage.main(["--data", str(tmp_path), "attack"]) == 0
    out = capsys.readouterr().out
    assert "| attack/one | 3 | 4 | 4 | 1 | 20.00% |" in out
    assert "| attack/one/cut.json | 3 | 3 | 1 | malformed-json 1 |" in out
    assert "| attack/one/none.log | 0 | 0 | 0 | note empty 1 |" in out
    assert "whole.json" not in out


def test_coverage_describes_a_crash_and_goes_on(coverage: ModuleType) -> None:
    class Failing(DetectionRunner):
        def run(self, path: str, progress: object = None) -> object:  # type: ignore[override]
            raise ValueError("bad\nvalue")

    result = coverage.cover(Failing.load(), _ROOT, "examples/logs/web/error.log")
    assert result.crash.startswith("ValueError: bad value at test_coverage_script.py:")
    assert not result.is_whole


def test_coverage_is_not_whole_where_an_event_was_not_scored(coverage: ModuleType) -> None:
    whole = coverage.Coverage("attack/one/a.log", read=3, scored=3, rejected=1)
    lost = coverage.Coverage("attack/one/b.log", read=3, scored=2, rejected=1)
    assert whole.is_whole
    assert not lost.is_whole
    assert "records in are not scored + rejected: attack/one/b.log" in list(coverage.report([whole, lost]))
    assert coverage.total("both", [whole, lost]).records == 8


def test_coverage_refuses_a_folder_without_files(coverage: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        coverage.main(["--data", str(tmp_path)])
