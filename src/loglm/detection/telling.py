"""The fields of an event that say most to an analyst."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from loglm.events.rendering import leaves

__all__ = ["telling_fields"]

_FIELDS: Final = 16
_KNOWN: Final = 5
"""Fields of known names that come before those that are known for a highlight alone."""
_NESTED: Final = 2
"""Dots in a name up to which its last part tells what it is."""
_NAME_CHARS: Final = 128
_VALUE_CHARS: Final = 512
_UNSET: Final = frozenset(("", "-", "?", "None", "(null)", "null", "S-1-0-0", "%%1793", "AwsApiCall"))

_TELLING: Final = {
    name: rank
    for rank, name in enumerate(
        """
        parentimage parentprocessname proctitle newprocessname image commandline processcommandline command_line
        cmdline parentcommandline scriptblocktext sourceimage targetimage grantedaccess calltrace imageloaded
        targetfilename targetobject details eventtype pipename queryname queryresults destinationhostname
        destinationip destinationport servicename imagepath servicefilename taskname taskcontent targetusername
        targetdomainname subjectusername user logontype ipaddress workstationname sharename relativetargetname
        objectname accessmask processname callerprocessname membername membersid privilegelist ticketencryptiontype
        application applicationname sourceaddress destaddress destport status failurereason param1 param2
        originalfilename description
        eventname eventsource useridentity.arn useridentity.username useridentity.type sourceipaddress errorcode
        errormessage useragent operation operationname verb requesturi userid clientip resultstatus displaymessage
        actor.alternateid outcome.result
        id.orig_h id.resp_h id.resp_p src_ip srcaddr dest_ip dstaddr dest_port dstport proto protocol service conn_state
        history orig_bytes resp_bytes query qtype_name answers method host uri status_code user_agent user_name username
        password path name endpoint filename fname mime_type server_name subject note msg sub alert.signature
        alert.category
        comm exe a0 a1 a2 a3 cwd acct op res addr terminal
        process.executable process.command_line process.parent.executable process.name user.name source.ip
        destination.ip event.action message input request response
        """.split()
    )
}
"""By name in lower case: process, network, account, then what other sources say."""
_OTHER: Final = len(_TELLING)
_LAST: Final = _OTHER + 1
_REQUEST: Final = ("requestparameters.", "responseelements.")
"""CloudTrail: what was asked for and given."""
_AUDIT_PARTS: Final = ("syscall.", "path.", "cwd.", "sockaddr.")
"""Of auditd's records: ``SYSCALL.a0`` is a pointer, not an argument."""
_SILENT: Final = re.compile(
    r"""(?ix)
    (?:eventid|guid|uuid|uid|community_id|hash|hashes|version|time|timestamp|date|threadid|logonid|processid|token|arn\[\]|ts)$
    | ^(?:keywords|opcode|task|level|channel|provider_name|computer|hostname|correlation.*|eventcategory|managementevent
        |readonly|recipientaccountid|awsregion|requestid|accountid|layer.*|filterrtid|_.*|@.*|record.*)$
    | ^(?:SYSCALL|PATH|CWD|SOCKADDR)\.
    | (?:^|\.)(?:id|accountid|principalid|accesskeyid|requestid|sequence|pid|ppid)$
    """
)


def telling_fields(attributes: Mapping[str, Any], highlights: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The fields to show of an event, as `loglm.findings.Evidence.fields` says.

    Args:
        attributes: The source's fields, possibly nested.
        highlights: The words that weighed most, strongest first, in any case. Each brings the most telling field whose
            value holds it.

    Returns:
        (name, value) pairs, at most 16: fields that hold a highlight and have a name that analysts look at, the first
        few others of such a name, what else holds a highlight, then the rest. Fields that only identify or number a
        record (times, hashes, ids) are left out, but for those that hold a highlight.
    """
    names, values = leaves(dict(attributes))
    fields = [
        _Field(rank, names[place], text)
        for rank, place in _places(tuple(names))
        if (text := _text(values[place])) not in _UNSET
    ]
    weighty = _holding(fields, highlights)
    known = [field for field in fields if field.rank < _OTHER and field not in weighty]
    odd = [field for field in fields if field.rank == _OTHER and field not in weighty]
    order = [field for field in weighty if field.rank < _OTHER]
    order += known[:_KNOWN]
    order += [field for field in weighty if field.rank >= _OTHER]
    order += [*known[_KNOWN:], *odd]
    return tuple((field.name[:_NAME_CHARS], field.text[:_VALUE_CHARS]) for field in order[:_FIELDS])


class _Field(NamedTuple):
    rank: int
    name: str
    text: str


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """(rank, place) of the names, most telling first."""
    return tuple(sorted(((_rank(name), place) for place, name in enumerate(names)), key=lambda p: (p[0], names[p[1]])))


def _holding(fields: Sequence[_Field], words: Iterable[str]) -> list[_Field]:
    """For each word the first field whose value holds it, but a field once."""
    found: dict[_Field, None] = {}
    lowered = [(field.text.lower(), field) for field in fields]
    for word in map(str.lower, words):
        pattern = re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])")
        holder = next((field for text, field in lowered if word in text and pattern.search(text)), None)
        if holder is not None:
            found[holder] = None
    return list(found)


def _rank(name: str) -> int:
    """From -1, most telling, by way of `_OTHER`, which says little, to `_LAST`, which only identifies a record."""
    if name == "EventID":
        return -1  # Windows' number of what happened; CloudTrail's eventID numbers a record
    lowered = name.lower()
    if lowered.startswith(_REQUEST):
        return _OTHER - 1
    rank = _TELLING.get(lowered)
    if rank is None and lowered.count(".") <= _NESTED and not lowered.startswith(_AUDIT_PARTS):
        rank = _TELLING.get(lowered.rpartition(".")[2])
    if rank is None:
        return _LAST if _SILENT.search(name) else _OTHER
    return rank


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
