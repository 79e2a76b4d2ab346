"""How well what models read gives away which dataset a window comes from, rather than what happened in it.

    python benchmarks/shortcuts.py --windows WINDOWS

Windows of one log channel and several datasets; recordings are dealt into five folds; a logistic regression names the
dataset from the words of a window, and from the mean of its events' vectors. Balanced accuracy: 1 over the number of
datasets is chance, 1 is a perfect give-away. WINDOWS is what ``loglm evaluate attack --windows`` keeps.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

import loglm
from loglm.detection.words import distinct_words
from loglm.evaluation.window_table import WindowTable

WINDOWS_PER_DATASET = 250
WINDOWS_PER_RECORDING = 5
CHANNELS = ("windows/sysmon", "windows/security")


def main() -> None:
    """Print a line for each channel and input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=Path, required=True, help="windows kept by loglm evaluate attack --windows")
    table = WindowTable.load(parser.parse_args().windows)
    print(f"{'channel':<20}{'datasets':>9}{'windows':>9}{'chance':>8}{'words':>8}{'vectors':>9}")
    for channel in CHANNELS:
        windows = _sample(table, channel)
        dataset = np.asarray([table.recordings[table.recording[w]].dataset for w in windows])
        names = np.unique(dataset)
        recording = np.asarray(table.recording)[windows]
        words = TfidfVectorizer(analyzer=distinct_words, min_df=2).fit_transform(
            "\n".join(table.texts[row] for row in table.rows[w]) for w in windows
        )
        shown = [_accuracy(rows, dataset, recording) for rows in (words, _vectors(table, windows))]
        print(
            f"{channel:<20}{len(names):>9}{len(windows):>9}{1 / len(names):>8.2f}{shown[0]:>8.2f}{shown[1]:>9.2f}",
            flush=True,
        )


def _sample(table: WindowTable, channel: str) -> list[int]:
    """At most so many windows of each dataset with five recordings or more, a few of each recording."""
    random = np.random.default_rng(0)
    by_dataset: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for window in random.permutation(len(table)).tolist():
        recording = table.recording[window]
        if table.channel[window] == channel:
            by_dataset[table.recordings[recording].dataset][recording].append(window)
    picked: list[int] = []
    for recordings in by_dataset.values():
        if len(recordings) >= 5:
            few = [w for windows in recordings.values() for w in windows[:WINDOWS_PER_RECORDING]]
            picked += random.permutation(few)[:WINDOWS_PER_DATASET].tolist()
    return sorted(picked)


def _vectors(table: WindowTable, windows: list[int]) -> np.ndarray:
    used = np.unique(np.concatenate([table.rows[w] for w in windows]))
    vectors = loglm.LogEncoder.from_pretrained().embed_texts([table.texts[row] for row in used])
    return np.asarray([vectors[np.searchsorted(used, table.rows[w])].mean(axis=0) for w in windows])


def _accuracy(rows: object, dataset: np.ndarray, recording: np.ndarray) -> float:
    model = LogisticRegression(C=10, max_iter=1_000, class_weight="balanced")
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    said = cross_val_predict(model, rows, dataset, groups=recording, cv=folds)
    return float(balanced_accuracy_score(dataset, said))


if __name__ == "__main__":
    main()
