"""Benchmark files: found by name, read compressed or not, refused when broken."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from loglm.errors import InputError
from loglm.evaluation.plain_files import find_file, read_text


def test_a_file_is_found_below_the_folder_under_its_whole_name(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.log_structured.csv").touch()
    (tmp_path / "inner" / "a.log.zst").touch()
    assert find_file(tmp_path, "a.log") == tmp_path / "inner" / "a.log.zst"
    assert find_file(tmp_path, "b.log") is None


def test_compressed_and_plain_text_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("größe\n".encode())
    (tmp_path / "b.zst").write_bytes(zstandard.compress("größe\n".encode()))
    assert read_text(tmp_path / "a") == read_text(tmp_path / "b.zst") == "größe\n"


def test_what_is_no_text_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"caf\xe9")
    assert read_text(tmp_path / "a") == "caf\ufffd"


@pytest.mark.parametrize("name", ["broken.zst", "absent"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.zst").write_bytes(b"no zstd")
    with pytest.raises(InputError, match=name):
        read_text(tmp_path / name)
