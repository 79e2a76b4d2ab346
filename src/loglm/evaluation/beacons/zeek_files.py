"""A test day as Zeek's conn, ssl and dns logs with the answers beside them, for any tool to be measured on."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from loglm.anomaly.beacons.connections import LOOKUP
from loglm.evaluation.beacons.beats import BeaconShape
from loglm.evaluation.beacons.environments import TestDay

__all__ = ["write_zeek"]

_COLUMNS = {
    "conn": (
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state "
        "local_orig local_resp",
        "time string addr port addr port enum string interval count count string bool bool",
    ),
    "ssl": (
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p server_name ja3",
        "time string addr port addr port string string",
    ),
    "dns": (
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto query",
        "time string addr port addr port enum string",
    ),
}
_RESOLVER = "10.0.0.53"


def write_zeek(day: TestDay, folder: Path) -> None:
    """Write ``conn.log``, ``ssl.log``, ``dns.log`` and ``beacons.csv`` into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = day.table.rows()
    rows = rows[np.argsort(rows["time"], kind="stable")]
    texts = day.table.texts
    lines: dict[str, list[str]] = {path: [] for path in _COLUMNS}
    for number, row in enumerate(rows):
        _add(lines, row, texts, number)
    for path, own in lines.items():
        _write(folder / f"{path}.log", path, own)
    _write_answers(folder / "beacons.csv", day)


def _add(lines: dict[str, list[str]], row: np.void, texts: list[str], number: int) -> None:
    time, uid = f"{row['time']:.6f}", f"C{number:015x}"
    source, name, port = texts[row["source"]], texts[row["name"]], int(row["port"])
    client_port = str(49_152 + number % 16_384)
    if row["kind"] == LOOKUP:
        lines["dns"].append("\t".join((time, uid, source, client_port, _RESOLVER, "53", "udp", name)))
        return
    place = (time, uid, source, client_port, texts[row["destination"]], str(port))
    protocol = "udp" if port == 123 else "tcp"
    sizes = (f"{row['duration_s']:.6f}", _count(row["bytes_out"]), _count(row["bytes_in"]))
    service = "ssl" if name else "-"
    lines["conn"].append("\t".join((*place, protocol, service, *sizes, "SF", "T", "F")))
    if name:
        lines["ssl"].append("\t".join((*place, name, texts[row["client"]] or "-")))


def _count(value: float) -> str:
    return "-" if np.isnan(value) else str(int(value))


def _write(path: Path, kind: str, lines: Iterable[str]) -> None:
    names, types = (text.replace(" ", "\t") for text in _COLUMNS[kind])
    head = f"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{kind}\n"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{head}#fields\t{names}\n#types\t{types}\n")
        file.writelines(f"{line}\n" for line in lines)


def _write_answers(path: Path, day: TestDay) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "destination", "port", *(field.name for field in fields(BeaconShape))])
        writer.writerows([b.source, b.destination, b.port, *asdict(b.shape).values()] for b in day.beacons)
