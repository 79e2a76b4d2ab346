"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_REPOSITORY = Path(__file__).resolve().parents[1]

# The same examples in every run and no wall-clock limits: whether a test passes depends on the code alone.
settings.register_profile("loglm", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loglm")

# Ray's processes have a niceness of 15 by default, with which they wait for minutes on a busy machine.
os.environ.setdefault("RAY_worker_niceness", "0")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs that measuring runs on; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("LOGLM_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not (folder / "attack" / "labels.csv").is_file():
        pytest.skip(f"needs the shared log data; none at {folder} (set LOGLM_DATA to its folder)")
    return folder
