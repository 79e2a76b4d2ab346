"""Replace what never repeats (times, ids, addresses, names of people and machines) by typed placeholders.

Masking is stateless: the same value gives the same text on every machine, so that equal behaviour gives equal
text wherever it was seen, and a model cannot learn an environment's names. Placeholders keep what matters of a
value: an address its class, a number its magnitude, a security identifier its well-known RID.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

__all__ = ["PLACEHOLDERS", "mask_number", "mask_port", "mask_principal", "mask_text"]

_IP_CLASSES = ("private", "public", "loopback", "linklocal", "multicast", "unspecified")
PLACEHOLDERS: tuple[str, ...] = (
    *(f"<ip{version}:{name}>" for version in ("4", "6") for name in _IP_CLASSES),
    *(f"<n{digits}>" for digits in range(2, 21)),
    *(f"<e{exponent}>" for exponent in range(-9, 13)),
    "<time>", "<guid>", "<sid>", "<mac>", "<hash>", "<hex>", "<b64>", "<pid>", "<port>",
    "<user>", "<machine>", "<host>", "<domain>", "<email>", "<lab>",
)  # fmt: skip
"""Every placeholder that rendering can write; the tokenizer keeps each whole."""

# Ports and similar numbers of four or five digits that mean something by themselves.
_KNOWN_NUMBERS = frozenset(
    "1080 1194 1337 1433 1434 1521 1723 1812 1883 2049 2082 2083 2181 2222 2323 2375 2376 2379 3000 3128 3268 "
    "3269 3306 3389 3478 4333 4444 4500 4786 5000 5001 5060 5061 5222 5355 5357 5432 5555 5601 5632 5672 5800 "
    "5900 5901 5938 5984 5985 5986 6000 6379 6443 6667 6697 7001 7070 7547 7680 8000 8008 8009 8080 8081 8086 "
    "8088 8089 8118 8172 8291 8333 8443 8530 8531 8834 8888 9000 9001 9030 9042 9050 9051 9090 9091 9092 9100 "
    "9150 9200 9300 9389 9418 9443 9999 10000 10050 10250 11211 27017 27018 31337 47001 49152 50050 50051 60000 "
    "65535".split()
)
_KNOWN_PRINCIPALS = frozenset(
    "system|local system|local service|network service|anonymous logon|administrator|administrators|admin|guest|guests|"
    "krbtgt|everyone|users|domain admins|domain users|enterprise admins|schema admins|backup operators|defaultaccount|"
    "wdagutilityaccount|trustedinstaller|root|nobody|daemon|www-data|apache|nginx|mysql|postgres|sshd|ftp|mail|bin|sys|"
    "sync|ubuntu|ec2-user|debian|pi|oracle|git|jenkins|hadoop|test|user|support|ubnt|service|operator|backup|"
    "systemd-network|systemd-resolve|messagebus|syslog|nt authority|builtin|window manager|font driver host|nt service|"
    "iis apppool|authenticated users|interactive|remote desktop users|power users|assumedrole|iamuser|awsservice|"
    "awsaccount|-|n/a|none|null|unknown|(unknown)|(unknown user)".split("|")
)
_KNOWN_RIDS = frozenset(str(rid) for rid in (*range(500, 504), *range(512, 528), 553, 571, 572))

_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_ALWAYS, _AT, _COLONS, _DASHES, _HOME, _WORDS, _RARE, _HEX, _LONG = (0, *(1 << bit for bit in range(8)))
"""What a text has to contain before a branch of the pattern can match in it; see `_features`."""
_ALL = 255

# In order: what the branch needs, the characters that it can begin with, the branch.
_BRANCHES: tuple[tuple[int, str, str], ...] = (
    (
        _DASHES,
        r"0-9a-fA-F",
        r"""(?P<mac>\b[0-9a-fA-F]{2}(?P<macsep>[:-])(?:[0-9a-fA-F]{2}(?P=macsep)){4}[0-9a-fA-F]{2}\b)""",
    ),
    (
        _ALWAYS,
        r"0-9JFMASOND",
        rf"""(?P<time>(?<!\d)(?:\d{{4}}[-/]\d\d[-/]\d\d
              (?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?(?:Z|\ ?[+-]\d\d:?\d\d)?)?
        | \d\d/{_MONTHS}/\d{{4}}:\d\d:\d\d:\d\d(?:\ [+-]\d{{4}})?
        | \d\d?/\d\d?/\d{{4}}(?:\ \d\d?:\d\d:\d\d(?:\ [AP]M)?)?
        | \d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?)(?!\d)
        | \b{_MONTHS}\ [\ \d]\d\ \d\d:\d\d:\d\d(?:\ \d{{4}})?)""",
    ),
    (_RARE, r"aAsSmM", r"""(?P<lab>(?i:atomic-?red-?team|stratus-?red-?team|\bmordor(?:dataset)?\b|attackrange))"""),
    (_RARE, r"%", r"""(?P<messagecode>%%\d{1,6})"""),
    (
        _DASHES,
        r"{0-9a-fA-F",
        r"""(?P<guid>\{?\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b\}?)""",
    ),
    (_DASHES, r"S", r"""(?P<sid>\bS-1-\d{1,3}(?:-\d{1,10}){1,14})"""),
    (
        _ALWAYS,
        r"0-9",
        r"""(?P<ip4>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d))(?P<colonport>:\d{1,5}\b)?""",
    ),
    (
        _COLONS,
        r"0-9a-fA-F:",
        r"""(?P<ip6>(?<![\w:.])(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{2,39}
        (?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]))""",
    ),
    (_AT, r"\w.+\-", r"""(?P<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"""),
    (_HOME, r"\\/", r"""(?P<home>(?i:[\\/]users[\\/]|/home/))(?P<homeuser>[^\\/"'\s:;,<>|]{1,64})"""),
    (_HOME, r"\\", r"""(?P<unc>(?<![\w:\\/])\\\\)(?P<unchost>[\w.-]{1,255})(?=\\)"""),
    (
        _WORDS,
        r"pPtT",
        r"""(?P<pidword>\b(?i:pid|tid|ppid|process\ id|thread)[=:\ ]{1,2})(?P<pidnumber>\d{1,10})\b""",
    ),
    (_ALWAYS, r"\[", r"""(?P<bracketpid>\[\d{2,8}\])"""),
    (_WORDS, r"pPsS", r"""(?P<portword>\b(?i:port|spt|sport)[=:\ ]{1,2})(?P<portnumber>\d{1,5})\b"""),
    (_HEX, r"0", r"""(?P<hex>\b0x[0-9a-fA-F]{1,64}\b)"""),
    (
        _LONG,
        r"0-9a-fA-F",
        r"""(?P<hash>(?<![0-9A-Za-z_])(?=[0-9a-fA-F]{0,15}[a-fA-F])(?=[a-fA-F]{0,31}\d)
        [0-9a-fA-F]{16,128}(?![0-9A-Za-z_]))""",
    ),
    (_LONG, r"A-Za-z0-9+/", r"""(?P<b64>(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{48,}={0,2})"""),
    (_ALWAYS, r"0-9", r"""(?P<number>(?<!\d)\d{4,20}(?!\d))"""),
)  # every repetition is bounded or over one class followed by nothing that overlaps: linear on any text


@lru_cache(maxsize=256)
def _pattern(features: int) -> re.Pattern[str]:
    """The branches that can match in a text of these features."""
    branches = [branch for branch in _BRANCHES if branch[0] & features == branch[0]]
    if features & _ALL == _ALL:
        return re.compile("|".join(text for _, _, text in branches), re.VERBOSE)
    begins = "".join(characters for _, characters, _ in branches)
    return re.compile(rf"(?=[{begins}])(?:{'|'.join(text for _, _, text in branches)})", re.VERBOSE)


_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{16}").search


def _features(text: str) -> int:
    """What a text contains of that which branches of the pattern need; everything for text beyond ASCII."""
    if not text.isascii():
        return _ALL
    lower = text.lower()
    colons = text.count(":")
    features = _AT if "@" in text else 0
    if colons >= 2:
        features |= _COLONS
    if colons >= 5 or text.count("-") >= 3:
        features |= _DASHES
    if "\\\\" in text or "users" in lower or "home/" in lower:
        features |= _HOME
    if "port" in lower or "pid" in lower or "tid" in lower or "spt" in lower or "thread" in lower or "process" in lower:
        features |= _WORDS
    if "%%" in text or "team" in lower or "mordor" in lower or "attackrange" in lower:
        features |= _RARE
    if "0x" in text:
        features |= _HEX
    return features | _LONG if _LONG_RUN(text) else features


_MAX_TEXT = 4096
# Text without any of these cannot match; most values of structured logs are words and paths.
_HAS_DIGIT = re.compile(r"[0-9]").search
_MAY_MATCH = re.compile(
    r"[0-9@]|\\\\|sers[\\/]|SERS[\\/]|home/|[A-Za-z+/]{48}|(?i:red-?team|mordor|attackrange)"
).search


def mask_text(text: str) -> str:
    """The text (its first 4,096 characters) with volatile parts replaced by `PLACEHOLDERS`.

    >>> mask_text("Failed password for root from 10.0.0.7 port 51512 ssh2")
    'Failed password for root from <ip4:private> port <port> ssh2'
    """
    text = text[:_MAX_TEXT]
    if _HAS_DIGIT(text) or _MAY_MATCH(text):
        return _pattern(_features(text)).sub(_replace, text)
    return text


_LARGEST = 10**19
_BY_DIGITS = ("", "<n2>", *(f"<n{digits}>" for digits in range(2, 21)))


def mask_number(value: float) -> str:
    """A number by its magnitude: whole ones below 10 as they are, else ``<n{digits}>``; fractions ``<e{exponent}>``.

    >>> mask_number(5), mask_number(1234), mask_number(0.034)
    ('5', '<n4>', '<e-2>')
    """
    if value.__class__ is int:
        return str(value) if 0 <= value < 10 else _BY_DIGITS[len(str(abs(value))) if abs(value) < _LARGEST else 20]
    whole = int(value) if abs(value) < 1e18 else value
    if whole == value:
        digits = len(str(abs(int(value)))) if abs(value) < 1e19 else 20
        return str(int(value)) if 0 <= value < 10 else f"<n{max(2, min(digits, 20))}>"
    exponent = int(f"{abs(value):e}".rpartition("e")[2])
    return f"<e{max(-9, min(exponent, 12))}>"


def mask_port(digits: str) -> str:
    """A port as it stands where it is well known, else ``<port>``."""
    return digits if len(digits) <= 3 or digits in _KNOWN_NUMBERS or digits == "1024" else "<port>"


@lru_cache(maxsize=65_536)
def mask_principal(name: str, placeholder: str = "<user>") -> str:
    r"""A user, group, domain or host name: well-known ones lowered, machine accounts ``<machine>``, else masked.

    >>> mask_principal("NT AUTHORITY\\SYSTEM"), mask_principal("WEB01$"), mask_principal("CORP\\alice")
    ('nt authority\\system', '<machine>', '<domain>\\<user>')
    """
    domain, separator, account = name.rpartition("\\")
    if separator:
        return f"{mask_principal(domain, '<domain>')}\\{mask_principal(account, placeholder)}"
    lowered = name.strip().lower()
    if lowered in _KNOWN_PRINCIPALS or lowered.startswith(("dwm-", "umfd-")):
        return lowered.partition("-")[0] if lowered[:4] in ("dwm-", "umfd") else lowered
    if lowered.startswith("s-1-"):
        return _mask_sid(name)
    return "<machine>" if lowered.endswith("$") else placeholder


_OCTETS = frozenset(map(str, range(256)))
_SPLIT_BLOCKS = frozenset(("0.0.0", "192.0.0", "255.255.255"))
"""Blocks of 256 addresses that are not all of one class."""


def _mask_address(text: str) -> str:
    block, _, last = text.rpartition(".")
    if last not in _OCTETS or ":" in block or block in _SPLIT_BLOCKS:
        return _classified(text)
    masked = _classified(block + ".1")
    return masked if masked[0] == "<" else text


@lru_cache(maxsize=65_536)
def _classified(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    kind = "public"
    if address.is_loopback:
        kind = "loopback"
    elif address.is_unspecified:
        kind = "unspecified"
    elif address.is_link_local:
        kind = "linklocal"
    elif address.is_multicast or text == "255.255.255.255":
        kind = "multicast"
    elif address.is_private:
        kind = "private"
    return f"<ip{address.version}:{kind}>"


def _mask_sid(text: str) -> str:
    if not text.upper().startswith("S-1-5-21-"):
        return text.upper() if text.count("-") <= 4 else "<sid>"
    rid = text.rpartition("-")[2]
    return f"<sid>-{rid}" if rid in _KNOWN_RIDS else "<sid>"


def _replace(match: re.Match[str]) -> str:
    kind = match.lastgroup
    text = match.group()
    if kind == "number":
        return text if text in _KNOWN_NUMBERS else f"<n{len(text)}>"
    if kind == "ip4":
        return _mask_address(text)
    if kind == "colonport":
        address, _, port = text.rpartition(":")
        return f"{_mask_address(address)}:{mask_port(port)}"
    if kind == "homeuser":
        head, user = match.group("home", "homeuser")
        return head + (user if user.lower() in ("public", "default", "all users") else "<user>")
    if kind == "unchost":
        return "\\\\" + (text[2:] if match["unchost"] in (".", "?") else "<host>")
    if kind == "pidnumber":
        return match["pidword"] + "<pid>"
    if kind == "portnumber":
        return match["portword"] + mask_port(match["portnumber"])
    return _SIMPLE[kind](text) if kind in _SIMPLE else f"<{kind}>"


def _mask_base64(text: str) -> str:
    # A path of only letters and slashes looks alike; base64 has a slash in 64 characters on average.
    return text if text.count("/") * 16 > len(text) else "<b64>"


_SIMPLE: dict[str | None, Callable[[str], str]] = {
    "ip6": _mask_address,
    "sid": _mask_sid,
    "bracketpid": lambda _: "[<pid>]",
    "b64": _mask_base64,
    "macsep": lambda _: "<mac>",
    "messagecode": lambda text: text,
}
