"""Make the reference windows that ship inside the package, by which `loglm adapt` sees what an adaptation forgets.

    python scripts/build_reference_windows.py --windows FILE --examples examples --out src/loglm/data/reference

FILE is a table of windows, as `loglm evaluate attack --windows FILE` keeps one. Taken are recordings whose licence
allows it (`SOURCES`) and the example logs of this repository; of each window only the set of its words, as the shipped
head knows them.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from loglm import __version__
from loglm.adaptation.reference import ReferenceWindows
from loglm.adaptation.windows import event_windows
from loglm.artifacts.folder import open_model_dir, write_model_dir
from loglm.detection.head import AttackHead
from loglm.evaluation.attack_background import background_windows
from loglm.evaluation.window_table import WindowTable
from loglm.events.reading import read_events
from loglm.findings import Level

SOURCES = {
    "security-datasets": "MIT",
    "splunk-attack-data": "Apache-2.0",
    "evtx-to-mitre-attack": "CC0-1.0",
    "open-xp-rules": "Apache-2.0",
    "benign-windows/dfir-museum-win11-rathbunvm": "MIT",
    "benign-windows/omerbenamram-evtx": "Apache-2.0 or MIT",
    "benign-windows/plaso": "Apache-2.0",
    "benign-windows/python-evtx": "Apache-2.0",
    "benign-windows/velocidex-evtx": "Apache-2.0",
}
"""Dataset, or environment of clean machines -> licence."""
OF_A_SIDE = 1_200


@dataclass
class _Collected:
    """Windows so far."""

    rows: list[np.ndarray] = field(default_factory=list)
    attack: list[bool] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    techniques: list[frozenset[str]] = field(default_factory=list)
    recording: list[str] = field(default_factory=list)

    def add(self, row: np.ndarray, attack: bool, channel: str, techniques: frozenset[str], recording: str) -> None:
        self.rows.append(row)
        self.attack.append(attack)
        self.channel.append(channel)
        self.techniques.append(techniques)
        self.recording.append(recording)

    def asked(self) -> np.ndarray:
        """Every second recording, in the order of their names; of the examples too, each as a whole."""
        place = {name: number for number, name in enumerate(sorted(set(self.recording)))}
        return np.asarray([place[name] % 2 == 1 for name in self.recording])


def main() -> None:
    """Run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=Path, required=True)
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder, _ = open_model_dir(None)
    head = AttackHead.load(folder)
    collected = _Collected()
    _of_table(WindowTable.load(options.windows), head, collected)
    _of_examples(options.examples, head, collected)
    used = np.unique(np.concatenate(collected.rows))
    reference = ReferenceWindows(
        tuple(head.words[i] for i in used),
        tuple(np.searchsorted(used, row).astype(np.int32) for row in collected.rows),
        np.asarray(collected.attack),
        tuple(collected.channel),
        tuple(collected.techniques),
        collected.asked(),
    )
    about = {"name": "reference windows", "version": "1", "loglm_version": __version__, "sources": SOURCES}
    write_model_dir(options.out, reference.save, about=about, overwrite=True)
    print(f"{len(reference.rows):,} windows, {sum(collected.attack):,} of attacks, {len(used):,} words")


def _of_table(table: WindowTable, head: AttackHead, collected: _Collected) -> None:
    """Attack windows that a rule hits or that hold rare events, spread over recordings; clean and background ones."""
    allowed = [r.dataset in SOURCES or r.environment in SOURCES for r in table.recordings]
    every = np.arange(len(table))
    background = background_windows(table, every)
    sides: dict[bool, dict[int, list[int]]] = {True: defaultdict(list), False: defaultdict(list)}
    for window in every[[allowed[r] for r in table.recording]]:
        recording = table.recordings[table.recording[window]]
        hit = any(level >= Level.MEDIUM for level, _, _ in table.rules[window])
        if recording.kind == "benign" or background[window]:
            sides[False][table.recording[window]].append(int(window))
        elif hit or recording.dataset != "security-datasets":
            sides[True][table.recording[window]].append(int(window))
    known: dict[int, np.ndarray] = {}
    for attack, by_recording in sides.items():
        for window in _dealt(by_recording):
            recording = table.recordings[table.recording[window]]
            found = [known.setdefault(t, head.columns(table.texts[t])) for t in table.rows[window].tolist()]
            techniques = recording.base_techniques if attack else frozenset()
            collected.add(np.unique(np.concatenate(found)), attack, table.channel[window], techniques, recording.file)


def _dealt(by_recording: dict[int, list[int]]) -> list[int]:
    """At most `OF_A_SIDE` windows, as evenly over recordings as can be."""
    spread = [
        [windows[i] for i in np.linspace(0, len(windows) - 1, min(len(windows), 400)).astype(int)]
        for windows in by_recording.values()
    ]
    rng = np.random.default_rng(0)
    order = [rng.permutation(windows).tolist() for windows in spread]
    dealt = [windows[i] for i in range(max(map(len, order))) for windows in order if i < len(windows)]
    return dealt[:OF_A_SIDE]


def _of_examples(examples: Path, head: AttackHead, collected: _Collected) -> None:
    labels: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    with (examples / "labels.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            labels[row["file"]].append((int(row["first_line"]), int(row["last_line"]), row["technique_id"]))
    for file, stretches in sorted(labels.items()):
        for window in event_windows(read_events([str(examples / file)])):
            records = [event.location.record or 0 for event in window.events]
            names = {name for first, last, name in stretches if any(first <= r <= last for r in records)}
            row = np.unique(np.concatenate([head.columns(event.text) for event in window.events]))
            channel = f"{window.log_source.product}/{window.log_source.service}"
            collected.add(row, bool(names), channel, frozenset(name.partition(".")[0] for name in names), file)


if __name__ == "__main__":
    main()
