"""Which words of a text are names of users, machines or domains: told by keys, phrases and the syslog header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from loglm.corpus.keyed_names import is_well_known

__all__ = ["is_identity_key", "names_in_fields", "names_in_text", "names_in_value"]

_MOST_NAMES: Final = 64
"""Names taken from one text; a text with more is not a log record."""
_MAX_DEPTH: Final = 6

_IS_KEY = re.compile(
    r"""(?x)
    (?:[a-z0-9]*(?:user|username|userprincipalname|userdisplayname|account|accountname|accountdisplayname|accountdomain
        |userdomain|loginname|logonname|samaccountname|adminname|ownername|actorname|hostname|computer|computername
        |workstation|workstationname|devicename|machinename|nodename|servername|domainname|deviceowner|emailaddress
        |vmname|dnsname|endpointname|peername|usernamelookup|userdomainlookup)
    |(?:source|src|destination|dest|dst|target|client|remote|local|syslog|peer|caller|observer|origin|dvc|device|s|d|r|new
        |subject|member|server|agent|dns|nt|logon|beat|db|auth|mail|user|account|host|nas|proxy|http)?
        (?:host|hosts|hostid|domain|realm|fqdn|ntdom|owner|login|loginid|user|usr|usrname|userid|acct|upn|email|mail|admin)
    |users?|ruser|suser|duser|uname|principal|principalname|alternateid|fullname|firstname
    |lastname|sender|recipients?|actor|requestor|requester|mailfrom|rcptto|rolesessionname|tenant
    |tenantname|targetinfo|workstations|machine|devname|devid|assetname|usercn|accountcn|fw|subjectcn)"""
).fullmatch
_OWNERS: Final = frozenset(
    "user usr users actor account host device computer machine owner principal initiator requester observer sender "
    "person endpoint".split()
)
"""Objects whose ``name`` is an identity."""
_OWNED: Final = frozenset("name email fullname hostname displayname login username upn alternateid fqdn mail".split())
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


_NAME: Final = r"[^\W\d_][\w.$@+-]{1,63}(?:\\{1,2}(?![nrt])[\w.$-]{1,64})?"
_KEY_AND_VALUE = re.compile(
    r"""(?<![\w.@-])(?<!Error[ ])(?P<key>[A-Za-z_@][\w.@-]{0,63})
    (?P<sep>\\?["']?[ ]?(?:=|:[ ]?|>)\[?(?P<quote>\\?["'])?|\\?["']>)
    (?![\w.-]{1,64}=)(?=(?P<value>(?(quote)[^"'\\,;=<>\r\n]{1,104}(?:\\{1,2}[^"'\\,;=<>\r\n]{1,104})?
        |[^\s"'\\,;=<>()\[\]{}|&]{1,104}(?:\\{1,2}[^\s"'\\,;=<>()\[\]{}|&]{1,104})?)))""",
    re.VERBOSE,
)
_NESTED = re.compile(r"""\\?"(?P<owner>[A-Za-z]{2,16})\\?"[ ]?:[ ]?\{(?P<inside>[^{}]{0,400})""", re.VERBOSE)
_SYSLOG_HOST = re.compile(
    r"""(?m)^(?:<\d{1,3}>)?(?:\d{1,2}[ ])?(?:
        (?:[A-Z][a-z]{2}[ ]{1,2})?[A-Z][a-z]{2}[ ]{1,2}\d{1,2}[ ](?:\d{4}[ ])?\d\d:\d\d:\d\d(?:\.\d{1,9})?
            (?:[ ]\d{4})?(?:[ ][A-Z]{3,4})?
        |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)
    :?[ ](?P<value>[A-Za-z0-9][\w.-]{1,254})(?=[ ])""",
    re.VERBOSE,
)
_CLF_USER = re.compile(r"(?m)^\S{1,255} \S{1,64} (?P<value>\S{2,104}) \[\d\d/[A-Z][a-z]{2}/\d{4}:")
_PHRASES = tuple(
    (tuple(needles.split("|")), re.compile(pattern.replace("NAME", f"(?P<value>{_NAME})")))
    for needles, pattern in (
        ("user|account|logname", r"(?i:\b(?:user(?:name)?|account|logname) {1,2}(?:name )?)[\"'`<\[(]NAME"),
        (
            "user|account|logname",
            r"(?i:\b(?:user(?:name)?|account|logname) {1,2}(?:name )?NAME(?=$|[^\w\s-]|\s-|\s(?:from|logged|has|is|was"
            r"|by|on|at|with|does|did|attempted|authenticated|connected|disconnected|to|for|rhost|executed|initiated"
            r"|successfully|uid|ip|login|stored|used|accessed|changed|added|removed)\b))",
        ),
        (
            "user|account|domain|computer|host|workstation|logon",
            r"(?i:\b(?:user|account|domain|computer|host|workstation|logon) ?(?:name|domain)? ?: ?"
            r"(?:\\{1,2}[tn]|[ \t]){0,8})[\"']?NAME",
        ),
        ("name", r"(?i:\b(?:device|machine|server|login) ?name ?: ?(?:\\{1,2}[tn]|[ \t]){0,8})[\"']?NAME"),
        ("/", r"(?:^| )NAME/\d{1,3}(?:\.\d{1,3}){3}:\d"),
        (
            "password|publickey|pam |gssapi|keyboard|hostbased|none |login ",
            r"(?i:\b(?:password|publickey|pam|gssapi-with-mic|keyboard-interactive(?:/pam)?|hostbased|none"
            r"|login (?:failed|succeeded)) (?:for|by|from) )NAME",
        ),
        ("su", r"\bsu(?:\[\d+\])?: \(?(?:to|[+-]) \S{1,64}[): ]{1,2}NAME"),
        ("su|doas", r"\b(?:sudo|su|doas)(?:\[\d+\])?:\s{1,8}NAME :"),
        ("(uid", r"(?i:\b(?:by|user|session) )NAME\(uid"),
        ("for ", r"\bfor NAME from "),
        ("by ", r"\bby NAME (?:from|on|at|via) "),
        (":user/", r":user/(?:[\w+=,.@/-]{1,64}/)?NAME"),
        (":assumed-role/", r":assumed-role/[\w+=,.@-]{1,64}/NAME"),
        ("ou=|cn=users", r"\b(?:UID|CN|uid|cn)=(?P<value>[^,=+\"\\\r\n]{2,64})(?=,\s?(?:OU|ou)=|,\s?CN=Users)"),
        ("dc=", r"\b(?:DC|dc)=(?P<value>[\w-]{2,63})"),
        (
            "host |server |computer |machine |workstation |node |device ",
            r"(?i:\b(?:host|server|computer|machine|workstation|node|device) )[\"'`]?"
            r"(?P<value>[A-Za-z][\w-]{0,62}[\d.-][\w.-]{0,128})",
        ),
        ("arn:aws", r"\barn:aws[\w-]{0,8}:[\w-]{0,32}:[\w-]{0,32}:(?P<value>\d{12}):"),
        ("account", r"(?i:account_?id[\"']?[ ]?[:=][ ]?[\"']?)(?P<value>\d{12})(?!\d)"),
    )
)
"""(what a lower-case text has to contain any of, the phrase)."""
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}").fullmatch
_ADDRESS = re.compile(r"[\d.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]+").fullmatch
_WORDS = re.compile(r"[^\s\\/@:<>(){}\[\]\"'`,;=|&?!*%#]+").findall
_FILE_ENDING = re.compile(
    r"(?i)\.(?:exe|dll|sys|conf|cfg|log|txt|json|xml|html?|php|py|sh|js|c|cc|cpp|go|java|so|service|yml|yaml)$"
)
_HAS_LETTER = re.compile(r"[^\W\d_]").search


def names_in_text(text: str) -> set[str]:
    """Names in a text, in lower case: at most 64, each a single word without domain or mail part."""
    names: set[str] = set()
    for value in _values(text):
        names.update(names_in_value(value))
        if len(names) >= _MOST_NAMES:
            break
    return names


def names_in_fields(fields: dict[str, Any], owner: str = "", depth: int = 0) -> set[str]:
    """Names that stand under keys of users, machines and domains, in lower case."""
    names: set[str] = set()
    for key, value in fields.items():
        if isinstance(value, dict):
            if depth < _MAX_DEPTH:
                names |= names_in_fields(value, key, depth + 1)
            continue
        if is_identity_key(f"{owner}.{key}"):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    names.update(names_in_value(item))
    return names


@lru_cache(maxsize=16_384)
def is_identity_key(key: str) -> bool:
    """Whether the values under a (dotted) key are names of users, machines or domains."""
    parts = [_NOT_ALNUM.sub("", part).rstrip("0123456789") for part in key.lower().split(".")]
    last = parts[-1]
    owner = parts[-2] if len(parts) > 1 else ""
    return bool(_IS_KEY(last)) or (last in _OWNED and owner in _OWNERS)


def names_in_value(value: str) -> Iterator[str]:
    """The names that a value under such a key consists of: parts of ``DOMAIN\\user``, of an address, of a full name."""
    if _GUID(value.strip("{} ")) or "://" in value or value[:4].upper() == "S-1-":
        return
    words = _WORDS(value[:256])
    if len(words) > 5:
        return
    for word in words:
        name = word.strip(".-+$_").lower()
        if _is_name(name):
            yield name


def _is_name(word: str) -> bool:
    if not 2 <= len(word) <= 104 or is_well_known(word) or _GUID(word) or _FILE_ENDING.search(word):
        return False
    if word.isdecimal():
        return len(word) == 12
    if word.startswith(("com.", "org.", "net.", "io.")):
        return False
    return _HAS_LETTER(word) is not None and not _ADDRESS(word) and word[:2] != "0x"


def _values(text: str) -> Iterator[str]:
    for match in _KEY_AND_VALUE.finditer(text):
        if is_identity_key(match["key"]):
            yield match["value"]
    for match in _NESTED.finditer(text) if "{" in text else ():
        if match["owner"].lower() in _OWNERS:
            owned = _KEY_AND_VALUE.finditer(match["inside"])
            yield from (field["value"] for field in owned if field["key"].lower() in _OWNED)
    for pattern in (_SYSLOG_HOST, _CLF_USER):
        for match in pattern.finditer(text):
            yield match["value"]
    lowered = text.lower()
    for needles, pattern in _PHRASES:
        if any(needle in lowered for needle in needles):
            for match in pattern.finditer(text):
                yield match["value"]
