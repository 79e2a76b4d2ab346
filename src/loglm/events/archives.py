"""The members of tar and zip archives as streams. Nothing is written to disk; names are only shown."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from loglm.events.decompression import InputBytes

__all__ = ["Member", "archive_of", "tar_members", "zip_members", "zip_members_in_order"]

_BLOCK = 512
_PIECE_BYTES = 1 << 16
_MAX_NAME_BYTES = 1 << 16
_ENCRYPTED = 1
_SIZES_FOLLOW = 8
_LOCAL_HEADER = b"PK\x03\x04"
_CENTRAL_HEADER = b"PK\x01\x02"


@dataclass(slots=True)
class Member:
    """A file in an archive. Its pieces can be read until the next member is asked for."""

    name: str
    """Shown only; characters that do not print are replaced by ``?``."""
    pieces: Iterator[bytes]
    """Unpacked bytes; reading them raises `loglm.events.decompression.READ_ERRORS` where they are damaged."""
    problem: str | None = None
    """Why it cannot be read: ``encrypted`` or an unknown compression; None where it can."""


def archive_of(head: bytes) -> str | None:
    """``zip`` or ``tar`` by the first bytes; None for anything else."""
    if head.startswith((_LOCAL_HEADER, b"PK\x05\x06")):
        return "zip"
    return "tar" if len(head) >= _BLOCK and _tar_checksum_fits(head[:_BLOCK]) else None


# --- tar: POSIX ustar, GNU long names, pax paths and sizes -------------------------------------------------------


def tar_members(source: InputBytes) -> Iterator[Member]:
    """Yield the regular files of a tar stream.

    Raises:
        EOFError: It stops inside a header.
        ValueError: A header is broken.
    """
    name: str | None = None
    size: int | None = None
    while header := source.take_up_to(_BLOCK):
        if len(header) < _BLOCK:
            raise EOFError("the tar archive stops inside a header")
        if not header.strip(b"\0"):
            return
        if not _tar_checksum_fits(header):
            raise ValueError("a tar header is broken")
        kind, stored = header[156:157], _tar_number(header[124:136])
        if kind == b"L":
            name = _shown(_small(source, stored).rstrip(b"\0"))
        elif kind == b"x":
            pax = _pax_fields(_small(source, stored))
            name = _shown(pax["path"]) if "path" in pax else name
            size = int(pax["size"]) if pax.get("size", b"").isdigit() else size
        else:
            length = stored if size is None else size
            pieces = _exactly(source, length)
            if kind in (b"0", b"\0", b"7"):
                yield Member(name or _tar_name(header), pieces)
            for _ in pieces:
                pass
            _skip(source, -length % _BLOCK)
            name = size = None


def _tar_checksum_fits(header: bytes) -> bool:
    try:
        return int(header[148:156].strip(b" \0"), 8) == sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    except ValueError:
        return False


def _tar_number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


def _tar_name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _shown(prefix + b"/" + name if prefix else name)


def _pax_fields(data: bytes) -> dict[str, bytes]:
    """Fields of ``17 path=a/b.log\\n`` records."""
    fields = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 7 or int(length) <= len(length):
            break
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        fields[key.decode(errors="replace")] = value
        data = data[int(length) :]
    return fields


def _small(source: InputBytes, length: int) -> bytes:
    """The data of a header that describes the next member."""
    if length > _MAX_NAME_BYTES:
        raise ValueError(f"a tar header of {length:,} bytes")
    data = b"".join(_exactly(source, length))
    _skip(source, -length % _BLOCK)
    return data


# --- zip ---------------------------------------------------------------------------------------------------------


def zip_members(file: IO[bytes]) -> Iterator[Member]:
    """Yield the files of a zip archive whose directory can be sought to.

    Raises:
        zipfile.BadZipFile: The directory is absent or broken; `zip_members_in_order` may still read it.
    """
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = _shown(info.filename)
            if info.flag_bits & _ENCRYPTED:
                yield Member(name, iter(()), "encrypted")
            elif info.compress_type not in (0, 8, 12, 14):
                yield Member(name, iter(()), f"compressed by method {info.compress_type}, which is not supported")
            else:
                yield Member(name, _zip_pieces(archive, info))


def _zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


def zip_members_in_order(source: InputBytes) -> Iterator[Member]:
    """Yield the files of a zip stream from the headers before each: of a pipe, or one cut before its directory.

    Raises:
        EOFError: It stops inside a header, or a member of unknown length cannot be passed over.
    """
    while _find_local_header(source):
        _, flags, method, _, _, _, packed, size, name_size, extra_size = struct.unpack(
            "<HHHHHIIIHH", _exact_bytes(source, 26)
        )
        raw_name = _exact_bytes(source, name_size)
        packed, size = _zip64_sizes(_exact_bytes(source, extra_size), packed, size)
        name = _shown(raw_name)
        pieces: Iterator[bytes]
        problem = None
        unpack = _UNPACKERS.get(method)
        if flags & _ENCRYPTED or unpack is None or (method == 0 and flags & _SIZES_FOLLOW and not packed):
            problem = "encrypted" if flags & _ENCRYPTED else f"stored by method {method} without its length"
            pieces = _exactly(source, packed)
        else:
            pieces = unpack(source, packed)
        if not name.endswith("/"):
            yield Member(name, iter(()) if problem else pieces, problem)
        for _ in pieces:
            pass


def _find_local_header(source: InputBytes) -> bool:
    """Move behind the next local header's mark; False at the directory or the end."""
    window = b""
    while piece := source.take_up_to(_PIECE_BYTES):
        window += piece
        local, central = window.find(_LOCAL_HEADER), window.find(_CENTRAL_HEADER)
        if central >= 0 and not 0 <= local < central:
            return False
        if local >= 0:
            source.give_back(window[local + 4 :])
            return True
        window = window[-3:]
    return False


def _zip64_sizes(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1 and length >= 16 and packed == size == 0xFFFFFFFF:
            size, packed = struct.unpack("<QQ", extra[4:20])
        extra = extra[4 + length :]
    return packed, size


def _stored(source: InputBytes, packed: int) -> Iterator[bytes]:
    return _exactly(source, packed)


def _inflated(source: InputBytes, packed: int) -> Iterator[bytes]:  # noqa: ARG001 (the stream knows its end)
    inner = zlib.decompressobj(wbits=-15)
    while not inner.eof:
        yield inner.decompress(inner.unconsumed_tail or source.take(), _PIECE_BYTES)
    source.give_back(inner.unused_data)


_UNPACKERS: dict[int, Callable[[InputBytes, int], Iterator[bytes]]] = {0: _stored, 8: _inflated}


# --- both --------------------------------------------------------------------------------------------------------


def _exactly(source: InputBytes, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = source.take(min(length, _PIECE_BYTES))
        length -= len(piece)
        yield piece


def _exact_bytes(source: InputBytes, length: int) -> bytes:
    return b"".join(_exactly(source, length))


def _skip(source: InputBytes, length: int) -> None:
    """Pass over padding, which may be missing at the end."""
    source.take_up_to(length)


def _shown(name: str | bytes) -> str:
    text = name.decode(errors="replace") if isinstance(name, bytes) else name
    return "".join(char if char.isprintable() else "?" for char in text[:1024])
