"""Streams inside streams: compressed files and archives, unpacked layer by layer within one budget."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from loglm.errors import SourceLocation
from loglm.events.archives import Member, archive_of, tar_members, zip_members, zip_members_in_order
from loglm.events.decompression import READ_ERRORS, Budget, InputBytes, Unpacked, compression_of, decompressed
from loglm.events.discovery import LeaveOut, unwanted
from loglm.events.problems import Problems
from loglm.events.source import HEAD_BYTES, Source

__all__ = ["MAX_LAYERS", "expand"]

MAX_LAYERS = 3
"""How deep packed things are unpacked: a ``.gz`` in a ``.tar.zst`` is three layers deep."""


def expand(
    name: str,
    stream: io.BufferedReader,
    budget: Budget,
    problems: Problems,
    *,
    file: io.BufferedReader | None = None,
    leave_out: LeaveOut | None = None,
) -> Iterator[Source]:
    """Yield the streams that a stream holds: itself where it is not packed.

    Args:
        name: Name to show; ``!member`` is appended inside archives.
        stream: Positioned at the start, with a buffer of `HEAD_BYTES`.
        budget: What all layers together may unpack to.
        problems: Takes notes on what cannot be read.
        file: The same bytes where they can be sought in, as a zip's directory needs.
        leave_out: Which members of archives are not read; those that are no logs where none is given.
    """
    yield from _Layer(name, 0, budget, problems, leave_out or unwanted).expand(stream, file)


@dataclass(slots=True)
class _Layer:
    name: str
    depth: int
    budget: Budget
    problems: Problems
    leave_out: LeaveOut

    def expand(self, stream: io.BufferedReader, file: io.BufferedReader | None = None) -> Iterator[Source]:
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        packing = compression_of(head) or archive_of(head)
        if packing is None:
            if head:
                yield Source(self.name, stream, head)
            elif not (isinstance(stream.raw, Unpacked) and stream.raw.failed):
                self.note("empty", "holds no bytes")
        elif self.depth >= MAX_LAYERS:
            self.note("nested-too-deep", f"{packing} inside {MAX_LAYERS} layers of packing is not unpacked")
        elif packing == "zip":
            yield from self.members(self.zip_members(stream, file))
        elif packing == "tar":
            yield from self.members(tar_members(InputBytes(stream)))
        else:
            yield from self.unpacked(decompressed(stream, packing), self.name)

    def members(self, members: Iterator[Member]) -> Iterator[Source]:
        """The streams of an archive's members, up to where it is damaged or over the budget."""
        while not self.budget.exceeded:
            try:
                member = next(members, None)
            except READ_ERRORS as error:
                self.note("truncated" if isinstance(error, EOFError) else "damaged", f"{error}; later members are lost")
                return
            if member is None:
                return
            name = f"{self.name}!{member.name}"
            reason = self.leave_out(member.name)
            if reason:
                self.problems.note(*reason, SourceLocation(name))
            elif member.problem:
                kind = "encrypted" if member.problem == "encrypted" else "unsupported-archive"
                self.problems.note(kind, f"cannot be unpacked: {member.problem}", SourceLocation(name))
            else:
                yield from self.unpacked(member.pieces, name)

    def zip_members(self, stream: io.BufferedReader, file: io.BufferedReader | None) -> Iterator[Member]:
        if file is None:
            yield from zip_members_in_order(InputBytes(stream))
            return
        self.budget.read_bytes += file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            yield from zip_members(file)
        except zipfile.BadZipFile as error:
            self.note("damaged", f"{error}; its members are read in order of place")
            file.seek(0)
            yield from zip_members_in_order(InputBytes(file))

    def unpacked(self, pieces: Iterator[bytes], name: str) -> Iterator[Source]:
        raw = Unpacked(pieces, self.budget, SourceLocation(name), self.problems)
        inner = _Layer(name, self.depth + 1, self.budget, self.problems, self.leave_out)
        yield from inner.expand(io.BufferedReader(raw, HEAD_BYTES))

    def note(self, kind: str, message: str) -> None:
        self.problems.note(kind, message, SourceLocation(self.name))
