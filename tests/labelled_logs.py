"""A folder of labelled logs in miniature, in the shapes of Loghub, HDFS and BGL, and of ATT&CK's texts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import zstandard

USERS = ("root", "alice", "backup", "www-data", "mail", "git")
TECHNIQUES = (
    ("T1003", "OS Credential Dumping", "Adversaries dump credentials from memory such as lsass."),
    ("T1053", "Scheduled Task", "Adversaries abuse task scheduling with schtasks or cron."),
    ("T1048", "Exfiltration", "Adversaries steal data over another protocol such as ftp."),
)
PROCEDURES = (
    ("T1003", "[Bear] read lsass memory."),
    ("T1003", "[Bear] used OS credential dumping tools on lsass."),
    ("T1053", "[Cat] ran schtasks."),
    ("T1048", "[Cat] sent data by ftp."),
    ("T9999", "[Cat] did what no technique describes."),
)
"""Newest first."""
ALERTS_FROM = 1_641_628_800
"""POSIX seconds, 8 January 2022."""
KINDS = ("Failed password for {} from 10.0.0.7 port 51512 ssh2", "session opened for user {} by (uid=0)")


def write_system(folder: Path, system: str, messages: list[tuple[str, str]]) -> None:
    """``NAME_2k.log`` and its answers from (template, message)."""
    head = f"Mar  4 10:15:01 {system.lower()} sshd[77]: "
    (folder / f"{system}_2k.log").write_text("".join(f"{head}{message}\n" for _, message in messages))
    with (folder / f"{system}_2k.log_structured.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["LineId", "Content", "EventId"])
        writer.writerows([number, message, template] for number, (template, message) in enumerate(messages, 1))


def write_logs(folder: Path) -> Path:
    """Two systems, ten HDFS blocks, the last anomalous, and lines of Thunderbird, the last five anomalous."""
    messages = [(f"E{kind}", text.format(user)) for kind, text in enumerate(KINDS) for user in USERS]
    for system in ("Alpha", "Beta"):
        write_system(folder, system, messages)
    blocks = [f"blk_{number}" for number in range(20) for _ in range(2)]
    events = ["PacketResponder terminating", "Received block of size 91178"] * 19 + [
        "writeBlock received exception"
    ] * 2
    lines = [f"081109 2036{n:02} 148 INFO dfs.DataNode: {event}" for n, event in enumerate(events)]
    (folder / "hdfs_lines.log").write_text("\n".join(lines) + "\n")
    (folder / "hdfs_line_block.txt").write_text("\n".join(blocks) + "\n")
    labels = [f"blk_{number},{'Anomaly' if number == 19 else 'Normal'}" for number in range(20)]
    (folder / "block_labels.csv").write_text("\n".join(["block_id,label", *labels]) + "\n")
    write_thunderbird(folder)
    return folder


def write_thunderbird(folder: Path) -> None:
    """505 lines with a label before each."""
    head = "113156{0:04} 2005.11.09 dn{1} Nov 9 12:01:01 dn{1}/dn{1}"
    normal = [f"- {head.format(n, n % 7)} crond(pam_unix)[{n}]: session closed for user root" for n in range(500)]
    bad = [f"VAPI {head.format(500 + n, 3)} kernel: [KERNEL_IB] Found entries dup={n} in the queue" for n in range(5)]
    (folder / "Thunderbird_19k.log").write_text("\n".join([*normal, *bad]) + "\n")


def write_sequences(folder: Path) -> Path:
    """OpenStack: events of virtual machines, normal ones created and deleted, anomalous ones with an error between."""
    place = folder / "openstack_parisakalaki"
    place.mkdir()
    templates = [
        "Creating image <*>",
        "Instance spawned successfully",
        "Deleting instance files <*>",
        "Image not found",
    ]
    (folder / "OpenStack_templates.csv").write_text("\n".join(templates) + "\n")
    for file, sequence, number in (
        ("train", "1 2 3", 20),
        ("test_normal", "1 2 2 3", 20),
        ("test_abnormal", "1 4 3", 20),
    ):
        rows = [f"{file}-{n},{sequence}{' 3' * (n % 3)}" for n in range(number)]
        (place / f"openstack_{file}.txt").write_text("\n".join(rows) + "\n")
    return folder


def write_linux(folder: Path) -> Path:
    """The Linux log of Loghub: sessions, wrong passwords and killed processes, without answers."""
    kinds = ("session opened for user {} by root now", "authentication failure; logname= user={}", "Killed process {}")
    lines = [f"Jun 14 15:16:{n:02} combo sshd[{n}]: {kinds[n % 3].format(USERS[n % 6])}" for n in range(60)]
    (folder / "Linux_full.log").write_text("\n".join(lines) + "\n")
    return folder


def write_descriptions(folder: Path) -> Path:
    """Tests of rules, as Wazuh has them: wrong passwords of two programs, and a full disk."""
    (folder / "wazuh_ruleset").mkdir()
    tests = {"ssh login failed": KINDS[0], "login failed": "su: wrong word of {}", "disk full": "no space for {}"}
    rows = [
        f"[{name}]\nlog 1 pass = Feb  9 11:44:56 web {text.format(user)}\n"
        for name, text in tests.items()
        for user in USERS
    ]
    (folder / "wazuh_ruleset" / "sshd.ini").write_text("".join(rows))
    return folder


def write_alerts(folder: Path) -> Path:
    """``fox_alerts.txt``: twenty days of updates on one host and, every other hour, of scans of another."""
    rows = ["time,name,ip,host,short,time_label,event_label"]
    for hour in range(480):
        time = ALERTS_FROM + hour * 3600
        rows.append(f"{time},Database {hour % 7} updated,10.0.0.1,mail,X,false_positive,-")
        if hour % 2:
            rows.append(f"{time + 1800},Web scan {hour % 5},10.0.0.2,web,X,dirb,dirb")
    (folder / "fox_alerts.txt").write_text("\n".join(rows) + "\n")
    return folder


def write_intel(folder: Path) -> Path:
    """`TECHNIQUES` beside a tool, and `PROCEDURES`."""
    objects = [{"id": i, "type": "attack-pattern", "name": n, "description": d} for i, n, d in TECHNIQUES]
    objects.append({"id": "S1", "type": "tool", "name": "ftp", "description": "ftp"})
    procedures = [
        {"technique": technique, "text": text, "created": f"2020-01-0{9 - age}"}
        for age, (technique, text) in enumerate(PROCEDURES)
    ]
    for name, rows in (("attack_objects", objects), ("procedures", procedures)):
        text = "\n".join(map(json.dumps, rows))
        (folder / f"{name}.jsonl.zst").write_bytes(zstandard.compress(text.encode()))
    return folder
