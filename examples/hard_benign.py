#!/usr/bin/env python3
"""Write simulated logs of harmless work that looks like attacks, a file a category; all of it is benign.

    python examples/hard_benign.py --out FOLDER [--days 8] [--seed N]

Categories: administration, software-deployment, backup, vulnerability-scanner, security-tool. Needs the standard
library only; the same bytes each time under one seed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE / "scenes")]

from simulation import hard_benign  # noqa: E402

_SEED = 20260302


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--seed", type=int, default=_SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for category in hard_benign.CATEGORIES:
        text = hard_benign.write(category, days=options.days, seed=options.seed)
        (options.out / f"{category}.jsonl").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
