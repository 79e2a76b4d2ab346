"""An index of the example texts, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.intel.building import add_texts
from loglm.intel.querying import IntelIndex

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intel") / "index"
    add_texts(folder, [EXAMPLES / "intel"])
    return folder


@pytest.fixture(scope="session")
def index(index_folder: Path) -> IntelIndex:
    return IntelIndex(index_folder)
