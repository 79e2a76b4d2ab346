"""Importing the package and showing help is quick and loads nothing heavy."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "ray", "onnxruntime", "sklearn", "scipy", "sigma", "tokenizers", "numpy"}
BUDGET_S = 0.5
_RUNS = 25
"""Machines are noisy; the best of so many runs is what the code itself needs."""

_IMPORT = "import loglm"
_HELP = """
from loglm.cli.main import app
app(["--help"], standalone_mode=False)
"""
_COMMAND_MODULES = """
from importlib import import_module
from loglm.cli.main import COMMANDS
for module, _ in COMMANDS.values():
    import_module(module)
"""


@pytest.mark.parametrize("code", [_IMPORT, _HELP, _COMMAND_MODULES], ids=["import", "help", "command modules"])
def test_loads_nothing_heavy(code: str) -> None:
    report = f"import sys\n{code}\nprint('LOADED', *sorted({HEAVY!r} & sys.modules.keys()))"
    shown = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1].strip() == "LOADED"


@pytest.mark.parametrize(
    "arguments",
    [("-c", _IMPORT), ("-m", "loglm", "--help"), ("-m", "loglm", "--version")],
    ids=["import", "help", "version"],
)
def test_takes_less_than_half_a_second(arguments: tuple[str, ...]) -> None:
    assert any(_cpu_seconds(arguments) < BUDGET_S for _ in range(_RUNS))


@pytest.mark.parametrize("package", ["loglm.models", "loglm.training"])
def test_training_without_torch_names_the_extra(package: str) -> None:
    code = f"import sys; sys.modules['torch'] = None\nimport {package}"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert "comes with the extra loglm[train]" in shown.stderr.splitlines()[-1]


def _cpu_seconds(arguments: tuple[str, ...]) -> float:
    """Of a Python of its own: what it takes on an idle machine, whatever else runs here."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
