"""Channels of Windows events are log text: what is kept of them is bounded."""

from __future__ import annotations

from loglm.events.mappers.windows_sources import windows_log_source


def test_a_channel_as_long_as_a_record_is_cut() -> None:
    assert len(windows_log_source("x" * 1_000_000, 1).service) == 256


def test_channels_keep_their_service_in_any_case() -> None:
    assert windows_log_source("Microsoft-Windows-SYSMON/Operational", 1).category == "process_creation"
    assert windows_log_source("Microsoft-Windows-Sysmon/Operational", 12, "CreateKey").category == "registry_add"
    assert windows_log_source("Custom" * 42, None).service == "custom" * 42
