"""OpenSSH's client, driven from Python with a chosen source address."""

from __future__ import annotations

import subprocess
import time

from daemons import KEYS

_OPTIONS = (
    "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=10",
)  # fmt: skip


def with_key(user: str, source: str, *command: str, text: str = "", tool: str = "ssh") -> None:
    """Log in with the user's key and run a command; ``tool`` may be sftp, which reads ``text``."""
    target = ["-o", f"BindAddress={source}", "-i", str(KEYS / user), f"{user}@127.0.0.1", *command]
    subprocess.run([tool, *_OPTIONS, *target], input=text, text=True, capture_output=True, timeout=60, check=False)


def with_password(user: str, password: str, source: str, command: str) -> bool:
    """Try one password; True if the command ran."""
    done = subprocess.run(
        ["sshpass", "-p", password, "ssh", *_OPTIONS, "-o", "PubkeyAuthentication=no",
         "-o", f"BindAddress={source}", f"{user}@127.0.0.1", command],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode == 0


class Terminal:
    """An interactive log-in: lines are typed into a terminal one after the other."""

    def __init__(self, user: str, source: str, *, password: str | None = None) -> None:
        way = ["sshpass", "-p", password] if password else []
        how = ["-o", "PubkeyAuthentication=no"] if password else ["-i", str(KEYS / user)]
        self._shell = subprocess.Popen(
            [*way, "ssh", *_OPTIONS, *how, "-tt", "-o", f"BindAddress={source}", f"{user}@127.0.0.1"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        time.sleep(3)

    def type(self, line: str, wait_s: float = 1.5) -> None:
        """Send a line and give it time to run."""
        assert self._shell.stdin
        self._shell.stdin.write(line + "\n")
        self._shell.stdin.flush()
        time.sleep(wait_s)

    def leave(self) -> None:
        self.type("exit")
        try:
            self._shell.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._shell.kill()
