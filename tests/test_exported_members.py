"""The public names: what is promised is there, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import loglm

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", loglm.__all__)
def test_public_name_loads(name: str) -> None:
    assert getattr(loglm, name) is not None


def test_lazy_table_holds_all_names_but_the_version() -> None:
    assert sorted(loglm._MODULES) == sorted(set(loglm.__all__) - {"__version__"})


def test_names_for_type_checkers_are_the_lazy_ones() -> None:
    source = Path(loglm.__file__).read_text(encoding="utf-8")
    block = source.partition("if TYPE_CHECKING:\n")[2].partition("\n\n")[0]
    imports = re.findall(r"from loglm\.(\S+) import (.+)", block)
    assert {name: module for module, names in imports for name in names.split(", ")} == loglm._MODULES


def test_dir_lists_names_before_they_are_loaded() -> None:
    assert set(loglm.__all__) <= set(dir(loglm))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'detetc'"):
        _ = loglm.detetc


def test_version_has_an_entry_in_the_changelog() -> None:
    changelog = (_REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(loglm.__version__)}\b", changelog, re.MULTILINE)
