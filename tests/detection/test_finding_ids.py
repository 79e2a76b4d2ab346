"""Ids of findings: the same for the same log wherever it lies, no two alike in a run."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from loglm.artifacts.folder import default_model_dir
from loglm.detection.engine import detect

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


def ids(*paths: Path | str) -> list[str]:
    return [finding.finding_id for finding in detect(paths, workers=1, threshold=0.0).findings]


def test_the_way_to_the_log_does_not_change_the_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXAMPLES / "ssh", tmp_path / "elsewhere")
    shutil.make_archive(str(tmp_path / "packed"), "gztar", EXAMPLES / "ssh")
    expected = ids(EXAMPLES / "ssh")
    monkeypatch.chdir(EXAMPLES)
    assert len(expected) > 0
    assert ids("ssh") == ids("./ssh/../ssh/auth.log") == ids(tmp_path / "elsewhere") == expected
    assert ids(tmp_path / "packed.tar.gz") == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((EXAMPLES / "ssh" / "auth.log").read_bytes())))
    assert ids("-") == expected


def test_the_order_of_the_paths_does_not_change_the_ids() -> None:
    assert sorted(ids(EXAMPLES / "ssh", EXAMPLES / "web")) == sorted(ids(EXAMPLES / "web", EXAMPLES / "ssh"))


def test_findings_of_two_copies_of_a_log_have_ids_of_their_own(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.log").write_text("powershell -enc JABjAGwAaQBlAG4AdAA= mimikatz\n" * 3)
    found = ids(tmp_path)
    assert len(found) == len(set(found)) == 2
    assert ids(tmp_path / "first")[0] in found


def test_other_events_have_other_ids(tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_text((EXAMPLES / "ssh" / "auth.log").read_text().replace("Nov 21", "Nov 20"))
    assert not set(ids(tmp_path)) & set(ids(EXAMPLES / "ssh"))
