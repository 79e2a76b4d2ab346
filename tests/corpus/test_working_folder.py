"""The working folder: one run at a time; kept while it is of use, else removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loglm.corpus.working_folder import open_working_folder, working_folder
from loglm.errors import EmptyInputError, InputError


def test_a_second_run_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs POSIX locks")
    out = tmp_path / "corpus"
    with (
        open_working_folder(out),
        pytest.raises(InputError, match="another run is building it"),
        open_working_folder(out),
    ):
        pass
    assert not working_folder(out).exists()


@pytest.mark.parametrize(("error", "stays"), [(OSError, True), (EmptyInputError, False)], ids=["full disk", "no logs"])
def test_finished_parts_stay_where_they_are_of_use(tmp_path: Path, error: type[Exception], stays: bool) -> None:
    with pytest.raises(error), open_working_folder(tmp_path / "corpus") as folder:
        (folder / "read-00000").mkdir()
        raise error("reason")
    assert (folder / "read-00000").is_dir() is stays


def test_what_a_killed_worker_left_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    (working_folder(out) / ".read-00000.17").mkdir(parents=True)
    with open_working_folder(out) as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]


def test_nobody_begins_in_a_folder_while_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose parts would be removed with those of the run before."""
    pytest.importorskip("fcntl", reason="needs POSIX locks")
    out, removed, remove = tmp_path / "corpus", list[Path](), shutil.rmtree

    def remove_slowly(path: Path) -> None:
        with pytest.raises(InputError, match="another run is building it"), open_working_folder(out):
            pass
        remove(path)
        removed.append(path)

    with open_working_folder(out) as folder:
        (folder / "read-00000").mkdir()
        monkeypatch.setattr("loglm.corpus.working_folder.shutil.rmtree", remove_slowly)
    assert removed == [folder / "read-00000"]
    assert not list(tmp_path.iterdir())


def test_a_run_that_begins_when_the_folder_goes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It found the folder, and when it would lock it there is none."""
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)
    with pytest.raises(InputError, match="another run is building it"), open_working_folder(tmp_path / "corpus"):
        pass
