"""Compiled rule sets on disk: JSON under a name that tells rules and code apart, checked when read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Final

import orjson

from loglm.detection.sigma.specs import RuleSet, RuleSpec, SkippedRule

__all__ = ["cache_file", "default_cache_dir", "read_cache", "write_cache"]

_CODE: Final = ("compile.py", "conditions.py", "documents.py", "patterns.py", "sources.py", "specs.py")
"""What decides how a rule is compiled; a change there makes older caches unfit."""
_KEPT_FILES: Final = 8
"""Older rule sets are removed from the cache."""
_DIGEST_CHARS: Final = 64


def default_cache_dir() -> Path:
    """``$XDG_CACHE_HOME/loglm``, or ``~/.cache/loglm`` where that is not set."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "loglm"


def cache_file(folder: Path, rules: bytes, placeholders: Mapping[str, Sequence[str]]) -> Path:
    """Where the compiled form of the rules with this fingerprint belongs."""
    digest = hashlib.blake2b(rules, digest_size=16)
    for name in _CODE:
        digest.update((files("loglm.detection.sigma") / name).read_bytes())
    with contextlib.suppress(PackageNotFoundError):
        digest.update(version("pysigma").encode())
    digest.update(orjson.dumps({name: list(values) for name, values in sorted(placeholders.items())}))
    return folder / f"sigma-{digest.hexdigest()}.json"


def read_cache(path: Path) -> RuleSet | None:
    """The rule set in a cache file; None where there is none or it is not as it was written."""
    try:
        digest, body = path.read_bytes().split(b"\n", 1)
        if digest.decode() != _digest(body):
            return None
        document = orjson.loads(body)
        return RuleSet(
            tuple(RuleSpec.from_json(values) for values in document["rules"]),
            tuple(SkippedRule(*values) for values in document["skipped"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_cache(path: Path, rules: RuleSet) -> None:
    """Store a rule set, whole or not at all; where the folder cannot be written, nothing is stored."""
    body = orjson.dumps(
        {
            "rules": [spec.as_json() for spec in rules.specs],
            "skipped": [[rule.path, rule.kind, rule.reason] for rule in rules.skipped],
        }
    )
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_digest(body).encode() + b"\n" + body)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        _remove_old(path.parent)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=_DIGEST_CHARS // 2).hexdigest()


def _remove_old(folder: Path) -> None:
    caches = sorted(folder.glob(f"sigma-{'?' * 32}.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in caches[_KEPT_FILES:]:
        file.unlink(missing_ok=True)
