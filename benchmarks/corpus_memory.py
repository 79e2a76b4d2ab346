"""What the steps of `loglm corpus build` need of memory for each document, beyond what they need anyway.

    python benchmarks/corpus_memory.py [--documents 600000]

Documents are synthetic, of random words, so that hardly any is dropped; caps are off. Each step runs in a process of
its own on a third of the documents and on all of them; bytes a document are the difference of the two peaks (VmHWM) by
that of the documents. Exact and near deduplication read one range or block at a time, of about 200,000 or 100,000
texts, whatever the size of the corpus: they are measured within one, with texts of 480 characters. Linux.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loglm.corpus.contamination import ContaminationJob, contamination_part
from loglm.corpus.deduplication import ExactJob, NearJob, exact_part, near_blocks, near_part
from loglm.corpus.documents import import_polars, schema, write_documents
from loglm.corpus.parts import Compute
from loglm.corpus.planning import PlanJob, plan_part, read_plan
from loglm.corpus.sharding import ShardJob, Tokenization, TokenizerJob, shard_part, shard_ranges, tokenizer_part

NAMES = {0: "made"}
FILE_TEXTS = 100_000
IN_ONE_PART = 90_000
CAP = 1 << 40


def write_files(folder: Path, documents: int, *, words_each: int) -> tuple[Path, ...]:
    """Documents as deduplication leaves them; words have seven letters and digits, and there are 50,000."""
    pl = import_polars()
    numbers = np.random.default_rng(0)
    words = np.array([f"{word:07x}" for word in numbers.choice(1 << 28, 50_000, replace=False)])
    paths = []
    for number, start in enumerate(range(0, documents, FILE_TEXTS)):
        count = min(FILE_TEXTS, documents - start)
        texts = [" ".join(row) for row in words[numbers.integers(0, len(words), (count, words_each))]]
        hashes = numbers.integers(0, 1 << 63, count, dtype=np.uint64)
        frame = {"hash": hashes, "text_hash": hashes, "template": hashes, "header": 7, "source": 0, "file": number}
        frame |= {"row": np.arange(count), "time": 1.7e9 + np.arange(count), "count": 1, "is_held_out": False}
        paths.append(folder / f"{number:05d}.parquet")
        write_documents(pl.DataFrame(frame | {"text": texts, "exact": None}, schema=schema()), paths[-1])
    return tuple(paths)


def peak(compute: Callable[..., Any], *arguments: Any) -> int:
    """VmHWM in bytes of a process that imports the same and does this alone."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return int(pool.apply(_peak_here, (compute, arguments)))


def _peak_here(compute: Callable[..., Any], arguments: tuple[Any, ...]) -> int:
    compute(*arguments)
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _into(folder: Path, compute: Compute, job: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    return compute(job, folder)


def _ranges(plan: Path) -> list[tuple[int, int]]:
    return shard_ranges(read_plan(plan), 0)


def peaks(folder: Path, documents: int) -> dict[str, int]:
    """Of every step that reads something of all documents, in order."""
    paths = write_files(folder, documents, words_each=3)
    plan, tokenizer = folder / "plan" / "plan.parquet", folder / "tokenizer" / "tokenizer.json"
    events = dict.fromkeys(range(len(paths)), FILE_TEXTS)
    found = {"blocks for near deduplication": peak(near_blocks, paths)}
    planning = PlanJob(paths, NAMES, (False,), events, CAP, CAP, 0.02)
    found["balance and split"] = peak(_into, plan.parent, plan_part, planning)
    learning = TokenizerJob(plan, paths, 1_024, None, None)
    found["tokenizer"] = peak(_into, tokenizer.parent, tokenizer_part, learning)
    found["ranges of shards"] = peak(_ranges, plan)
    tokenization = Tokenization(tokenizer, 512, None)
    jobs = [
        ShardJob(plan, paths, tokenization, split, low, high, ("made",), f"{split}-{low}.npz")
        for split in (0, 1)
        for low, high in shard_ranges(read_plan(plan), split)
    ]
    found["one shard"] = peak(_into, folder / "shards", shard_part, jobs[0])
    for job in jobs[1:]:
        _into(folder / "shards", shard_part, job)
    shards = [tuple(folder / "shards" / job.file_name for job in jobs if job.split == split) for split in (0, 1)]
    by_split = {"train": shards[0], "idts": shards[1], "odts": ()}
    check = ContaminationJob(plan, paths, NAMES, 0.8, by_split, tokenization)
    found["contamination"] = peak(_into, folder / "checked", contamination_part, check)
    return found


def peaks_of_parts(folder: Path, documents: int) -> dict[str, int]:
    """Of one range of exact and one block of near deduplication."""
    paths = write_files(folder, documents, words_each=60)
    equal = ExactJob(paths, 0, (1 << 64) - 1, "masked", NAMES)
    near = NearJob(paths, (7,), 0, 1, 0.8, "masked", True, NAMES)
    return {
        "exact deduplication, within one range": peak(_into, folder / "equal", exact_part, equal),
        "near deduplication, within one block": peak(_into, folder / "near", near_part, near),
    }


def show(measure: Callable[[Path, int], dict[str, int]], most: int) -> None:
    """A row for each step: bytes a document, and the peak with all of them."""
    sizes = (most // 3, most)
    by_size: Sequence[dict[str, int]] = [_measured(measure, size) for size in sizes]
    for step, high in by_size[1].items():
        slope = (high - by_size[0][step]) / (sizes[1] - sizes[0])
        print(f"{step:38} {most:>12,} {slope:>12,.0f} {high / 1e6:>9,.0f}", flush=True)


def _measured(measure: Callable[[Path, int], dict[str, int]], documents: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), documents)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=600_000)
    options = parser.parse_args()
    print(f"{'step':38} {'documents':>12} {'bytes each':>12} {'peak, MB':>9}")
    show(peaks_of_parts, IN_ONE_PART)
    show(peaks, options.documents)
