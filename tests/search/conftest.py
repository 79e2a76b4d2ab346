"""A tiny encoder, and an index of the example logs made by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.tiny_model import write_tiny_model
from loglm.artifacts.database import EncoderId
from loglm.events import read_events
from loglm.runtime.encoder import LogEncoder
from loglm.search.building import add_events
from loglm.search.encoders import load_encoder
from loglm.search.querying import SearchIndex

LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"
AUTH = LOGS / "ssh" / "auth.log"

Encoder = tuple[LogEncoder, EncoderId]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def encoder(model_folder: Path) -> Encoder:
    return load_encoder(model_folder, threads=1)


@pytest.fixture(scope="session")
def shared_index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("search") / "index"
    add_events(folder, read_events([LOGS]), embed=encoder[0].embed_texts, encoder=encoder[1])
    return folder


@pytest.fixture
def own_index(shared_index: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(shared_index, tmp_path / "index"))


@pytest.fixture
def index(shared_index: Path, encoder: Encoder) -> Iterator[SearchIndex]:
    with SearchIndex(shared_index, embed=encoder[0].embed_texts, encoder=encoder[1]) as opened:
        yield opened
