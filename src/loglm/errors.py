"""Every exception that LogLM raises on purpose.

LogLMError
├── InputError            something a person gave cannot be used: a path, an option, a file
│   ├── RecordError       one record of a file cannot be read; has a place; the rest goes on
│   └── EmptyInputError   nothing was read where at least one record is needed
├── ModelError            a model folder is missing, incomplete, altered or of another version
│   ├── DamagedFolderError  its files are not as they were written; has the place and what is wrong
│   └── OtherFormatError    it is of a format that this version does not read; has the place and what is wrong
├── TrainingError         a training run cannot go on: it diverged, or its folder is of another run
└── MissingExtraError     an optional dependency is not installed; says the install line
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "DamagedFolderError",
    "EmptyInputError",
    "InputError",
    "LogLMError",
    "MissingExtraError",
    "ModelError",
    "OtherFormatError",
    "RecordError",
    "SourceLocation",
    "TrainingError",
]


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where a record stands: the file (an archive's member after ``!``) and its number there."""

    path: str
    """As given by the user, with ``!member`` for a file inside an archive; ``<stdin>`` for stdin."""
    record: int | None = None
    """Line number from 1 in text, record number in binary and JSON documents; None: the whole file."""

    def __str__(self) -> str:
        return self.path if self.record is None else f"{self.path}:{self.record}"


class LogLMError(Exception):
    """Base of all errors of this package."""


class InputError(LogLMError):
    """Something that a person gave cannot be used."""

    def __init__(self, message: str, location: SourceLocation | None = None) -> None:
        super().__init__(f"{location}: {message}" if location else message)
        self.location = location
        self.reason = message

    def __reduce__(self) -> tuple[type[InputError], tuple[object, ...]]:
        """Copies between processes keep message and place."""
        return type(self), (self.reason, self.location)


class RecordError(InputError):
    """One record cannot be read.

    ``kind`` is a short stable word to count by (``malformed-json``, ``too-long``, ...), ``reason`` a
    sentence for people.
    """

    def __init__(self, kind: str, message: str, location: SourceLocation | None = None) -> None:
        super().__init__(message, location)
        self.kind = kind

    def __reduce__(self) -> tuple[type[RecordError], tuple[object, ...]]:
        return type(self), (self.kind, self.reason, self.location)


class EmptyInputError(InputError):
    """Nothing was read where at least one record is needed."""


class ModelError(LogLMError):
    """A model folder is missing, incomplete, altered or made by an incompatible version."""


class _FolderError(ModelError):
    """Of a folder with a manifest.

    ``place`` is the file or folder, ``problem`` what is wrong with it, for who calls the folder otherwise than a model.
    """

    def __init__(self, message: str, place: str, problem: str) -> None:
        super().__init__(message)
        self.place = place
        self.problem = problem

    def __reduce__(self) -> tuple[type[_FolderError], tuple[object, ...]]:
        return type(self), (str(self), self.place, self.problem)


class DamagedFolderError(_FolderError):
    """The files of a folder with a manifest are not there, or not as they were written."""


class OtherFormatError(_FolderError):
    """A folder with a manifest is of a format that this version does not read, by what the manifest says."""


class TrainingError(LogLMError):
    """A training run cannot go on."""


class MissingExtraError(LogLMError):
    """An optional dependency is absent."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs the package {package!r}, which comes with the extra loglm[{extra}]; README.md says how to "
            "install it"
        )
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[object, ...]]:
        return type(self), (self.package, self.extra)
