"""Play the scenes inside the throw-away root: start servers, let people work, attack, collect and label the logs."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import threading
import time
from pathlib import Path

import browsing
import daemons
import intruder
import people
import scanner
from clock import Clock
from journal import Journal
from labelling import label_file
from merge_labels import merge
from world import INTRUDER

_LOGS = {
    "ssh/auth.log": "/var/log/auth.log",
    "web/access.log": "/var/log/nginx/access.log",
    "web/error.log": "/var/log/nginx/error.log",
    "linux/syslog": "/var/log/syslog",
    "audit/audit.log": "/var/log/audit/audit.log",
}
_SEED = 11


def _in_throw_away_root() -> bool:
    """make_logs.sh's root has the scenes bound to /run/scenes, and its network leads nowhere."""
    routes = Path("/proc/net/route").read_text().splitlines()
    return Path(__file__).parent == Path("/run/scenes") and len(routes) <= 1


def _play(clock: Clock, journal: Journal) -> None:
    background = [
        threading.Thread(target=target, args=(clock, _SEED + number), daemon=True)
        for number, target in enumerate((people.work, people.look_up_names, browsing.browse))
    ]
    attacks = [
        threading.Thread(target=intruder.attack, args=(clock, journal, _SEED)),
        threading.Thread(target=scanner.attack, args=(clock, journal)),
    ]
    for thread in background + attacks:
        thread.start()
    for thread in attacks:
        thread.join()
    clock.wait_until(1.0)
    clock.finish()
    for thread in background:
        thread.join(timeout=60)
    time.sleep(3)


def _audit_excerpt(text: str, journal: Journal) -> str:
    """From shortly before the break-in until shortly after the log-out, without auditd's own notes on this kernel."""
    visit = [step for step in journal.steps if step.session_of == INTRUDER]
    start, end = min(step.start for step in visit) - 45, max(step.end for step in visit) + 30
    lines = [
        line
        for line in text.split("\n")
        if (moment := re.search(r"msg=audit\(([\d.]+)", line))
        and start <= float(moment[1]) <= end
        and not line.startswith("type=DAEMON_")
    ]
    return "\n".join(lines) + "\n"


def _collect(out: Path, journal: Journal) -> None:
    rows = []
    for name, source in _LOGS.items():
        if not Path(source).is_file():
            continue
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        if name == "audit/audit.log":
            target.write_text(_audit_excerpt(target.read_text(), journal))
        rows += label_file(target, f"logs/{name}", journal.steps)
    merge(out / "labels.csv", rows, of="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if not _in_throw_away_root():
        sys.exit("play.py: only make_logs.sh may start this")
    daemons.set_network()
    daemons.make_people()
    daemons.make_site()
    daemons.start_all()
    journal = Journal()
    _play(Clock(options.minutes), journal)
    _collect(options.out, journal)


if __name__ == "__main__":
    main()
