"""Training examples for the ATT&CK head, from labelled windows, rule hits and the strings of rules.

Labels are mostly per recording, whose background is in it too. So a window weighs by how specific its texts are: an
event that recurs in recordings of different techniques is background of the lab and serves as a negative. Rule hits
add their techniques to the target; strings of rules become events of their own, which teach names but not what an
attack is. Negatives weigh half as much again as attacks in all, so that an unknown log does not lean to attack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from loglm.detection.calibration import Calibration
from loglm.detection.features import hash_features
from loglm.detection.head import AttackHead
from loglm.detection.sigma import RuleExample
from loglm.errors import SourceLocation
from loglm.evaluation.attack_background import BACKGROUND_LABEL_SETS, background_windows, label_sets
from loglm.evaluation.window_table import WindowTable
from loglm.events.event import LogEvent, LogSource
from loglm.events.rendering import render
from loglm.findings import Level, RuleHit
from loglm.training.attack_head import HeadExamples, HeadPlan, train_attack_head

__all__ = [
    "RULE_FUSION",
    "Scorer",
    "background_windows",
    "fit_head",
    "make_examples",
    "rule_hits",
    "rule_texts",
    "table_scorer",
]

Scorer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

RULE_FUSION = Calibration(rule_attack=(0.0, 0.0, 2.0, 3.5, 4.5), rule_technique=(1.0, 2.0, 3.0, 4.0, 5.0))
"""How much a rule hit of each level, informational to critical, moves the verdict."""

_WINDOWS_PER_RECORDING = 24
_RULE_WEIGHT = 0.15
_NEGATIVE_SHARE = 1.5


@dataclass(frozen=True, slots=True)
class _Target:
    rows: np.ndarray
    techniques: dict[str, float]
    attack: float
    weight: float


def rule_texts(examples: Iterable[RuleExample]) -> list[tuple[str, tuple[str, ...]]]:
    """(rendered event, base techniques) for the positive strings of rules that name a technique."""
    texts = []
    for example in examples:
        techniques = tuple(sorted({t.partition(".")[0] for t in example.techniques}))
        if not techniques or not example.fields:
            continue
        fields = {key: " ".join(values) for key, values in example.fields.items()}
        body = fields.pop("", None)
        action = fields.get("EventID") or _EVENT_OF_CATEGORY.get(example.log_source.category)
        event = LogEvent(
            raw="",
            location=SourceLocation("rule"),
            log_source=_as_written(example.log_source),
            attributes=dict(fields),
            body=body,
            action=action,
        )
        texts.append((render(event), techniques))
    return texts


def make_examples(
    table: WindowTable,
    recordings: set[int],
    labels: Sequence[str],
    *,
    use_hits: bool = True,
    rules: Sequence[tuple[str, tuple[str, ...]]] = (),
    vectors: np.ndarray | None = None,
    rule_vectors: np.ndarray | None = None,
    features: csr_matrix | None = None,
    seed: int = 0,
) -> HeadExamples:
    """Windows of some recordings as training examples.

    Args:
        table: All windows.
        recordings: Indices of the recordings that may be learned from.
        labels: Base techniques that the head will know.
        use_hits: Let rule hits add to the targets.
        rules: Rendered rule strings with techniques (`rule_texts`).
        vectors: float32 (texts, D): vectors of ``table.texts``, where the head is to use them.
        rule_vectors: float32 (rules, D): vectors of the rule strings.
        features: `hash_features` of the table's texts followed by the rules', where they are known already.
        seed: Fixes which windows of long recordings are taken.
    """
    kept = _sampled_windows(table, recordings, np.random.default_rng(seed))
    counts = label_sets(table, recordings)
    targets = [t for w in kept if (t := _window_target(table, w, counts, use_hits)) is not None]
    targets = _balanced(targets)
    texts = list(table.texts)
    for text, techniques in rules:
        share = 1.0 / len(techniques)
        rows = np.asarray([len(texts)], np.int64)
        targets.append(_Target(rows, dict.fromkeys(techniques, share), np.nan, _RULE_WEIGHT))
        texts.append(text)
    column = {label: i for i, label in enumerate(labels)}
    technique = np.zeros((len(targets), len(labels)), np.float32)
    for row, target in enumerate(targets):
        for name, share in target.techniques.items():
            if name in column:
                technique[row, column[name]] = share
    if vectors is not None and rules and rule_vectors is not None:
        vectors = np.concatenate([vectors, rule_vectors])
    return HeadExamples(
        texts=texts,
        rows=[target.rows for target in targets],
        technique=technique,
        attack=np.asarray([target.attack for target in targets], np.float32),
        weight=np.asarray([target.weight for target in targets], np.float32),
        labels=tuple(labels),
        vectors=vectors,
        features=None if features is None else features[: len(texts)],
    )


def fit_head(
    table: WindowTable,
    train_recordings: set[int],
    labels: tuple[str, ...],
    *,
    seed: int,
    rules: bool,
    vectors: np.ndarray | None = None,
    rule_examples: Sequence[tuple[str, tuple[str, ...]]] = (),
    rule_vectors: np.ndarray | None = None,
    features: csr_matrix | None = None,
    plan: HeadPlan | None = None,
) -> Scorer:
    """Train a head and return what scores windows of the table.

    Returns:
        A function from window indices (w,) to attack probabilities (w,) and technique probabilities (w, C), with
        rule hits fused in where ``rules`` is set.
    """
    examples = make_examples(
        table,
        train_recordings,
        labels,
        rules=rule_examples,
        vectors=vectors,
        rule_vectors=rule_vectors,
        features=features,
        seed=seed,
    )
    head = train_attack_head(examples, plan or HeadPlan(seed=seed))
    return table_scorer(table, head, rules=rules, vectors=vectors, features=features)


def table_scorer(
    table: WindowTable,
    head: AttackHead,
    *,
    rules: bool,
    vectors: np.ndarray | None = None,
    features: csr_matrix | None = None,
) -> Scorer:
    """Score windows of a table with a head, each distinct text once."""

    def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        used = np.unique(np.concatenate([table.rows[w] for w in windows]))
        position = np.zeros(len(table.texts), np.int64)
        position[used] = np.arange(len(used))
        hashed = hash_features([table.texts[i] for i in used]) if features is None else features[used]
        events = head.score_features(hashed, None if vectors is None else vectors[used])
        scores = head.score_windows(events, [position[table.rows[w]] for w in windows])
        if not rules:
            return scores.attack, scores.technique
        attack, technique = scores.attack.copy(), scores.technique.copy()
        for index, window in enumerate(windows):
            hits = rule_hits(table.rules[window])
            if hits:
                fused = RULE_FUSION.fuse(float(attack[index]), technique[index], hits, head.labels)
                attack[index], technique[index] = fused
        return attack, technique

    return score


def rule_hits(rows: tuple[tuple[int, str, str], ...]) -> list[RuleHit]:
    """A table's (level, technique, rule id) rows as rule hits."""
    return [RuleHit(rule, "", Level(level), (technique,) if technique else ()) for level, technique, rule in rows]


def _sampled_windows(table: WindowTable, recordings: set[int], random: np.random.Generator) -> list[int]:
    by_recording: dict[int, list[int]] = defaultdict(list)
    for window, recording in enumerate(table.recording):
        if recording in recordings:
            by_recording[recording].append(window)
    kept: list[int] = []
    for windows in by_recording.values():
        benign = table.recordings[table.recording[windows[0]]].kind == "benign"
        room = _WINDOWS_PER_RECORDING * (10 if benign else 1)
        if len(windows) > room:
            hit = [w for w in windows if table.rules[w]][:room]
            windows = sorted({*hit, *random.choice(windows, size=room, replace=False).tolist()})
        kept += windows
    return kept


def _window_target(table: WindowTable, window: int, counts: np.ndarray, use_hits: bool) -> _Target | None:
    recording = table.recordings[table.recording[window]]
    rows = table.rows[window].astype(np.int64)
    hit = _hit_techniques(table.rules[window]) if use_hits else {}
    if recording.kind == "benign":
        return _Target(rows, {}, 0.0, 0.5)
    if recording.kind == "mixed":
        return _Target(rows, hit, 1.0, 0.25) if hit else None
    rarest = int(counts[rows].min())
    if rarest >= BACKGROUND_LABEL_SETS and not hit:
        return _Target(rows, {}, 0.0, 0.2)
    names = recording.base_techniques
    target = dict.fromkeys(names, 1.0 / max(1, len(names)))
    if hit:
        target = {n: 0.7 * target.get(n, 0.0) + 0.3 * hit.get(n, 0.0) for n in {*target, *hit}}
    siblings = _windows_of(table, table.recording[window])
    return _Target(rows, target, 1.0, (1.0 / siblings**0.5) / max(1, rarest) + (0.3 if hit else 0.0))


def _balanced(targets: list[_Target]) -> list[_Target]:
    attack = sum(t.weight for t in targets if t.attack == 1.0)
    benign = sum(t.weight for t in targets if t.attack == 0.0)
    if not attack or not benign:
        return targets
    factor = _NEGATIVE_SHARE * attack / benign
    return [replace(t, weight=t.weight * factor) if t.attack == 0.0 else t for t in targets]


def _hit_techniques(rows: tuple[tuple[int, str, str], ...]) -> dict[str, float]:
    """Shares of the base techniques named by hits of level medium and above."""
    names = {technique.partition(".")[0] for level, technique, _ in rows if technique and level >= Level.MEDIUM}
    return dict.fromkeys(names, 1.0 / len(names)) if names else {}


def _windows_of(table: WindowTable, recording: int) -> int:
    return max(1, -(-table.events[recording] // 16))


_EVENT_OF_CATEGORY = {
    "process_creation": "1",
    "file_change": "2",
    "network_connection": "3",
    "driver_load": "6",
    "image_load": "7",
    "create_remote_thread": "8",
    "raw_access_thread": "9",
    "process_access": "10",
    "file_event": "11",
    "registry_add": "12",
    "registry_delete": "12",
    "registry_set": "13",
    "registry_event": "13",
    "create_stream_hash": "15",
    "pipe_created": "17",
    "wmi_event": "20",
    "dns_query": "22",
    "file_delete": "23",
    "ps_script": "4104",
    "ps_module": "4103",
    "ps_classic_start": "400",
}


def _as_written(source: LogSource) -> LogSource:
    """A rule's log source with the service that Windows events of its category come from."""
    if source.product != "windows" or source.service:
        return source
    service = {"ps_script": "powershell", "ps_module": "powershell", "ps_classic_start": "powershell-classic"}
    return LogSource("windows", service.get(source.category, "sysmon"), source.category)
