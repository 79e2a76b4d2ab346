"""Objects that are no record but hold a list of them: CloudTrail's ``Records``, API pages, search results."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["records_in"]

_ALWAYS: Final = frozenset(("Records", "records", "logEvents", "resourceLogs", "scopeLogs", "logRecords"))
_USUALLY: Final = frozenset(
    (
        *(
            "value",
            "values",
            "items",
            "results",
            "result",
            "hits",
            "entries",
            "events",
            "Events",
            "data",
            "rows",
            "logs",
        ),
        *("alerts", "messages", "entities", "response", "log", "findings", "Findings", "incidents", "docs", "objects"),
    )
)
_FINDINGS: Final = (
    ("findings", "summary"),
    ("findings", "in_baseline"),
    ("beacons", "thresholds"),
    ("sequences", "events_without_id"),
)
"""Lists of findings, and what stands beside each: documents of `loglm detect`, `anomalies`, `beacons`, `sequences`."""
_KEYS: Final = _ALWAYS | _USUALLY | {key for key, _ in _FINDINGS}
_BESIDE: Final = frozenset(
    (
        "metadata",
        "meta",
        "pagingInfo",
        "paging",
        "pagination",
        "page",
        "links",
        "_links",
        "_shards",
        "header",
        "summary",
    )
)
"""Objects that stand beside a list of records without being part of a record."""
_TIMES: Final = frozenset(
    (
        *("timestamp", "@timestamp", "time", "ts", "eventTime", "_time", "date", "datetime", "created_at", "createdAt"),
        *("TimeGenerated", "CreationTime", "published", "event_time", "start_time", "Timestamp"),
    )
)
_DEEPEST: Final = 4


def records_in(value: dict[str, Any]) -> list[Any] | None:
    """The records that an object holds; None where it is a record itself.

    A list counts where its name is one that stands for records alone, in a document of findings, or where the object
    has no time of its own and nothing else that is nested.
    """
    if _KEYS.isdisjoint(value) and len(value) > 1:
        return None
    return _within(value, _DEEPEST)


def _within(value: dict[str, Any], depth: int) -> list[Any] | None:
    for key in _ALWAYS.intersection(value):
        if value[key].__class__ is list:
            return _flattened(value[key], depth)
    if not _TIMES.isdisjoint(value):
        return None
    for key, beside in _FINDINGS:
        if value.get(key).__class__ is list and value.get(beside).__class__ in (dict, list, int):
            found: list[Any] = value[key]
            return found
    nested = [key for key, inner in value.items() if inner.__class__ in (dict, list) and inner and key not in _BESIDE]
    if len(nested) != 1 or not (nested[0] in _USUALLY or len(value) == 1):
        return None
    inner = value[nested[0]]
    if inner.__class__ is list:
        return _flattened(inner, depth) if inner[0].__class__ is dict else None
    return _within(inner, depth - 1) if depth > 0 and not _KEYS.isdisjoint(inner) else None


def _flattened(items: list[Any], depth: int) -> list[Any]:
    """The items, with those that hold records again replaced by what they hold."""
    if depth == 0 or not any(item.__class__ is dict and not _ALWAYS.isdisjoint(item) for item in items):
        return items
    records: list[Any] = []
    for item in items:
        inner = _within(item, depth - 1) if item.__class__ is dict else None
        if inner is None:
            records.append(item)
        else:
            records.extend(inner)
    return records
