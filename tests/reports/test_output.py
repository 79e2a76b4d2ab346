"""Report files appear whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from loglm.errors import InputError
from loglm.reports.output import open_report


def test_path_is_written(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with open_report(target) as stream:
        stream.write("Zürich\n")
    assert target.read_bytes() == "Zürich\n".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_text_path_is_a_path(tmp_path: Path) -> None:
    with open_report(str(tmp_path / "report.txt")) as stream:
        stream.write("x")
    assert (tmp_path / "report.txt").read_text() == "x"


def test_stream_is_left_open() -> None:
    given = io.StringIO()
    with open_report(given) as stream:
        stream.write("x")
    assert given.getvalue() == "x"


def test_error_leaves_the_old_report_and_no_part(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"), open_report(target) as stream:
        stream.write("half")
        raise ValueError("stop")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_absent_folder_is_named(tmp_path: Path) -> None:
    target = tmp_path / "absent" / "report.txt"
    with pytest.raises(InputError, match=r"folder .*absent does not exist") as caught, open_report(target):
        pass
    assert caught.value.location is not None
    assert caught.value.location.path == str(target)


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"), open_report(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_forbidden_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"), open_report(tmp_path / "report.txt"):
        pass


def test_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"too long\. Give the name of another"),
        open_report(tmp_path / ("x" * 300)) as stream,
    ):
        stream.write("x")
    assert list(tmp_path.iterdir()) == []


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with open_report(tmp_path / "link.txt") as stream:
        stream.write("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_device_is_written_directly() -> None:
    with open_report("/dev/null") as stream:
        stream.write("x")
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_an_input_error() -> None:
    said = r"^/dev/full: cannot be written: No space left on device\. Make room on the disk, or give the name"
    with pytest.raises(InputError, match=said), open_report("/dev/full") as stream:
        stream.write("x")


def test_undecodable_text_does_not_stop_a_report(tmp_path: Path) -> None:
    with open_report(tmp_path / "report.txt") as stream:
        stream.write("a\udcffb")
    assert (tmp_path / "report.txt").read_text() == "a?b"
