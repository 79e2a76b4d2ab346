r"""The ATT&CK head with the window vector of a transformer over event vectors beside its words, and without.

    python benchmarks/context_heads.py --data DIR --windows WINDOWS --out OUT

The table is that of ``loglm evaluate attack --windows WINDOWS`` (made there where the file is missing), and so are
folds, thresholds and figures: a data set and a clean machine left out each time. The transformer of
`benchmarks/context_encoders.py` learns without labels, for each fold anew, from all windows of the other data sets and
machines: the next event's code, of 256 that k-means found in the vectors of those windows' events. A window's vector is
the mean of the states after its events, each with 16 to 63 events before it where the entity has so many. What comes
beside the words is centred, has norm 1 in the mean of the training windows as the words have, and goes into the same
two regressions. *mean event vector* is the same without context: 64 principal components of the mean of the events'
vectors.

Events come in the order of entity and channel. The table keeps no time of single events: the first event of a window
has the gap since the window before began, the others none. Rarities are counted in the recording, over its events so
far. An event has the vector of its text, or of its kind where more than two texts of it were met. Heads learn from the
words of windows alone (no rule strings, no ATT&CK texts), five seeds; the transformer has one seed a fold unless
``--pretrained`` says more, which the seeds of the head take in turn.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from context_events import EventVectors, KeepingCodebook
from context_transformer import EventSequence, Plan, event_states, train
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit, softmax

from loglm.context.codebook import source_number
from loglm.context.steps import gap_level, rarity_level
from loglm.corpus.templates import text_hash
from loglm.evaluation.attack_baselines import Fit, Scorer, training_windows
from loglm.evaluation.attack_benchmark import Benchmark, BenchmarkModel, SeedResult, joined, run_benchmark
from loglm.evaluation.attack_inputs import attack_table
from loglm.evaluation.attack_metrics import Interval, bootstrap_interval, seed_interval
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack.examples import make_examples, table_words
from loglm.training.attack.head import HeadPlan, fit_regressions, train_attack_head

_BUDGET = 0.01
_WIDTH = 64
_CODES = 256
_MEAN, _CONTEXT = "mean event vector", "window vector"
_METRICS = ("top-1", "top-3", "alerted", "right and alerted")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/")
    parser.add_argument("--windows", type=Path, required=True, help="windows kept by loglm evaluate attack")
    parser.add_argument("--sigma", type=Path, help="Sigma rules, where the windows are still to be made")
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps event vectors")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=120, help="of a transformer")
    parser.add_argument("--pretrained", type=int, default=1, help="transformers a fold")
    parser.add_argument("--beside", default=f"{_MEAN},{_CONTEXT}", help="what stands beside the words")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = attack_table(arguments.data / "attack", arguments.sigma, arguments.windows)
    heads = Heads(table, read_windows(table, arguments.out), arguments.steps, arguments.pretrained)
    rows = [
        BenchmarkModel("LogLM head", heads.fit("")),
        *(BenchmarkModel(f"+ {name}", heads.fit(name), against="LogLM head") for name in arguments.beside.split(",")),
    ]
    found: list[Benchmark] = []
    for seed in range(arguments.seeds):
        found.append(run_benchmark(table, rows, seeds=[seed], budget=_BUDGET, report=_say))
        print_rows(table, joined(found))


@dataclass(frozen=True, slots=True)
class Windows:
    """Events of a table as a transformer reads them: streams of an entity and channel in a recording."""

    vectors: torch.Tensor
    kinds: int
    """Vectors of kinds, before those of texts."""
    streams: list[EventSequence]
    """Targets are kinds."""
    members: list[list[int]]
    """Windows of each stream, in order."""


def read_windows(table: WindowTable, out: Path) -> Windows:
    """Embed the table's texts, and count what is rare as the events go on."""
    codebook = KeepingCodebook()
    kinds = codebook(table.texts)
    vectors = EventVectors(out / "vectors.npz")
    vectors.learn(codebook.texts)
    rows = vectors.rows([text_hash(text) for text in table.texts], kinds.tolist(), codebook.codes)
    readings = _readings(table, kinds)
    members: dict[tuple[int, str, str], list[int]] = {}
    for window, key in enumerate(zip(table.recording, table.entity, table.channel, strict=True)):
        members.setdefault(key, []).append(window)
    streams = []
    for own in members.values():
        texts = np.concatenate([table.rows[window] for window in own])
        streams.append(EventSequence(np.concatenate([readings[w] for w in own]), rows[texts], kinds[texts]))
    return Windows(torch.from_numpy(vectors.matrix(codebook.codes)), codebook.codes, streams, list(members.values()))


def _readings(table: WindowTable, kinds: np.ndarray) -> list[np.ndarray]:
    """Of each window's events int64 (n, 4), see `loglm.context.encoder.Reading`."""
    texts, of_kind = Counter[tuple[int, int]](), Counter[tuple[int, str, int]]()
    shown, events, own_events = set(), Counter[int](), Counter[tuple[int, str]]()
    before: dict[tuple[int, str, str], float] = {}
    found = []
    for window, rows in enumerate(table.rows):
        recording, entity, channel = table.recording[window], table.entity[window], table.channel[window]
        key, start = (recording, entity, channel), table.start[window]
        gap = start - before.get(key, np.nan)
        before[key] = start
        source, levels = source_number(channel), []
        for place, text in enumerate(rows.tolist()):
            kind = int(kinds[text])
            own = recording, entity
            rarity = rarity_level(texts[recording, text], events[recording])
            rare = rarity_level(of_kind[*own, kind], own_events[own]) if (*own, text) in shown else 0
            levels.append((gap_level(float(gap)) if place == 0 and gap >= 0 else 0, rarity, rare, source))
            texts[recording, text] += 1
            of_kind[*own, kind] += 1
            shown.add((*own, text))
            events[recording] += 1
            own_events[own] += 1
        found.append(np.asarray(levels, np.int64).reshape(-1, 4))
    return found


class Heads:
    """Heads of the folds, with and without vectors of windows beside the words."""

    def __init__(self, table: WindowTable, windows: Windows, steps: int, pretrained: int) -> None:
        self.table, self.windows = table, windows
        self.steps, self.pretrained = steps, pretrained
        self._words = table_words(table, [])
        self._vectors: dict[tuple[str, frozenset[str], int], np.ndarray] = {}

    def fit(self, beside: str) -> Fit:
        """A head that reads words, and what is named beside them."""

        def fitted(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
            examples = make_examples(self.table, self._words, recordings, labels)
            head = train_attack_head(examples, HeadPlan(seed=seed, epochs=0))
            place = {word: column for column, word in enumerate(self._words.words)}
            rows = head.weighted(self._words.windows[:, [place[word] for word in head.words]])
            if beside:
                rows = hstack([rows, self._beside(beside, recordings, seed)]).tocsr().astype(np.float32)
            learned = rows[training_windows(self.table, recordings)]
            return _scorer(rows, *fit_regressions(learned, examples, HeadPlan(seed=seed)))

        return fitted

    def _beside(self, beside: str, recordings: frozenset[int], seed: int) -> csr_matrix:
        """Vectors of all windows, (windows, 64)."""
        learned = training_windows(self.table, recordings)
        environments = frozenset(self.table.recordings[i].environment for i in recordings)
        key = beside, environments, seed % self.pretrained
        if key not in self._vectors:
            make = self._means if beside == _MEAN else self._encoded
            self._vectors[key] = make(environments, seed % self.pretrained)
        vectors = self._vectors[key] - self._vectors[key][learned].mean(axis=0)
        return csr_matrix(vectors / np.linalg.norm(vectors[learned], axis=1).mean())

    def _means(self, environments: frozenset[str], seed: int) -> np.ndarray:
        from sklearn.decomposition import PCA

        given = self.windows.vectors.numpy()
        means = self._by_window([given[stream.rows] for stream in self.windows.streams])
        learned = [self.table.recordings[r].environment in environments for r in self.table.recording]
        found: np.ndarray = PCA(_WIDTH, random_state=seed).fit(means[learned]).transform(means)
        return found

    def _encoded(self, environments: frozenset[str], seed: int) -> np.ndarray:
        """Learned from all windows of some environments, without their labels."""
        from sklearn.cluster import KMeans

        given, streams = self.windows.vectors, self.windows.streams
        of_stream = [self.table.recordings[self.table.recording[own[0]]].environment for own in self.windows.members]
        own = [number for number, environment in enumerate(of_stream) if environment in environments]
        rows = np.unique(np.concatenate([streams[number].rows for number in own]))
        means = KMeans(_CODES, n_init=1, max_iter=10, random_state=seed).fit(given[rows].numpy())
        code_of = means.predict(given[: self.windows.kinds].numpy()).astype(np.int64)
        counts = Counter(of_stream[number] for number in own for _ in range(0, len(streams[number].rows), 64))
        learned = [
            replace(one, targets=code_of[one.targets], weight=counts[of_stream[number]] ** -0.5)
            for number, one in ((number, streams[number]) for number in own)
        ]
        model, cpu_s = train(learned, [], given, Plan(codes=_CODES, steps=self.steps, seed=seed))
        _say("transformer", f"{cpu_s:.0f} s of CPU")
        return self._by_window(event_states(model, streams, given))

    def _by_window(self, values: list[np.ndarray]) -> np.ndarray:
        """Means over the events of windows of what the events of streams have, float32 (windows, D)."""
        found = np.zeros((len(self.table), values[0].shape[1]), np.float32)
        for own, of_stream in zip(self.windows.members, values, strict=True):
            ends = np.cumsum([len(self.table.rows[window]) for window in own])
            found[own] = [part.mean(axis=0) for part in np.split(of_stream, ends[:-1])]
        return found


def _scorer(rows: csr_matrix, weights: np.ndarray, bias: np.ndarray) -> Scorer:
    def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = np.asarray(rows[windows] @ weights + bias, np.float32)
        return expit(logits[:, 0]), softmax(logits[:, 1:], axis=1)

    return score


def _say(*done: object) -> None:
    print("#", *done, flush=True)


def print_rows(table: WindowTable, benchmark: Benchmark) -> None:
    """Each row, and its difference to the head, recording by recording."""
    clean = np.asarray([table.recordings[r].kind == "benign" for r in table.recording])
    print(f"{'':<24}" + "".join(f"{name:>26}" for name in (*_METRICS, "clean windows alerting")))
    first: np.ndarray | None = None
    for model in dict.fromkeys(result.model for result in benchmark.results):
        seeds = [result for result in benchmark.results if result.model == model]
        measured = np.asarray([_measures(table, seed) for seed in seeds])
        first = measured if first is None else first
        alerting = seed_interval([float(seed.alerts[clean].mean()) for seed in seeds])
        _print_row(model, [*_intervals(measured), alerting], "")
        if measured is not first:
            _print_row("  difference", _intervals(measured - first), "+")
    print(f"{len(seeds)} seeds, {measured.shape[1]} recordings, {clean.sum():,} clean windows", flush=True)


def _measures(table: WindowTable, seed: SeedResult) -> np.ndarray:
    """float (recordings, metrics)."""
    rows = []
    for result in seed.recordings:
        labels = table.recordings[result.recording].base_techniques
        right = result.named[:1] != () and result.named[0] in labels
        rows.append((right, bool(labels & set(result.named)), result.alerted, right and result.alerted))
    return np.asarray(rows, float)


def _intervals(measured: np.ndarray) -> list[Interval]:
    return [bootstrap_interval(measured[:, :, column]) for column in range(len(_METRICS))]


def _print_row(name: str, values: list[Interval], sign: str) -> None:
    cells = (f"{v.mean:{sign}.3f} ({v.low:{sign}.3f} to {v.high:{sign}.3f})" for v in values)
    print(f"{name:<24}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
