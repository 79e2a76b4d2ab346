"""Events per second from file to finding, cold and warm, per format, and where each second goes.

    python benchmarks/detect.py --data DIR
    python benchmarks/detect.py --data DIR --workers
    python benchmarks/detect.py --data DIR --context
    python benchmarks/detect.py --data DIR --memory
    python benchmarks/detect.py --data DIR --memory --file-mb 5000

Each format has a fresh process with the model loaded. Cold: the first pass over its files; warm: the second. The second
table is of one more process each, in which a clock runs around every call of a stage and every step of a generator; it
costs a few percent, which the first table is free of. The last line of that is the whole command, start included, over
a folder with two worker processes.

``/round`` is events per second divided by the rounds of a fixed loop (adding ten thousand numbers) that this machine
does in a second just before and after: figures of a busy or another machine are to be compared by it. Higher is faster.

``--workers`` instead runs the whole command, start included, over one file of each format, real logs repeated, with one
process and with two.

``--context`` instead reads each format once without and once with context, in fresh processes with the model loaded,
and prints milliseconds of CPU for an event and how many times slower the latter is.

``--memory`` instead feeds real logs, repeated, into ``loglm detect -`` and prints the peak memory by size; minutes.
With ``--file-mb`` it writes them to a temporary file of that size, which two worker processes read, and adds up the
peaks of the main process and, as often as there are workers, of the largest worker: an upper bound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loglm.context.windows import WindowAssembler
from loglm.detection import engine
from loglm.events.opening import open_path
from loglm.events.problems import Problems

FORMATS = {
    "EVTX": "attack/benign-windows/dfir-museum-win11-rathbunvm/Security.evtx.zst",
    "Windows JSON": "attack/security-datasets/compound/LSASS_campaign_01",
    "CloudTrail": "attack/invictus-aws",
    "Zeek": "attack/rita",
    "syslog": "logs/corpus/loghub/Linux_full.log.zst",
    "access log": "attack/elastic-examples/apache_logs_first7000.zst",
}
FOLDER = "attack/evtx-attack-samples"
"""What the whole command reads."""
REPEATED = {
    "Windows JSON": (
        "attack/security-datasets/compound/LSASS_campaign_01/metasploit_logonpasswords_lsass_memory_dump.json.zst",
        (300, 1200),
    ),
    "syslog": ("logs/corpus/loghub/Linux_full.log.zst", (75, 300)),
}
"""What the memory check repeats, and up to how many megabytes of text."""

LARGE = {
    "Windows JSON": REPEATED["Windows JSON"][0],
    "Zeek": "attack/rita",
    "syslog": FORMATS["syslog"],
    "access log": FORMATS["access log"],
}
"""What one large file of each format is made of; of a folder, its largest file."""
LARGE_BYTES = 64_000_000
"""Its size, or a little more."""
WORKERS = 2

STAGES = ("read", "render", "windows", "score", "findings")


@dataclass(frozen=True, slots=True)
class Pass:
    """One run over the files of a format."""

    events: int
    seconds: float
    rounds_per_s: float
    """Of the reference loop, about then."""
    stages: dict[str, float]
    """Seconds of each stage."""

    @property
    def speed(self) -> str:
        """Events per second, and per round of the reference loop."""
        return f"{self.events / self.seconds:>10,.0f}{self.events / self.seconds / self.rounds_per_s:>8.2f}"

    @property
    def shares(self) -> str:
        """Percent of the time by stage, and what is left."""
        shares = [100 * self.stages[stage] / self.seconds for stage in STAGES]
        return "".join(f"{share:>10.0f}" for share in (*shares, 100 - sum(shares)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the paths of FORMATS start from")
    parser.add_argument("--memory", action="store_true", help="peak memory by size of the input instead; takes minutes")
    parser.add_argument("--workers", action="store_true", help="one large file of each format, one and two processes")
    parser.add_argument("--context", action="store_true", help="each format without and with context")
    parser.add_argument("--file-mb", type=int, help="with --memory: one file of this size, read by two processes")
    arguments = parser.parse_args()
    if arguments.memory and arguments.file_mb:
        print_file_memory(arguments.data, arguments.file_mb * 1_000_000)
    elif arguments.memory:
        print_memory(arguments.data)
    elif arguments.workers:
        print_workers(arguments.data)
    elif arguments.context:
        print_context(arguments.data)
    else:
        print_speed(arguments.data)


def print_speed(data: Path) -> None:
    """Speed of each format, then of the whole command, then the stages."""
    print(f"{'format':<14}{'events':>9}{'cold/s':>10}{'/round':>8}{'warm/s':>10}{'/round':>8}{'peak MB':>9}")
    shares = []
    for name, path in FORMATS.items():
        cold, warm, peak_mb = _in_fresh_process(str(data / path), clocked=False)
        print(f"{name:<14}{cold.events:>9,}{cold.speed}{warm.speed}{peak_mb:>9,.0f}", flush=True)
        cold, warm, _ = _in_fresh_process(str(data / path), clocked=True)
        shares += [f"{name:<14}{kind:<6}{run.shares}" for kind, run in (("cold", cold), ("warm", warm))]
    command = whole_command(data / FOLDER, workers=2)
    print(f"{'whole command, 2 workers':<24}{command.events:>9,} events in {command.seconds:.1f} s: {command.speed}")
    print(f"\n{'% of the time':<20}{''.join(f'{stage:>10}' for stage in (*STAGES, 'rest'))}")
    print("\n".join(shares))


def whole_command(folder: Path, *, workers: int) -> Pass:
    """``loglm detect`` over a folder, from start to exit."""
    before = _rounds_per_s()
    with tempfile.TemporaryDirectory() as scratch:
        summary = Path(scratch) / "summary.json"
        command = _detect(str(folder), "--workers", str(workers), summary=summary)
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        events = json.loads(summary.read_bytes())["events_read"]
    return Pass(events, seconds, (before + _rounds_per_s()) / 2, {})


def print_workers(data: Path) -> None:
    """Speed of the whole command over one large file of each format, by one and by two processes."""
    print(f"{'format':<14}{'MB':>6}{'events':>11}{'one/s':>10}{'/round':>8}{'two/s':>10}{'/round':>8}{'two/one':>9}")
    for name, path in LARGE.items():
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "log"
            size = write_repeated(data / path, log, LARGE_BYTES)
            one, two = (whole_command(log, workers=workers) for workers in (1, WORKERS))
        gain = one.seconds / two.seconds
        print(f"{name:<14}{size / 1e6:>6,.0f}{two.events:>11,}{one.speed}{two.speed}{gain:>9.2f}", flush=True)


def print_context(data: Path) -> None:
    """CPU time of each format without and with context."""
    print(f"{'format':<14}{'events':>9}{'ms CPU an event':>17}{'with context':>14}{'times':>7}{'peak MB':>9}")
    for name, path in FORMATS.items():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
            (events, plain, _), (_, moved, peak_mb) = pool.map(_cpu, [str(data / path)] * 2, (False, True))
        cells = f"{1e3 * plain / events:>17.3f}{1e3 * moved / events:>14.3f}{moved / plain:>7.2f}{peak_mb:>9,.0f}"
        print(f"{name:<14}{events:>9,}{cells}", flush=True)


def _cpu(path: str, context: bool) -> tuple[int, float, float]:
    """Events, seconds of CPU, and the peak memory of this process in MB."""
    runner = engine.DetectionRunner.load(context=context)
    started = time.process_time()
    events = sum(runner.run(file).stats.events_read for file in _files(path))
    return events, time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_repeated(path: Path, log: Path, least: int) -> int:
    """Write the text of a file, or of the largest one in a folder, again and again; the bytes written."""
    file = max(path.rglob("*.*"), key=lambda found: found.stat().st_size) if path.is_dir() else path
    written = 0
    with log.open("wb") as target:
        while written < least:
            for source in open_path(file, Problems()):
                while piece := source.stream.read(1 << 20):
                    written += target.write(piece)
    return written


def print_file_memory(data: Path, least: int) -> None:
    """Peak memory of ``loglm detect`` over one file of that size, with two worker processes."""
    print(
        f"{'format':<14}{'MB':>7}{'events':>12}{'seconds':>9}{'main MB':>9}{'worker MB':>11}{'together, at most':>19}"
    )
    for name, (path, _) in REPEATED.items():
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "log"
            size = write_repeated(data / path, log, least)
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                run, main_mb, worker_mb = pool.submit(_peaks, log).result()
        together = main_mb + WORKERS * worker_mb
        print(f"{name:<14}{size / 1e6:>7,.0f}{run.events:>12,}{run.seconds:>9,.0f}", end="")
        print(f"{main_mb:>9,.0f}{worker_mb:>11,.0f}{together:>19,.0f}", flush=True)


def _peaks(log: Path) -> tuple[Pass, float, float]:
    """A run in this fresh process, with its peak memory and that of its largest worker, in MB."""
    before, started = _rounds_per_s(), time.perf_counter()
    result = engine.detect([log], workers=WORKERS)
    run = Pass(result.stats.events_read, time.perf_counter() - started, before, {})
    main, worker = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return run, main, worker


def print_memory(data: Path) -> None:
    """Peak memory of ``loglm detect -`` by the size of what it is fed."""
    print(f"{'format':<14}{'MB of text':>11}{'events':>12}{'seconds':>9}{'peak MB':>9}")
    for name, (path, sizes) in REPEATED.items():
        for size in sizes:
            started = time.perf_counter()
            fed, events, peak_mb = _fed(str(data / path), size * 1_000_000)
            seconds = time.perf_counter() - started
            print(f"{name:<14}{fed / 1e6:>11,.0f}{events:>12,}{seconds:>9,.0f}{peak_mb:>9,.0f}", flush=True)


def _fed(path: str, least: int) -> tuple[int, int, float]:
    """Bytes and events of a pipe that repeats a file's text, ``least`` bytes or more; the reader's peak memory in MB.

    The text goes through in pieces: a new process counts what its parent held as memory of its own.
    """
    with tempfile.TemporaryDirectory() as scratch:
        summary = Path(scratch) / "summary.json"
        command = _detect("-", summary=summary)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if process.stdin is None:
            raise RuntimeError("the process has no standard input")
        fed = 0
        while fed < least:
            for source in open_path(path, Problems()):
                while piece := source.stream.read(1 << 20):
                    fed += process.stdin.write(piece)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return fed, json.loads(summary.read_bytes())["events_read"], usage.ru_maxrss / 1024


def _detect(*arguments: str, summary: Path) -> list[str]:
    return [sys.executable, "-m", "loglm", "detect", *arguments, "--quiet", "--summary", str(summary)]


def _in_fresh_process(path: str, *, clocked: bool) -> tuple[Pass, Pass, float]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_cold_and_warm, path, clocked).result()


def _cold_and_warm(path: str, clocked: bool) -> tuple[Pass, Pass, float]:
    """Two passes with one model, and the peak memory of this process in MB."""
    runner = engine.DetectionRunner.load()
    cold, warm = _timed(runner, path, clocked), _timed(runner, path, clocked)
    return cold, warm, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(runner: engine.DetectionRunner, path: str, clocked: bool) -> Pass:
    before = _rounds_per_s()
    clock = StageClock(runner)
    with clock if clocked else contextlib.nullcontext():
        started = time.perf_counter()
        events = sum(runner.run(file).stats.events_read for file in _files(path))
        seconds = time.perf_counter() - started
    return Pass(events, seconds, (before + _rounds_per_s()) / 2, clock.seconds)


def _files(path: str) -> list[str]:
    folder = Path(path)
    return [path] if folder.is_file() else sorted(str(file) for file in folder.rglob("*") if file.is_file())


class StageClock:
    """Times what the engine calls, by stage, while it is open."""

    def __init__(self, runner: engine.DetectionRunner) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._calls: list[tuple[Any, str, str, Callable[..., Any]]] = [
            (engine, "open_path", "read", self._steps),
            (engine, "read_source", "read", self._steps),
            (engine, "render", "render", self._call),
            (WindowAssembler, "add", "windows", self._call),
            (WindowAssembler, "flush", "windows", self._call),
            (runner.scorer, "score", "score", self._call),
            (engine, "drafts_of", "findings", self._call),
            (engine, "merge_drafts", "findings", self._call),
        ]
        self._originals: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> StageClock:
        for owner, name, stage, wrapped in self._calls:
            original = getattr(owner, name)
            self._originals.append((owner, name, original))
            setattr(owner, name, wrapped(stage, original))
        return self

    def __exit__(self, *error: object) -> None:
        for owner, name, original in self._originals:
            setattr(owner, name, original)

    def _call(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        seconds, now = self.seconds, time.perf_counter

        def timed(*arguments: Any, **options: Any) -> Any:
            started = now()
            result = function(*arguments, **options)
            seconds[stage] += now() - started
            return result

        return timed

    def _steps(self, stage: str, generator: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        step = self._call(stage, next)

        def timed(*arguments: Any) -> Iterator[Any]:
            items = generator(*arguments)
            while (item := step(items, None)) is not None:
                yield item

        return timed


def _rounds_per_s() -> float:
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() - started < 0.3:
        sum(range(10_000))
        rounds += 1
    return rounds / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
