"""What a run prints: findings as a terminal table, OCSF JSON, CSV, an ATT&CK Navigator layer or an HTML page.

Every writer takes findings, and a `RunSummary` where the report says what was looked at, and writes to an open
text stream or to a path. A file appears whole or not at all.
"""

from __future__ import annotations

from loglm.reports.csv_report import write_csv
from loglm.reports.html import write_html
from loglm.reports.navigator import to_layer, write_layer
from loglm.reports.ocsf import to_ocsf, write_json, write_jsonl
from loglm.reports.summary import write_summary
from loglm.reports.table import write_table

__all__ = [
    "to_layer",
    "to_ocsf",
    "write_csv",
    "write_html",
    "write_json",
    "write_jsonl",
    "write_layer",
    "write_summary",
    "write_table",
]
