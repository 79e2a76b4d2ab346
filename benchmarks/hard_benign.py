"""False alarms on harmless work that looks like attacks, by category, before and after `loglm adapt`; and what an
adapted model still sees of an attack in the same domain.

    python benchmarks/hard_benign.py [--days 8] [--seeds 5]

The logs are simulated (`examples/hard_benign.py`). For each seed a model is adapted by so many days of all
categories and of ordinary work, to 10 findings a day, and tried on so many other days, drawn with another seed. Rows
*left out* are adapted without the category that they are tried on. The attack is that of
`examples/logs/simulated/windows_security_sysmon.jsonl`, in the same domain; nothing of it is learned. Categories:
findings a day. Attack: shares of windows, and average precision of attack windows against the others. 95 % t
intervals over seeds.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from loglm.adaptation.adapting import AdaptationPlan, adapt
from loglm.adaptation.reference import ReferenceWindows
from loglm.adaptation.thresholds import AlertBudget, ScoredWindows, count_findings
from loglm.adaptation.windows import EnvironmentWindows, read_windows
from loglm.artifacts.folder import default_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead, word_presence
from loglm.evaluation.attack_metrics import average_precision, seed_interval
from loglm.events.problems import Problems

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
sys.path[:0] = [str(EXAMPLES)]
from simulation import hard_benign  # noqa: E402

ATTACK = "logs/simulated/windows_security_sysmon.jsonl"
PER_DAY = 10.0

Model = tuple[AttackHead, Calibration]


def main() -> None:
    """Print a row for each category, and one for the attack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    folder = default_model_dir()
    shipped = AttackHead.load(folder), Calibration.load(folder)
    rows: dict[tuple[str, str], list[float]] = defaultdict(list)
    for seed in range(options.seeds):
        for name, values in _tried(shipped, options.days, seed).items():
            rows[name].append(values)
        print(f"seed {seed}", file=sys.stderr, flush=True)
    for (what, model), values in rows.items():
        found = seed_interval(values)
        print(f"{what:<24}{model:<12}{found.mean:8.2f} ({found.low:.2f} to {found.high:.2f})")


def _tried(shipped: Model, days: int, seed: int) -> dict[tuple[str, str], float]:
    learned = {name: _windows(shipped[0], name, days, 2 * seed) for name in hard_benign.CATEGORIES}
    tried = {name: _windows(shipped[0], name, days, 2 * seed + 1) for name in hard_benign.CATEGORIES}
    adapted = _adapted(shipped, list(learned.values()))
    figures = {}
    for name, windows in tried.items():
        without = _adapted(shipped, [part for other, part in learned.items() if other != name])
        for model, which in (("shipped", shipped), ("adapted", adapted), ("left out", without)):
            figures[name, model] = _findings(which, windows) / days
    attack, ordinary = _attack(shipped[0])
    for model, which in (("shipped", shipped), ("adapted", adapted)):
        figures["attack windows found", model] = float(_alerts(which, attack).mean())
        figures["other windows alerting", model] = float(_alerts(which, ordinary).mean())
        scores = (_scores(which, windows).attack for windows in (attack, ordinary))
        figures["average precision", model] = average_precision(*scores)
    return figures


def _windows(head: AttackHead, category: str, days: int, seed: int) -> EnvironmentWindows:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{category}.jsonl"
        path.write_text(hard_benign.write(category, days=days, seed=seed), encoding="utf-8")
        return read_windows([path], head, problems=Problems())


def _adapted(shipped: Model, parts: Sequence[EnvironmentWindows]) -> Model:
    joined = EnvironmentWindows(
        columns=[row for part in parts for row in part.columns],
        channel=[name for part in parts for name in part.channel],
        entity=[name for part in parts for name in part.entity],
        start=np.concatenate([part.start for part in parts]),
        rules=[hits for part in parts for hits in part.rules],
        places=[places for part in parts for places in part.places],
    )
    joined = joined.taken(np.argsort(joined.start, kind="stable"))
    found = adapt(*shipped, joined, ReferenceWindows.load(), AdaptationPlan(AlertBudget(per_day=PER_DAY)))
    return found.head, found.calibration


def _attack(head: AttackHead) -> tuple[EnvironmentWindows, EnvironmentWindows]:
    with (EXAMPLES / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"] == ATTACK]
    file = str(EXAMPLES / ATTACK)
    lines = [line for row in rows for line in range(int(row["first_line"]), int(row["last_line"]) + 1)]
    places = frozenset(f"{file}:{line}" for line in lines)
    windows = read_windows([file], head, problems=Problems(), places=places)
    held = np.asarray([bool(named) for named in windows.places])
    return windows.taken(np.flatnonzero(held)), windows.taken(np.flatnonzero(~held))


def _scores(model: Model, windows: EnvironmentWindows) -> ScoredWindows:
    head, _ = model
    scores = head.score_rows(word_presence([[row] for row in windows.columns], len(head.words)))
    channel, entity = np.asarray(windows.channel, object), np.asarray(windows.entity, object)
    return ScoredWindows(scores.attack.astype(float), scores.technique.argmax(axis=1), channel, entity, windows.start)


def _alerts(model: Model, windows: EnvironmentWindows) -> np.ndarray:
    return _scores(model, windows).alerts(model[1].channel_thresholds, model[1].threshold)


def _findings(model: Model, windows: EnvironmentWindows) -> int:
    return count_findings(_scores(model, windows), _alerts(model, windows))


if __name__ == "__main__":
    main()
