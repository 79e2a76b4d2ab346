"""A day of a machine's log: 1,440 lines, a minute apart, that repeat themselves every ten minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

CRON = "cron[77]: session opened for the nightly report"
_USUAL = (
    CRON,
    "sshd[81]: Accepted publickey for deploy from 10.0.0.7 port 51512 ssh2",
    "sshd[81]: session closed for deploy",
    "dnsmasq[5]: cached answer for the update server",
    "systemd[1]: Started daily cleanup of temporary directories",
    CRON,
    "dnsmasq[5]: cached answer for the update server",
    "nginx[9]: worker process reloaded its configuration",
    "systemd[1]: Finished rotation of logs",
    "chronyd[3]: selected source for time",
)


def write_day(
    path: Path, *, day: int, host: str = "web1", extra: Mapping[int, str] | None = None, words: Sequence[str] = ()
) -> Path:
    """Write it; ``extra`` takes the place of lines by their number, ``words`` of all lines."""
    lines = []
    for minute in range(1_440):
        message = _USUAL[minute % len(_USUAL)]
        if words:
            message = f"{words[0]} {words[1 + minute % (len(words) - 1)]} {words[1 + minute * 7 % (len(words) - 1)]}"
        if extra and minute in extra:
            message = extra[minute]
        lines.append(f"2026-03-{day:02}T{minute // 60:02}:{minute % 60:02}:00+00:00 {host} {message}\n")
    path.write_text("".join(lines))
    return path
