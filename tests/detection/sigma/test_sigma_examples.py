from __future__ import annotations

from collections.abc import Callable

from loglm.detection.sigma import RuleExample, SigmaRules
from loglm.events.event import LogSource


def examples(load: Callable[..., SigmaRules], text: str) -> list[RuleExample]:
    return list(load(text).strings())


def test_example_has_the_rules_facts(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    (example,) = examples(load, rule("s: {Image|endswith: '\\Cmd.exe', EventID: 1}\ncondition: s", title="T"))
    assert example.log_source == LogSource("windows", "", "process_creation")
    assert (example.techniques, example.level.name, example.title) == (("T1059.001",), "HIGH", "T")
    assert example.fields == {"Image": ["\\Cmd.exe"], "EventID": ["1"]}


def test_filters_give_no_strings(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s: {Image: a}\nf: {Image: b, User: c}\ncondition: s and not f")
    assert [example.fields for example in examples(load, text)] == [{"Image": ["a"]}]


def test_each_alternative_is_an_example(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s: {Image: [a, b, c], User|contains|all: [x, y]}\ncondition: s")
    assert [example.fields for example in examples(load, text)] == [
        {"Image": [image], "User": ["x", "y"]} for image in "abc"
    ]


def test_alternative_selections_are_examples(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s_a: {Image: a}\ns_b: {User: b}\ncondition: 1 of s_*")
    assert [example.fields for example in examples(load, text)] == [{"Image": ["a"]}, {"User": ["b"]}]


def test_examples_of_a_rule_are_bounded_and_spread(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    values = [f"v{number}" for number in range(40)]
    text = rule(f"s: {{Image: [{', '.join(values)}]}}\ncondition: s")
    assert [example.fields["Image"][0] for example in examples(load, text)] == values[::2]


def test_wildcards_are_taken_out(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s: {Image: '*\\a\\\\*\\b?exe'}\ncondition: s")
    assert [example.fields for example in examples(load, text)] == [{"Image": ["\\a\\", "\\b", "exe"]}]


def test_keywords_stand_under_an_empty_name(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("k: [one, two]\ncondition: k", logsource="{product: linux}")
    assert [example.fields for example in examples(load, text)] == [{"": ["one"]}, {"": ["two"]}]


def test_other_hyphens_are_not_repeated(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s: {CommandLine|contains|windash: ' -x'}\ncondition: s")
    assert [example.fields["CommandLine"] for example in examples(load, text)] == [[" -x"], [" /x"]]


def test_rule_without_strings_gives_none(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    assert examples(load, rule("s: {CommandLine|re: '.{99,}'}\ncondition: s")) == []
