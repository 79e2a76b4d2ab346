"""A tiny encoder, and events of log lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from cli.tiny_model import write_tiny_model
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.reading import parse_line
from loglm.runtime.encoder import LogEncoder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> LogEncoder:
    return LogEncoder.from_pretrained(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def events_of() -> Callable[[Sequence[str]], list[LogEvent]]:
    """Events of lines, each with its number as place."""
    return lambda lines: [parse_line(line, SourceLocation("a.log", n)) for n, line in enumerate(lines, 1)]
