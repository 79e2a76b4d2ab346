"""Events per second from file to finding, cold and warm, per format, with a reference loop in the same run.

    python benchmarks/detect.py --data DIR

Cold: a fresh model whose caches are empty. Warm: the same files again with the same model. One process; the reference
is how often this machine adds ten thousand numbers in a second just then, so that ratios of two runs can be compared.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from loglm.detection.engine import DetectionRunner

FORMATS = {
    "EVTX": "attack/benign-windows/dfir-museum-win11-rathbunvm/Security.evtx.zst",
    "Windows JSON": "attack/security-datasets/compound/LSASS_campaign_01",
    "CloudTrail": "attack/invictus-aws",
    "Zeek": "attack/rita",
    "syslog": "logs/corpus/loghub/Linux_full.log.zst",
    "access log": "attack/elastic-examples/apache_logs_first7000.zst",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    print(f"{'format':<14}{'events':>9}{'cold/s':>10}{'warm/s':>10}{'warm ms/reference':>20}{'peak MB':>9}")
    for name, path in FORMATS.items():
        runner = DetectionRunner.load()
        events, cold = _timed(runner, str(data / path))
        _, warm = _timed(runner, str(data / path))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ratio = (1000 / warm) / (1000 / _reference())
        print(f"{name:<14}{events:>9,}{cold:>10,.0f}{warm:>10,.0f}{ratio:>20.3f}{peak:>9,.0f}", flush=True)


def _timed(runner: DetectionRunner, path: str) -> tuple[int, float]:
    started = time.perf_counter()
    events = sum(runner.run(file).stats.events_read for file in _files(path))
    return events, events / (time.perf_counter() - started)


def _files(path: str) -> list[str]:
    folder = Path(path)
    return [path] if folder.is_file() else sorted(str(file) for file in folder.rglob("*") if file.is_file())


def _reference() -> float:
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() - started < 0.3:
        sum(range(10_000))
        rounds += 1
    return rounds / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
