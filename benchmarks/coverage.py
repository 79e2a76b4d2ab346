"""Every file below some folders through detection: what was read, scored, rejected; and which files were not whole.

    python benchmarks/coverage.py --data DIR [FOLDER...] [--csv FILE] [--workers 2]

Each file is read as one that is named on the command line of `loglm detect`: suffix and leading dot do not keep it out.
Exits 1 where a file makes detection crash, or where not every event that was read was scored.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from loglm.detection.engine import DetectionRunner
from loglm.detection.merging import to_findings

_PARTS = {"attack": 2, "logs": 3}
"""How many folders name a dataset, by the first of them; two elsewhere."""
_REPORT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of one file, or of the files of one dataset."""

    name: str
    """Path below the data folder."""
    files: int = 1
    read: int = 0
    """Events that a reader made of records."""
    scored: int = 0
    """Events in windows that the model scored."""
    rejected: int = 0
    """Records that could not become an event."""
    findings: int = 0
    seconds: float = 0.0
    rejects: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    crash: str = ""
    """Type of the exception and the last line that it comes from."""

    @property
    def records(self) -> int:
        return self.read + self.rejected

    @property
    def is_whole(self) -> bool:
        """Whether records in = scored + rejected."""
        return not self.crash and self.records == self.scored + self.rejected

    @property
    def reasons(self) -> str:
        """Why records were rejected and what was noted, each with its count."""
        rejects = [f"{kind} {count:,}" for kind, count in sorted(self.rejects.items())]
        notes = [f"note {kind} {count:,}" for kind, count in sorted(self.notes.items())]
        return "; ".join(rejects + notes)

    @property
    def dataset(self) -> str:
        folders = self.name.split("/")[:-1]
        return "/".join(folders[: _PARTS.get(folders[0], 2)]) if folders else "."


def total(name: str, parts: Iterable[Coverage]) -> Coverage:
    """The sum of some files, under another name."""
    result = Coverage(name, files=0)
    for part in parts:
        result = replace(
            result,
            files=result.files + part.files,
            read=result.read + part.read,
            scored=result.scored + part.scored,
            rejected=result.rejected + part.rejected,
            findings=result.findings + part.findings,
            seconds=result.seconds + part.seconds,
        )
    return result


def cover(runner: DetectionRunner, data: Path, name: str) -> Coverage:
    """Read and score one file; an exception becomes its ``crash``."""
    started = time.perf_counter()
    try:
        part = runner.run(str(data / name))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for here)
        return Coverage(name, seconds=time.perf_counter() - started, crash=_described(error))
    stats, problems = part.stats, part.problems
    return Coverage(
        name,
        read=stats.events_read,
        scored=stats.events_scored,
        rejected=problems.total_rejected,
        findings=len(to_findings(part.drafts, runner.scorer.head.labels)),
        seconds=time.perf_counter() - started,
        rejects=problems.rejected,
        notes=problems.notes,
    )


def cover_all(data: Path, names: list[str], workers: int) -> Iterator[Coverage]:
    """Cover each file, in no certain order where there are two processes."""
    if workers == 1:
        runner = DetectionRunner.load()
        for name in names:
            yield cover(runner, data, name)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        tasks = {pool.submit(_work, data, name): name for name in names}
        for task in as_completed(tasks):
            error = task.exception()
            yield Coverage(tasks[task], crash=_described(error)) if error else task.result()


def names_below(data: Path, folders: Iterable[str]) -> list[str]:
    """Every regular file below the folders, as a path below the data folder, sorted."""
    files = {file for folder in folders for file in (data / folder).rglob("*") if file.is_file()}
    return sorted(file.relative_to(data).as_posix() for file in files)


def report(results: list[Coverage]) -> Iterator[str]:
    """Markdown: a row a dataset and the total, then the files with a rejected record or a note."""
    by_dataset: dict[str, list[Coverage]] = {}
    for result in results:
        by_dataset.setdefault(result.dataset, []).append(result)
    yield "| dataset | files | read | scored | rejected | share rejected | findings | seconds |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, parts in sorted(by_dataset.items()):
        yield _row(total(name, parts))
    yield _row(total("total", results))
    yield ""
    yield "| file | read | scored | rejected | reasons |"
    yield "|---|---:|---:|---:|---|"
    for result in results:
        if result.reasons:
            yield f"| {result.name} | {result.read:,} | {result.scored:,} | {result.rejected:,} | {result.reasons} |"
    yield ""
    crashed = [result for result in results if result.crash]
    broken = [result for result in results if not result.crash and not result.is_whole]
    yield from (f"crash: {result.name}: {result.crash}" for result in crashed)
    yield from (f"records in are not scored + rejected: {result.name}" for result in broken)
    yield f"{len(results):,} files: {len(crashed)} crashed; {len(broken)} where records in are not scored + rejected"


def write_csv(path: Path, results: list[Coverage]) -> None:
    """A row a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "dataset", "read", "scored", "rejected", "findings", "seconds", "reasons", "crash"))
        for one in results:
            counts = (one.read, one.scored, one.rejected, one.findings, f"{one.seconds:.3f}")
            writer.writerow((one.name, one.dataset, *counts, one.reasons, one.crash))


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 for a crash or an event that was not scored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the other folders lie in")
    parser.add_argument("folders", nargs="*", default=["attack", "logs"], metavar="FOLDER", help="default: attack logs")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a row for each file")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1, help="processes (default: %(default)s)")
    given = parser.parse_args(arguments)
    names = names_below(given.data, given.folders)
    if not names:
        parser.error(f"there is no file below {', '.join(str(given.data / folder) for folder in given.folders)}")
    results = sorted(_watched(cover_all(given.data, names, given.workers), len(names)), key=lambda one: one.name)
    for line in report(results):
        print(line)
    if given.csv:
        write_csv(given.csv, results)
    return 0 if all(result.is_whole for result in results) else 1


_RUNNER: DetectionRunner | None = None
"""The worker process's own model."""


def _start_worker() -> None:
    global _RUNNER
    _RUNNER = DetectionRunner.load()


def _work(data: Path, name: str) -> Coverage:
    if _RUNNER is None:
        raise RuntimeError("a worker process was started without its model")
    return cover(_RUNNER, data, name)


def _watched(results: Iterator[Coverage], count: int) -> Iterator[Coverage]:
    """The same results; says on stderr now and then how far they are."""
    started = reported = time.monotonic()
    for number, result in enumerate(results, 1):
        now = time.monotonic()
        if result.crash or number == count or now - reported > _REPORT_EVERY_S:
            print(f"{number}/{count} files, {now - started:.0f} s: {result.name} {result.crash}", file=sys.stderr)
            reported = now
        yield result


def _row(one: Coverage) -> str:
    share = one.rejected / one.records if one.records else 0.0
    counts = f"{one.files:,} | {one.read:,} | {one.scored:,} | {one.rejected:,}"
    return f"| {one.name} | {counts} | {share:.2%} | {one.findings:,} | {one.seconds:,.1f} |"


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""
    return f"{type(error).__name__}: {error}{place}".replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
