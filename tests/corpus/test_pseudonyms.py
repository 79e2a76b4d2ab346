"""Pseudonyms: consistent under a key, other under another, of the same format; what stays and what is found."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent, LogSource

KEY = b"a key of tests: 1"
NAMES = st.from_regex(r"[a-z]{4,12}", fullmatch=True).map(lambda name: f"q{name}z")
ADDRESSES = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)


@pytest.fixture(scope="module")
def pseudonymiser() -> Pseudonymiser:
    return Pseudonymiser(KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(InputError, match="15 bytes; at least 16"):
        Pseudonymiser(b"x" * 15)


@given(NAMES, ADDRESSES)
def test_pseudonyms_are_the_same_under_one_key_and_others_under_another(name: str, address: str) -> None:
    text = f"user={name} src={address} mail={name}@{name}.com"
    once = Pseudonymiser(KEY).apply(text)
    assert once == Pseudonymiser(KEY).apply(text)
    assert once != Pseudonymiser(KEY + b"!").apply(text)
    assert name not in once


@given(NAMES)
def test_a_name_has_one_pseudonym_wherever_it_stands(name: str) -> None:
    apply = Pseudonymiser(KEY).apply
    made = apply(f"user={name}").removeprefix("user=")
    assert apply(f"Failed password for {name} from 10.0.0.7").split()[3] == made
    assert apply(f"{name}@corp.local") == f"{made}@corp.local"
    assert apply(rf"C:\Users\{name}\x.exe") == rf"C:\Users\{made}\x.exe"
    assert apply(f'{{"user": {{"name": "{name}"}}}}') == f'{{"user": {{"name": "{made}"}}}}'
    assert apply(f"user={name.upper()}") == f"user={made.upper()}"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("from 10.0.0.7 port 22", r"from 10\.\d+\.\d+\.\d+ port 22"),
        ("from ::ffff:10.0.0.7", r"from ::ffff:10\.\d+\.\d+\.\d+"),
        ("7.0.0.10.in-addr.arpa", r"\d+\.\d+\.\d+\.10\.in-addr\.arpa"),
        ("ip-10-0-0-7.ec2.internal", r"ip-10-\d+-\d+-\d+\.ec2\.internal"),
        ("mac 00:11:22:AA:BB:CC", r"mac [0-9A-F][26AE](:[0-9A-F]{2}){5}"),
        ("mac 0011.2233.4455", r"mac [0-9a-f][26ae][0-9a-f]{2}(\.[0-9a-f]{4}){2}"),
        ("S-1-5-21-1-2-3-1104", r"S-1-5-21-\d+-\d+-\d+-\d{4,9}"),
        ("S-1-5-21-1-2-3-500", r"S-1-5-21-\d+-\d+-\d+-500"),
        ("jane.doe@acme.co.uk", r"[a-z]{9}\.[a-z]{9}@[a-z]{9}\.co\.uk"),
        ("tenant contoso.sharepoint.com", r"tenant [a-z]{9}\.sharepoint\.com"),
        (r"\\FS-ALPHA\share", r"\\\\FS-[A-Z]{9}\\share"),
        ("+49 170 1234567", r"\+4\d \d{3} \d{7}"),
        ("arn:aws:iam::123456789012:user/jane", r"arn:aws:iam::\d{12}:user/[a-z]{9}"),
        ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z0-9]{16}"),
        ("Nov 21 10:11:12 zeus sshd[1]: x", r"Nov 21 10:11:12 [a-z]{9} sshd\[1\]: x"),
        ("1.2.3.4 - jane [10/Oct/2000:13:55:36 -0700]", r"[\d.]+ - [a-z]{9} \[10/Oct/2000:13:55:36 -0700\]"),
        ("'TargetUserName'>HERMES$<", r"'TargetUserName'>[A-Z]{9}\$<"),
        ("MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00", r"MAC=([0-9a-f]{2}:){12}08:00"),
    ],
)
def test_a_pseudonym_has_the_format_of_its_value(pseudonymiser: Pseudonymiser, text: str, pattern: str) -> None:
    made = pseudonymiser.apply(text)
    assert made != text
    assert re.fullmatch(pattern, made)


def test_card_numbers_stay_valid(pseudonymiser: Pseudonymiser) -> None:
    made = pseudonymiser.apply("card 4111 1111 1111 1111").removeprefix("card ")
    digits = [int(digit) for digit in made.replace(" ", "")]
    doubled = [sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits))]
    assert re.fullmatch(r"4\d{3}( \d{4}){3}", made) and made != "4111 1111 1111 1111"
    assert sum(doubled) % 10 == 0


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog",
        "kernel: CPU0: Temperature above threshold, cpu clock throttled (total events = 3)",
        r"NT AUTHORITY\SYSTEM started C:\Windows\System32\cmd.exe, HKLM\Software\Microsoft\Windows",
        "sudo: root : TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/bin/ip netns identify 4867",
        "S-1-5-18 S-1-5-32-544 localhost 127.0.0.1 ::1 255.255.255.0 224.0.0.251 169.254.169.254",
        "GET http://www.microsoft.com/ from ff:ff:ff:ff:ff:ff",
        "uid=0 euid=0 tty=ssh ruser= rhost= id=6181ce2b-0f29-3a00-6d15-8194aaaabbbb",
        "2024-01-01 10:00:00.123 UTC [32567] LOG:  database system is ready, version 6.1.7601.24545",
        "java.lang.IllegalStateException at org.apache.spark.Foo.bar(Foo.scala:12) hmac-sha1@openssh.com",
    ],
)
def test_what_names_nobody_stays(pseudonymiser: Pseudonymiser, text: str) -> None:
    assert pseudonymiser.apply(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "user\\n10.0.0.7", "path": "C:\\\\Users\\\\janedoe\\\\x", "a": "CORP\\\\janedoe"}',
        "lines\\n10.0.0.7 and host_10.0.0.7 and 10.0.0.7.4711 and janedoe@10.0.0.7 src-10.0.0.7.cap",
    ],
    ids=["json", "attached"],
)
def test_values_next_to_escapes_and_separators_are_found(pseudonymiser: Pseudonymiser, text: str) -> None:
    made = pseudonymiser.apply(text)
    assert "10.0.0.7" not in made and "janedoe" not in made


def test_an_event_is_replaced_by_what_its_fields_name() -> None:
    event = LogEvent(
        raw="1,janedoe,login,zeus",
        location=SourceLocation("x", 1),
        log_source=LogSource("linux"),
        attributes={"a": {"username": "janedoe"}, "list": ["to janedoe"], "count": 3},
        body="janedoe on zeus",
        host="zeus",
        user="janedoe",
        source_address="10.0.0.7",
    )
    made = Pseudonymiser(KEY).apply_event(event)
    assert made.user and made.host and made.body == f"{made.user} on {made.host}"
    assert made.raw == f"1,{made.user},login,{made.host}"
    assert made.attributes == {"a": {"username": made.user}, "list": [f"to {made.user}"], "count": 3}
    assert "janedoe" not in made.user and "zeus" not in made.host
    assert made.source_address == Pseudonymiser(KEY).apply("10.0.0.7")
    assert event.user == "janedoe"


def test_fields_nested_however_deep_are_replaced() -> None:
    nested: dict[str, object] = {"user": "janedoe", "ip": "10.0.0.7"}
    for _ in range(40):
        nested = {"in": nested}
    event = LogEvent("x", SourceLocation("x", 1), LogSource("linux"), attributes=nested)
    made = str(Pseudonymiser(KEY).apply_event(event).attributes)
    assert "janedoe" not in made and "10.0.0.7" not in made


@given(st.text(max_size=200))
def test_any_text_is_taken_and_keeps_its_lines(text: str) -> None:
    assert Pseudonymiser(KEY).apply(text).count("\n") == text.count("\n")


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_addresses_stay_addresses_of_their_class(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    made = ipaddress.ip_address(Pseudonymiser(KEY).apply(str(address)))
    for trait in ("version", "is_loopback", "is_multicast", "is_link_local", "is_unspecified"):
        assert getattr(made, trait) == getattr(address, trait)


@pytest.mark.parametrize(
    "attack",
    [
        "a.",
        "user ",
        "\\",
        "1.",
        "aa:",
        "x@",
        "a-",
        'key="',
        '"user":{',
        "/home/",
        " ",
        "4111 ",
        "+1 ",
        "CN=a,",
        "\\\\a",
        "1:",
    ],
)
def test_time_is_linear_in_hostile_text(attack: str) -> None:
    apply = Pseudonymiser(KEY).apply
    assert_linear(apply, lambda size: attack * size, 40_000)
