"""What each day of the triage benchmark is decided by, where verdicts are learned daily.

    python benchmarks/triage_days.py --data DIR [--model MODEL ...]

DIR holds the alerts of AIT-ADS; without --model the shipped encoder. Errors of 25 % and 2 % are allowed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from loglm.artifacts.folder import open_model_dir
from loglm.evaluation.alert_incidents import alert_files, read_alert_incidents
from loglm.evaluation.embedders import log_encoder
from loglm.evaluation.triage_benchmark import (
    ERRORS,
    TriageDay,
    TriageSplit,
    daily_verdicts,
    incident_table,
    split_incidents,
)
from loglm.triage.deciding import Decision


def main() -> None:
    """Print a row for each day and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the shared log data")
    parser.add_argument("--model", type=Path, action="append", help="model folder, may be repeated")
    options = parser.parse_args()
    split = split_incidents(read_alert_incidents(alert_files(options.data)))
    print("| model | day | incidents | attacks | closed | attacks closed | from | trials | wrong | bound |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for model in options.model or [None]:
        for row in _rows(split, open_model_dir(model)[0]):
            print(row, flush=True)


def _rows(split: TriageSplit, model: Path) -> Iterator[str]:
    vectors = incident_table(split, log_encoder(model, model.name, threads=1))
    for day in daily_verdicts(split, vectors, ERRORS[-1]):
        yield f"| {model.name} | {' | '.join(_cells(split, day))} |"


def _cells(split: TriageSplit, day: TriageDay) -> list[str]:
    closed = np.asarray(day.judged.decisions) == Decision.CLOSE
    truth, chosen = split.incidents.is_attack[day.rows], day.models.to_close
    date = datetime.fromtimestamp(split.incidents.start[day.rows.start], UTC)
    counts = [len(closed), int(truth.sum()), int(closed.sum()), int((closed & truth).sum())]
    return [
        f"{date:%Y-%m-%d}",
        *(f"{count:,}" for count in counts),
        "none holds" if chosen.value is None else f"{chosen.value:g}",
        f"{chosen.trials:,}",
        f"{chosen.wrong:,}",
        f"{chosen.bound:.4f}",
    ]


if __name__ == "__main__":
    main()
