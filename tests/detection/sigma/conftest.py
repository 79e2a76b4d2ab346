"""Rules and events made in the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource

PROCESS = LogSource("windows", "sysmon", "process_creation")

HEADER = """
title: {title}
id: {rule_id}
status: test
level: high
tags: [attack.execution, attack.t1059.001]
logsource: {logsource}
"""


@pytest.fixture
def rule() -> Callable[..., str]:
    """A rule's YAML from its detection section; other parts have defaults."""

    def make(
        detection: str,
        *,
        title: str = "Rule",
        number: int = 1,
        logsource: str = "{product: windows, category: process_creation}",
    ) -> str:
        rule_id = f"00000000-0000-4000-8000-{number:012d}"
        header = HEADER.format(title=title, rule_id=rule_id, logsource=logsource)
        return f"{header}detection:\n" + "\n".join(f"    {line}" for line in detection.strip("\n").splitlines())

    return make


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., SigmaRules]:
    """Rules from YAML texts, one file each."""

    def from_texts(*texts: str, **options: Any) -> SigmaRules:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (folder / f"rule{number}.yml").write_text(text, encoding="utf-8")
        return SigmaRules.load(folder, cache_dir=tmp_path / "cache", **options)

    return from_texts


@pytest.fixture
def event() -> Callable[..., LogEvent]:
    """An event of its attributes; a process creation as Sysmon logs it unless said otherwise."""

    def make(
        attributes: dict[str, Any], *, source: LogSource = PROCESS, raw: str = "", body: str | None = None
    ) -> LogEvent:
        return LogEvent(raw, SourceLocation("test.log", 1), source, attributes, body=body)

    return make
