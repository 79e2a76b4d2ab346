"""The files of a corpus in their order, which of them are held out, and how they are grouped into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loglm.corpus.sources import CorpusSource
from loglm.corpus.templates import text_hash
from loglm.errors import EmptyInputError, InputError
from loglm.events.discovery import discover
from loglm.events.problems import Problems

__all__ = ["CorpusFile", "Listing", "file_groups", "list_files"]

_GROUP_BYTES = 4 << 20
_GROUP_FILES = 50


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One input file."""

    number: int
    """Its place in the order of the corpus: benchmarks, then sources for training, then those held out whole."""
    source: int
    """Index of its source; benchmarks have -1, -2, ..."""
    path: str
    name: str
    """Path inside its source, the same on every machine."""
    identity: tuple[int, int]
    """Size in bytes and time of the last change in nanoseconds: an unchanged file is not read again."""
    is_held_out: bool
    """Texts that occur in such files alone are not for training: files of a source for training that were chosen for
    the in-distribution test, and all files of other sources."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All input of a corpus."""

    sources: tuple[CorpusSource, ...]
    """Those for training first."""
    benchmarks: tuple[CorpusSource, ...]
    files: tuple[CorpusFile, ...]

    def source_name(self, index: int) -> str:
        """Name of a source or, below 0, of a benchmark."""
        return self.sources[index].name if index >= 0 else f"benchmark {self.benchmarks[-1 - index].name}"


def list_files(
    sources: Sequence[CorpusSource], benchmarks: Sequence[CorpusSource], *, held_out: float, problems: Problems
) -> Listing:
    """Find the files of all sources.

    Of a source for training with enough files, a share of half of ``held_out`` is held out, by a hash of their names.

    Raises:
        InputError: A path does not exist, or is standard input.
        EmptyInputError: No source has a file, or a benchmark has none.
    """
    ordered = sorted(sources, key=lambda source: source.split == "odts")
    files: list[CorpusFile] = []
    for index, source in [*((-1 - i, s) for i, s in enumerate(benchmarks)), *enumerate(ordered)]:
        paths = _files(source, problems)
        if index < 0 and not paths:
            raise EmptyInputError(
                f"benchmark {source.name}: no file to read in {', '.join(source.paths)}, so nothing would be kept out "
                "for it; give the logs that models will be measured on"
            )
        share = held_out / 2 if index >= 0 and source.split == "train" else 1.0
        files += _numbered(paths, source, index, first=len(files), held_out=share)
    if not any(file.source >= 0 for file in files):
        names = ", ".join(path for source in ordered[:3] for path in source.paths[:1])
        raise EmptyInputError(
            f"no file to read in {names}, so there is nothing to build a corpus from; give folders of logs"
        )
    return Listing(tuple(ordered), tuple(benchmarks), tuple(files))


def file_groups(listing: Listing) -> list[list[CorpusFile]]:
    """Files of one source, in order, up to 4 MiB or 50 files together; a larger file stands alone."""
    groups: list[list[CorpusFile]] = []
    size = 0
    for file in listing.files:
        is_full = size + file.identity[0] > _GROUP_BYTES or (groups and len(groups[-1]) >= _GROUP_FILES)
        if not groups or groups[-1][0].source != file.source or is_full:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file.identity[0]
    return groups


def _files(source: CorpusSource, problems: Problems) -> list[Path]:
    if "-" in source.paths:
        raise InputError(
            f"{source.name}: - (standard input) cannot be read again when a run goes on; "
            "write it to a file and give that"
        )
    return [Path(path) for path in discover(source.paths, problems)]


def _numbered(
    paths: Sequence[Path], source: CorpusSource, index: int, *, first: int, held_out: float
) -> list[CorpusFile]:
    names = [_name_inside(path, source) for path in paths]
    number = int(len(paths) * held_out)
    chosen = set(sorted(names, key=lambda name: (text_hash(f"{source.name}\n{name}"), name))[:number])
    status = [path.stat() for path in paths]
    return [
        CorpusFile(
            first + i, index, str(path), names[i], (status[i].st_size, status[i].st_mtime_ns), names[i] in chosen
        )
        for i, path in enumerate(paths)
    ]


def _name_inside(path: Path, source: CorpusSource) -> str:
    for top in source.paths:
        if path.is_relative_to(top):
            return path.relative_to(top).as_posix() if path != Path(top) else path.name
    return path.name
