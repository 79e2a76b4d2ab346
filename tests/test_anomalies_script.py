"""benchmarks/anomalies.py: nothing ranked holds the truth, and the PR-AUC of chance stands beside the others."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from loglm.events.reading import read_events
from loglm.events.rendering import render
from script_modules import load_benchmark

_ROOT = Path(__file__).resolve().parents[1]
_RUN = "39f95f43-cd2f-4beb-b69e-be60b6fe1f57"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_benchmark("anomalies")


def call(agent: str, bucket: str) -> str:
    return json.dumps(
        {
            "eventVersion": "1.08",
            "eventTime": "2023-07-10T11:54:39Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "192.168.10.20",
            "userAgent": agent,
            "requestParameters": {"bucketName": bucket},
            "userIdentity": {"type": "IAMUser", "userName": "bert"},
        }
    )


def test_the_attack_tool_is_not_in_what_is_ranked(script: ModuleType, tmp_path: Path) -> None:
    attack = script.unmarked(call(f"stratus-red-team_{_RUN}", "stratus-red-team-data"))
    usual = script.unmarked(call("aws-cli/2.12", "-data"))
    (tmp_path / "trail.json").write_text(f"{attack}\n{usual}\n")
    first, second = (render(event) for event in read_events([tmp_path / "trail.json"]))
    assert "aws/cloudtrail" in first
    assert "<lab>" not in first
    assert _RUN[:8] not in first
    assert first == second


def test_chance_is_the_share_of_attacks_in_what_is_ranked(script: ModuleType) -> None:
    table = script.EventTable()
    for key in (1, 1, 2, 3, 4):
        table.entities.append(0)
        table.keys.append(key)
    units = script.Units(table, np.arange(5), 1, np.asarray([False, False, True, False, False]))
    ranking = units.ranking("x", np.arange(5.0))
    assert ranking.prevalence == pytest.approx(1 / 4)
