from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from loglm.detection.sigma.sources import RULE_BYTES, fingerprint, rule_files
from loglm.errors import InputError

FILES = {"rules/a.yml": b"title: a", "rules/deep/b.yaml": b"title: b", "rules/README.md": b"# no"}


def make_folder(path: Path) -> Path:
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def tar_bytes() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def make_tar_zst(path: Path) -> Path:
    target = path / "rules.tar.zst"
    target.write_bytes(zstandard.ZstdCompressor().compress(tar_bytes()))
    return target


def make_tar_gz(path: Path) -> Path:
    import gzip

    target = path / "rules.tar.gz"
    target.write_bytes(gzip.compress(tar_bytes()))
    return target


def make_zip(path: Path) -> Path:
    target = path / "rules.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return target


@pytest.mark.parametrize("make", [make_folder, make_tar_zst, make_tar_gz, make_zip])
def test_rule_files_are_found_wherever_they_are(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    found = [(file.path, file.data) for file in rule_files(make(tmp_path))]
    assert found == [("rules/a.yml", b"title: a"), ("rules/deep/b.yaml", b"title: b")]


@pytest.mark.parametrize("make", [make_tar_zst, make_zip])
def test_folder_with_only_an_archive_says_to_give_the_archive(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    archive = make(tmp_path)
    with pytest.raises(InputError, match="no Sigma rules here: the folder holds") as refused:
        fingerprint(tmp_path)
    assert f"give one itself, such as {str(archive)!r}" in str(refused.value)


def test_folder_without_rules_or_archives_is_refused_without_a_hint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.yml or \.yaml file\.$"):
        list(rule_files(tmp_path))


def test_single_file_is_a_rule_set(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"title: a")
    assert [file.path for file in rule_files(tmp_path / "a.yml")] == ["a.yml"]


def test_long_file_comes_without_content(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"#" * (RULE_BYTES + 1))
    assert [file.data for file in rule_files(tmp_path)] == [None]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("rules.zip", b"PK\x03\x04 not really", "cannot be read"),
        ("rules.tar.zst", b"\x28\xb5\x2f\xfd cut", "cannot be read"),
        ("rules.tar.gz", b"\x1f\x8b\x08 cut", "cannot be read"),
        ("rules.tar", b"\0 not a tar" * 100, "cannot be read"),
        ("rules.rar", b"", "accepted: .yml"),
    ],
)
def test_unusable_file_is_an_input_error(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=reason):
        list(rule_files(tmp_path / name))


def test_truncated_archive_is_an_input_error(tmp_path: Path) -> None:
    path = make_tar_zst(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        list(rule_files(path))


def test_missing_path_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(rule_files(tmp_path / "none"))


def test_fingerprint_changes_with_content_and_names(tmp_path: Path) -> None:
    first = fingerprint(make_folder(tmp_path))
    assert fingerprint(tmp_path) == first
    (tmp_path / "rules/a.yml").write_bytes(b"title: A")
    second = fingerprint(tmp_path)
    (tmp_path / "rules/a.yml").rename(tmp_path / "rules/c.yml")
    assert len({first, second, fingerprint(tmp_path)}) == 3
