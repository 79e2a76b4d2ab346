"""Which files a list of paths stands for."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from loglm.errors import InputError, SourceLocation
from loglm.events.problems import Problems

__all__ = ["LeaveOut", "discover", "unwanted"]

LeaveOut = Callable[[str], "tuple[str, str] | None"]
"""Name of a file found in a folder or archive to (kind, message) of the note on it; None where it is read."""

_SIBLINGS = 5000
_EXPECTED = "Expected files, folders, patterns such as 'logs/*.gz', or - for stdin."
_NOT_LOGS = frozenset(
    suffix
    for suffixes in (
        ".png .jpg .jpeg .gif .bmp .ico .webp .svg .tif .tiff .mp3 .mp4 .avi .mov .mkv .wav .ttf .otf .woff .woff2",
        ".pdf .doc .docx .xls .xlsx .ppt .pptx .odt .ods .odp .rtf .epub",
        ".exe .dll .sys .so .dylib .o .a .lib .obj .msi .class .jar .war .apk .pyc .pyd .wasm .whl .deb .rpm",
        ".iso .img .vmdk .vhd .vhdx .qcow2 .e01 .dmp .mem .pcap .pcapng .cap .etl",
        ".md .rst .html .css .py .ipynb .sh .yar .yara",
        ".db .sqlite .sqlite3 .mdb .npy .npz .pkl .pickle .parquet .onnx .safetensors .pt",
    )
    for suffix in suffixes.split()
)


def discover(paths: Sequence[str | Path], problems: Problems, *, leave_out: LeaveOut | None = None) -> list[Path | str]:
    """The files that the paths stand for, each once, so that they can be handed to several processes.

    Folders are searched to the bottom, in order of name; links are followed once. Hidden files and files whose
    suffix says that they are no logs (images, programs, ...) are noted and left out of folders, not where they
    are named themselves. Patterns (``logs/**/*.gz``) are expanded.

    Args:
        paths: Files, folders, patterns; ``-`` stands for stdin and is kept as the string ``-``.
        problems: Takes the notes: ``hidden``, ``not-a-log``, ``unreadable``, ``empty-folder``, ``listed-twice``.
        leave_out: Which files of folders are not read; `unwanted` where none is given.

    Raises:
        InputError: One path instead of a list, a path is empty or does not exist, or a pattern fits nothing.
    """
    if isinstance(paths, str | Path):
        raise InputError(f"expected a list of paths, got {str(paths)!r} alone; write [{str(paths)!r}]")
    search = _Search(problems, leave_out or unwanted)
    found: list[Path | str] = []
    for path in paths:
        if str(path) == "-":
            found += [] if "-" in found else ["-"]
            continue
        if path == "":
            raise InputError(f"an empty path was given. {_EXPECTED}")
        for match in _matches(path):
            if match.is_dir():
                found += search.folder(match)
            elif search.is_new(match):
                found.append(match)
            else:
                problems.note("listed-twice", "is read once", SourceLocation(str(match)))
    return found


def unwanted(name: str) -> tuple[str, str] | None:
    """(kind, message) of the note on a file that is not read when found in a folder or archive; None for others."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    if base.startswith(".") or name.startswith("__MACOSX/"):
        return "hidden", "is hidden and not read"
    suffix = os.path.splitext(base)[1].lower()  # noqa: PTH122 (a name, not a path)
    return ("not-a-log", f"{suffix} files are not read") if suffix in _NOT_LOGS else None


def _matches(path: str | Path) -> list[Path]:
    exact = Path(path)
    if _exists(exact):
        return [exact]
    if any(char in str(path) for char in "*?["):
        root = Path(exact.anchor)
        matches = sorted(root.glob(str(exact.relative_to(root))))
        if matches:
            return matches
        raise InputError(f"no file fits the pattern {str(path)!r}")
    raise InputError(_missing(exact))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _missing(path: Path) -> str:
    if path.is_symlink():
        return f"{str(path)!r} is a link that leads to no file or folder. {_EXPECTED}"
    message = f"there is no file or folder {str(path)!r}"
    try:
        siblings = [entry.name for entry in islice(os.scandir(path.parent), _SIBLINGS)]
    except OSError:
        return f"{message}; nor is there a folder {str(path.parent)!r}"
    close = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f"; did you mean {str(path.parent / close[0])!r}?" if close else ""
    return f"{message}{hint or '.'} {_EXPECTED}"


class _Search:
    """Walks folders and remembers which files and folders it has met."""

    def __init__(self, problems: Problems, leave_out: LeaveOut) -> None:
        self._problems = problems
        self._leave_out = leave_out
        self._seen: set[tuple[int, int]] = set()

    def is_new(self, path: Path) -> bool:
        """Whether the file or folder was not met before, by whatever path; False also where it has vanished."""
        try:
            status = path.stat()
        except OSError:
            return False
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def folder(self, top: Path) -> list[Path]:
        files = [path for path in self._walk(top) if self._is_wanted(path)]
        if not files:
            self._problems.note("empty-folder", "holds no file that is read", SourceLocation(str(top)))
        return files

    def _walk(self, top: Path) -> Iterator[Path]:
        stack = [top]
        while stack:
            path = stack.pop()
            if not path.is_dir():
                yield path
            elif path != top and path.name.startswith("."):
                self._note("hidden", "is hidden and not read", path)
            elif self.is_new(path):
                stack.extend(reversed(self._entries(path)))

    def _entries(self, folder: Path) -> list[Path]:
        try:
            return sorted(folder.iterdir())
        except OSError as error:
            self._note("unreadable", f"cannot be listed: {error.strerror or error}", folder)
            return []

    def _is_wanted(self, path: Path) -> bool:
        reason = self._leave_out(path.name)
        if reason:
            self._note(*reason, path)
        elif not self._is_file(path):
            self._note("unreadable", "is not a file (or a link to nothing)", path)
        elif not self.is_new(path):
            self._note("listed-twice", "is read once", path)
        else:
            return True
        return False

    def _is_file(self, path: Path) -> bool:
        try:
            return stat.S_ISREG(path.stat().st_mode)
        except OSError:
            return False

    def _note(self, kind: str, message: str, path: Path) -> None:
        self._problems.note(kind, message, SourceLocation(str(path)))
