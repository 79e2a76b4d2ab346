"""The documentation holds: marked blocks and the Python page run, links lead somewhere, generated parts are current."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from loglm.artifacts.folder import MANIFEST, default_model_dir

_ROOT = Path(__file__).resolve().parents[1]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_RUNNABLE = re.compile(r"<!-- run -->\n```(shell|python)\n(.*?)```", re.DOTALL)
_OUTPUT = re.compile(r"<!-- run -->\n```python\n(.*?)```\n\n```\n(.*?)```", re.DOTALL)
_PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
_ANCHOR = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)

needs_model = pytest.mark.skipif(
    not (default_model_dir() / MANIFEST).is_file(), reason="needs the shipped model, src/loglm/data/model"
)
needs_train = pytest.mark.skipif(find_spec("polars") is None, reason="needs the train extra")


def _marked(language: str) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}", marks=[needs_train] if "loglm corpus" in block else [])
        for page in (
            _ROOT / "README.md",
            _ROOT / "docs" / "adaptation.md",
            _ROOT / "docs" / "analysis.md",
            _ROOT / "docs" / "anomaly_benchmark.md",
            _ROOT / "docs" / "beacons.md",
            _ROOT / "docs" / "anomalies.md",
            _ROOT / "docs" / "cli.md",
            _ROOT / "docs" / "corpus.md",
            _ROOT / "docs" / "incident.md",
            _ROOT / "docs" / "intel.md",
            _ROOT / "docs" / "search.md",
            _ROOT / "docs" / "triage.md",
        )
        for number, (kind, block) in enumerate(_RUNNABLE.findall(page.read_text(encoding="utf-8")), 1)
        if kind == language
    ]


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "examples").symlink_to(_ROOT / "examples")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | {"PATH": path, "LOGLM_DEBUG": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@needs_model
@pytest.mark.parametrize("block", _marked("shell"))
def test_shell_block_runs(block: str, tmp_path: Path) -> None:
    done = _run(["bash", "-euo", "pipefail", "-c", block], tmp_path)
    assert done.returncode == 0, done.stderr


@needs_model
@pytest.mark.parametrize("block", _marked("python"))
def test_python_block_runs(block: str, tmp_path: Path) -> None:
    done = _run([sys.executable, "-W", "error", "-c", block], tmp_path)
    assert done.returncode == 0, done.stderr


@needs_model
@pytest.mark.parametrize("page", ["README.md", "docs/anomaly_benchmark.md"])
def test_page_shows_what_its_python_prints(page: str, tmp_path: Path) -> None:
    [(block, output)] = _OUTPUT.findall((_ROOT / page).read_text(encoding="utf-8"))
    assert _run([sys.executable, "-c", block], tmp_path).stdout == output


@needs_model
def test_python_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    page = (_ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    done = _run([sys.executable, "-W", "error", "-c", "\n".join(_PYTHON.findall(page))], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no-such-file.log" in done.stdout
    assert re.search(r"^[A-Z]+ T\d{4} ", done.stdout, re.MULTILINE), "its first block shows no finding"


def test_readme_shows_shell_and_python() -> None:
    kinds = [kind for kind, _ in _RUNNABLE.findall((_ROOT / "README.md").read_text(encoding="utf-8"))]
    assert {"shell", "python"} <= set(kinds)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_links_of_page_lead_to_files(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", [*_PAGES, _ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_into_pages_lead_to_headings(page: Path) -> None:
    links = [(page.parent / name if name else page, to) for name, to in _ANCHOR.findall(page.read_text("utf-8"))]
    missing = [f"{target.name}#{heading}" for target, heading in links if heading not in _headings(target)]
    assert not missing


@cache
def _headings(page: Path) -> set[str]:
    """As GitHub names them in links."""
    headings = re.findall(r"^#{1,6} (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    shown = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in shown}


def test_cli_reference_is_current() -> None:
    script = _ROOT / "scripts" / "build_cli_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_model_card_lists_the_sources_of_the_shipped_weights() -> None:
    card = (_ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(attack|corpus)/([^`]+)` \| \[.* \| ([^|]+) \| [\d,]+ \|$", card, re.MULTILINE)
    assert listed == [
        (kind, name, licence)
        for kind, constant in (("attack", "ATTACK_SOURCES"), ("corpus", "CORPUS_SOURCES"))
        for name, licence in _constant(constant).items()
    ]


def test_the_context_encoder_names_its_sources_as_the_model_card_does() -> None:
    card = (_ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")
    manifest = json.loads((_ROOT / "src/loglm/data/context/manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["sources"]) == 25
    for name, text in manifest["sources"].items():
        origin, _, licence = text.rpartition(": ")
        assert f"| `{name}` | {origin} | {licence} |" in card
    assert "src/loglm/data/context" in (_ROOT / "NOTICE").read_text(encoding="utf-8")


def _constant(name: str) -> dict[str, str]:
    """A dictionary of the pretraining script, read without importing it (it needs torch)."""
    tree = ast.parse((_ROOT / "scripts" / "pretrain_shipped_encoder.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            value: dict[str, str] = ast.literal_eval(node.value)
            return value
    raise AssertionError(f"no {name} in the script")
