"""The machine of the examples: its name, people, addresses and secrets. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass

HOST = "web1"
SITE = "shop.example.com"

INTRUDER = "127.0.0.53"
"""Guesses ``deploy``'s password and breaks in."""
INTRUDER_AGAIN = "127.0.0.61"
"""Comes back with the account that the intruder made."""
SPRAYERS = tuple(f"127.0.0.{number}" for number in range(20, 50))
GUESSERS = ("127.0.0.52", INTRUDER, "127.0.0.54")
PROBER = "127.0.0.70"
SCANNER = "127.0.0.66"
INJECTOR = "127.0.0.67"
FORM_GUESSER = "127.0.0.68"
DROP_URL = "http://127.0.0.77:8080/u.sh"
"""Where the planted cron job fetches from; nothing listens there."""
TUNNEL_DOMAIN = "t1.cdn-cache.example.net"
TUNNEL_CLIENT = "127.0.0.9"

BACKDOOR_USER = "sysupd"
BACKDOOR_PASSWORD = "Upd-2026-sys"
WEAK_USER = "deploy"
WEAK_PASSWORD = "deploy2024"
SPRAY_PASSWORD = "Winter2026!"


@dataclass(frozen=True)
class Person:
    name: str
    addresses: tuple[str, ...]
    password: str
    sudo: str = ""
    """Their line of sudoers after the name; empty: none."""


PEOPLE = (
    Person("alice", ("127.0.0.5", "127.0.0.6"), "Quiet-Harbour-71", "ALL=(ALL) NOPASSWD: ALL"),
    Person("bob", ("127.0.0.7",), "Green-Lantern-38", "ALL=(ALL) ALL"),
    Person("carol", ("127.0.0.8", "127.0.0.10"), "Paper-Boat-52"),
    Person("dave", ("127.0.0.11",), "Slow-River-19"),
    Person("saver", ("127.0.0.12",), "Never-Typed-90"),
    Person(WEAK_USER, ("127.0.0.13",), WEAK_PASSWORD, "ALL=(ALL) NOPASSWD: ALL"),
)
FIRST_UID = 20001

COMMON_NAMES = (
    "root admin test oracle postgres ubuntu user git ftpuser guest mysql jenkins hadoop www nagios pi "
    "tomcat support administrator deploy web info dev minecraft teamspeak ansible vagrant ec2-user demo backup"
).split()
COMMON_PASSWORDS = (
    "123456 password 12345678 qwerty admin 1q2w3e4r letmein welcome changeme abc123 monkey dragon deploy "
    "deploy123 deploy1 P@ssw0rd Passw0rd! root toor 111111 deploy2022 deploy2023 deploy! qwerty123"
).split()
