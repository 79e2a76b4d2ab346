"""Folders of versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loglm.artifacts.folder import MANIFEST, open_model_dir
from loglm.artifacts.versions import add_version, current_version, list_versions, make_current
from loglm.errors import InputError, ModelError, OtherFormatError


def folder_of(root: Path, count: int) -> Path:
    for number in range(count):
        made = add_version(root, lambda f, n=number: (f / "a").write_text(str(n)) and None, about={"name": "m"})
        make_current(root, made.name)
    return root


def test_folder_of_versions_opens_as_its_current_one(tmp_path: Path) -> None:
    folder_of(tmp_path, 3)
    assert open_model_dir(tmp_path)[0].name == "0002"
    make_current(tmp_path, "0001")
    assert (open_model_dir(tmp_path)[0] / "a").read_text() == "1"
    assert [version.is_current for version in list_versions(tmp_path)] == [False, True, False]


def test_versions_go_on_after_a_million(tmp_path: Path) -> None:
    folder_of(tmp_path, 1)
    (tmp_path / "versions" / "0000").rename(tmp_path / "versions" / "999999")
    for name in ("1000000", "1000001"):
        folder_of(tmp_path, 1)
        assert current_version(tmp_path) == name == open_model_dir(tmp_path)[0].name


def test_damaged_version_is_told_and_never_made_current(tmp_path: Path) -> None:
    folder_of(tmp_path, 2)
    (tmp_path / "versions" / "0000" / "a").write_text("changed")
    assert "altered" in list_versions(tmp_path)[0].problem
    with pytest.raises(ModelError, match="altered"):
        make_current(tmp_path, "0000")
    assert current_version(tmp_path) == "0001"


@pytest.mark.parametrize("name", ["../../etc", "0009", ""])
def test_only_versions_that_are_there_can_be_current(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path, 1)
    with pytest.raises(InputError, match="no version"):
        make_current(tmp_path, name)


@pytest.mark.parametrize("pointer", ["../..", "/etc", "", "0001/../../.."])
def test_pointer_to_elsewhere_is_refused(tmp_path: Path, pointer: str) -> None:
    folder_of(tmp_path, 1)
    (tmp_path / "current").write_text(pointer)
    with pytest.raises(ModelError, match="names no version"):
        open_model_dir(tmp_path)


def test_any_other_folder_has_no_versions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder of versions"):
        list_versions(tmp_path)


def set_format(folder: Path, value: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"format_version": value}))


@pytest.mark.parametrize("damage", ["format", "altered", "missing"])
def test_of_a_current_version_that_cannot_be_used_another_is_named(tmp_path: Path, damage: str) -> None:
    folder_of(tmp_path, 4)
    newest, before = tmp_path / "versions" / "0003", tmp_path / "versions" / "0002"
    (before / "a").write_text("changed")
    if damage == "format":
        set_format(newest, 2)
    else:
        (newest / "a").unlink()
        (newest / "a").write_text("changed") if damage == "altered" else None
    with pytest.raises(ModelError) as raised:
        open_model_dir(tmp_path)
    assert f"Version 0001 is whole: `loglm model rollback {tmp_path} --to 0001`" in str(raised.value)
    make_current(tmp_path, "0001")
    assert open_model_dir(tmp_path)[0].name == "0001"


@pytest.mark.parametrize(
    ("value", "shown"), [(2, "2"), ("1", "'1'"), (None, "None"), ("9" * 99, "'9999999999999999999")]
)
def test_another_format_is_refused_with_what_to_do(tmp_path: Path, value: object, shown: str) -> None:
    folder_of(tmp_path, 1)
    set_format(tmp_path / "versions" / "0000", value)
    with pytest.raises(OtherFormatError) as raised:
        open_model_dir(tmp_path)
    said = str(raised.value)
    assert f"of format {shown}, but this loglm reads format 1; if a newer loglm made it, use that one; if not" in said
    assert said.endswith("copy the folder again")
