"""A tiny model and a small log for commands to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.tiny_model import write_tiny_model

AUTH_LOG = """\
Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2
Mar  4 10:15:03 web1 sshd[4868]: Failed password for root from 203.0.113.9 port 51513 ssh2
Mar  4 10:15:09 web1 sshd[4870]: Accepted password for root from 203.0.113.9 port 51519 ssh2
"""


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def auth_log(tmp_path: Path) -> Path:
    path = tmp_path / "auth.log"
    path.write_text(AUTH_LOG)
    return path
