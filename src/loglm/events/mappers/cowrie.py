"""Cowrie, the SSH and Telnet honeypot."""

from __future__ import annotations

from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys

__all__ = ["COWRIE"]

COWRIE: Final = FieldMapper(
    name="cowrie",
    log_source=LogSource("cowrie", "honeypot"),
    when=has_keys("eventid", "session", any_of=("src_ip", "sensor", "src_host")),
    timestamp=first("timestamp", "@timestamp"),
    action=first("eventid"),
    user=first("username"),
    host=first("sensor"),
    source_address=first("src_ip"),
    destination_address=first("dst_ip"),
    session=first("session"),
    body=first("message"),
)
"""Source: https://docs.cowrie.org/en/latest/OUTPUT.html"""
