from __future__ import annotations

import os
from pathlib import Path

import pytest

from loglm.errors import InputError
from loglm.events.discovery import discover
from loglm.events.problems import Problems


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.log", "a.log", "sub/c.log", ".hidden", ".git/config", "logo.PNG"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x\n")
    return tmp_path


def names(found: list[Path | str], top: Path) -> list[str]:
    return [str(Path(path).relative_to(top)) for path in found]


def test_discover_walks_folders_in_order_of_name(tree: Path) -> None:
    problems = Problems()
    assert names(discover([tree], problems), tree) == ["a.log", "b.log", "sub/c.log"]
    assert problems.notes == {"hidden": 2, "not-a-log": 1}


def test_discover_takes_a_named_file_whatever_its_name(tree: Path) -> None:
    problems = Problems()
    assert names(discover([tree / ".hidden", tree / "logo.PNG"], problems), tree) == [".hidden", "logo.PNG"]
    assert not problems.notes


def test_discover_survives_links_in_a_circle(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "sub" / "self").symlink_to(tree / "sub" / "self")
    problems = Problems()
    assert names(discover([tree], problems), tree) == ["a.log", "b.log", "sub/c.log"]
    assert problems.notes["unreadable"] == 1


def test_discover_lists_a_file_once(tree: Path) -> None:
    (tree / "current").symlink_to(tree / "a.log")
    problems = Problems()
    assert names(discover([tree / "a.log", tree], problems), tree) == ["a.log", "b.log", "sub/c.log"]
    assert problems.notes["listed-twice"] == 2


@pytest.mark.parametrize(("pattern", "expected"), [("*.log", ["a.log", "b.log"]), ("**/c.*", ["sub/c.log"])])
def test_discover_expands_patterns(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(discover([str(tree / pattern)], Problems()), tree) == expected


def test_discover_expands_relative_patterns(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert discover(["s*/c.log"], Problems()) == [Path("sub/c.log")]


def test_discover_reads_stdin_once(tree: Path) -> None:
    assert discover(["-", tree / "a.log", "-"], Problems()) == ["-", tree / "a.log"]


def test_discover_suggests_a_near_name(tree: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file or folder .*did you mean .*a\.log"):
        discover([tree / "aa.log"], Problems())


def test_discover_tells_a_broken_link_from_a_missing_file(tree: Path) -> None:
    (tree / "loop").symlink_to("loop")
    with pytest.raises(InputError, match=r"/loop' is a link that leads to no file or folder\. Expected files"):
        discover([tree / "loop"], Problems())


def test_discover_says_what_it_takes_in_a_sentence_of_its_own(tree: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file or folder '[^']*/zzz'\. Expected files, folders, patterns"):
        discover([tree / "zzz"], Problems())


@pytest.mark.parametrize("kind", [str, Path])
def test_discover_wants_a_list(kind: type) -> None:
    with pytest.raises(InputError, match=r"expected a list of paths, got 'logs' alone; write \['logs'\]"):
        discover(kind("logs"), Problems())


def test_discover_does_not_take_an_empty_path_for_the_working_folder() -> None:
    with pytest.raises(InputError, match="an empty path was given"):
        discover([""], Problems())


def test_discover_refuses_a_pattern_that_fits_nothing(tree: Path) -> None:
    with pytest.raises(InputError, match="no file fits the pattern"):
        discover([str(tree / "*.evtx")], Problems())


def test_discover_refuses_a_path_in_no_folder(tree: Path) -> None:
    with pytest.raises(InputError, match="nor is there a folder"):
        discover([tree / "none" / "x.log"], Problems())


def test_discover_notes_a_folder_without_logs(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    problems = Problems()
    assert discover([tmp_path], problems) == []
    assert problems.notes == {"not-a-log": 1, "empty-folder": 1}


def test_discover_leaves_pipes_in_folders_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    problems = Problems()
    assert discover([tmp_path], problems) == []
    assert problems.notes["unreadable"] == 1
