"""The data sources of a corpus: folders on the command line, or a file that names them with licence and split."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loglm.errors import EmptyInputError, InputError

__all__ = ["CorpusSource", "hold_out_sources", "read_sources_file", "sources_of_paths"]

_KEYS = {"name", "paths", "licence", "split"}
_EXAMPLE = 'expected entries such as [[source]] name = "sshd", paths = ["logs/sshd"], licence = "MIT", split = "train"'


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """One data source of a pretraining corpus."""

    name: str
    paths: tuple[str, ...]
    """Files, folders, patterns, archives; see `loglm.events.discovery.discover`."""
    licence: str = "not stated"
    """SPDX id or the licence's own words; goes into the data card."""
    split: str = "train"
    """``train``: for training and, a share of it, the in-distribution test; ``odts``: all of it for the
    out-of-distribution test."""


def sources_of_paths(paths: Sequence[str | Path]) -> list[CorpusSource]:
    """Each folder inside a path is a source of its name; the files beside them are one of the path's name.

    With several paths, sources are named ``path/folder``.

    Raises:
        InputError: A path does not exist, or two sources would have one name.
        EmptyInputError: The paths are empty folders.
    """
    sources: list[CorpusSource] = []
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder; give folders of logs")
        own = path.resolve().name.partition(".")[0] if path.is_file() else path.resolve().name
        entries = sorted(entry for entry in path.iterdir() if entry.name[0] != ".") if path.is_dir() else [path]
        folders = [entry for entry in entries if entry.is_dir()]
        prefix = f"{own}/" if len(paths) > 1 else ""
        sources += [CorpusSource(prefix + folder.name, (str(folder),)) for folder in folders]
        files = tuple(str(entry) for entry in entries if not entry.is_dir())
        sources += [CorpusSource(own, files)] if files else []
    if not sources:
        raise EmptyInputError(f"nothing in {', '.join(map(str, paths))} to build a corpus from; give folders of logs")
    _refuse_equal_names(sources)
    return sources


def read_sources_file(path: Path) -> list[CorpusSource]:
    """The sources of a TOML or JSON file; paths in it are relative to its folder.

    Raises:
        InputError: The file cannot be read, has unknown keys or splits, or names a source twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as {path.suffix or 'TOML'} ({error}); {_EXAMPLE}") from error
    entries = data.get("source") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: names no source; {_EXAMPLE}")
    sources = [_source(entry, path) for entry in entries]
    _refuse_equal_names(sources)
    return sources


def hold_out_sources(sources: Sequence[CorpusSource], names: Collection[str]) -> list[CorpusSource]:
    """The sources, those of the names moved to the out-of-distribution test.

    Raises:
        InputError: There is no source of a name, or none is left for training.
    """
    known = [source.name for source in sources]
    unknown = sorted(set(names) - set(known))
    if unknown:
        shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        raise InputError(f"--odts {unknown[0]}: no source has this name; the sources are {shown}")
    moved = [replace(source, split="odts") if source.name in names else source for source in sources]
    if all(source.split == "odts" for source in moved):
        raise InputError("every source is held out (--odts), so none is left for training; hold out fewer")
    return moved


def _source(entry: Any, path: Path) -> CorpusSource:
    if not isinstance(entry, dict) or not set(entry) <= _KEYS:
        unknown = sorted(set(entry) - _KEYS) if isinstance(entry, dict) else [repr(entry)[:80]]
        raise InputError(f"{path}: unknown in a source: {', '.join(unknown)}; {_EXAMPLE}")
    name, paths, split = entry.get("name"), entry.get("paths"), entry.get("split", "train")
    if not isinstance(name, str) or not name or not isinstance(paths, list) or not paths:
        raise InputError(f"{path}: a source without name or paths; {_EXAMPLE}")
    if split not in ("train", "odts"):
        raise InputError(f"{path}: source {name!r} has split {split!r}; expected train or odts")
    licence = entry.get("licence", "not stated")
    return CorpusSource(name, tuple(str(path.parent / str(item)) for item in paths), str(licence), split)


def _refuse_equal_names(sources: Sequence[CorpusSource]) -> None:
    twice = [name for name, number in Counter(source.name for source in sources).items() if number > 1]
    if twice:
        raise InputError(f"two sources are called {twice[0]!r}; name them in a file and give it with --sources FILE")
