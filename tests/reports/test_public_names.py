"""The package's names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import loglm.reports


def test_all_names_exist() -> None:
    for name in loglm.reports.__all__:
        assert getattr(loglm.reports, name) is not None


def test_import_brings_neither_rich_nor_jinja() -> None:
    code = "import sys, loglm.reports; print(sorted({'rich', 'jinja2', 'sigma', 'numpy'} & sys.modules.keys()))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
