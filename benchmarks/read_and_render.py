"""Events a second of CPU time: reading, and reading with rendering, for each format of log.

Beside events/s stands a ratio to a fixed loop that is timed in the same run (SHA-256 of 512 bytes and a dict of 16
entries, repeated), so that figures from a busy or another machine can be compared: higher is faster.

    python benchmarks/read_and_render.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loglm.events.reading import read_events
from loglm.events.rendering import render

FORMATS = {
    "EVTX": "attack/evtx-attack-samples/**/*.evtx*",
    "Windows JSON": "attack/security-datasets/**/windows/**/*.json*",
    "CloudTrail": "attack/invictus-aws/CloudTrail/*.json*",
    "Zeek": "attack/zeek-testing/m57-long/*.log*",
    "syslog": "logs/corpus/loghub/Linux_full.log*",
    "access log": "logs/corpus/grafana_loki/access_logs*",
}
"""Files below the data folder, by format."""

_REFERENCE_ROUNDS = 200_000


@dataclass(frozen=True, slots=True)
class Speed:
    """Events and the CPU seconds that they took."""

    events: int
    cpu_s: float

    @property
    def per_second(self) -> float:
        return self.events / self.cpu_s if self.cpu_s else 0.0


def reference_rounds_per_second() -> float:
    """How often a second the fixed loop runs."""
    block = bytes(512)
    start = time.process_time()
    for number in range(_REFERENCE_ROUNDS):
        hashlib.sha256(block).digest()
        {key: number for key in range(16)}  # noqa: C420 (work to be timed)
    return _REFERENCE_ROUNDS / (time.process_time() - start)


def timed(consume: Callable[[], int]) -> Speed:
    start = time.process_time()
    events = consume()
    return Speed(events, time.process_time() - start)


def measure(files: list[Path], limit: int) -> tuple[Speed, Speed]:
    """(reading, reading and rendering) of the first events of some files."""
    return timed(lambda: _count(islice(read_events(files), limit))), timed(
        lambda: _count(render(event) for event in islice(read_events(files), limit))
    )


def _count(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="the folder of real logs")
    parser.add_argument("--events", type=int, default=30_000, help="most events of each format (default: %(default)s)")
    arguments = parser.parse_args()
    reference = reference_rounds_per_second()
    table = Table(title=f"Reading and rendering; reference loop {reference:,.0f}/s")
    for name in ("format", "events", "read/s", "ratio", "read+render/s", "ratio"):
        table.add_column(name, justify="left" if name == "format" else "right")
    for name, pattern in FORMATS.items():
        files = sorted(path for path in arguments.data.glob(pattern) if path.is_file())
        if not files:
            print(f"{name}: no files fit {pattern!r} in {arguments.data}", file=sys.stderr)
            continue
        reading, both = measure(files, arguments.events)
        figures = [f"{value:,.0f}" for value in (reading.events, reading.per_second, both.per_second)]
        ratios = [f"{speed.per_second / reference:.3f}" for speed in (reading, both)]
        table.add_row(name, figures[0], figures[1], ratios[0], figures[2], ratios[1])
    Console(width=100).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
