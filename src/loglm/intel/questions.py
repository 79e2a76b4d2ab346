"""What is asked: some words, an event, the events of a file, or a finding, each as words and techniques."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from loglm.attack import current_id
from loglm.context.windows import WindowAssembler
from loglm.errors import EmptyInputError, InputError
from loglm.events.event import LogEvent
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.findings import UNKNOWN_TECHNIQUE, Evidence, Finding
from loglm.intel.passages import techniques_in

if TYPE_CHECKING:
    from loglm.detection.scorer import WindowScorer

__all__ = ["MOST_EVENTS", "Question", "about_events", "about_finding", "about_ocsf", "about_words", "event_words"]

_ASKING = frozenset(
    "a an and any are be can could did do does for how i in is it its me my of on or our should tell that the their "
    "them there these they this to us was we were what when where which who whom why will with would you your".split()
)
_MARKS = ".,;:?!\"'()"
_WORD = re.compile(r"\w+")
_COMMON_IDF = 4.0
"""Inverse document frequency of a word in about one of twenty windows of logs."""
MOST_EVENTS = 2_000
"""Of a log that is asked about, the first."""
_MAX_CHARS = 400_000
_MOST_WORDS = 1_000
_EVIDENCE = 5
_LEAST_PROBABILITY = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    """What passages are looked for."""

    text: str
    """The words that are looked for: those of a question that say something, or what was seen."""
    techniques: Mapping[str, float] = field(default_factory=dict)
    """Technique -> probability in 0..1 that it is about it, where that is known beforehand."""
    title: str = ""
    """What it is about, in a line."""
    is_asked: bool = False
    """The title is a person's question; otherwise it names what was seen."""
    shown: str = ""
    """What was seen, as it stands in the log, for a reader; untrusted."""


def about_words(text: str) -> Question:
    """A question as a person puts it; techniques that it names by their ids are taken for certain.

    Words that ask and say nothing (what, how, do) are not looked for: in a small index they are rare, and so would
    weigh much.
    """
    words = [word for word in text.split() if word.strip(_MARKS).lower() not in _ASKING]
    return Question(" ".join(words) or text, dict.fromkeys(techniques_in(text), 1.0), text.strip(), is_asked=True)


def about_events(events: Iterable[LogEvent], scorer: WindowScorer, *, title: str) -> Question:
    """What was seen in events, the first 2,000 of them, with the techniques that the ATT&CK head names in them.

    Raises:
        EmptyInputError: There is no event.
        InputError: All that they say is one word.
    """
    kept = list(islice(events, MOST_EVENTS))
    if not kept:
        raise EmptyInputError(f"{title}: no event was read")
    _refuse_one_word(kept, title)
    head = scorer.head
    common = frozenset(word for word, idf in zip(head.words, head.idf.tolist(), strict=True) if idf < _COMMON_IDF)
    texts = dict.fromkeys(render(event, "exact") for event in kept)
    shown = "\n".join(event.raw for event in kept[:_EVIDENCE])
    return Question(event_words(texts, common), _named_by_head(kept, scorer), title, shown=shown)


def _refuse_one_word(events: Iterable[LogEvent], title: str) -> None:
    said = {word for event in events for word in islice(_WORD.findall(event.raw), _MOST_WORDS)}
    if len(said) <= 1:
        word = next(iter(said), "")[:80]
        raise InputError(
            f"{title}: all that is said is one word ({word!r}), in which there is nothing to look up; give a log that "
            "says more, or a question in words"
        )


def about_finding(finding: Finding) -> Question:
    """What a finding of `loglm detect` rests on: its evidence, its techniques and the rules that matched."""
    named = {candidate.technique_id: candidate.score for candidate in finding.candidates}
    named |= {technique: 1.0 for rule in finding.rules for technique in rule.techniques}
    if finding.technique_id != UNKNOWN_TECHNIQUE:
        named[finding.technique_id] = max(named.get(finding.technique_id, 0.0), finding.score)
    rules = " ".join(rule.title for rule in finding.rules)
    seen = " ".join(_seen(item) for item in finding.evidence[:_EVIDENCE])
    return Question(
        f"{rules} {seen}".strip(),
        _certain_enough(named),
        f"{finding.title} on {finding.entity}",
        shown="\n".join(item.raw for item in finding.evidence[:_EVIDENCE]),
    )


def about_ocsf(event: Mapping[str, Any]) -> Question:
    """The same of a finding as `loglm detect --json` writes it, or of another program's OCSF Detection Finding."""
    info = _mapping(event.get("finding_info"))
    more = _mapping(event.get("unmapped"))
    named = {str(c.get("technique")): _number(c.get("score")) for c in _mappings(more.get("candidates"))}
    for attack in _mappings(info.get("attacks")):
        uid = _mapping(attack.get("sub_technique")).get("uid") or _mapping(attack.get("technique")).get("uid")
        named[str(uid)] = max(named.get(str(uid), 0.0), _number(more.get("score"), 1.0))
    rules = _mappings(more.get("rules"))
    named |= {str(name): 1.0 for rule in rules for name in _list(rule.get("techniques"))}
    seen = [_mapping(item.get("data")) for item in _mappings(event.get("evidences"))[:_EVIDENCE]]
    words = [str(rule.get("title")) for rule in rules] + [_seen_ocsf(data) for data in seen if data.get("raw")]
    words = words or [str(info.get("desc") or event.get("message") or "")]
    title = str(info.get("title") or event.get("message") or "finding")
    entity = _mapping(more.get("entity")).get("value")
    shown = "\n".join(str(data["raw"]) for data in seen if data.get("raw")) or " ".join(words)
    return Question(" ".join(words), _certain_enough(named), f"{title} on {entity}" if entity else title, shown=shown)


def event_words(rendered: Iterable[str], common: Container[str]) -> str:
    """The words of rendered events, each once, without those that stand in many logs whatever happened.

    Args:
        rendered: Texts of events.
        common: Words, in lower case, that say nothing.
    """
    words = (word for text in rendered for word in _WORD.findall(_values(text)))
    return " ".join(dict.fromkeys(word for word in words if word.lower() not in common))[:_MAX_CHARS]


def _values(rendered: str) -> str:
    """A rendered event without the names of its fields, which are the same whatever happened."""
    lines = (line.partition("=") for line in rendered.split("\n"))
    return " ".join(value if equals and " " not in name else f"{name}{equals}{value}" for name, equals, value in lines)


def _seen(item: Evidence) -> str:
    """What weighed most, and the event itself."""
    values = " ".join(value for _, value in item.fields) or item.raw
    return f"{' '.join(item.highlights)} {values}"


def _seen_ocsf(data: Mapping[str, Any]) -> str:
    """The same of an evidence as `loglm.reports.ocsf` writes it."""
    highlights = " ".join(map(str, _list(data.get("highlights"))))
    return f"{highlights} {_values(render(parse_line(str(data['raw'])), 'exact'))}"


def _named_by_head(events: list[LogEvent], scorer: WindowScorer) -> dict[str, float]:
    """The highest probability of each technique in any window, given an attack."""
    assembler = WindowAssembler()
    windows = [window for event in events for window in assembler.add(event, render(event), ())]
    verdicts = scorer.score([*windows, *assembler.flush()])
    named: dict[str, float] = {}
    for verdict in verdicts:
        for label, probability in zip(scorer.head.labels, verdict.technique.tolist(), strict=True):
            named[label] = max(named.get(label, 0.0), probability)
    return _certain_enough(named)


def _certain_enough(named: Mapping[str, float]) -> dict[str, float]:
    """Techniques as they are called today, likelier than by chance; best first."""
    kept: dict[str, float] = {}
    for name, probability in named.items():
        if probability >= _LEAST_PROBABILITY and (known := current_id(name)):
            kept[known] = max(kept.get(known, 0.0), min(probability, 1.0))
    return dict(sorted(kept.items(), key=lambda item: -item[1]))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in _list(value) if isinstance(entry, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object, default: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else default
