"""What analysts have decided: verdicts in the spellings of SIEMs and schemas, and records without any trace of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from loglm.triage.field_names import last_of

__all__ = ["GivenVerdict", "Verdict", "given_verdict", "parse_verdict", "without_verdicts"]

_DEEPEST = 6
_MOST_NODES = 2_000
_LONGEST = 80


class Verdict(StrEnum):
    """What an incident turned out to be."""

    TRUE_POSITIVE = "true_positive"
    """An attack."""
    FALSE_POSITIVE = "false_positive"
    """The rule was wrong."""
    BENIGN_POSITIVE = "benign_positive"
    """The rule was right, and what it saw is harmless: a test, an administrator's work."""

    @property
    def words(self) -> str:
        """``true positive``."""
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """What a record says of itself."""

    verdict: Verdict | None
    """None: it says nothing, nothing that is known, or two things."""
    problem: str = ""
    """Why a verdict that is there cannot be taken; empty where there is none, or it says that nothing is decided."""


_TRUE: Final = (
    "true_positive truepositive tp malicious attack threat confirmed confirmed_threat threat_handled "
    "confirmed_malicious true_alert compromised security_risk successful_attempt"
)
_FALSE: Final = "false_positive falsepositive fp false_alarm not_malicious incorrect not_a_threat non_issue"
_BENIGN: Final = (
    "benign_positive benignpositive bp b_tp btp benign_true_positive benign expected expected_activity normal "
    "legitimate informational_expected_activity informational test security_testing security_test authorized "
    "sanctioned confirmed_activity"
)
_OPEN: Final = (
    "unknown undetermined none not_set new open pending in_progress suspicious suspected other insufficient_data "
    "disregard unspecified verdict_unspecified managed_externally duplicate unclassified resolved closed "
    "inconclusive n_a null low_value failed_attempt"
)
_WORDS: Final[Mapping[str, Verdict | None]] = {
    **dict.fromkeys(_OPEN.split()),
    **dict.fromkeys(_TRUE.split(), Verdict.TRUE_POSITIVE),
    **dict.fromkeys(_FALSE.split(), Verdict.FALSE_POSITIVE),
    **dict.fromkeys(_BENIGN.split(), Verdict.BENIGN_POSITIVE),
}
_OCSF_IDS: Final[Mapping[int, Verdict | None]] = {
    **dict.fromkeys(
        (0, 3, 4, 7, 9, 10, 99)
    ),  # unknown, disregard, suspicious, too little data, external, duplicate, other
    1: Verdict.FALSE_POSITIVE,
    2: Verdict.TRUE_POSITIVE,
    5: Verdict.BENIGN_POSITIVE,
    6: Verdict.BENIGN_POSITIVE,  # test
    8: Verdict.TRUE_POSITIVE,  # security risk
}
"""``verdict_id`` of OCSF 1.6.0, https://schema.ocsf.io/1.6.0/classes/incident_finding"""

_FIELDS: Final = frozenset(
    (
        *(
            "verdict",
            "verdictid",
            "verdictname",
            "analystverdict",
            "triageverdict",
            "verdictstate",
            "verificationstate",
        ),
        *("disposition", "dispositionlabel", "classification", "resolution", "resolutionstatus", "resolvestatus"),
        *("closereason", "closingreason", "closeclassification", "closecode", "workflowreason", "determination"),
        *("label", "triage", "triagelabel", "incidentgrade", "truthlabel"),
    )
)
"""Fields that hold verdicts, in lower case without what is no letter or digit; of nested ones the last name."""
_ONLY_KNOWN: Final = frozenset(("label", "classification", "resolution", "determination", "triage", "disposition"))
"""Of those, the ones that other things are called too; a value that is no verdict is not complained about."""
_KEPT: Final = frozenset(("classification", "disposition"))
"""Of those, the ones that detectors fill too: ``Misc activity``, ``Blocked``; values that are no verdicts stay."""
_CODES_FROM = 100
"""Whole numbers from here on under ``status`` are codes of HTTP and the like, not the state of a case."""
_AFTERWARDS: Final = frozenset(
    (
        *("status", "statusid", "statuscode", "statusdetail", "state", "workflow", "workflowstatus", "workflowstate"),
        *("comment", "comments", "note", "notes", "worknotes", "closenotes", "feedback", "investigationstate"),
        *("assignedto", "assignee", "assigneegroup", "owner", "analyst", "reviewer", "resolvedby", "closedby"),
        *("classificationcomment", "classificationreason", "dispositiondescription", "resolutioncomment", "labels"),
        *("tags", "tickets", "ticket", "closed", "closedat", "closedtime", "resolvedat", "resolveddatetime"),
        *("lastmodifiedtime", "lastmodifiedtimeutc", "modified", "modifiedtime", "updated", "updatedat", "lastupdated"),
        *("opinion", "opinions", "eventlabel", "timelabel", "category_label", "groundtruth", "resolvedreason"),
    )
)
"""What is written only once somebody has looked: it would give the verdict away, and new incidents do not have it."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def parse_verdict(value: object) -> GivenVerdict:
    """The verdict of one value: ``True Positive - Malicious Activity``, ``BenignPositive``, ``FP``, OCSF's number.

    ``problem`` is set where the value is none of the words known, which include those for an open question.
    """
    if isinstance(value, bool) or value is None:
        return GivenVerdict(None)
    text = str(value).strip()[:_LONGEST]
    if text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) in _OCSF_IDS:
        return GivenVerdict(_OCSF_IDS[int(text)])
    words = (
        _NO_WORD.sub("_", _CAMEL.sub("_", text).lower()).strip("_").removeprefix("resolved_").removeprefix("closed_")
    )
    if not words or words in _WORDS:
        return GivenVerdict(_WORDS.get(words))
    begins = [verdict for start, verdict in _LONG_WORDS if words.startswith(f"{start}_")]
    if begins:
        return GivenVerdict(begins[0])
    return GivenVerdict(None, f"{text!r} is no verdict; expected true positive, false positive or benign positive")


_LONG_WORDS: Final = tuple((words, verdict) for words, verdict in _WORDS.items() if verdict and "positive" in words)


def given_verdict(record: Mapping[str, Any]) -> GivenVerdict:
    """What a record says it turned out to be, wherever in it; its outermost fields are those of the incident itself.

    Nested lists are not looked into: what they hold are alerts and evidence, with verdicts of their own.
    """
    found: dict[Verdict, str] = {}
    problem = ""
    for depth, name, value in _leaves(record):
        field = last_of(name)
        if field not in _FIELDS:
            continue
        if isinstance(value, int) and field != "verdictid":
            continue
        given = parse_verdict(value)
        if given.verdict:
            found.setdefault(given.verdict, f"{name}={value}"[:_LONGEST])
        elif given.problem and field not in _ONLY_KNOWN and depth <= 1:
            problem = f"{name}: {given.problem}"
    if len(found) > 1:
        return GivenVerdict(None, f"verdicts contradict each other: {', '.join(found.values())}")
    return GivenVerdict(next(iter(found))) if found else GivenVerdict(None, problem)


def without_verdicts(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON value without verdicts and without what is only written once somebody has looked."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            if not _gives_away(last_of(name), inner):
                kept[name] = without_verdicts(inner, depth + 1)
        return kept
    return [without_verdicts(item, depth + 1) for item in value[:64]] if isinstance(value, list) else value


def _gives_away(field: str, value: object) -> bool:
    if field in _FIELDS:
        return field not in _KEPT or not parse_verdict(value).problem
    return field in _AFTERWARDS and not (isinstance(value, int) and value >= _CODES_FROM)


def _leaves(record: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """(depth, name, value) of scalars, the outermost first."""
    level: list[Mapping[str, Any]] = [record]
    seen = 0
    for depth in range(_DEEPEST):
        inner: list[Mapping[str, Any]] = []
        for mapping in level:
            for name, value in mapping.items():
                seen += 1
                if seen > _MOST_NODES:
                    return
                if isinstance(value, dict):
                    inner.append(value)
                elif isinstance(value, str | int):
                    yield depth, name, value
        level = inner
