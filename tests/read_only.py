"""Folders that this process may read and not write, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65_534


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A copy of a folder without the right to write, while the block lasts; of root the rights are taken meanwhile."""
    with tempfile.TemporaryDirectory() as outside:  # those of pytest are closed to others
        copy = Path(outside) / folder.name
        shutil.copytree(folder, copy)
        Path(outside).chmod(0o755)
        for path in (*copy.rglob("*"), copy):
            path.chmod(0o555 if path.is_dir() else 0o444)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(_NOBODY)
        try:
            yield copy
        finally:
            if is_root:
                os.seteuid(0)
            copy.chmod(0o755)
