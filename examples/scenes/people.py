"""Ordinary work over SSH, with sudo now and then, and ordinary name look-ups."""

from __future__ import annotations

import random
import subprocess
import threading

import ssh_client
from clock import Clock
from world import PEOPLE, WEAK_PASSWORD, WEAK_USER

SUDO_TURN = threading.Lock()
"""Held while anyone uses sudo: sudo's lines carry no session, so the labels need one user of it at a time."""

_PLAIN = ("uptime", "df -h /", "ls -l /srv/shop/static", "tail -n 3 /etc/hosts", "git --version", "free -m", "who")
_AS_ROOT = (
    "nginx -t",
    "tail -n 20 /var/log/nginx/error.log",
    "ls -l /etc/nginx",
    "du -sh /var/log",
    "crontab -l",
    "ss -ltn",
    "-u www-data ls /srv/shop",
    "cp /srv/shop/static/index.html /srv/shop/index.bak",
)
_NAMES = (
    "www.example.com",
    "mail.example.com",
    "deb.example.net",
    "api.example.com",
    "time.example.net",
    "ldap.example.com",
)
_BY_NAME = {person.name: person for person in PEOPLE}


def _alice(rng: random.Random) -> None:
    terminal = ssh_client.Terminal("alice", rng.choice(_BY_NAME["alice"].addresses))
    for _ in range(rng.randint(1, 3)):
        with SUDO_TURN:
            terminal.type(f"sudo {rng.choice(_AS_ROOT)}", 2.2)
    terminal.leave()


def _alice_adds_a_colleague() -> None:
    """An account made in ordinary work: the near miss of the intruder's."""
    terminal = ssh_client.Terminal("alice", "127.0.0.5")
    with SUDO_TURN:
        terminal.type("sudo useradd -m -s /bin/bash -c 'Erin Moss' erin", 2.5)
        terminal.type("sudo usermod -aG www-data erin", 2.5)
    terminal.leave()


def _bob(rng: random.Random) -> None:
    """Sudo asks bob for his password, and sometimes he mistypes it."""
    terminal = ssh_client.Terminal("bob", "127.0.0.7")
    with SUDO_TURN:
        terminal.type(f"sudo {rng.choice(_AS_ROOT)}")
        if rng.random() < 0.4:
            terminal.type("Green-Lantren-38", 3)
        terminal.type(_BY_NAME["bob"].password, 2)
    terminal.leave()


def _carol(rng: random.Random) -> None:
    listing = "ls /srv/shop/files\nget /srv/shop/files/catalogue.pdf /tmp/catalogue.pdf\nbye\n"
    ssh_client.with_key("carol", rng.choice(_BY_NAME["carol"].addresses), text=listing, tool="sftp")


def _dave(rng: random.Random) -> None:
    ssh_client.with_password("dave", _BY_NAME["dave"].password, "127.0.0.11", rng.choice(_PLAIN))


def _dave_mistypes(rng: random.Random) -> None:
    """A wrong password, then the right one."""
    ssh_client.with_password("dave", "Slow-River-91", "127.0.0.11", "true")
    _dave(rng)


def _saver() -> None:
    ssh_client.with_key("saver", "127.0.0.12", "tar -C /srv -cf - shop | wc -c")


def _deploy() -> None:
    """The weak account's ordinary work: a release from the build machine."""
    ssh_client.with_password(WEAK_USER, WEAK_PASSWORD, "127.0.0.13", "ls /srv/shop > /dev/null; sleep 1")
    with SUDO_TURN:
        ssh_client.with_password(WEAK_USER, WEAK_PASSWORD, "127.0.0.13", "sleep 1; sudo nginx -t; sleep 1.5")


def work(clock: Clock, seed: int) -> None:
    """Log in as one person after the other until the run is over."""
    rng = random.Random(seed)
    jobs = [_carol, _dave, _dave_mistypes, _alice, _bob, lambda _: _saver(), lambda _: _deploy()]
    turn = 0
    _alice_adds_a_colleague()
    while clock.rest(clock.length_s / 45, clock.length_s / 18, rng):
        if turn % len(jobs) == 0:
            rng.shuffle(jobs)
        jobs[turn % len(jobs)](rng)
        turn += 1
        user = rng.choice(("alice", "saver", "carol"))
        ssh_client.with_key(user, _BY_NAME[user].addresses[0], rng.choice(_PLAIN))


def look_up_names(clock: Clock, seed: int) -> None:
    """Ask the name server for ordinary names until the run is over."""
    rng = random.Random(seed)
    while clock.rest(4, clock.length_s / 25, rng):
        source = rng.choice(("127.0.0.5", "127.0.0.7", "127.0.0.9", "127.0.0.13"))
        ask(rng.choice(_NAMES), source)


def ask(name: str, source: str) -> None:
    subprocess.run(
        ["dig", "+short", "+tries=1", "+time=2", "-b", source, "@127.0.0.1", name], capture_output=True, check=False
    )
