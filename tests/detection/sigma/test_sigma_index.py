"""The index must not lose a match: it finds what evaluating every rule finds."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loglm.detection.sigma.fields import EventFields, getter
from loglm.detection.sigma.index import RuleIndex
from loglm.detection.sigma.predicates import predicate
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.findings import Level, RuleHit

FIELDS = ("A", "B", "n.x")
ALPHABET = "aBß.\\*Σ1"
words = st.text(ALPHABET, max_size=3)
parts = st.lists(st.one_of(words.filter(bool), st.sampled_from([0, 1])), min_size=1, max_size=4)
names = st.sampled_from(FIELDS)
comparisons = st.sampled_from(["equals", "prefix", "suffix", "contains"])
leaves = st.one_of(
    st.tuples(st.just("text"), names, comparisons, st.booleans(), st.lists(words, min_size=1, max_size=3)),
    st.tuples(st.just("text"), names, st.just("glob"), st.booleans(), st.lists(parts, min_size=1, max_size=2)),
    st.tuples(st.just("text"), st.none(), st.just("contains"), st.booleans(), st.lists(words, min_size=1, max_size=2)),
    st.tuples(st.just("regex"), names, st.sampled_from(["a+B", "(?i)b", "a|1", "^.$", r"\\B?1", "(aB)*1", "[a1]{2}B"])),
    st.tuples(st.just("compare"), names, st.sampled_from(["lt", "gte", "ne"]), st.integers(0, 11)),
    st.tuples(st.just("fieldref"), names, names, comparisons),
    st.tuples(st.sampled_from(["exists", "null"]), names),
).map(list)  # fmt: skip
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=4)).map(list),
        inner.map(lambda node: ["not", node]),
    ),
    max_leaves=6,
)
values = st.one_of(
    st.none(), st.text(ALPHABET, max_size=5), st.integers(0, 11), st.booleans(), st.lists(words, max_size=2)
)
attributes = st.fixed_dictionaries({}, optional={"A": values, "B": values, "n": st.fixed_dictionaries({"x": values})})


@settings(max_examples=300)
@given(st.lists(nodes, min_size=1, max_size=6), st.lists(attributes, min_size=1, max_size=6))
def test_index_finds_what_evaluating_every_rule_finds(conditions: list[Any], records: list[dict[str, Any]]) -> None:
    hits = [RuleHit(str(number), "", Level.LOW) for number in range(len(conditions))]
    getters = {name: getter((name,)) for name in FIELDS}
    index = RuleIndex(list(zip(hits, conditions, strict=True)), lambda name: ((name,), getters[name]))
    for record in records:
        event = LogEvent("raw", SourceLocation("test"), LogSource("test"), record)
        fields = EventFields(event, {**getters, None: getters["A"]})
        expected = [hit for hit, node in zip(hits, conditions, strict=True) if predicate(node)(fields)]
        assert index.match(event) == expected


def test_index_forgets_values_before_they_pile_up() -> None:
    node = ["text", "A", "contains", False, ["x"]]
    index = RuleIndex([(RuleHit("1", "", Level.LOW), node)], lambda name: ((name,), getter((name,))))
    for number in range(5000):
        index.match(LogEvent("", SourceLocation("test"), LogSource("test"), {"A": f"{number}" * 3}))
    assert len(index._plain["A"]) <= 2048
