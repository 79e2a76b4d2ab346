"""Two files or folders that change places in one step, which Python has no call for."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["exchange"]

_HERE = -100
"""AT_FDCWD: relative paths are of the current folder."""
_RENAME_EXCHANGE = 2


def exchange(first: Path, second: Path) -> bool:
    """Let two paths that exist, on one file system, change places; nobody ever sees one of them missing.

    Returns:
        False, and nothing is changed, where it cannot be done: another system than Linux, a C library without
        renameat2 (glibc has it from 2.28 on), or a file system that does not know it.
    """
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    return bool(rename(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _RENAME_EXCHANGE) == 0)
