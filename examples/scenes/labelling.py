"""From the journal of an attack and the logs it left to rows of labels.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from journal import Step

_ADDRESS = re.compile(r"\b127\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
_SHORT = re.compile(r"(\w{3} [ \d]\d \d\d:\d\d:\d\d) \S+ ([^:\[ ]+)(?:\[(\d+)\])?:")
_LONG = re.compile(r"(\d{4}-\S+) \S+ ([^:\[ ]+)(?:\[(\d+)\])?:")
_ACCESS = re.compile(r"(\S+) \S+ \S+ \[([^]]+)\]")
_ERROR = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) ")
_AUDIT = re.compile(r"msg=audit\(([\d.]+):(\d+)\)")
_SESSION = re.compile(r"\bses=(\d+)")


@dataclass(frozen=True)
class Line:
    """What the labels go by."""

    number: int
    time: float
    text: str
    whole_second: bool = True
    addresses: frozenset[str] = frozenset()
    program: str = ""
    group: str = ""
    """Lines of one process or one event share it."""
    session: str = ""


def _syslog(number: int, text: str) -> Line | None:
    if found := _SHORT.match(text):
        moment = datetime.strptime(f"{datetime.now(UTC).year} {found[1]}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    elif found := _LONG.match(text):
        moment = datetime.fromisoformat(found[1])
    else:
        return None
    group = f"{found[2]}/{found[3]}" if found[2] == "sshd" else ""
    return Line(
        number, moment.timestamp(), text, bool(_SHORT.match(text)), frozenset(_ADDRESS.findall(text)), found[2], group
    )


def _access(number: int, text: str) -> Line | None:
    if not (found := _ACCESS.match(text)):
        return None
    moment = datetime.strptime(found[2], "%d/%b/%Y:%H:%M:%S %z").timestamp()
    return Line(number, moment, text, addresses=frozenset((found[1],)))


def _error(number: int, text: str) -> Line | None:
    if not (found := _ERROR.match(text)):
        return None
    moment = datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    client = re.search(r"client: ([\d.]+)", text)
    return Line(number, moment, text, addresses=frozenset((client[1],) if client else ()))


def _audit(number: int, text: str) -> Line | None:
    if not (found := _AUDIT.search(text)):
        return None
    session = _SESSION.search(text)
    addresses = frozenset(_ADDRESS.findall(text)) if " addr=" in text else frozenset()
    return Line(number, float(found[1]), text, False, addresses, "audit", found[2], session[1] if session else "")


_PARSERS = {"auth.log": _syslog, "syslog": _syslog, "access.log": _access, "error.log": _error, "audit.log": _audit}


def read_lines(path: Path) -> list[Line]:
    """The lines of a log that bear a time, with addresses and sessions spread over the lines of one group."""
    parse = _PARSERS[path.name]
    texts = path.read_text("utf-8", "replace").split("\n")
    lines = [line for number, text in enumerate(texts, 1) if (line := parse(number, text))]
    addresses: dict[str, frozenset[str]] = {}
    sessions: dict[str, str] = {}
    for line in lines:
        if line.group:
            addresses[line.group] = addresses.get(line.group, frozenset()) | line.addresses
            sessions[line.group] = sessions.get(line.group, "") or line.session
    return [
        replace(line, addresses=addresses[line.group], session=sessions[line.group]) if line.group else line
        for line in lines
    ]


def _sessions_of(lines: list[Line]) -> dict[str, frozenset[str]]:
    """Audit sessions by the address from which they were opened."""
    opened: dict[str, set[str]] = {}
    for line in lines:
        if "type=USER_LOGIN" in line.text and "res=success" in line.text:
            for address in line.addresses:
                opened.setdefault(address, set()).add(line.session)
    return {address: frozenset(found) for address, found in opened.items()}


def _belongs(line: Line, step: Step, sessions: dict[str, frozenset[str]]) -> bool:
    slack = 1.0 if line.whole_second else 0.0
    if not step.start - slack <= line.time <= step.end:
        return False
    return (
        bool(line.addresses & step.addresses)
        or line.program in step.programs
        or any(word in line.text for word in step.words)
        or line.session in sessions.get(step.session_of, frozenset())
    )


def label_file(path: Path, name: str, steps: list[Step]) -> Iterator[dict[str, str | int]]:
    """Rows for the unbroken stretches of lines that one step wrote."""
    lines = read_lines(path)
    sessions = _sessions_of(lines)
    owners = {line.number: next((step for step in steps if _belongs(line, step, sessions)), None) for line in lines}
    stretches = groupby(sorted(owners), key=lambda number: (id(owners[number]), owners[number]))
    for (_, step), numbers in stretches:
        if step is None:
            continue
        stretch = list(numbers)
        yield {
            "file": name,
            "first_line": stretch[0],
            "last_line": stretch[-1],
            "technique_id": step.technique_id,
            "tactic": step.tactic,
            "what": step.what,
        }
