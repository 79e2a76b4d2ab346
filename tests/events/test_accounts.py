"""Which cloud account an event is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loglm.anomaly.table import entity_of
from loglm.errors import SourceLocation
from loglm.events.accounts import cloud_account
from loglm.events.event import LogEvent, LogSource
from loglm.events.reading import parse_line, read_events

LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"


def test_an_event_of_cloudtrail_is_of_the_account_that_recorded_it() -> None:
    events = list(read_events([LOGS / "simulated" / "cloudtrail.json"]))
    assert {entity_of(event, "account") for event in events} == {("account", "123456789012")}
    record = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "accountId": "222222222222", "userName": "ann"},
        "eventTime": "2026-03-18T07:04:33Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "eu-1",
    }
    assert cloud_account(parse_line(json.dumps(record))) == "222222222222"
    assert cloud_account(parse_line(json.dumps({**record, "recipientAccountId": "111111111111"}))) == "111111111111"


@pytest.mark.parametrize(
    ("product", "attributes", "account"),
    [
        ("azure", {"SubscriptionId": "AB12"}, "ab12"),
        ("azure", {"resourceId": "/SUBSCRIPTIONS/AB12/RESOURCEGROUPS/X"}, "ab12"),
        ("gcp", {"resource": {"labels": {"project_id": "shop"}}}, "shop"),
        ("gcp", {"logName": "projects/shop/logs/cloudaudit.googleapis.com%2Factivity"}, "shop"),
        ("aws", {"account_id": 12345678901}, "012345678901"),
        ("unknown", {"cloud": {"account": {"uid": "7"}}}, "7"),
        ("aws", {"recipientAccountId": {"a": 1}, "userIdentity": "x"}, None),
        ("windows", {"AccountId": "x"}, None),
    ],
)
def test_clouds_name_their_accounts(product: str, attributes: dict[str, Any], account: str | None) -> None:
    event = LogEvent("", SourceLocation("a"), LogSource(product), attributes=attributes, host="h")
    assert cloud_account(event) == account
    assert entity_of(event, "account") == (("account", account) if account else entity_of(event, "primary"))
