"""GenericMapper: guesses time, entities and action of a record of no known source from the names of its keys."""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import text_of
from loglm.events.mappers.hints import source_of_hint
from loglm.events.timestamps import parse_timestamp

__all__ = ["UNKNOWN", "GenericMapper", "address_of"]

_DEEPEST = 3
_MOST_LEAVES = 512
_LONGEST_ACTION = 100
_MEMO_SIZE = 20_000

UNKNOWN: Final = LogSource("unknown", "json")
"""The log source of records that nothing names."""

_Role = tuple[str, int]

# Names as `_plain` writes them: lower case, letters and digits only; nested ones with their parent. Better ones first.
_NAMES: Final = {
    "timestamp": """eventtime timestamp datetime eventtimestamp time ts timestampms timegenerated activitydatetime
        createddatetime published occurredat isotimestamp unixtime timeunixnano timemillis eventdatetime asctime
        createdat created creationtime creationdate occured occurred createtime created_time querytimestamp
        metadataeventcreationtime idtime eventdate
        logtime flowstarttime starttime startedat starttimeutc startdate started when epoch date t messagetime
        lastactivitydatetime firstactivitydatetime eventutctime utctime detecttime requesttime peventtime
        receivedat receivedtime logtimestamp alertcreationtime createdtime loggeddatetime eventcreationtime founddate
        detectedat reporttime timestamputc timeutc eventtimeutc firstseen lastseen lastupdatetime instant effectiveat
        endtime""",
    "host": """hostname hosthostname hostname computername computer devicehostname machinename devicename hostidentifier
        dvchost agenthostname agentcomputername endpointname endpointhostname observerhostname devname computerdnsname
        vmname fqdn hostfqdn host
        node nodename servername devicehostnames instanceid machine sensor dvc agentname fw compromisedentity""",
    "user": """username user useremail userusername useremailaddress userprincipalname userid actoremail actorusername
        actorname actoruseremail actoralternateid actordisplayname actorusername actoremailaddress useridentityemail
        useridentityusername useridentityarn actor loginname login accountname account principal principalname upn uname
        createdbylogin createdbyemail createdbyname useruserprincipalname initiatinguser caller operator requester
        srcuser sourceuser suser usr remoteuser subjectusername targetusername targetuseremail targetuser credentialuser
        email memberemail authorname userdisplayname performedbyname sudoer""",
    "source_address": """srcip sourceip sourceipaddress clientip clientipaddress remoteip srcaddr sourceaddress
        clientaddress remoteaddr remoteaddress callerip calleripaddress actoripaddress actorip userip peerip peerhost
        ipaddress ip clientaddr contextipaddress contextip requestremoteip requestclientip httprequestclientip
        attackconnectionremoteip sessionip originip originaddress xforwardedfor trueclientip saddr sip cip ipaddr
        externalip remotehost srchost sourcehost client remote src source downstreamremoteaddress accessdeviceip
        reqremoteaddress hostip""",
    "destination_address": """dstip destip destinationip destinationipaddress dstaddr destaddr destinationaddress
        serverip dddstip targetip remotehostip attackconnectionlocalip daddr dip dsthost desthost destinationhost dst
        dest
        destination upstreamhost serveraddr localaddress localip""",
    "process": """processname processexecutable processpath process programname program image imagepath imagefilename
        exe executable processimagepath initiatingprocessfolderpath initiatingprocessname appname application app""",
    "session": """sessionid session sessionuuid connectionid flowid logonid conversationid authenticationsessionid sid
        clientsessionid""",
    "action": """eventname action eventtype eventaction eventtypename operationname operation activitydisplayname
        activityname actionname actiontype activitytype methodname verb eventsimplename eventid eventcode alertname
        alerttype event rulename signature type name category method requestmethod httpmethod title short""",
    "body": """message msg log shortmessage messagetext syslogmessage fieldsmessage text logmessage bodystringvalue
        description body content payloadprintable fullmessage rawmessage textpayload
        raw""",
}
_ENDINGS: Final[dict[str, _Role]] = {
    "timestamp": ("timestamp", 90),
    "datetime": ("timestamp", 91),
    "username": ("user", 90),
    "hostname": ("host", 90),
    "sessionid": ("session", 90),
}
"""What a longer name that ends in one of these stands for, after all the names above."""
_WEAK_ADDRESSES: Final = frozenset(("client", "remote", "src", "source", "dst", "dest", "destination", "ip"))
"""Names under which other things than addresses stand as often."""

_ROLES: Final[dict[str, _Role]] = {
    name: (role, rank) for role, names in _NAMES.items() for rank, name in reversed(list(enumerate(names.split())))
}
_NESTED_ONLY_WITH_PARENT: Final = frozenset(
    (
        *("time", "date", "name", "type", "category", "title", "t", "id", "when", "action", "method", "event"),
        *("source", "short", "description", "content", "text", "ip", "email", "client"),
    )
)
"""Names too common to mean anything below the top level unless their parent's name says what of."""

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}$|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40}(?:%\w{1,16})?$").match
_ADDRESS_AND_PORT = re.compile(r"((?:\d{1,3}\.){3}\d{1,3}):\d{1,5}$|\[([0-9A-Fa-f:.]{2,40})\](?::\d{1,5})?$").match
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)$").match
_HOST_NAME = re.compile(r"[\w.-]{1,255}$", re.ASCII).match

_memo: dict[str, _Role | None] = {}


class GenericMapper:
    """Takes every record; names are looked for to a depth of three."""

    name = "generic"

    def matches(self, record: dict[str, Any]) -> bool:
        return record.__class__ is dict

    def to_event(
        self, record: dict[str, Any], raw: str, location: SourceLocation, *, hint: str | None = None
    ) -> LogEvent:
        """The event; ``hint`` is a name for the kind of log, such as a Splunk sourcetype."""
        found = _guess(record)
        body = found.get("body")
        hint = hint or _hint_in(record)
        return LogEvent(
            raw=raw,
            location=location,
            log_source=UNKNOWN if hint is None else source_of_hint(hint),
            attributes=record,
            body=body if body.__class__ is str else None,
            timestamp=_time_of(record, found),
            action=found.get("action"),
            host=found.get("host"),
            user=found.get("user"),
            source_address=found.get("source_address"),
            destination_address=found.get("destination_address"),
            process=found.get("process"),
            session=found.get("session"),
        )


def address_of(value: Any, *, names: bool = True) -> str | None:
    """An IP address without its port; with ``names`` a host name, too; None for anything else."""
    text = text_of(value)
    if text is None or _ADDRESS(text):
        return text
    if text.isdecimal():
        return None
    with_port = _ADDRESS_AND_PORT(text)
    if with_port:
        return with_port[1] or with_port[2]
    return text if names and _HOST_NAME(text) else None


def _hint_in(record: dict[str, Any]) -> str | None:
    for key in ("p_log_type", "sourcetype", "log_type"):
        hint = record.get(key)
        if hint.__class__ is str and hint:
            return str(hint)
    return None


def _guess(record: dict[str, Any]) -> dict[str, Any]:
    """The best value for each role; ``timestamp`` already parsed."""
    best: dict[str, tuple[int, Any]] = {}
    stack: list[tuple[str, dict[str, Any], int]] = [("", record, 0)]
    leaves = 0
    while stack and leaves < _MOST_LEAVES:
        prefix, mapping, depth = stack.pop()
        for key, value in mapping.items():
            if value.__class__ is list and value:
                value = value[0]
            if value.__class__ is dict and not _is_time(value):
                if depth < _DEEPEST - 1:
                    stack.append((f"{prefix}/{key[:64]}", value, depth + 1))
                continue
            leaves += 1
            role = _role(f"{prefix}/{key}" if prefix else key)
            if role is None or value is None or value == "":
                continue
            name, rank = role
            rank += 100 * depth
            known = best.get(name)
            if known is None or rank < known[0]:
                value = _accepted(name, key, value)
                if value is not None:
                    best[name] = (rank, value)
    return {name: value for name, (_, value) in best.items()}


def _is_time(value: dict[str, Any]) -> bool:
    """Whether an object stands for a moment: seconds with nanoseconds, or MongoDB's ``$date``."""
    return len(value) <= 2 and ("epochSecond" in value or "seconds" in value or "$date" in value)


def _accepted(role: str, key: str, value: Any) -> Any:
    """The value in the form of its role; None where it cannot stand there."""
    if role == "timestamp":
        return parse_timestamp(value)
    if role in ("source_address", "destination_address"):
        return address_of(value, names=_plain(key) not in _WEAK_ADDRESSES)
    if role == "body":
        return value if value.__class__ is str else None
    text = text_of(value)
    if text is None or text[0] in "{[" or (role == "action" and len(text) > _LONGEST_ACTION):
        return None
    return text


def _time_of(record: dict[str, Any], found: dict[str, Any]) -> float | None:
    """The time found, or that of a date and a clock time in two fields."""
    date, clock = record.get("date"), record.get("time")
    if date.__class__ is str and clock.__class__ is str and ":" in clock[:3]:
        joined = parse_timestamp(f"{date} {clock}"[:80])
        if joined is not None:
            return joined - _zone_of(record)
    if "tz" in record and clock.__class__ is str and len(clock) == 19:
        joined = parse_timestamp(clock)
        if joined is not None:
            return joined - _zone_of(record)
    seconds = found.get("timestamp")
    return seconds if seconds.__class__ is float else None


def _zone_of(record: dict[str, Any]) -> int:
    """Seconds east of UTC of firewalls' ``tz=+0100``, which says the zone of the clock times beside it."""
    written = record.get("tz")
    zone = _OFFSET(written) if written.__class__ is str else None
    if zone is None:
        return 0
    seconds = 3600 * int(zone[2]) + 60 * int(zone[3])
    return -seconds if zone[1] == "-" else seconds


def _role(path: str) -> _Role | None:
    """What a key stands for, remembered; ``path`` is the key with its parents, joined by ``/``."""
    try:
        return _memo[path]
    except KeyError:
        if len(path) > 160:
            return None
        if len(_memo) >= _MEMO_SIZE:
            _memo.clear()
        role = _memo[path] = _find_role(path)
        return role


def _find_role(path: str) -> _Role | None:
    names = [_plain(part) for part in path.split("/") if part]
    if not names:
        return None
    if len(names) > 1:
        role = _ROLES.get(names[-2] + names[-1])
        if role is not None:
            return role
        if names[-1] in _NESTED_ONLY_WITH_PARENT:
            return None
    role = _ROLES.get(names[-1])
    if role is None:
        role = next((role for ending, role in _ENDINGS.items() if names[-1].endswith(ending)), None)
    return role


def _plain(name: str) -> str:
    return _NOT_PLAIN.sub("", name.lower())
