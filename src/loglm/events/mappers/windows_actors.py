"""Who acted in a Windows event, from where, to where, by which process and in which log-on session."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from loglm.events.event import LogEvent

__all__ = ["fill_actors"]

_LOGONS: Final = frozenset((4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4772, 4773, 4776, 4777, 4964))
"""Security events whose target is the account that acts."""
_SESSION_SWITCHES: Final = frozenset((4778, 4779))
_UNSET: Final = frozenset(("", "-", "N/A", "LOCAL", "0x0"))
_PROGRAM = re.compile(r'"([^"]{1,1024})"|(.{1,1024}?\.(?:exe|EXE|com|bat|cmd))(?=\s|$)|(\S{1,1024})')
_SESSION_NAMES: Final = ("SubjectLogonId", "LogonId", "TargetLogonId")

Get = Callable[[str], Any]


def fill_actors(event: LogEvent, event_id: int | None, system_user: str | None) -> None:
    """Set user, addresses, process and session of an event from its attributes.

    Args:
        event: With cleaned attributes.
        event_id: Of the event.
        system_user: The account that the System part of the event names. Sysmon's is its service's, so unused.
    """
    get = event.attributes.get
    service = event.log_source.service
    if service == "sysmon":
        event.user = _set(get("User") or get("SourceUser"))
        event.process = _set(get("Image") or get("SourceImage"))
        event.source_address = _address(get("SourceIp"))
        event.destination_address = _address(get("DestinationIp"))
        event.session = _set(get("LogonId"))
    elif service == "security":
        _fill_security(event, event_id, get)
    else:
        _fill_other(event, event_id, get)
        event.user = event.user or system_user


def _fill_security(event: LogEvent, event_id: int | None, get: Get) -> None:
    is_logon = event_id in _LOGONS
    target = _account(get("TargetUserName"), get("TargetDomainName")) if is_logon else None
    if event_id in _SESSION_SWITCHES:
        target = _account(get("AccountName"), get("AccountDomain"))
    event.user = target or _account(get("SubjectUserName"), get("SubjectDomainName"))
    event.process = _set(get("NewProcessName") or get("ProcessName") or get("Application") or get("CallerProcessName"))
    address = get("IpAddress") or get("SourceAddress") or get("ClientAddress")
    event.source_address = _address(address or (get("Workstation") if event_id == 4776 else None))
    event.destination_address = _address(get("DestAddress"))
    session = _set(get("TargetLogonId") if is_logon else get("LogonID"))
    event.session = session or next((text for name in _SESSION_NAMES if (text := _set(get(name)))), None)


def _fill_other(event: LogEvent, event_id: int | None, get: Get) -> None:
    application = get("HostApplication")
    if application:
        event.process = _program(application)
        event.user = _set(get("User") or get("UserId"))
        return
    event.user = (
        _account(get("SubjectUserName"), get("SubjectDomainName"))
        or _account(get("User") or get("UserName") or get("Detection User"), get("Domain"))
        or _account(get("UserContext"), None)
    )
    if event_id == 1149:  # Remote Desktop: user, domain and address of a network log-on, without names
        event.user = _account(get("Param1"), get("Param2")) or event.user
        event.source_address = _address(get("Param3"))
        return
    event.process = _set(get("Image") or get("ProcessName") or get("Process Name"))
    event.source_address = _address(
        get("IpAddress") or get("SourceAddress") or get("ClientAddress") or get("ClientIP") or get("Address")
    )
    event.destination_address = _address(get("DestinationIp") or get("DestAddress"))
    event.session = _set(get("SubjectLogonId") or get("LogonId"))


def _set(value: str | None) -> str | None:
    return None if value is None or value in _UNSET else value


def _account(name: str | None, domain: str | None) -> str | None:
    """``DOMAIN\\name``; a name that says its domain (``name@domain``) is cut where the domain is known."""
    if name is None or name in _UNSET:
        return None
    if domain is None or domain in _UNSET or "\\" in name:
        return name
    return f"{domain}\\{name.partition('@')[0] or name}"


def _address(value: str | None) -> str | None:
    """The address without the prefix that marks IPv4 in IPv6 (``::ffff:10.0.0.1``)."""
    if value is None or value in _UNSET:
        return None
    return value[7:] if value.startswith("::ffff:") and "." in value else value


def _program(command: str) -> str | None:
    """The program at the start of a command line, without quotes."""
    match = _PROGRAM.match(command.lstrip())
    return None if match is None else match[1] or match[2] or match[3]
