"""Near duplicates: what to compare texts by, what is found and missed, and how fast, beside other implementations.

    python benchmarks/near_duplicates.py --data DIR [--view exact]

Three tables, each on the exact and the masked view of distinct rendered events, or on one of them:

* shingles: each of Loghub's systems thinned by brute force with several kinds of shingles and thresholds. Kept: share
  of texts; same: share of dropped texts whose representative has their template; templates: share of templates that a
  kept text still has.
* found: a sample of each source thinned by `near_duplicates`, against the Jaccard index of all pairs. Kept, and recall:
  of the texts that have, in truth, a Jaccard index of the threshold with an earlier kept text, those dropped. Its
  precision, the dropped texts that have such an index with their representative, is 1 by construction; last column:
  precision and recall where the estimate decides instead.
* speed: all texts of all sources by every implementation, in one process; precision and recall over the samples above.
  datasketch as in its documentation (a text with a candidate is a duplicate); the plain one as datatrove does it (14
  buckets of 8 hashes, clusters of all that share a bucket, the first of each kept), in numpy. All get the same words.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rensa
import zstandard
from scipy.sparse import csr_array

from loglm.corpus.near_duplicates import near_duplicates, shingles
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import View, render

SOURCES = (
    "apache_logs_to_mysql", "docker_honeypot", "elastic_beats", "grafana_loki", "lnav", "loghub",
    "o365_audit_invictus", "ocsf_raw_samples", "sekoia_intake_formats", "splunk_eventgen", "wazuh_ruleset",
)  # fmt: skip
VIEWS: tuple[View, ...] = ("masked", "exact")
THRESHOLD = 0.8
MOST_OF_A_SYSTEM = 700
"""Texts of one of Loghub's systems, for the brute force on shingles."""

Deduplicate = Callable[[Sequence[str]], np.ndarray]


# --- the implementations: texts in, for each the index of the one that stands for it ------------------------------


def by_loglm(texts: Sequence[str]) -> np.ndarray:
    return near_duplicates(texts, threshold=THRESHOLD)


def by_estimate(texts: Sequence[str]) -> np.ndarray:
    """rensa with the bands of `near_duplicates`; the first candidate whose estimate reaches the threshold."""
    found = np.arange(len(texts))
    index = rensa.RMinHashLSH(THRESHOLD, 126, 21)
    signatures = rensa.RMinHash.from_token_sets([shingles(text) for text in texts], 126, 1)
    for number, signature in enumerate(signatures):
        likely = (c for c in sorted(index.query(signature)) if signature.jaccard(signatures[c]) >= THRESHOLD)
        found[number] = next(likely, number)
        if found[number] == number:
            index.insert(number, signature)
    return found


def by_datasketch(texts: Sequence[str]) -> np.ndarray:
    from datasketch import MinHash, MinHashLSH

    found = np.arange(len(texts))
    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    for number, text in enumerate(texts):
        signature = MinHash(num_perm=128)
        signature.update_batch([word.encode(errors="replace") for word in shingles(text)])
        found[number] = min(index.query(signature), default=number)
        if found[number] == number:
            index.insert(number, signature)
    return found


def by_plain_minhash(texts: Sequence[str], buckets: int = 14, hashes: int = 8) -> np.ndarray:
    random = np.random.default_rng(1)
    prime = np.uint64((1 << 61) - 1)
    factor, shift = random.integers(1, int(prime), size=(2, buckets * hashes), dtype=np.uint64)
    root = np.arange(len(texts))
    first: dict[tuple[int, bytes], int] = {}
    for number, text in enumerate(texts):
        words = np.fromiter(map(_hash, shingles(text)), np.uint64)[:, None]
        signature = ((words * factor + shift) % prime).min(axis=0).reshape(buckets, hashes)
        for bucket in range(buckets):
            _join(root, number, first.setdefault((bucket, signature[bucket].tobytes()), number))
    return np.asarray([_root(root, number) for number in range(len(texts))])


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.sha1(word.encode(errors="replace"), usedforsecurity=False).digest()[:8])


def _root(root: np.ndarray, number: int) -> int:
    while root[number] != number:
        root[number] = root[root[number]]
        number = int(root[number])
    return number


def _join(root: np.ndarray, one: int, other: int) -> None:
    low, high = sorted((_root(root, one), _root(root, other)))
    root[high] = low


# --- what is true -------------------------------------------------------------------------------------------------


def all_pairs(texts: Sequence[str]) -> np.ndarray:
    """Jaccard index of every pair, float32 (n, n)."""
    words: dict[str, int] = {}
    sets = [[words.setdefault(word, len(words)) for word in shingles(text)] for text in texts]
    rows = np.repeat(np.arange(len(sets)), [len(ids) for ids in sets])
    ones = np.ones(len(rows), np.float32)
    member = csr_array((ones, (rows, np.concatenate(sets).astype(np.int64))), shape=(len(sets), len(words)))
    common = (member @ member.T).toarray()
    size = np.asarray([len(ids) for ids in sets], np.float32)
    result: np.ndarray = common / (size[:, None] + size[None, :] - common)
    return result


def counts(index: np.ndarray, found: np.ndarray) -> Counter[str]:
    """Texts, kept, dropped, those dropped rightly, and kept ones that should have been dropped."""
    number = np.arange(len(found))
    is_kept = found == number
    repeats = ((index >= THRESHOLD) & is_kept[None, :] & (number[None, :] < number[:, None])).any(axis=1)
    right = ~is_kept & (index[number, found] >= THRESHOLD)
    return Counter(
        texts=len(found), kept=int(is_kept.sum()), dropped=int((~is_kept).sum()), right=int(right.sum()),
        missed=int((is_kept & repeats).sum()),
    )  # fmt: skip


def precision_recall(count: Counter[str]) -> str:
    precision = count["right"] / max(1, count["dropped"])
    return f"{precision:.3f} / {count['right'] / max(1, count['right'] + count['missed']):.3f}"


# --- tables -------------------------------------------------------------------------------------------------------


def print_found(view: View, samples: dict[str, list[str]]) -> dict[str, Counter[str]]:
    """A row a source; returns the counts of every implementation over all sources."""
    totals: dict[str, Counter[str]] = {name: Counter() for name in IMPLEMENTATIONS}
    print(f"\nfound, {view} view, Jaccard index >= {THRESHOLD}")
    print(f"{'source':<24}{'texts':>8}{'kept':>8}{'dropped':>9}{'missed':>8}{'recall':>8}{'by estimate':>16}")
    for source, texts in samples.items():
        index = all_pairs(texts)
        each = {name: counts(index, method(texts)) for name, method in IMPLEMENTATIONS.items()}
        for name, count in each.items():
            totals[name] += count
        _print_source(source, each)
    _print_source("all", totals)
    return totals


def _print_source(source: str, each: dict[str, Counter[str]]) -> None:
    count = each["loglm"]
    recall = precision_recall(count).partition(" / ")[2]
    print(
        f"{source:<24}{count['texts']:>8,}{count['kept']:>8,}{count['dropped']:>9,}{count['missed']:>8,}{recall:>8}"
        f"{precision_recall(each['estimate decides']):>16}",
        flush=True,
    )


def print_speed(view: View, texts: list[str], totals: dict[str, Counter[str]]) -> None:
    print(f"\nspeed, {view} view, {len(texts):,} texts of {sum(map(len, texts)) / len(texts):,.0f} characters")
    print(f"{'implementation':<24}{'texts/s':>10}{'kept':>8}{'precision / recall':>22}")
    for name, method in IMPLEMENTATIONS.items():
        start = time.perf_counter()
        found = method(texts)
        rate = len(texts) / (time.perf_counter() - start)
        kept = (found == np.arange(len(found))).mean()
        print(f"{name:<24}{rate:>10,.0f}{kept:>8.3f}{precision_recall(totals[name]):>22}", flush=True)


IMPLEMENTATIONS: dict[str, Deduplicate] = {
    "loglm": by_loglm,
    "estimate decides": by_estimate,
    "plain MinHash (numpy)": by_plain_minhash,
}


# --- shingles -----------------------------------------------------------------------------------------------------

_alphanumeric = re.compile(r"\w+").findall


def _pairs(text: str) -> set[Any]:
    words = _alphanumeric(text)
    return set(pairwise(words)) or set(words)


SHINGLES: dict[str, Callable[[str], Any]] = {
    "words between , ; | and space": shingles,
    "words between white space": lambda text: set(text.split()),
    "words between all delimiters": lambda text: set(_alphanumeric(text)),
    "pairs of these words": _pairs,
    "5 characters": lambda text: {text[at : at + 5] for at in range(max(1, len(text) - 4))},
}


def print_shingles(view: View, systems: list[list[tuple[str, str]]], thresholds: Sequence[float]) -> None:
    """A row a kind of shingles; for each threshold kept / same / templates."""
    print(f"\nshingles, {view} view: kept / same / templates, {sum(map(len, systems)):,} texts of Loghub")
    print(f"{'':<32}" + "".join(f"{threshold:>20}" for threshold in thresholds))
    for name, make in SHINGLES.items():
        cells = [_thinned(systems, make, threshold) for threshold in thresholds]
        print(f"{name:<32}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def _thinned(systems: list[list[tuple[str, str]]], make: Callable[[str], Any], threshold: float) -> str:
    kept = same = texts = shown = templates = 0
    for system in systems:
        found = greedy([make(text) for text, _ in system], threshold)
        template = [name for _, name in system]
        is_kept = [index == number for number, index in enumerate(found)]
        texts += len(system)
        kept += sum(is_kept)
        same += sum(template[index] == template[number] for number, index in enumerate(found) if index != number)
        templates += len(set(template))
        shown += len({name for name, stays in zip(template, is_kept, strict=True) if stays})
    return f"{kept / texts:.2f} {same / max(1, texts - kept):.3f} {shown / templates:.3f}"


def greedy(sets: list[set[Any]], threshold: float) -> list[int]:
    """Each set's most similar earlier kept set at or above the threshold, by brute force."""
    holders: dict[Any, list[int]] = {}
    found = []
    for number, words in enumerate(sets):
        common = Counter(holder for word in words for holder in holders.get(word, ()))
        scored = [(share / (len(words) + len(sets[one]) - share), -one) for one, share in common.items()]
        best, one = max(scored, default=(0.0, 0))
        found.append(-one if best >= threshold else number)
        if best < threshold:
            for word in words:
                holders.setdefault(word, []).append(number)
    return found


def loghub_systems(logs: Path, view: View) -> list[list[tuple[str, str]]]:
    """For each system its first distinct texts, with the template of the line that had it first."""
    systems = []
    for table in sorted((logs / "parsing" / "loghub_2k").glob("*_structured.csv*")):
        lines = logs / "corpus" / "loghub" / f"{table.name.partition('_2k')[0]}_2k.log.zst"
        if lines.is_file():
            rows = list(csv.DictReader(io.StringIO(_text(table))))
            first: dict[str, str] = {}
            for event in read_events([lines]):
                first.setdefault(render(event, view), rows[(event.location.record or 1) - 1]["EventId"])
            systems.append(list(first.items())[:MOST_OF_A_SYSTEM])
    return systems


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (zstandard.ZstdDecompressor().decompressobj().decompress(data) if path.suffix == ".zst" else data).decode()


# --- the lines ----------------------------------------------------------------------------------------------------


def distinct_texts(events: list[LogEvent], view: View) -> list[str]:
    return list(dict.fromkeys(render(event, view) for event in events))


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of real logs; reads logs/ below it")
    parser.add_argument("--events", type=int, default=10_000, help="most events of a source (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=3_000, help="most texts of a source, all pairs (%(default)s)")
    parser.add_argument("--view", choices=VIEWS, help="of the events; without it, both, one after the other")
    arguments = parser.parse_args()
    views: tuple[View, ...] = VIEWS if arguments.view is None else (arguments.view,)
    logs: Path = arguments.data / "logs"
    present = [source for source in SOURCES if (logs / "corpus" / source).is_dir()]
    if not present:
        print(f"{logs / 'corpus'}: none of the folders {', '.join(SOURCES)}", file=sys.stderr)
        return 2
    try:
        import datasketch  # noqa: F401

        IMPLEMENTATIONS["datasketch"] = by_datasketch
    except ModuleNotFoundError:
        print("datasketch is not installed and not compared: pip install datasketch", file=sys.stderr)
    for view in views:
        print_shingles(view, loghub_systems(logs, view), (0.7, 0.8, 0.9))
    for view in views:
        texts = {
            source: distinct_texts(list(islice(read_events([logs / "corpus" / source]), arguments.events)), view)
            for source in present
        }
        random = np.random.default_rng(0)
        samples = {
            source: [given[at] for at in np.sort(random.permutation(len(given))[: arguments.sample])]
            for source, given in texts.items()
        }
        print_speed(view, [text for given in texts.values() for text in given], print_found(view, samples))
    return 0


if __name__ == "__main__":
    sys.exit(main())
