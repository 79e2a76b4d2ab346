"""Records of the Linux audit system, and the event that the records of one serial number make up.

Source: Linux audit "audit event field dictionary" and message type list (linux-audit/audit-documentation).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.timestamps import parse_timestamp

__all__ = ["AuditRecord", "audit_event", "event_of_records", "parse_record"]

_SOURCE: Final = LogSource("linux", "auditd")
_HEAD = re.compile(
    r"(?:node=(?P<node>\S{1,255}) )?(?:type=(?P<type>[\w\[\]]{1,40}) )?"
    r"(?:msg=)?audit\((?P<time>[^()]{1,40}):(?P<serial>\d{1,20})\) ?: ?"
)
_FIELD = re.compile(r"""([A-Za-z][\w\[\]-]{0,63})=(?:"([^"]*)"|(\S*))""")
_AVC = re.compile(r"avc:  ?(granted|denied)  ?\{ ?([^}]{1,200}?) ?\}")
_HEX = re.compile(r"(?:[0-9A-F]{2})+$")
_ARGUMENT = re.compile(r"a(\d{1,4})(?:\[(\d{1,4})\])?$")
_LONGEST_FIELD = 65_536
_MOST_ARGUMENTS = 1024

_TEXT_FIELDS: Final = frozenset(
    "proctitle comm exe name cwd cmd acct key path data file dir new-disk old-disk vm profile operation id".split()
)
"""Written in hexadecimal where they hold spaces, quotes or control characters."""
_UNSET_IDS: Final = ("4294967295", "-1", "unset", "?", "(null)", "(none)", "")
_NOT_ADDRESSES: Final = ("?", "", "0.0.0.0", "::", "(null)", "UNKNOWN")  # noqa: S104 (read, not bound)
_CALLS_X86_64: Final = {
    "0": "read", "1": "write", "2": "open", "9": "mmap", "41": "socket", "42": "connect", "43": "accept",
    "49": "bind", "50": "listen", "56": "clone", "57": "fork", "58": "vfork", "59": "execve", "62": "kill",
    "82": "rename", "83": "mkdir", "84": "rmdir", "85": "creat", "86": "link", "87": "unlink", "88": "symlink",
    "90": "chmod", "91": "fchmod", "92": "chown", "93": "fchown", "94": "lchown", "101": "ptrace", "105": "setuid",
    "106": "setgid", "113": "setreuid", "114": "setregid", "117": "setresuid", "119": "setresgid", "155": "pivot_root",
    "161": "chroot", "163": "acct", "165": "mount", "166": "umount2", "169": "reboot", "170": "sethostname",
    "175": "init_module", "176": "delete_module", "188": "setxattr", "227": "clock_settime", "246": "kexec_load",
    "257": "openat", "258": "mkdirat", "259": "mknodat", "263": "unlinkat", "264": "renameat", "268": "fchmodat",
    "272": "unshare", "288": "accept4", "304": "open_by_handle_at", "308": "setns", "310": "process_vm_readv",
    "311": "process_vm_writev", "313": "finit_module", "316": "renameat2", "319": "memfd_create",
    "320": "kexec_file_load", "321": "bpf", "322": "execveat",
}  # fmt: skip


@dataclass(slots=True)
class AuditRecord:
    """One line of an audit log."""

    type: str
    time: str
    """As written; the same in all records of an event."""
    serial: str
    node: str | None
    fields: dict[str, str]


def parse_record(text: str, at: int = 0) -> AuditRecord | None:
    """The audit record that a text holds from a place on, or near it; None where there is none."""
    found = _HEAD.match(text, at) or _HEAD.search(text, at, at + 512)
    if found is None:
        return None
    kind = found["type"] or "UNKNOWN"
    body = text[found.end() : found.end() + _LONGEST_FIELD]
    if "\x1d" in body:
        body = body.replace("\x1d", " ")
    inner = body.find("msg='")
    if inner >= 0:
        body = body[:inner] + body[inner + 5 :].replace("'", " ")
    fields: dict[str, str] = {}
    for name, quoted, bare in _FIELD.findall(body):
        if name not in fields:
            fields[name] = quoted or _bare(kind, name, bare)
    if body.startswith("avc:") and (avc := _AVC.match(body)):
        fields["avc"], fields["permission"] = avc[1], avc[2]
    return AuditRecord(kind, found["time"], found["serial"], found["node"], fields)


def _bare(kind: str, name: str, value: str) -> str:
    """A value that stood without quotes, decoded where it is text in hexadecimal."""
    is_text = name in _TEXT_FIELDS or (kind == "EXECVE" and name[0] == "a" and name != "argc" and "_len" not in name)
    if is_text and len(value) > 1 and _HEX.match(value):
        return bytes.fromhex(value).decode(errors="replace").replace("\0", " ").rstrip()
    return _socket_address(value) if name == "saddr" else value


def _socket_address(value: str) -> str:
    """``inet 1.2.3.4:443`` or ``unix /run/x`` of a sockaddr in hexadecimal; the value itself where it is neither."""
    if not _HEX.match(value) or len(value) > 512:
        return value
    data = bytes.fromhex(value)
    family, port = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "big")
    if family == 2 and len(data) >= 8:
        return f"inet {ipaddress.IPv4Address(data[4:8])}:{port}"
    if family == 10 and len(data) >= 24:
        return f"inet6 [{ipaddress.IPv6Address(data[8:24])}]:{port}"
    if family == 1:
        return "unix " + data[2:].strip(b"\0").partition(b"\0")[0].decode(errors="replace")
    return value


def audit_event(message: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a single audit record inside a text; None where it holds none."""
    record = parse_record(message)
    return None if record is None else event_of_records([record], raw, location)


def event_of_records(records: Sequence[AuditRecord], raw: str, location: SourceLocation) -> LogEvent:
    """The event that records of the same serial number make up.

    Attributes are the fields of all records; where two records give a name different values, the second one's
    is prefixed with its type (``PATH.name``, ``PATH.2.name``). ``type`` is the list of types where there are several.
    """
    fields = _joined(records)
    first = records[0]
    call = fields.get("SYSCALL") or _CALLS_X86_64.get(fields.get("syscall", ""), fields.get("syscall"))
    command = _command(records)
    return LogEvent(
        raw,
        location,
        _SOURCE,
        {"type": _types(records), **fields},
        body=command or fields.get("proctitle") or fields.get("cmd"),
        timestamp=_time(first.time),
        action=call or first.type,
        host=first.node or fields.get("node"),
        user=_user(fields),
        source_address=_source_address(fields, call),
        destination_address=_socket_peer(fields) if call in ("connect", "sendto") else None,
        process=fields.get("exe") or fields.get("comm"),
        session=_set(fields.get("ses")),
    )


def _types(records: Sequence[AuditRecord]) -> str | list[str]:
    types = list(dict.fromkeys(record.type for record in records))
    return types[0] if len(types) == 1 else types


def _joined(records: Sequence[AuditRecord]) -> dict[str, str]:
    """All fields; a program's arguments before the registers of the system call, which are also named a0 to a3."""
    if len(records) == 1:
        return records[0].fields
    fields: dict[str, str] = {}
    for record in sorted(records, key=lambda record: record.type != "EXECVE"):
        for name, value in record.fields.items():
            if fields.setdefault(name, value) == value:
                continue
            key, number = f"{record.type}.{name}", 1
            while fields.setdefault(key, value) != value and number < 64:
                number += 1
                key = f"{record.type}.{number}.{name}"
    return fields


def _command(records: Sequence[AuditRecord]) -> str | None:
    """The command line of the EXECVE records; long arguments come in parts (``a1[0]``, ``a1[1]``)."""
    arguments: dict[tuple[int, int], str] = {}
    for record in records:
        if record.type == "EXECVE":
            for name, value in record.fields.items():
                found = _ARGUMENT.match(name)
                if found and len(arguments) < _MOST_ARGUMENTS:
                    arguments[int(found[1]), int(found[2] or 0)] = value
    words: dict[int, str] = {}
    for (number, _), part in sorted(arguments.items()):
        words[number] = words.get(number, "") + part
    return " ".join(words.values()) or None


def _time(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return parse_timestamp(text)


def _user(fields: dict[str, str]) -> str | None:
    """The account: by name where the record has it, the one that logged in before the effective one."""
    for name in ("acct", "AUID", "UID", "auid", "uid"):
        value = _set(fields.get(name))
        if value:
            return value
    return None


def _source_address(fields: dict[str, str], call: str | None) -> str | None:
    for name in ("addr", "hostname"):
        value = fields.get(name)
        if value and value not in _NOT_ADDRESSES:
            return value
    return _socket_peer(fields) if call in ("accept", "accept4") else None


def _socket_peer(fields: dict[str, str]) -> str | None:
    kind, _, peer = fields.get("saddr", "").partition(" ")
    return peer.rpartition(":")[0].strip("[]") if kind in ("inet", "inet6") else None


def _set(value: str | None) -> str | None:
    return None if value in _UNSET_IDS else value
