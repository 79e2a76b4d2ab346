"""Pseudonyms for what identifies people, machines and networks in logs; keyed, consistent, of the same format."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from loglm.corpus.identity_names import names_in_fields, names_in_text, names_in_value
from loglm.corpus.keyed_names import KeyedNames, is_domain, is_well_known
from loglm.corpus.prefix_preserving import PrefixPreservingMap
from loglm.errors import InputError
from loglm.events.event import LogEvent

__all__ = ["MIN_KEY_BYTES", "Pseudonymiser"]

MIN_KEY_BYTES: Final = 16
_MAX_DEPTH: Final = 6

_COLONS, _DASHES, _SIGN, _PATHS, _NUMBERS, _RARE = (1 << bit for bit in range(6))
"""What a text has to contain before a shape can stand in it; see `_features`."""
_SHAPES: Final = (
    (_COLONS, r"(?P<frame>(?<![\w:.-])(?:[0-9a-fA-F]{2}:){13}[0-9a-fA-F]{2}(?![\w-]))"),
    (
        _COLONS | _DASHES | _NUMBERS,
        r"""(?P<mac>(?:(?<![\w:.-])|(?<=\b01:))(?:[0-9a-fA-F]{2}(?P<macsep>[:-])(?:[0-9a-fA-F]{2}(?P=macsep)){4}
            [0-9a-fA-F]{2}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4})(?![\w:-]|\.\w))""",
    ),
    (_DASHES, r"(?P<guid>(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-]))"),
    (_DASHES, r"(?P<sid>\bS-1-\d{1,3}(?:-\d{1,10}){1,14})"),
    (_NUMBERS, r"(?P<reverse>(?<![\w.])(?:\d{1,3}\.){4}(?=in-addr\.arpa))"),
    (_DASHES, r"(?P<dashed>(?<![A-Za-z0-9])(?:ip|ec2)-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}(?![\w-]))"),
    (_RARE, r"(?P<machine>\b(?i:desktop|laptop|win|ec2amaz)-[A-Za-z0-9]{5,11}(?![\w-]))"),
    (
        _NUMBERS,
        r"""(?P<ip4>(?:(?<![A-Za-z0-9.])|(?<=\\[nrt]))(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9]|\.\d{1,3}(?!\d)))""",
    ),
    (
        _COLONS,
        r"""(?P<ip6>(?:(?<![\w:.])|(?<=[A-Za-z]{4}:)|(?<=\\[nrt]))(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:)
            [0-9a-fA-F:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\d))""",
    ),
    (
        _SIGN,
        r"""(?P<email>(?<![\w.+%-])(?P<local>[\w.+$-]{1,64})(?P<at>@|%40)
            (?P<mailhost>[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}))""",
    ),
    (
        _PATHS,
        r"""(?P<home>(?i:[\\/]{1,2}(?:users|documents\ and\ settings)[\\/]{1,2}|/home/|/personal/))
            (?P<homeuser>[^\\/:*?"'<>|,;\s]{1,64}(?:\ [^\\/:*?"'<>|,;\s]{1,32}){0,3}(?=[\\/])
            |[^\\/:*?"'<>|,;\s()\[\]]{1,64})""",
    ),
    (_PATHS, r"""(?P<unc>(?<![^\s"'=(,;>\[])\\\\(?:\\\\)?)(?P<unchost>[A-Za-z0-9][\w.-]{0,254})(?=\\)"""),
    (
        _PATHS,
        r"""(?P<account>(?<![\w\\:./%-])(?P<accountdomain>[A-Za-z][\w-]{0,14}(?:\.[\w-]{1,63}){0,5})
            (?P<slash>\\{1,2})(?P<accountname>[\w.][\w.$-]{0,63})(?![\w\\@]))""",
    ),
    (0, r"(?P<fqdn>(?<![\w.@\\-])(?:[A-Za-z0-9_][\w-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![\w-]|\.\w|\((?!\d)))"),
    (
        _NUMBERS,
        r"(?P<card>(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|6011|3[47]\d\d)(?:[\ -]?\d){11,12}(?![\w-]|\.\d))",
    ),
    (_RARE, r"(?P<phone>(?<![\w+])\+[1-9]\d{0,2}(?:[\ ().-]{0,2}\d){7,12}(?!\w))"),
    (_RARE, r"(?P<accesskey>\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b)"),
)
"""(what it needs any of, the shape), in order; all repetitions are bounded and begin where a word does: linear."""
_BEGIN: Final = r"""(?:(?<![A-Za-z0-9])(?=[^\s"',;=(){}\[\]<>|])|(?<=\\[nrt])|(?=[\\/]))"""
"""Where a shape can begin: at a word, after a line break or tab written as in JSON, or at a slash."""


@lru_cache(maxsize=64)
def _shapes(features: int) -> re.Pattern[str]:
    """The shapes that can stand in a text of these features."""
    shapes = "|".join(shape for needed, shape in _SHAPES if not needed or needed & features)
    return re.compile(f"{_BEGIN}(?:{shapes})", re.VERBOSE)


_HAS_RARE = re.compile(r"\+[1-9]|(?i:desktop|laptop|win|ec2amaz)-|A[KSIR][IDO]A[A-Z0-9]").search
_HAS_NUMBERS = re.compile(r"[0-9]\.[0-9]|[0-9]{4}[ -]?[0-9]{4}|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.").search


def _features(text: str) -> int:
    features = _COLONS if text.count(":") >= 2 else 0
    if text.count("-") >= 3:
        features |= _DASHES
    if "@" in text or "%40" in text:
        features |= _SIGN
    if "\\" in text or "/home/" in text or "sers/" in text or "/personal/" in text:
        features |= _PATHS
    if _HAS_NUMBERS(text):
        features |= _NUMBERS
    return features | _RARE if _HAS_RARE(text) else features


_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}").fullmatch
_INNER_ADDRESS = re.compile(r"(?<![A-Za-z0-9.])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9]|\.\d)")
_WORD = re.compile(r"\w[\w.$-]*")
_PIECES = re.compile(r"([.$_-]+)")
_FILE_ENDING = re.compile(
    r"(?i)\.(?:exe|dll|sys|com|bat|cmd|ps1|vbs|msc|msi|cpl|ocx|drv|inf|log|txt|ini|tmp|dat|evtx|js)$"
)
_ESCAPED = re.compile(r"\w:?\\\\\w|\":[ ]?[\"\[{]").search
"""Whether backslashes are written twice, as in JSON."""
_NO_DOMAINS: Final = frozenset(
    "hklm hkcu hku hkcr hkcc hkey_local_machine registry software system windows system32 syswow64 microsoft drivers "
    "authority builtin apppool service manager host users device program".split()
)
"""What stands before a backslash without being the domain of an account of somebody."""
_ALGORITHM_OWNERS: Final = frozenset(("openssh.com", "libssh.org", "lysator.liu.se"))
"""What stands after the sign in names of SSH algorithms."""
_SHARED_HOMES: Final = frozenset(("public", "default", "default user", "all users", "shared", "%username%"))
_PROTOCOL_MACS: Final = ("01005e", "0180c2", "01000c", "3333", "ffffffffffff", "000000000000")
_TEXTS: Final = (
    "raw",
    "attributes",
    "body",
    "host",
    "user",
    "source_address",
    "destination_address",
    "process",
    "session",
)


class Pseudonymiser:
    """Replaces what identifies people, machines and networks by pseudonyms that a secret key determines.

    The same value has the same pseudonym in every text, file and run of one key, and another under another key:

    - IPv4 and IPv6 addresses stay addresses, private ones private, those of one subnet in one subnet
      (`PrefixPreservingMap`); loopback, multicast, netmasks and the clouds' metadata address stay as they are.
    - MAC addresses become locally administered ones, so no vendor is told; broadcast and protocol groups stay.
    - Users, machines and domains become pronounceable words (`KeyedNames`), the same ones in ``CORP\\bob``,
      ``bob@corp.example``, ``C:\\Users\\bob`` and ``user=bob``; well-known ones (``root``, ``SYSTEM``, ``localhost``)
      and well-known public sites stay, and so does a name made only of words for a purpose (``CORP\\WEB01``).
    - Security identifiers keep authority and well-known RIDs; other RIDs and the domain's numbers are mapped.
    - Card and international phone numbers, AWS account numbers and key ids get other digits and letters.

    Names without a shape of their own are found by keys (``user=``, ``"hostname":``), phrases (``for user bob``) and
    the syslog header, and then replaced wherever they stand in the same text; the rest is missed, and how much that is
    ``loglm evaluate pseudonyms`` measures. GUIDs, numeric user ids, file and product names, and free prose stay.

    Without the key a pseudonym cannot be told from a random one of its format: each is the output of keyed BLAKE2b, a
    pseudorandom function, on the value. What remains to be seen: which values are equal, the length of the prefix that
    two addresses share, the shape of names (separators, capitals, a short number at the end), and all that is not
    found. Who knows some values (by causing log lines) knows those pseudonyms, and the shared prefixes of other
    addresses. Who has the key can try a dictionary of names or all IPv4 addresses: throw it away where nobody shall.

    A pseudonym is a value like any other, so applying twice maps twice. Time is linear in the text; caches hold
    at most 65,536 addresses and names.
    """

    def __init__(self, key: bytes) -> None:
        """Take a secret key.

        Args:
            key: At least 16 bytes that nobody can guess, such as 32 from ``os.urandom``.

        Raises:
            InputError: The key is shorter.
        """
        if len(key) < MIN_KEY_BYTES:
            raise InputError(
                f"the key has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed: make one with "
                "`openssl rand -hex 32 > KEYFILE`"
            )
        secret = hashlib.blake2b(key, digest_size=64, person=b"loglm pseudonym").digest()
        self._names = KeyedNames(secret[:32])
        self._addresses = PrefixPreservingMap(secret[32:])

    def apply(self, text: str) -> str:
        """A raw or rendered record with pseudonyms; text without identities comes back as it is."""
        return self._replace(text, names_in_text(text))

    def apply_event(self, event: LogEvent) -> LogEvent:
        """An event with pseudonyms in all its texts; what its fields name is replaced in the others as well."""
        names = names_in_text(event.raw) | names_in_fields(event.attributes)
        for value in (event.host, event.user):
            names.update(names_in_value(value or ""))
        texts: dict[str, Any] = {name: self._fields(getattr(event, name), names) for name in _TEXTS}
        return replace(event, **texts)

    def _fields(self, value: Any, names: set[str], depth: int = 0) -> Any:
        if isinstance(value, str):
            return self._replace(value, names)
        if depth < _MAX_DEPTH and isinstance(value, dict):
            return {key: self._fields(inner, names, depth + 1) for key, inner in value.items()}
        if depth < _MAX_DEPTH and isinstance(value, list):
            return [self._fields(inner, names, depth + 1) for inner in value]
        if isinstance(value, dict | list):
            text = str(value)
            return self._replace(text, names | names_in_text(text))
        return value

    def _replace(self, text: str, names: set[str]) -> str:
        """Values with a shape of their own first, then the names that are known for this text."""
        record = _Record(self._names, self._addresses, set(names), is_escaped=bool(_ESCAPED(text)))
        text = record.replace_shapes(text)
        return record.replace_names(text)


class _Record:
    """Replacing in one text."""

    def __init__(self, names: KeyedNames, addresses: PrefixPreservingMap, found: set[str], *, is_escaped: bool) -> None:
        self._names = names
        self._addresses = addresses
        self._found = found
        self._is_escaped = is_escaped

    def replace_shapes(self, text: str) -> str:
        """The text with every value replaced that its shape tells; their names are known from then on."""
        return _shapes(_features(text)).sub(self._shaped, text)

    def _shaped(self, match: re.Match[str]) -> str:
        return _BY_KIND[match.lastgroup or ""](self, match)

    def replace_names(self, text: str) -> str:
        """The text with the names found in it replaced as whole words, capitals or not."""
        found = {name for name in self._found if not is_well_known(name)}
        return _WORD.sub(lambda match: self._word(match[0], found), text) if found else text

    def _word(self, word: str, found: set[str]) -> str:
        core = word.strip("_.-$")
        if core.lower() in found:
            head, tail = word.split(core, 1)
            return head + self._names.name(core) + tail
        return "".join(self._names.name(part) if part.lower() in found else part for part in _PIECES.split(word))

    def _learn(self, name: str) -> str:
        """The pseudonym of a name; the name is replaced in the rest of the text as well."""
        self._found.update(names_in_value(name))
        return self._names.name(name)

    def _kept(self, match: re.Match[str]) -> str:
        return match[0]

    def _ip4(self, match: re.Match[str]) -> str:
        return self._octets(match[0].split("."), ".") or match[0]

    def _octets(self, octets: list[str], separator: str) -> str | None:
        """None where these are no octets; each keeps the width of leading zeros."""
        numbers = [int(octet) for octet in octets]
        if max(numbers) > 255:
            return None
        mapped = self._addresses.map(ipaddress.IPv4Address(bytes(numbers))).packed
        padded = any(len(octet) > 1 and octet[0] == "0" for octet in octets)
        return separator.join(f"{number:03}" if padded else str(number) for number in mapped)

    def _dashed(self, match: re.Match[str]) -> str:
        head, *octets = match[0].split("-")
        mapped = self._octets(octets, "-")
        return f"{head}-{mapped}" if mapped else match[0]

    def _reverse(self, match: re.Match[str]) -> str:
        mapped = self._octets(match[0].rstrip(".").split(".")[::-1], ".")
        return ".".join(mapped.split(".")[::-1]) + "." if mapped else match[0]

    def _ip6(self, match: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            head, colon, port = match[0].rpartition(":")
            has_port = head.count(":") == 7 and "::" not in match[0]
            return self.replace_shapes(head) + colon + port if has_port else match[0]
        mapped = self._addresses.map(address)
        if mapped == address:
            return match[0]
        if "." in match[0] and mapped.packed[:12] == address.packed[:12]:
            return f"{match[0].rpartition(':')[0]}:{ipaddress.IPv4Address(mapped.packed[12:])}"
        text = mapped.exploded if len(match[0]) == len(mapped.exploded) else str(mapped)
        return text.upper() if match[0].isupper() else text

    def _frame(self, match: re.Match[str]) -> str:
        """Receiver, sender and type of a frame, as netfilter writes them."""
        receiver, sender, kind = match[0][:17], match[0][18:35], match[0][35:]
        return f"{self._mapped_mac(receiver)}:{self._mapped_mac(sender)}{kind}"

    def _mac(self, match: re.Match[str]) -> str:
        return self._mapped_mac(match[0])

    def _mapped_mac(self, mac: str) -> str:
        given = re.sub(r"[^0-9a-fA-F]", "", mac).lower()
        if given.startswith(_PROTOCOL_MACS) and not given.startswith("3333ff"):
            return mac
        number = self._names.bits("mac", given, 48)
        first = (number >> 40) & 0xFC | 0x02 | int(given[:2], 16) & 1
        made = iter(f"{first:02x}{number & 0xFF_FFFF_FFFF:010x}")
        text = "".join(next(made) if character not in ":-." else character for character in mac)
        return text.upper() if mac != mac.lower() else text

    def _sid(self, match: re.Match[str]) -> str:
        parts = match[0].split("-")
        if parts[2:4] == ["12", "1"]:
            return "-".join([*parts[:4], *self._numbers("-".join(parts[4:]), len(parts) - 4)])
        if parts[2:4] != ["5", "21"]:
            return match[0]
        domain, rids = parts[4:7], parts[7:]
        mapped = [rid if int(rid) < 1_000 else self._rid("-".join([*domain, rid])) for rid in rids]
        return "-".join([*parts[:4], *self._numbers("-".join(domain), len(domain)), *mapped])

    def _numbers(self, text: str, count: int) -> list[str]:
        number = self._names.bits("sid", text, 32 * count)
        return [str(number >> 32 * place & 0xFFFF_FFFF) for place in range(count)]

    def _rid(self, text: str) -> str:
        return str(1_000 + self._names.bits("rid", text, 29))

    def _email(self, match: re.Match[str]) -> str:
        local, sign, host = match.group("local", "at", "mailhost")
        if host.isdecimal() or host in _ALGORITHM_OWNERS:
            return match[0]
        mapped = self._octets(host.split("."), ".") if _ADDRESS(host) else None
        is_after_break = self._is_escaped and match.string[match.start() - 1 : match.start()] == "\\"
        head = local[0] if is_after_break and local[0] in "nrt" else ""
        return f"{head}{self._learn(local[len(head) :])}{sign}{mapped or self._names.name(host)}"

    def _home(self, match: re.Match[str]) -> str:
        user = match["homeuser"]
        is_shared = user.lower() in _SHARED_HOMES or _FILE_ENDING.search(user)
        return match["home"] + (user if is_shared else self._learn(user))

    def _unc(self, match: re.Match[str]) -> str:
        slashes, host = match["unc"], match["unchost"]
        if self._is_escaped and len(slashes) == 2:
            return match[0]
        mapped = self._octets(host.split("."), ".") if _ADDRESS(host) else None
        return slashes + (mapped or self._learn(host))

    def _account(self, match: re.Match[str]) -> str:
        domain, slash, name = match.group("accountdomain", "slash", "accountname")
        if domain.lower() in _NO_DOMAINS or name.lower() in _NO_DOMAINS or _FILE_ENDING.search(name):
            return match[0]
        is_escape = slash == "\\" and (self._is_escaped or (name[0] in "nrtbfux0" and domain[0].islower()))
        if is_escape:
            return f"{domain}{slash}{name[0]}{self.replace_shapes(name[1:])}"
        return f"{self._learn(domain)}{slash}{self._learn(name)}"

    def _fqdn(self, match: re.Match[str]) -> str:
        if is_domain(match[0]):
            return self._names.name(match[0])
        return _INNER_ADDRESS.sub(self._ip4, match[0])

    def _machine(self, match: re.Match[str]) -> str:
        return self._learn(match[0])

    def _card(self, match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        if _luhn(digits):
            return match[0]
        made = digits[0] + self._names.digits(digits)[1:-1]
        made += str(-_luhn(made + "0") % 10)
        rest = iter(made)
        return "".join(next(rest) if character.isdecimal() else character for character in match[0])

    def _phone(self, match: re.Match[str]) -> str:
        return match[0][:2] + self._names.digits(match[0])[2:]

    def _access_key(self, match: re.Match[str]) -> str:
        return match[0][:4] + self._names.letters_and_digits(match[0][4:])


def _luhn(digits: str) -> int:
    """The check sum modulo 10; 0 for numbers of cards."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10


_BY_KIND: Final[dict[str, Callable[[_Record, re.Match[str]], str]]] = {
    "frame": _Record._frame,
    "mac": _Record._mac,
    "machine": _Record._machine,
    "guid": _Record._kept,
    "sid": _Record._sid,
    "reverse": _Record._reverse,
    "dashed": _Record._dashed,
    "ip4": _Record._ip4,
    "ip6": _Record._ip6,
    "email": _Record._email,
    "homeuser": _Record._home,
    "unchost": _Record._unc,
    "account": _Record._account,
    "fqdn": _Record._fqdn,
    "card": _Record._card,
    "phone": _Record._phone,
    "accesskey": _Record._access_key,
}
