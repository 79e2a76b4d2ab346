"""How well `loglm anomalies` ranks attacks in recordings with a label for each event, beside simple detectors on the
same split.

    python scripts/build_shipped_context.py --data DIR --out MODELDIR --per-file 8000 --steps 600 \\
      --leave-out security-datasets,invictus-aws,stratosphere-testing,westermo-flows
    python benchmarks/anomalies.py --data DIR --sigma RULES --context-encoder MODELDIR
    python benchmarks/anomalies.py --data DIR --sigma RULES --context-encoder MODELDIR --sets zeek,examples

The shipped context encoder has read these sources (without labels), so MODELDIR is one that has not.

The earliest two fifths of each recording, attack events left out, are the baseline; the rest is scored. What is ranked
is what an analyst would be shown: of each entity's events of one text the most unusual one. PR-AUC is over these;
*found at 1 %* is the share of attacks at the threshold that 1 % of the later baseline reaches, and *false* the share of
the rest that then alerts. Beside PR-AUC stands the share of attacks in what is ranked, which is the PR-AUC of chance.

Truth: examples (this repository's labels, made by what the attacks did), invictus (CloudTrail; calls of the attack
tool, whose name, and the user agents that hold it, are cut before anything is read), zeek (connections labelled
Malicious by stratosphere-testing), windows (events of security-datasets that a Sigma rule of level medium or above
matches, in recordings where at most one in twenty is: a yardstick that knows only what rules know).

Detectors that learn from the same baseline: a text not seen there; a Markov model of up to three events; an Isolation
Forest over 24 singular vectors of the hashed words.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from loglm.anomaly.baseline import fit_baseline
from loglm.anomaly.table import EventTable, TableReader
from loglm.artifacts.folder import MANIFEST, default_context_dir
from loglm.context.codebook import Codebook, TemplateCodebook
from loglm.context.encoder import ContextEncoder
from loglm.context.experts import EXPERTS
from loglm.context.scorer import Scored
from loglm.detection.sigma import SigmaRules
from loglm.evaluation.attack_metrics import alert_threshold, average_precision, bootstrap_interval
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.findings import Level

_ROOT = Path(__file__).resolve().parents[1]
_EXAMPLES = ("logs/ssh/auth.log", "logs/linux/syslog", "logs/audit/audit.log")
_ZEEK = ("010-zeek-mixed", "011-zeek-mixed")
_TOOL = "stratus-red-team"
_MARKER = re.compile(_TOOL + "(?:_[0-9a-f]{8}-[0-9a-f-]{27})?", re.IGNORECASE)
_WINDOWS = 16
_FIXED, _ENCODED = "all expectations, fixed", "with context encoder"
_BASELINE = 0.4
_FALSE = 0.01
_MOST = 12_000


@dataclass(frozen=True, slots=True)
class Recording:
    """Events with their truth."""

    group: str
    name: str
    events: list[LogEvent]
    is_attack: np.ndarray
    """bool (n,)"""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one detector made of one recording."""

    detector: str
    pr_auc: float
    prevalence: float
    """Share of attacks in what is ranked: the PR-AUC of chance."""
    found: float
    """Share of attacks above the threshold, in 0..1."""
    false: float
    """Share of the rest above it."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/")
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: the truth of the windows recordings")
    parser.add_argument(
        "--context-encoder", type=Path, help="context encoder; default: the shipped one, if there is one"
    )
    parser.add_argument("--sets", default="examples,invictus,zeek,windows", help="which recordings, joined by commas")
    arguments = parser.parse_args()
    folder = arguments.context_encoder or default_context_dir()
    encoder = ContextEncoder.load(folder) if (folder / MANIFEST).is_file() else None
    codebook = TemplateCodebook()
    found: dict[str, list[tuple[str, Ranking]]] = {}
    for recording in recordings(arguments.data / "attack", arguments.sigma, arguments.sets.split(",")):
        for ranking in _rankings(recording, codebook, encoder):
            found.setdefault(ranking.detector, []).append((recording.group, ranking))
    _print(found)


def _print(found: dict[str, list[tuple[str, Ranking]]]) -> None:
    groups = list(dict.fromkeys(group for rows in found.values() for group, _ in rows))
    print(f"{'PR-AUC, mean of recordings':<28}{'all, 95 %':>18}" + "".join(f"{group:>11}" for group in groups), end="")
    print(f"{'found':>9}{'false':>8}")
    for detector, rows in found.items():
        values = np.asarray([ranking.pr_auc for _, ranking in rows])
        every = bootstrap_interval(values[None])
        line = f"{detector:<28}{f'{every.mean:.3f} ({every.low:.2f}-{every.high:.2f})':>18}"
        for group in groups:
            line += f"{np.mean([ranking.pr_auc for of, ranking in rows if of == group]):>11.3f}"
        print(f"{line}{np.mean([r.found for _, r in rows]):>9.3f}{np.mean([r.false for _, r in rows]):>8.3f}")
    any_rows = next(iter(found.values()), [])
    line = f"{'share of attacks':<28}{np.mean([ranking.prevalence for _, ranking in any_rows] or [0]):>18.3f}"
    for group in groups:
        line += f"{np.mean([ranking.prevalence for of, ranking in any_rows if of == group]):>11.3f}"
    print(line)
    _print_difference(found)
    print(f"{len(any_rows)} recordings: " + ", ".join(f"{sum(g == of for g, _ in any_rows)} {of}" for of in groups))


def _print_difference(found: dict[str, list[tuple[str, Ranking]]]) -> None:
    """What the context encoder adds to fixed weights, by recording."""
    if _ENCODED not in found:
        return
    pairs = list(zip(found[_ENCODED], found[_FIXED], strict=True))
    for name in ("pr_auc", "found", "false"):
        added = np.asarray([getattr(one, name) - getattr(other, name) for (_, one), (_, other) in pairs])
        every = bootstrap_interval(added[None])
        print(f"{f'encoder less fixed: {name}':<28}{f'{every.mean:+.3f} ({every.low:+.2f} to {every.high:+.2f})':>24}")


def _rankings(recording: Recording, codebook: Codebook, encoder: ContextEncoder | None) -> Iterator[Ranking]:
    table = EventTable()
    TableReader(table, codebook).read(iter(recording.events))
    split = Units.split(table, recording.is_attack)
    if split is None:
        return
    learn, tested, units = split
    for name, model in ((_FIXED, None), (_ENCODED, encoder)):
        if name == _ENCODED and encoder is None:
            continue
        scored = _scored(table, learn, tested, codebook.codes, model)
        if model is None:
            bits = [-float(np.log2(max(one.given[EXPERTS.index("sequence")], 1e-12))) for one in scored]
            yield units.ranking("Markov model", np.asarray(bits))
            yield units.ranking("surprisal of kind alone", np.asarray([one.surprisal for one in scored]))
        yield units.ranking(name, np.asarray([one.surprise.bits for one in scored]))
    known = {table.keys[row] for row in learn.tolist()}
    unseen = np.asarray([table.keys[row] not in known for row in tested.tolist()], np.float64)
    yield units.ranking("unseen text", unseen)
    yield units.ranking(
        "Isolation Forest", _forest([render(recording.events[r]) for r in [*learn, *tested]], len(learn))
    )


class Units:
    """The most unusual event of each entity and text."""

    def __init__(self, table: EventTable, rows: np.ndarray, tuned: int, truth: np.ndarray) -> None:
        """``rows``: the later baseline, ``tuned`` of them, then what is tested."""
        later = np.arange(len(rows)) >= tuned
        keys = [
            (bool(is_later), table.entities[row], table.keys[row]) for is_later, row in zip(later, rows, strict=True)
        ]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self._unit = np.asarray([numbers[key] for key in keys])
        self._is_tested = np.asarray([key[0] for key in numbers])
        self._is_attack = np.zeros(len(numbers), bool)
        np.logical_or.at(self._is_attack, self._unit, truth[rows] & later)

    @classmethod
    def split(cls, table: EventTable, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, Units] | None:
        """Rows of the earlier baseline, of all that is scored, and what is ranked; None where there is too little."""
        ordered = table.in_time()
        cut = int(_BASELINE * len(ordered))
        base, rest = ordered[:cut], ordered[cut:]
        base = base[~truth[base]]
        if len(base) < 80 or truth[rest].sum() < 2 or truth[rest].all():
            return None
        learn, tune = base[: int(0.7 * len(base))], base[int(0.7 * len(base)) :]
        tested = np.concatenate([tune, rest])
        return learn, tested, cls(table, tested, len(tune), truth)

    def ranking(self, detector: str, scores: np.ndarray) -> Ranking:
        best = np.full(len(self._is_tested), -np.inf)
        np.maximum.at(best, self._unit, scores)
        attack, normal = best[self._is_tested & self._is_attack], best[self._is_tested & ~self._is_attack]
        threshold = alert_threshold(best[~self._is_tested], _FALSE)
        found, false = float((attack >= threshold).mean()), float((normal >= threshold).mean())
        prevalence = len(attack) / (len(attack) + len(normal))
        return Ranking(detector, average_precision(attack, normal), prevalence, found, false)


def _scored(
    table: EventTable, learn: np.ndarray, tested: np.ndarray, codes: int, encoder: ContextEncoder | None
) -> list[Scored]:
    fitted = fit_baseline(table, learn, codes=codes, encoder=encoder, budget=100.0, progress=iter)
    scorer = fitted.scorer
    found = [scored for entity, step in table.steps(tested.tolist()) for scored in scorer.add(entity, step)]
    place = {scored.step.number: scored for scored in found}
    return [place[row] for row in tested.tolist()]


def _forest(texts: Sequence[str], learned: int) -> np.ndarray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.ensemble import IsolationForest
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=2**14, token_pattern=r"[^\s=,;\"']+").transform(texts)
    vectors = TruncatedSVD(24, random_state=0).fit(words[:learned]).transform(words)
    forest = IsolationForest(n_estimators=100, random_state=0).fit(vectors[:learned])
    scores: np.ndarray = -forest.score_samples(vectors[learned:])
    return scores


def recordings(attack: Path, rules: Path, wanted: Sequence[str]) -> Iterator[Recording]:
    """The recordings of the sets asked for, with their truth."""
    makers: dict[str, Callable[[], Iterator[Recording]]] = {
        "examples": _examples,
        "invictus": lambda: _invictus(attack),
        "zeek": lambda: _zeek(attack),
        "windows": lambda: _windows(attack, rules),
    }
    for name in wanted:
        yield from makers[name]()


def _examples() -> Iterator[Recording]:
    folder = _ROOT / "examples"
    with (folder / "labels.csv").open(newline="") as stream:
        rows = [(row["file"], int(row["first_line"]), int(row["last_line"])) for row in csv.DictReader(stream)]
    for name in _EXAMPLES:
        spans = [(first, last) for file, first, last in rows if file == name]
        events = list(read_events([folder / name]))
        truth = [any(first <= (e.location.record or 0) <= last for first, last in spans) for e in events]
        yield Recording("examples", name, events, np.asarray(truth))


def _invictus(attack: Path) -> Iterator[Recording]:
    marked = [event.raw for event in read_events([attack / "invictus-aws"])]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cloudtrail.json"
        path.write_text("".join(f"{unmarked(raw)}\n" for raw in marked), encoding="utf-8")
        events = list(read_events([path]))
    if len(events) != len(marked):
        raise ValueError(f"{len(marked)} CloudTrail events, but {len(events)} without the attack tool's name")
    yield Recording("invictus", "invictus", events, np.asarray([_TOOL in raw for raw in marked]))


def unmarked(raw: str) -> str:
    """A CloudTrail event without what says that the attack tool made it: its name with the run's UUID, wherever it
    stands, and the user agent, which is nothing else in many attacks."""
    event = json.loads(raw)
    event.pop("userAgent", None)
    return _MARKER.sub("", json.dumps(event))


def _zeek(attack: Path) -> Iterator[Recording]:
    for name in _ZEEK:
        events = list(read_events([attack / "stratosphere-testing" / name / "conn.log.labeled.zst"]))
        truth = [event.attributes.get("label") == "Malicious" for event in events]
        yield Recording("zeek", name, events, np.asarray(truth))


def _windows(attack: Path, rules: Path) -> Iterator[Recording]:
    sigma = SigmaRules.load(rules)
    used = 0
    for path in sorted((attack / "security-datasets" / "atomic" / "windows").rglob("*.json.zst"), key=_mixed):
        events = list(islice(read_events([path]), _MOST))
        if len(events) < 1_500:
            continue
        truth = np.asarray([any(hit.level >= Level.MEDIUM for hit in sigma.match(event)) for event in events])
        if 3 <= truth.sum() <= len(events) / 20:
            used += 1
            yield Recording("windows", path.name, events, truth)
        if used == _WINDOWS:
            return


def _mixed(path: Path) -> int:
    """An order that has nothing to do with names."""
    return sum(map(ord, path.name)) * 7_919 % 1_000


if __name__ == "__main__":
    main()
