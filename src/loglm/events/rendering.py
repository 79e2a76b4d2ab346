"""Events as text for models: one line a field, structure kept, in an exact or a masked view.

A rendered event is a header line (log source and action) followed by ``key=value`` lines in alphabetical order, so
that an event has one text whatever file format carried it. In the masked view fields that only identify (record
numbers, process ids, times), the fields that would give a label away, and the names of people, machines and
networks are dropped or replaced by placeholders (`loglm.events.masking`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from loglm.events.event import LogEvent
from loglm.events.masking import mask_number, mask_port, mask_principal, mask_text

__all__ = ["MAX_TEXT_CHARS", "View", "leaves", "render"]

View = Literal["exact", "masked"]
MAX_TEXT_CHARS = 2_560
"""Longest rendered text; the rest of an event is cut."""

_MAX_VALUE_CHARS = 768
_MAX_LEAVES = 96
_MAX_DEPTH = 6
_MEMO_SIZE = 100_000


def render(event: LogEvent, view: View = "masked") -> str:
    """The text of an event.

    Args:
        event: Any event.
        view: ``masked``: volatile values as placeholders, identities hidden; ``exact``: every field as it is.

    Returns:
        At most `MAX_TEXT_CHARS` characters; never empty.
    """
    lines = [f"{event.log_source} {event.action or '-'}" if view == "exact" else _masked_header(event)]
    if view == "exact":
        lines += [f"{key}={value}"[:_MAX_VALUE_CHARS] for key, value in _sorted_leaves(event.attributes)]
        if event.body is not None:
            lines.append(event.body)
        return "\n".join(lines)[:MAX_TEXT_CHARS]
    lines += _masked_fields(event)
    if event.body:
        lines.append(_masked_body(event.body))
    return _hide_own_names("\n".join(lines)[:MAX_TEXT_CHARS], event)


def _masked_header(event: LogEvent) -> str:
    action = event.action or "-"
    return f"{event.log_source} {action if len(action) <= 5 else mask_text(action[:80])}"


def _masked_fields(event: LogEvent) -> list[str]:
    attributes, body = event.attributes, event.body
    if _is_flat(attributes):
        names, values = tuple(attributes), list(attributes.values())
    else:
        keys, values = leaves(attributes)
        names = tuple(keys)
    fields = []
    provider_is_known = event.log_source.service in _SERVICES_OF_ONE_PROVIDER
    for place, key, start, policy in _plan(names):
        value = values[place]
        if value.__class__ is list:
            value = _joined(value)
        if value is None or value == "" or value is body or (provider_is_known and key == "Provider_Name"):
            continue
        memo = policy.memos.get(value.__class__)
        text = None if memo is None else memo.get(value)
        if text is None:
            text = policy(value)
        if text != "<time>":
            fields.append(start + text)
    return fields


_SCALARS = frozenset((str, int, float, bool, type(None)))
_FLAT = frozenset((*_SCALARS, list))


def _is_flat(attributes: dict[str, Any]) -> bool:
    """Whether all values are scalars or lists of scalars, so that the keys need no dots."""
    kinds = set(map(type, attributes.values()))
    if kinds <= _SCALARS:
        return True
    return kinds <= _FLAT and all(
        _SCALARS.issuperset(map(type, value)) for value in attributes.values() if value.__class__ is list
    )


_MOST_PLANS = 10_000
_LONGEST_NAMES = 8_192
"""Characters of all keys of an event, above which its plan is not remembered."""

_Plan = list[tuple[int, str, str, "_Policy"]]

_plans: dict[tuple[str, ...], _Plan] = {}


def _plan(names: tuple[str, ...]) -> _Plan:
    """(place, key, ``key=``, policy) of the keys that are written, in alphabetical order; remembered."""
    plan = _plans.get(names)
    if plan is None:
        count = len(names)
        order = sorted(range(min(count, _MAX_LEAVES)), key=names.__getitem__)
        policies = [(place, names[place], _policy_of(names[place])) for place in order]
        plan = [(place, key, f"{key}=", policy) for place, key, policy in policies if policy is not None]
        if sum(map(len, names)) <= _LONGEST_NAMES:
            if len(_plans) >= _MOST_PLANS:
                _plans.clear()
            _plans[names] = plan
    return plan


def leaves(attributes: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Dotted keys and scalar values of an event's attributes, depth first; lists of scalars joined; 96 at most."""
    keys: list[str] = []
    values: list[Any] = []
    stack: list[tuple[str, Any, int]] = [("", attributes, 0)]
    while stack and len(keys) < _MAX_LEAVES:
        key, value, depth = stack.pop()
        if value.__class__ in _SCALARS:
            keys.append(key)
            values.append(value)
        elif isinstance(value, dict) and depth < _MAX_DEPTH:
            prefix = f"{key}." if key else ""
            depth += 1
            stack += [(f"{prefix}{name}", inner, depth) for name, inner in islice(value.items(), _MAX_LEAVES)]
        elif isinstance(value, list) and depth < _MAX_DEPTH and any(isinstance(item, dict | list) for item in value):
            stack += [(f"{key}[]", inner, depth + 1) for inner in value[:8]]
        else:
            keys.append(key)
            values.append(_joined(value) if isinstance(value, list | dict) else value)
    return keys, values


def _sorted_leaves(attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(zip(*leaves(attributes), strict=True), key=lambda leaf: leaf[0])


def _joined(items: list[Any] | dict[str, Any]) -> str:
    """A list's items, or an object's keys, as one text."""
    return ",".join([str(item)[:_MAX_VALUE_CHARS] for item in islice(items, 16)])


_SERVICES_OF_ONE_PROVIDER = frozenset(
    ("sysmon", "security", "powershell", "powershell-classic", "taskscheduler", "wmi")
)

# --- what becomes of a field's value, decided once per key -------------------------------------------------------


class _Policy:
    """How the values under some keys are written, remembered by value."""

    __slots__ = ("memos", "write")

    def __init__(self, write: Callable[[Any], str]) -> None:
        self.write = write
        # 1, 1.0 and True are one key of a dict, and not one text
        self.memos: dict[type, dict[Any, str]] = {str: {}, int: {}, bool: {}}
        """By type and value: the text; read where it has to be fast, and else by a call."""

    def __call__(self, value: Any) -> str:
        memo = self.memos.get(value.__class__)
        if memo is None:
            return self.write(value)
        text = memo.get(value)
        if text is None:
            if len(memo) >= _MEMO_SIZE:
                memo.clear()
            text = memo[value] = self.write(value)
        return text


_DROPPED = re.compile(
    r"""(?ix) ^(?:
        rulename | (?:it|nst)_[bm]_label | labels? | tags | detailedlabel | (?:event|time)_label | category_label
        | attack_?(?:cat|type|name)?
      | mitre.* | technique.* | _extra | computer | hashes | imphash | md5 | sha1 | sha256 | authenticode.*
      | file_?version | (?:engine|signature|product|platform)[ ]version | filterrtid | layerrtid | detection[ ]id
      | fwlink | keywords | eventversion | opcode | version | eventrecordid | recordnumber | record_?id | correlation.*
      | activityid
    )$
    | (?:^|[._@\[\]])(?: ts | time | timestamp | date | utctime | datetime | start_?time | end_?time | first | last
        | uid | uids | fuid | fuids | guid | uuid | community_id | flow_id | tx_id | seq | sequence | serial
        | cursor | rule\.ruleset | pid | ppid | tid | processid | parentprocessid | sourceprocessid | targetprocessid
        | newprocessid | clientprocessid | callerprocessid | threadid | sourcethreadid | targetthreadid | newthreadid
        | startaddress | handleid | sourcehandleid | targethandleid | objectpointer
        | subjectlogonid | targetlogonid | targetlinkedlogonid | logonid | callertokens
        | (?:logon|process|parentprocess|source|target|sourceprocess|targetprocess)_?guid
        | (?:creation|previouscreation)utctime | scriptblockid | runspaceid | hostid | pipelineid | contextinfo
        | requestid | eventid_guid | sharedeventid | sessionissuer\.principalid | principalid | accesskeyid
        | accountid | session | session_?id | sensor
        | recipientaccountid | trace_?id | span_?id | transaction_?id | transitedservices | x-request-id | insertid
        | conn_uids | parent_fuid | cert_chain_fuids | client_cert_chain_fuids | exporttime | received_?at | ingested
    )$"""
).search
_PRINCIPAL = re.compile(
    r"""(?ix) (?:^|[._@])(?:
      (?:subject|target|caller|client|source|destination|member|new|old|parent|sam|group|explicit|connect)?
      _?(?:user|username|user_?name|account|accountname|account_?name|userid|user_?id|login|owner|sid|usersid|member|actor)
      | user\.name | suser | duser | usrname | displayname | principal | upn | userprincipalname | mail | email
      | serviceuser | servicesid | requestor | samaccountname | acct | auid | parentuser | sourceuser | targetuser
      | to | from
    )$"""
).search
_DOMAIN = re.compile(
    r"(?i)(?:^|[._])(?:(?:subject|target|source|new|member|outbound)?_?domain(?:name)?|realm|tenant)$"
).search
_HOST = re.compile(
    r"""(?ix) (?:^|[._])(?:
      (?:source|destination|target|client|remote|workstation|dest|src)?_?(?:host|hostname|workstation|machine)
      (?:_?name)? | workstations | targetservername | targetinfo | computername | dvchost | shost | dhost | device
      | devname
      | sourcehostname | destinationhostname | machinename | node | server_?name )$"""
).search
_PORT = re.compile(r"(?i)(?:port|orig_p|resp_p|spt|dpt|sport|dport)(?:name)?$").search
_CODE = re.compile(
    r"(?i)(?:^eventid|code|status|type|level|mask|access|flags?|options?|method|rcode|qtype|class|kind|action|mode|signature_?id|gid|"
    r"proto|protocol|priority|facility|severity|syscall|a0|exit|uid|euid|privilege|encryption\w*|version|granted\w*)(?:_name|id|value)?$"
).search
_RENDERED_CHANNELS = ("Channel",)


@lru_cache(maxsize=20_000)
def _policy_of(key: str) -> _Policy | None:
    """How values under this (dotted) key are written in the masked view; None: not at all."""
    if key in _RENDERED_CHANNELS or (key != "EventID" and key.lower() == "eventid") or _DROPPED(key):
        return None
    if key == "EventID":
        return None  # the header says it
    if key == "CallTrace":
        return _call_trace
    for matches, policy in (
        (_DOMAIN, _domain),
        (_HOST, _host),
        (_PRINCIPAL, _principal),
        (_PORT, _port),
        (_CODE, _code),
    ):
        if matches(key):
            return policy
    return _free


@_Policy
def _free(value: Any) -> str:
    if isinstance(value, str):
        if value.isdecimal() and len(value) < 20 and value.isascii():
            return mask_number(int(value))
        return mask_text(value[:_MAX_VALUE_CHARS])
    return str(value).lower() if isinstance(value, bool) or value is None else mask_number(value)


@_Policy
def _code(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) <= 5 and text.lstrip("-").isdecimal():
        return text
    return text if len(text) <= 10 and text[:2] == "0x" else _free(value)


@_Policy
def _port(value: Any) -> str:
    text = str(value)
    return mask_port(text) if text.isdecimal() else mask_text(text[:_MAX_VALUE_CHARS])


@_Policy
def _call_trace(value: Any) -> str:
    """Names of the modules on the stack, nearest first, each once, without offsets."""
    modules = (frame.rpartition("\\")[2].partition("+")[0].partition("(")[0] for frame in value.split("|")[:24])
    return " ".join(dict.fromkeys(module.lower() for module in modules))


@_Policy
def _principal(value: Any) -> str:
    text = str(value)
    if text.isdecimal():
        return text if text == "0" else "<user>"
    return mask_principal(text[:256])


@_Policy
def _domain(value: Any) -> str:
    return mask_principal(str(value)[:256], "<domain>")


@_Policy
def _host(value: Any) -> str:
    text = str(value)[:256]
    if text in ("-", "localhost", "?", "*"):
        return text
    masked = mask_text(text)
    return masked if masked.startswith("<ip") else "<host>"


@_Policy
def _masked_body(body: str) -> str:
    return mask_text(body)


# --- an event's own names, wherever they stand in its text --------------------------------------------------------


def _hide_own_names(text: str, event: LogEvent) -> str:
    for name, placeholder in ((event.host, "<host>"), (event.user, "<user>")):
        found = _name_pattern(name) if name else None
        if found is not None:
            needed, pattern = found
            can_seek = needed and text.isascii()
            text = _hide(needed, pattern, placeholder, text) if can_seek else pattern.sub(placeholder, text)
    return text


def _hide(needed: str, pattern: re.Pattern[str], placeholder: str, text: str) -> str:
    """What ``pattern.sub`` gives for ASCII text, tried only where ``needed`` stands."""
    lower = text.lower()
    pieces = []
    done, place = 0, lower.find(needed)
    while place >= 0:
        found = pattern.match(text, place)
        if found is None:
            place = lower.find(needed, place + 1)
        else:
            pieces += [text[done:place], placeholder]
            done = found.end()
            place = lower.find(needed, done)
    return "".join(pieces) + text[done:] if pieces else text


@lru_cache(maxsize=8_192)
def _name_pattern(name: str) -> tuple[str, re.Pattern[str]] | None:
    """What finds a host's or user's short name as a whole word; None where it is too short or too common to replace.

    The first is what every match in ASCII text begins with, in lower case; empty for names beyond ASCII.
    """
    short = name.rpartition("\\")[2]
    if mask_text(short) != short and short.count(".") == 3:
        return None
    short = short.partition("@")[0].partition(".")[0] or short
    if len(short) < 4 or short.isdecimal() or mask_principal(short) != "<user>" or ":" in short:
        return None
    needed = short.lower() if short.isascii() else ""
    return needed, re.compile(rf"(?<![\w<]){re.escape(short)}(?:\.[\w-]+)*(?![\w>])", re.IGNORECASE)
