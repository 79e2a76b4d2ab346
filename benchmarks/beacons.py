"""Time and memory of `loglm beacons` on a made-up Zeek conn.log.

    python benchmarks/beacons.py [--connections 1000000] [--hosts 500]

Each host calls each of 400 places, most of them rarely; a tenth of the connections are of hosts that call one place
each minute. Reading, mapping, measuring and scoring are in the time; peak memory is of the whole process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from loglm.anomaly.beacons import BeaconDetector
from loglm.events import read_events

_DAY_START = 1_748_736_000
_HEAD = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\n"
)


def write_log(path: Path, connections: int, hosts: int) -> None:
    """Write the log, ordered by time."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 86_400, connections))
    sources = rng.integers(0, hosts, connections)
    places = np.minimum(rng.zipf(1.3, connections), 400)
    clock = rng.random(connections) < 0.1
    times[clock] = np.floor(times[clock] / 60) * 60
    sizes = rng.lognormal(7, 1, (connections, 2)).astype(int)
    with path.open("w") as file:
        file.write(_HEAD)
        for n in range(connections):
            place = "203.0.113.7" if clock[n] else f"93.1.{places[n] // 250}.{places[n] % 250}"
            source = f"10.1.{sources[n] // 250}.{sources[n] % 250}"
            file.write(
                f"{_DAY_START + times[n]:.6f}\tC{n:x}\t{source}\t50000\t{place}\t443\ttcp\tssl\t0.2\t"
                f"{sizes[n, 0]}\t{sizes[n, 1]}\n"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conn.log"
        write_log(path, arguments.connections, arguments.hosts)
        started, cpu = time.perf_counter(), time.process_time()
        detector = BeaconDetector()
        detector.add_all(read_events([path]))
        read = time.perf_counter()
        traffic = detector.scored()
        found = detector.beacons(top=10, traffic=traffic)
        done, cpu = time.perf_counter(), time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(
        f"{arguments.connections:,} connections, {len(traffic.scores):,} series: {read - started:.1f} s to read and "
        f"take, {done - read:.1f} s to measure and score, {cpu:.1f} s of CPU in all, {peak_mb:,.0f} MB at most; "
        f"{len(found)} shown"
    )


if __name__ == "__main__":
    main()
