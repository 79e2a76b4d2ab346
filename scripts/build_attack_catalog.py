"""Write src/loglm/attack/attack_v18_1.json from the ATT&CK tables of the log data collection.

    python scripts/build_attack_catalog.py DATA/attack src/loglm/attack/attack_v18_1.json

DATA/attack holds attack_techniques.csv (technique_id,name,tactics,platforms,is_subtechnique,parent) and
attack_revoked.csv (technique_id,name,status,replaced_by), both made from the STIX bundle of ATT&CK
Enterprise v18.1 (mitre/cti). The output keeps what reports need: names, tactics and replaced ids.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

VERSION = "18.1"
TACTICS = [
    ("reconnaissance", "TA0043", "Reconnaissance"),
    ("resource-development", "TA0042", "Resource Development"),
    ("initial-access", "TA0001", "Initial Access"),
    ("execution", "TA0002", "Execution"),
    ("persistence", "TA0003", "Persistence"),
    ("privilege-escalation", "TA0004", "Privilege Escalation"),
    ("defense-evasion", "TA0005", "Defense Evasion"),
    ("credential-access", "TA0006", "Credential Access"),
    ("discovery", "TA0007", "Discovery"),
    ("lateral-movement", "TA0008", "Lateral Movement"),
    ("collection", "TA0009", "Collection"),
    ("command-and-control", "TA0011", "Command and Control"),
    ("exfiltration", "TA0010", "Exfiltration"),
    ("impact", "TA0040", "Impact"),
]
"""The order of the matrix's columns."""


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header line."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def build(folder: Path) -> dict[str, object]:
    """The catalog document; tactics of a technique in the order of the matrix."""
    order = {shortname: column for column, (shortname, _, _) in enumerate(TACTICS)}
    techniques = {}
    for row in read_table(folder / "attack_techniques.csv"):
        tactics = sorted(row["tactics"].split(";"), key=order.__getitem__)
        techniques[row["technique_id"]] = [row["name"], tactics]
    replaced = {row["technique_id"]: row["replaced_by"] or None for row in read_table(folder / "attack_revoked.csv")}
    return {
        "version": VERSION,
        "copyright": (
            "© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of "
            "The MITRE Corporation. See ATTACK-LICENSE.txt."
        ),
        "tactics": TACTICS,
        "techniques": techniques,
        "replaced": replaced,
    }


def dump(catalog: dict[str, object]) -> str:
    """JSON with one technique a line, so that a change of version shows as a readable difference."""
    parts = []
    for key, value in catalog.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}:{{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.write_text(dump(build(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
