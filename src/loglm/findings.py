"""Finding: the result that the analysis packages share and the reports print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from loglm.errors import SourceLocation

__all__ = [
    "UNKNOWN_TECHNIQUE",
    "BeyondUsual",
    "Candidate",
    "ContextCounts",
    "Evidence",
    "Finding",
    "Level",
    "Reference",
    "RuleHit",
    "RunSummary",
]

UNKNOWN_TECHNIQUE = "unknown"
"""The technique id of a finding whose technique is not named."""


class Level(IntEnum):
    """Sigma's levels, ordered; the value is also OCSF's ``severity_id``."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A technique that a window was scored for."""

    technique_id: str
    """``T1059`` or ``T1059.001``, ATT&CK Enterprise v18.1."""
    score: float
    """In 0..1; higher is likelier. Where the finding is calibrated, the probability that this technique is right, given
    the window."""


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A Sigma rule that matched an event."""

    rule_id: str
    title: str
    level: Level
    techniques: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One event that carried the decision."""

    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""
    raw: str
    """The record as it stands in the source, cut at 4,096 characters. Untrusted."""
    weight: float
    """Share of the decision in 0..1; the weights of one window sum to at most 1."""
    highlights: tuple[str, ...] = ()
    """The fields or words of the event that weighed most, strongest first. Untrusted."""
    rules: tuple[RuleHit, ...] = ()
    action: str | None = None
    """What happened, in the source's own word or number: ``4624``, ``ConsoleLogin``. Untrusted."""
    fields: tuple[tuple[str, str], ...] = ()
    """(name, value) of the fields that say most, at most 16: those that hold the highlights and those that analysts
    look at come first. Names as in the source, dotted where nested, cut at 128 characters; values at 512. Empty where
    the raw text is itself a line that people read. Untrusted."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A passage of a threat-intelligence text that matches a finding. Untrusted: whoever wrote the text wrote it."""

    title: str
    path: str
    """The text's file."""
    place: str
    """Where in it: ``line 12``, ``page 3``, or the id of an object."""
    text: str
    """Its first 600 characters."""
    score: float
    """Above 0, higher matches better; it orders the references of one finding and is no probability."""
    techniques: tuple[str, ...] = ()
    """What the passage is about."""


@dataclass(frozen=True, slots=True)
class BeyondUsual:
    """How surprising a window is beside the earlier ones of its entity in its channel (`loglm.context.usual`)."""

    bits: float
    """Mean over the window's events of the surprise of each at its time."""
    usual_bits: float
    """Mean of that over these earlier windows."""
    spread_bits: float
    """Their standard deviation."""
    earlier_windows: int
    moved: float
    """Added to the attack logit of the window for it, -3 to 3; above 0: more unusual than before. A constant of the
    calibration (`context_intercept`) comes to it."""
    score: float = 0.0
    """The attack probability of the window."""
    score_without: float = 0.0
    """The same without what it was moved by."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A technique seen in the events of one entity over one stretch of time."""

    finding_id: str
    """A hash of technique, entity, log source and the raw text of the strongest event: the same for the same log on
    each run, wherever its file lies; different for every finding of a run."""
    technique_id: str
    technique_name: str
    tactics: tuple[str, ...]
    """Shortnames: ``credential-access``."""
    score: float
    """In 0..1; higher is likelier an attack. Where `calibrated`, the probability that these events are one; else it
    orders the findings of one run alone: of `loglm anomalies` the share of the baseline that is less unusual, of
    `loglm beacons` the scorer's."""
    level: Level
    entity_kind: str
    """host, user, source_address or file."""
    entity: str
    log_source: str
    """``product/service/category`` of the windows, ``category/service`` where the product is not known."""
    start: float | None
    """POSIX seconds, UTC, of the first event of the first window; None where events have no time."""
    end: float | None
    windows: int
    events: int
    """Number of events in those windows."""
    evidence: tuple[Evidence, ...]
    """Strongest first, at most ten."""
    candidates: tuple[Candidate, ...] = ()
    """What else was near, best first, the finding's own technique at the head."""
    rules: tuple[RuleHit, ...] = field(default=())
    """All Sigma rules that matched in these windows."""
    sources: tuple[str, ...] = ("model",)
    """What raised it: ``model``, ``sigma`` or both."""
    entities: int = 1
    """Entities that show it, where findings that many have in common were joined; its own among them."""
    also_on: tuple[str, ...] = ()
    """The first 20 of the others. Untrusted."""
    references: tuple[Reference, ...] = ()
    """Texts that match it, best first; empty where none were looked up."""
    calibrated: bool = True
    """Whether ``score``, and those of the candidates, are calibrated probabilities."""
    reasons: tuple[str, ...] = ()
    """Why, in sentences for people; names in them are of the log. Empty where the evidence says it. Untrusted."""
    beyond_usual: BeyondUsual | None = None
    """Of its strongest window that has a past; None where none has, or this was not asked for."""

    @property
    def title(self) -> str:
        """``T1059 Command and Scripting Interpreter``; the name alone where no technique is named."""
        is_named = self.technique_id != UNKNOWN_TECHNIQUE
        return f"{self.technique_id} {self.technique_name}" if is_named else self.technique_name


@dataclass(slots=True)
class ContextCounts:
    """Windows of a run that were compared with the earlier ones of their entity, and what came of it."""

    compared: int = 0
    raised: int = 0
    """Those at or above the threshold by this alone."""
    lowered: int = 0
    """Those below it by this alone."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The facts about one run that every report states beside its findings."""

    files: int
    """Files and archive members that were opened."""
    events_read: int
    """Records that became events."""
    events_scored: int
    """Events that were in a window that the model scored."""
    events_rejected: int
    """Records that could not become events."""
    entities: int
    """Hosts, users, addresses or files whose behaviour was looked at; exact to 131,072, beyond that an estimate with a
    standard error of 0.4 %."""
    windows: int
    """Windows that were scored."""
    findings: int
    """Findings above the threshold, those that a report leaves out for its size included."""
    seconds: float
    """Wall-clock time of the run."""
    finished: float
    """POSIX seconds, UTC: when the run ended, which is when its findings were made."""
    model_name: str
    model_version: str
    loglm_version: str
    cache_hit_rate: float | None = None
    """Share of events in 0..1 whose text was met before; None where no cache was used."""
    sigma_rules: int | None = None
    """Sigma rules loaded; None where rules were not used."""
    rejected_by_kind: Mapping[str, int] = field(default_factory=dict)
    """``malformed-json`` -> number of records."""
    notes_by_kind: Mapping[str, int] = field(default_factory=dict)
    """Remarks on whole files by kind, as ``empty`` or ``truncated-archive``."""
    hidden_by_exclusion: Mapping[str, int] = field(default_factory=dict)
    """Exclusion id -> windows that would have alerted and were hidden."""
    context: ContextCounts | None = None
    """What the past of entities changed; None where it was not looked at."""
    problem_examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The first few messages of each kind of rejection and note. Untrusted: they quote log text and file names."""

    @property
    def events_per_second(self) -> float:
        """Events read per second of wall-clock time; 0 where no time passed."""
        return self.events_read / self.seconds if self.seconds > 0 else 0.0
