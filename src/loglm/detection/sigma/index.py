"""The rules of one kind of event, arranged so that few of them need to be evaluated.

Each rule gets up to `_SLOTS` clauses (`literals`), the least likely ones. For each field there is an automaton over
the literals of all rules; what it finds in a value is a number with one bit for each rule and slot, remembered by
value, since values repeat. A rule is evaluated where every slot's bit was found in some field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final, Protocol, cast

from loglm.detection.sigma.fields import EventFields, Getter
from loglm.detection.sigma.literals import END, START, clauses, cost
from loglm.detection.sigma.predicates import Predicate, predicate
from loglm.detection.sigma.specs import Node
from loglm.detection.sigma.values import event_texts, texts
from loglm.events.event import LogEvent
from loglm.findings import RuleHit

__all__ = ["RuleIndex"]

_SLOTS: Final = 3
_REMEMBERED_CHARS: Final = 512
"""Longer values seldom repeat and are looked up anew."""
_REMEMBERED_VALUES: Final = 2048
"""Values remembered for a field before all are forgotten."""


class _Automaton(Protocol):
    def iter(self, text: str, /) -> Any: ...


class _FieldIndex(dict[str, int]):
    """For one field: value -> bits of the rules whose clauses it meets; a dict that fills itself."""

    def __init__(self, literals: Mapping[str, int]) -> None:
        super().__init__()
        self._automaton = _automaton(literals)

    def __missing__(self, value: str) -> int:
        bits = 0
        for _, found in self._automaton.iter(f"{START}{value.casefold()}{END}"):
            bits |= found
        if len(value) <= _REMEMBERED_CHARS:
            if len(self) >= _REMEMBERED_VALUES:
                self.clear()
            self[value] = bits
        return bits


def _automaton(literals: Mapping[str, int]) -> _Automaton:
    import ahocorasick  # type: ignore[import-not-found]

    automaton = ahocorasick.Automaton()
    for literal, bits in literals.items():
        automaton.add_word(literal, bits)
    automaton.make_automaton()
    return cast("_Automaton", automaton)


class RuleIndex:
    """Finds which of a fixed list of rules match an event."""

    def __init__(
        self, rules: Sequence[tuple[RuleHit, Node]], resolve: Callable[[str], tuple[tuple[str, ...], Getter]]
    ) -> None:
        """Arrange the rules.

        Args:
            rules: What to report for each rule, and its condition.
            resolve: For a rule's field, the attributes that may hold it and a function that gets its value.
        """
        self._hits = [hit for hit, _ in rules]
        self._nodes = [node for _, node in rules]
        self._predicates: dict[int, Predicate] = {}
        self._count = len(rules)
        self._all = (1 << self._count) - 1
        self._base, literals = self._slots()
        resolved = {field: resolve(field) for field in _fields(self._nodes)}
        self._getters: dict[str | None, Getter] = {field: get for field, (_, get) in resolved.items()}
        self._plain: dict[str, _FieldIndex] = {}
        self._other: list[tuple[Getter, _FieldIndex]] = []
        self._keywords = _FieldIndex(literals.pop(None)) if None in literals else None
        for field, words in literals.items():
            names, get = resolved[cast("str", field)]
            index = _FieldIndex(words)
            if len(names) == 1 and "." not in names[0] and names[0] not in self._plain:
                self._plain[names[0]] = index
            else:
                self._other.append((get, index))

    def match(self, event: LogEvent) -> list[RuleHit]:
        """What the rules that match report, in the order in which the rules were given."""
        bits = self._candidates(event)
        if not bits:
            return []
        fields = EventFields(event, self._getters)
        found = []
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            place = lowest.bit_length() - 1
            if self._predicate(place)(fields):
                found.append(self._hits[place])
        return found

    def _predicate(self, place: int) -> Predicate:
        """The function for a rule, made when the rule is first a candidate: most never are."""
        made = self._predicates.get(place)
        if made is None:
            made = self._predicates[place] = predicate(self._nodes[place])
        return made

    def _candidates(self, event: LogEvent) -> int:
        """One bit for each rule that could match."""
        bits = self._base
        plain = self._plain
        for name, value in event.attributes.items():
            index = plain.get(name)
            if index is not None:
                if value.__class__ is str:
                    bits |= index[value]
                elif value is not None:
                    for text in texts(value):
                        bits |= index[text]
        for get, index in self._other:
            value = get(event)
            if value is not None:
                for text in texts(value):
                    bits |= index[text]
        if self._keywords is not None:
            for text in event_texts(event):
                bits |= self._keywords[text]
        candidates = self._all
        for _ in range(_SLOTS):
            candidates &= bits
            bits >>= self._count
        return candidates

    def _slots(self) -> tuple[int, dict[str | None, dict[str, int]]]:
        """The bits that need nothing to be found, and for each field's literals the bits that they set."""
        base = 0
        literals: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for place, node in enumerate(self._nodes):
            best = sorted(set(clauses(node)), key=cost)[:_SLOTS]
            for slot in range(_SLOTS):
                bit = 1 << (place + slot * self._count)
                if slot >= len(best):
                    base |= bit
                    continue
                for field, literal in best[slot]:
                    literals[field][literal] |= bit
        return base, dict(literals)


def _fields(nodes: Any) -> set[str]:
    return reduce(or_, (_fields_of(node) for node in nodes), set())


def _fields_of(node: Node) -> set[str]:
    if node[0] in ("and", "or"):
        return _fields(node[1])
    if node[0] == "not":
        return _fields_of(node[1])
    named = {node[1], node[2]} if node[0] == "fieldref" else {node[1]}
    return named - {None}
