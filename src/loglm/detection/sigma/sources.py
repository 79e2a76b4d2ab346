"""Finding the YAML files of a rule set: in a folder, a single file, a tar or a zip archive."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol, cast

import zstandard

from loglm.errors import InputError, SourceLocation

__all__ = ["RULE_BYTES", "RuleFile", "fingerprint", "rule_files"]

RULE_BYTES: Final = 1_048_576
"""Larger rule files are not read."""
_ARCHIVE_BYTES: Final = 512 * 1_048_576
"""An archive that unpacks to more is refused."""
_SUFFIXES: Final = (".yml", ".yaml")
_TAR_SUFFIXES: Final = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
_ARCHIVES: Final = (".zip", *_TAR_SUFFIXES)
_UNREADABLE: Final = (
    OSError,
    EOFError,
    ValueError,
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zstandard.ZstdError,
    NotImplementedError,
    RuntimeError,
)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One YAML file of a rule set."""

    path: str
    """Relative to the folder or archive; the file's name for a single file."""
    data: bytes | None
    """Its content; None where it is longer than `RULE_BYTES`."""


class _Limited:
    """A stream that refuses to give more than `_ARCHIVE_BYTES`."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self._left = _ARCHIVE_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {_ARCHIVE_BYTES:,} bytes")
        return data


def rule_files(path: Path) -> Iterator[RuleFile]:
    """Yield the YAML files of a rule set in a stable order.

    Args:
        path: A folder (searched recursively), a ``.yml``/``.yaml`` file, or an archive: ``.zip``, ``.tar``, or a
            tar compressed with zst, gz, bz2 or xz.

    Raises:
        InputError: Nothing is at the path, it is of another kind, the folder holds no YAML file, or the archive is
            damaged or too large.
    """
    if path.is_dir():
        yield from _folder(path)
    elif not path.is_file():
        raise InputError("no rules here: there is no such file or folder", SourceLocation(str(path)))
    elif path.name.endswith(_SUFFIXES):
        yield RuleFile(path.name, _capped(path))
    elif path.name.endswith(_ARCHIVES):
        yield from _archive(path)
    else:
        accepted = ", ".join((*_SUFFIXES, *_ARCHIVES))
        raise InputError(f"not a kind of file that holds Sigma rules; accepted: {accepted}", SourceLocation(str(path)))


def fingerprint(path: Path) -> bytes:
    """32 bytes that change with the content of a rule set: names and bytes of a folder's files, an archive's bytes.

    Raises:
        InputError: Nothing is at the path, or the folder holds no YAML file.
    """
    digest = hashlib.blake2b(digest_size=32)
    if path.is_dir():
        for file in _folder(path):
            digest.update(f"{file.path}\0{-1 if file.data is None else len(file.data)}\0".encode())
            digest.update(file.data or b"")
    elif path.is_file():
        digest.update(f"{path.name}\0".encode())
        with path.open("rb") as stream:
            while block := stream.read(1_048_576):
                digest.update(block)
    else:
        raise InputError("no rules here: there is no such file or folder", SourceLocation(str(path)))
    return digest.digest()


def _folder(folder: Path) -> Iterator[RuleFile]:
    files = [file for file in sorted(folder.rglob("*.y*ml")) if file.name.endswith(_SUFFIXES) and file.is_file()]
    if not files:
        raise InputError(_without_rules(folder), SourceLocation(str(folder)))
    for file in files:
        yield RuleFile(file.relative_to(folder).as_posix(), _capped(file))


def _without_rules(folder: Path) -> str:
    archives = [file for file in sorted(folder.iterdir()) if file.name.endswith(_ARCHIVES) and file.is_file()]
    hint = f" Archives in a folder are not opened; give one itself, such as {str(archives[0])!r}." if archives else ""
    return f"no Sigma rules here: the folder holds no {' or '.join(_SUFFIXES)} file.{hint}"


def _capped(file: Path) -> bytes | None:
    with file.open("rb") as stream:
        data = stream.read(RULE_BYTES + 1)
    return data if len(data) <= RULE_BYTES else None


def _archive(path: Path) -> Iterator[RuleFile]:
    try:
        members = _zip_members(path) if path.name.endswith(".zip") else _tar_members(path)
        yield from sorted(members, key=lambda file: file.path)
    except _UNREADABLE as error:
        raise InputError(f"this archive of rules cannot be read: {error}", SourceLocation(str(path))) from error


def _tar_members(path: Path) -> Iterator[RuleFile]:
    with path.open("rb") as stream:
        limited = cast("IO[bytes]", _Limited(_decompressed(path.name, stream)))
        with tarfile.open(fileobj=limited, mode="r|") as archive:
            for member in archive:
                if not (member.isreg() and member.name.endswith(_SUFFIXES)):
                    continue
                content = archive.extractfile(member) if member.size <= RULE_BYTES else None
                yield RuleFile(member.name, content.read() if content else None)


def _decompressed(name: str, stream: IO[bytes]) -> _Readable:
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(stream)
    if name.endswith((".gz", ".tgz")):
        return gzip.GzipFile(fileobj=stream)
    if name.endswith(".bz2"):
        return bz2.BZ2File(stream)
    if name.endswith(".xz"):
        return lzma.LZMAFile(stream)
    return stream


def _zip_members(path: Path) -> Iterator[RuleFile]:
    total = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir() or not member.filename.endswith(_SUFFIXES):
                continue
            with archive.open(member) as content:
                data = content.read(RULE_BYTES + 1)
            total += len(data)
            if total > _ARCHIVE_BYTES:
                raise ValueError(f"it unpacks to more than {_ARCHIVE_BYTES:,} bytes")
            yield RuleFile(member.filename, data if len(data) <= RULE_BYTES else None)
