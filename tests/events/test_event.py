"""Log sources and what they are called."""

from __future__ import annotations

import pytest

from loglm.events import LogSource


@pytest.mark.parametrize(
    ("source", "text", "label"),
    [
        (("windows", "security"), "windows/security", "windows/security"),
        (("nginx", "access", "webserver"), "nginx/access/webserver", "nginx/access/webserver"),
        (("unknown", "access", "webserver"), "unknown/access/webserver", "webserver/access"),
        (("unknown", "", "flow"), "unknown/flow", "flow"),
        (("unknown", "table"), "unknown/table", "unknown/table"),
    ],
)
def test_log_source_is_called_by_its_category_where_the_product_is_unknown(
    source: tuple[str, ...], text: str, label: str
) -> None:
    assert (str(LogSource(*source)), LogSource(*source).label) == (text, label)
