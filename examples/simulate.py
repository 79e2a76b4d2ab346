#!/usr/bin/env python3
"""Write the simulated example logs and their rows of labels.csv; the same bytes each time under one seed.

Usage: python examples/simulate.py [--out FOLDER] [--seed N]. Needs the standard library only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE / "scenes")]

from merge_labels import merge  # noqa: E402
from simulation import cloudtrail, windows, zeek  # noqa: E402

_SEED = 20260317


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_HERE, help="folder that holds logs/ and labels.csv")
    parser.add_argument("--seed", type=int, default=_SEED)
    options = parser.parse_args()
    rows = []
    for name, simulation, first in (
        ("windows_security_sysmon.jsonl", windows, 1),
        ("cloudtrail.json", cloudtrail, 1),
        ("zeek_conn.log", zeek, zeek.HEADER_LINES + 1),
    ):
        text, story = simulation.write(options.seed)
        path = options.out / "logs" / "simulated" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        rows += story.labels(f"logs/simulated/{name}", first=first)
    merge(options.out / "labels.csv", rows, of="simulated")


if __name__ == "__main__":
    main()
