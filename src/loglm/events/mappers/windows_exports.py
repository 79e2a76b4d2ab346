"""What PowerShell and Event Viewer write of Windows events: Get-WinEvent, Get-EventLog, "Save All Events As" CSV.

They have columns of their own beside the System part, and tell EventData in the message alone. Which channel an event
is of often stands in none of the columns.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["is_export", "without_export_columns"]

_DISPLAY_NAMES: Final = frozenset(("LevelDisplayName", "TaskDisplayName", "OpcodeDisplayName", "KeywordsDisplayNames"))
"""Get-WinEvent's own: one of them beside an event id tells enough."""
_PAIRS: Final = (
    ("Task Category", "Source"),  # Event Viewer
    ("EntryType", "Source"),  # Get-EventLog
    ("TimeCreated", "ProviderName"),  # some columns of Get-WinEvent
    ("TimeCreated", "Provider_Name"),
    ("TimeCreated", "Provider"),
)
_COLUMNS: Final = frozenset(
    """
    ActivityId Category CategoryNumber Container Data EntryType Index InstanceId MatchedQueryIds ProcessId Properties
    ReplacementStrings Site ThreadId TimeWritten UserId UserName Version
    """.split()
)
"""Of the exported object, where an event has fields of the same name."""


def is_export(record: dict[str, Any]) -> bool:
    """Whether the keys of a record that has an event id are those of such an export."""
    return not _DISPLAY_NAMES.isdisjoint(record) or any(one in record and other in record for one, other in _PAIRS)


def without_export_columns(record: dict[str, Any], names: list[str]) -> list[str]:
    """What is left of an export's columns as EventData; all of ``names`` where fields of the event are among them."""
    rest = [name for name in names if name not in _COLUMNS]
    return names if rest and "MatchedQueryIds" not in record else rest
