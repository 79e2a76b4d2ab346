"""What conditions mean: each case is a detection section, an event's fields and whether the rule matches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.events.event import LogEvent, LogSource

CASES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("strings ignore case", "Image: 'C:\\a\\CMD.exe'", {"Image": "c:\\A\\cmd.EXE"}, True),
    ("strings ignore case beyond ASCII", "Image|contains: 'GROẞE Σ'", {"Image": "xgroße ςx"}, True),
    ("re ignores case beyond ASCII", "Image|re|i: 'stk'", {"Image": "\u017ft\u212a"}, True),
    ("strings are whole values", "Image: 'cmd.exe'", {"Image": "C:\\cmd.exe"}, False),
    ("a list is an or", "Image: [a, b]", {"Image": "b"}, True),
    ("a map is an and", "{Image: a, User: b}", {"Image": "a"}, False),
    ("a list of maps is an or", "[{Image: a}, {User: b}]", {"User": "b"}, True),
    ("star stands for any characters", "Image: '*\\cmd.*'", {"Image": "C:\\x\\cmd.exe"}, True),
    ("star in the middle", "Image: 'C:\\\\*\\cmd.exe'", {"Image": "C:\\x\\y\\cmd.exe"}, True),
    ("star matches line ends", "Image: 'a*b'", {"Image": "a\n\nb"}, True),
    ("question mark is one character", "Image: 'cm?.exe'", {"Image": "cmd.exe"}, True),
    ("question mark is not none", "Image: 'cm?.exe'", {"Image": "cm.exe"}, False),
    ("escaped star is no wildcard", "Image: 'C:\\*\\cmd.exe'", {"Image": "C:\\x\\cmd.exe"}, False),
    ("escaped star is a star", "Image: 'a\\*b'", {"Image": "axb"}, False),
    ("glob characters are literal", "Image: 'a.*[b]'", {"Image": "a.xx[b]"}, True),
    ("glob dots are dots", "Image: 'a.*b'", {"Image": "axxb"}, False),
    ("a single star is any value", "Image: '*'", {"Image": ""}, True),
    ("a single star is not no value", "Image: '*'", {}, False),
    ("contains", "CommandLine|contains: ' -ENC '", {"CommandLine": "p -enc x"}, True),
    ("contains all", "CommandLine|contains|all: [a, b]", {"CommandLine": "xa"}, False),
    ("startswith", "Image|startswith: 'c:\\'", {"Image": "C:\\x"}, True),
    ("startswith is not contains", "Image|startswith: 'x'", {"Image": "C:\\x"}, False),
    ("endswith", "Image|endswith: ['\\a.exe', '\\b.exe']", {"Image": "C:\\B.EXE"}, True),
    ("cased", "Image|cased: 'Cmd'", {"Image": "cmd"}, False),
    ("cased contains", "Image|contains|cased: 'Cmd'", {"Image": "xCmdx"}, True),
    ("re is found anywhere", "CommandLine|re: 'a+b'", {"CommandLine": "xaaby"}, True),
    ("re is case-sensitive", "CommandLine|re: 'a+b'", {"CommandLine": "xAABy"}, False),
    ("re with i is not", "CommandLine|re|i: 'a+b'", {"CommandLine": "xAABy"}, True),
    ("re with s", "CommandLine|re|s: '^a.b'", {"CommandLine": "a\nb"}, True),
    ("re with look-ahead", "CommandLine|re: 'a(?!b)c'", {"CommandLine": "ac"}, True),
    ("cidr v4", "Ip|cidr: 10.0.0.0/8", {"Ip": "10.2.3.4"}, True),
    ("cidr v4 outside", "Ip|cidr: 10.0.0.0/8", {"Ip": "11.2.3.4"}, False),
    ("cidr v6", "Ip|cidr: 'fe80::/10'", {"Ip": "fe80::1"}, True),
    ("cidr of a mapped address", "Ip|cidr: 10.0.0.0/8", {"Ip": "::ffff:10.1.1.1"}, True),
    ("cidr of no address", "Ip|cidr: 10.0.0.0/8", {"Ip": "10.x"}, False),
    ("base64", "CommandLine|base64|contains: foobar", {"CommandLine": "x Zm9vYmFy"}, True),
    ("base64offset", "CommandLine|base64offset|contains: foobar", {"CommandLine": "x b29iYX x Zvb2Jhc"}, True),
    ("wide base64", "CommandLine|wide|base64offset|contains: 'ab'", {"CommandLine": "YQBiA"}, True),
    ("windash", "CommandLine|contains|windash: ' -x'", {"CommandLine": "p /x"}, True),
    ("windash en dash", "CommandLine|contains|windash: ' -x'", {"CommandLine": "p \u2013x"}, True),
    ("exists", "Image|exists: true", {"Image": "x"}, True),
    ("exists false", "Image|exists: false", {"Image": "x"}, False),
    ("exists false of a missing field", "Image|exists: false", {}, True),
    ("fieldref", "Image|fieldref: ParentImage", {"Image": "A", "ParentImage": "a"}, True),
    ("fieldref differs", "Image|fieldref: ParentImage", {"Image": "a", "ParentImage": "b"}, False),
    ("fieldref of missing fields", "Image|fieldref: ParentImage", {}, False),
    ("gt", "Size|gt: 10", {"Size": 11}, True),
    ("gt is not gte", "Size|gt: 10", {"Size": "10"}, False),
    ("gte", "Size|gte: 10", {"Size": "10"}, True),
    ("lt", "Size|lt: 10", {"Size": 9.5}, True),
    ("lte of no number", "Size|lte: 10", {"Size": "many"}, False),
    ("neq", "Image|neq: a", {"Image": "b"}, True),
    ("null is a missing field", "Image: null", {}, True),
    ("null is a null", "Image: null", {"Image": None}, True),
    ("null is not empty", "Image: null", {"Image": ""}, False),
    ("empty may be missing in Windows events", "Image: ''", {}, True),
    ("empty is not something", "Image: ''", {"Image": "-"}, False),
    ("empty", "Image: ''", {"Image": ""}, True),
    ("a number is its digits", "EventID: 4624", {"EventID": "4624"}, True),
    ("a whole float is its digits", "EventID: 4624", {"EventID": 4624.0}, True),
    ("true is no number", "Flag: 1", {"Flag": True}, False),
    ("true", "Flag: true", {"Flag": "True"}, True),
    ("one of several values", "Groups: b", {"Groups": ["a", "B"]}, True),
    ("nested names", "user.name: bob", {"user": {"name": "Bob"}}, True),
    ("names with dots", "user.name: bob", {"user.name": "Bob"}, True),
    ("nested lists", "target.name: bob", {"target": [{"id": 1}, {"name": "Bob"}]}, True),
    ("a record is its JSON", "params|contains: '\"enable\":false'", {"params": {"enable": False}}, True),
    ("keywords", "['mimikatz', 'other']", {"Any": {"deep": ["runs Mimikatz now"]}}, True),
    ("keywords with star", "['mimi*now']", {"Any": "runs mimikatz now"}, True),
    ("keywords all", "{'|all': [one, two]}", {"A": "one", "B": "two"}, True),
    ("keywords all, one missing", "{'|all': [one, two]}", {"A": "one"}, False),
]


@pytest.mark.parametrize(
    ("detection", "fields", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_condition_holds(
    rule: Callable[..., str],
    load: Callable[..., SigmaRules],
    event: Callable[..., LogEvent],
    detection: str,
    fields: dict[str, Any],
    expected: bool,
) -> None:
    body = detection if detection[0] in "[{" else f"{{{detection}}}"
    rules = load(rule(f"selection: {body}\ncondition: selection"))
    assert rules.skipped == ()
    assert bool(rules.match(event(fields))) is expected


SELECTIONS = "selection_a: {A: x}\nselection_b: {B: x}\nfilter_c: {C: x}\n"


@pytest.mark.parametrize(
    ("condition", "fields", "expected"),
    [
        ("1 of selection_*", "b", True),
        ("all of selection_*", "b", False),
        ("all of selection_*", "ab", True),
        ("1 of them", "c", True),
        ("all of them", "ab", False),
        ("selection_a and not filter_c", "a", True),
        ("selection_a and not filter_c", "ac", False),
        ("selection_a and not 1 of filter_*", "ac", False),
        ("not selection_a", "", True),
        ("selection_a or selection_b and filter_c", "a", True),
        ("(selection_a or selection_b) and filter_c", "a", False),
    ],
)
def test_condition_combines_selections(
    rule: Callable[..., str],
    load: Callable[..., SigmaRules],
    event: Callable[..., LogEvent],
    condition: str,
    fields: str,
    expected: bool,
) -> None:
    rules = load(rule(f"{SELECTIONS}condition: {condition}"))
    assert bool(rules.match(event({name.upper(): "x" for name in fields}))) is expected


def test_keywords_are_found_in_a_text_record(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    rules = load(rule("keywords: ['entered promiscuous mode']\ncondition: keywords", logsource="{product: linux}"))
    line = "Jan  1 00:00:00 web1 kernel: eth0 entered promiscuous mode"
    assert rules.match(event({}, source=LogSource("linux", "syslog"), raw=line, body=line[30:]))


def test_empty_is_not_missing_elsewhere(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    rules = load(rule("s: {c-useragent: ''}\ncondition: s", logsource="{category: proxy}"))
    squid = LogSource("squid", "access", "proxy")
    assert not rules.match(event({}, source=squid))
    assert rules.match(event({"c-useragent": ""}, source=squid))


def test_hit_says_what_the_rule_says(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    (hit,) = load(rule("selection: {Image: a}\ncondition: selection", title="A title")).match(event({"Image": "a"}))
    assert (hit.title, hit.level.name, hit.techniques) == ("A title", "HIGH", ("T1059.001",))
    assert hit.rule_id == "00000000-0000-4000-8000-000000000001"


def test_hits_come_strongest_first(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    texts = [
        rule("selection: {Image: a}\ncondition: selection", number=number).replace("level: high", f"level: {level}")
        for number, level in enumerate(("low", "critical", "informational", "medium"))
    ]
    levels = [hit.level.name for hit in load(*texts).match(event({"Image": "a"}))]
    assert levels == ["CRITICAL", "MEDIUM", "LOW", "INFORMATIONAL"]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[]],
        [None],
        float("nan"),
        float("inf"),
        "\ud800",
        "\ufdd0\ufdd1",
        10**400,
        {1: {2: 3}},
        b"\xff",
        ("a", 1),
    ],
)
def test_odd_values_raise_nothing(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent], value: Any
) -> None:
    detections = (
        "A|contains: x",
        "A|re: '[x-z]+'",
        "A|gt: 3",
        "A|cidr: 10.0.0.0/8",
        "A: '*x?y*'",
        "A.b: z",
        "A|fieldref: A",
    )
    texts = [rule(f"s: {{{detection}}}\ncondition: s", number=number) for number, detection in enumerate(detections)]
    rules = load(*texts, rule("k: [xyz]\ncondition: k or not k", number=99))
    assert rules.match(event({"A": value}))[0].rule_id.endswith("99") or rules.match(event({"A": value}))


def test_very_deep_value_raises_nothing(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    deep: Any = "needle"
    for _ in range(100_000):
        deep = [deep]
    rules = load(rule("k: [needle]\ns: {A|contains: needle}\ncondition: k or s"))
    assert rules.match(event({"A": deep})) == ()
