from __future__ import annotations

import subprocess
import sys

import pytest

import loglm.events


@pytest.mark.parametrize("name", loglm.events.__all__)
def test_events_offers_each_public_name(name: str) -> None:
    assert getattr(loglm.events, name).__module__.startswith("loglm.events.")


def test_events_refuses_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        loglm.events.nothing  # noqa: B018


def test_events_loads_readers_on_first_use_only() -> None:
    code = (
        "import sys, loglm.events; print([name for name in sys.modules if name.startswith(('loglm.events.', 'evtx'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
