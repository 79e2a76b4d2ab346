"""``python -m loglm`` is the same as ``loglm``."""

from __future__ import annotations

from loglm.cli.main import main

if __name__ == "__main__":
    main()
