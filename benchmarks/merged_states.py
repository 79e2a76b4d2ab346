"""Two halves of a baseline, learned apart and merged, beside a baseline learned from both.

    python benchmarks/merged_states.py --data DIR

DIR is the shared log data, of which three logs of Loghub are taken beside the examples; without it the examples alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import zstandard

from loglm.anomaly.learning import learn_baseline
from loglm.anomaly.merging import merge_states
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import TemplateCodebook
from loglm.events.problems import Problems
from loglm.events.reading import read_events

_EXAMPLES = ("web/access.log", "ssh/auth.log", "audit/audit.log")
_LOGHUB = ("OpenSSH_2k", "Linux_2k", "Mac_2k")


def main() -> None:
    """Print a row for each log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the shared log data")
    parser.add_argument("--events", type=int, help="first events taken of each log; default: all")
    options = parser.parse_args()
    print("| log | events | threshold | of the whole | allowed | told | by the whole | near |")
    print("|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for name, lines in _logs(options.data):
            print(_row(name, lines[: options.events], Path(folder)), flush=True)


def _logs(data: Path | None) -> Iterator[tuple[str, list[str]]]:
    examples = Path(__file__).resolve().parents[1] / "examples" / "logs"
    for name in _EXAMPLES:
        yield name, (examples / name).read_text().splitlines(keepends=True)
    for name in _LOGHUB if data is not None else ():
        path = data / "logs" / "corpus" / "loghub" / f"{name}.log.zst"
        with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as text:
            yield name, text.read().decode(errors="replace").splitlines(keepends=True)


def _row(name: str, lines: list[str], folder: Path) -> str:
    third = len(lines) // 3
    parts = {"first": (0, third), "second": (third, 2 * third), "whole": (0, 2 * third), "rest": (2 * third, None)}
    for part, (start, end) in parts.items():
        (folder / part).write_text("".join(lines[start:end]))
    merged, second, whole = (_learned(folder / part) for part in ("first", "second", "whole"))
    merge_states(merged, [("second", second)])
    own, expected = (_bits(scorer, folder / "rest") for scorer in (merged, whole))
    told = [np.count_nonzero(bits >= one.threshold) for bits, one in ((own, merged), (expected, whole))]
    near = np.mean(np.abs(own - expected) < 1)
    cells = [name, f"{merged.baseline.events:,}", f"{merged.threshold:.1f}", f"{whole.threshold:.1f}"]
    cells += [f"{merged.baseline.threshold.allowed:.2g}", f"{told[0]:,}", f"{told[1]:,}", f"{near:.2f}"]
    return f"| {' | '.join(cells)} |"


def _learned(log: Path) -> AnomalyScorer:
    return learn_baseline([], [log], options=AnomalyOptions(), problems=Problems())[0]


def _bits(scorer: AnomalyScorer, log: Path) -> np.ndarray:
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(read_events([log]))
    steps = table.steps(table.in_time())
    return np.asarray([one.surprise.bits for entity, step in steps for one in scorer.scorer.add(entity, step)])


if __name__ == "__main__":
    main()
