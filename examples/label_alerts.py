"""Make alerts of the example access log, to try `loglm triage` on.

    python examples/label_alerts.py

Every request counts as an alert. The first 400 go into past.jsonl, each with the verdict that labels.csv gives it; the
others into new.jsonl, without, and their verdicts into verdicts.csv. All three are written to the current folder.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
LOG = "logs/web/access.log"
KNOWN = 400


def main() -> None:
    """Write the three files."""
    attacks: set[int] = set()
    with (EXAMPLES / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["file"] == LOG:
                attacks.update(range(int(row["first_line"]), int(row["last_line"]) + 1))
    past, new, verdicts = [], [], ["id,verdict"]
    for number, line in enumerate((EXAMPLES / LOG).read_text(encoding="utf-8").splitlines(), 1):
        alert = {"id": f"access-{number}", "message": line}
        verdict = "true positive" if number in attacks else "benign positive"
        if number <= KNOWN:
            past.append(json.dumps(alert | {"verdict": verdict}))
        else:
            new.append(json.dumps(alert))
            verdicts.append(f"{alert['id']},{verdict}")
    for name, lines in (("past.jsonl", past), ("new.jsonl", new), ("verdicts.csv", verdicts)):
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
