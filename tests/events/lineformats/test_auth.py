from __future__ import annotations

import pytest

from loglm.events.lineformats.auth import detail_of, service_of

BOB = ("bob", "1.2.3.4")


@pytest.mark.parametrize(
    ("message", "action", "user", "address"),
    [
        ("Failed password for invalid user bob from 1.2.3.4 port 22 ssh2", "Failed password", *BOB),
        ("Failed none for invalid user  from 1.2.3.4 port 22 ssh2", "Failed none", None, "1.2.3.4"),
        ("Failed keyboard-interactive/pam for bob from 1.2.3.4 port 22 ssh2", "Failed keyboard-interactive/pam", *BOB),
        ("Accepted publickey for bob from 1.2.3.4 port 22 ssh2: RSA SHA256:x", "Accepted publickey", *BOB),
        ("Accepted password for bob from 2001:db8::1 port 22 ssh2", "Accepted password", "bob", "2001:db8::1"),
        ("Invalid user bob from 1.2.3.4 port 22", "Invalid user", *BOB),
        ("Invalid user  from 1.2.3.4", "Invalid user", None, "1.2.3.4"),
        ("Connection closed by 1.2.3.4 port 22 [preauth]", "Connection closed", None, "1.2.3.4"),
        ("Connection reset by invalid user bob 1.2.3.4 port 22 [preauth]", "Connection reset", *BOB),
        ("Disconnected from authenticating user bob 1.2.3.4 port 22 [preauth]", "Disconnected", *BOB),
        ("Received disconnect from 1.2.3.4 port 22:11: Bye [preauth]", "Received disconnect", None, "1.2.3.4"),
        ("Received disconnect from 1.2.3.4: 11: Bye Bye [preauth]", "Received disconnect", None, "1.2.3.4"),
        (
            "Did not receive identification string from 1.2.3.4",
            "Did not receive identification string",
            None,
            "1.2.3.4",
        ),
        (
            "error: maximum authentication attempts exceeded for invalid user bob from 1.2.3.4 port 22 ssh2 [preauth]",
            "maximum authentication attempts exceeded",
            *BOB,
        ),
        ("User bob from 1.2.3.4 not allowed because not listed in AllowUsers", "User", *BOB),
        ("error: PAM: Authentication failure for illegal user bob from 1.2.3.4", "Authentication failure", *BOB),
        (
            "reverse mapping checking getaddrinfo for x.y [1.2.3.4] failed - POSSIBLE BREAK-IN ATTEMPT!",
            "reverse mapping checking",
            None,
            "1.2.3.4",
        ),
        ("message repeated 2 times: [ Failed password for bob from 1.2.3.4 port 22 ssh2]", "Failed password", *BOB),
        (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=bob",
            "authentication failure",
            *BOB,
        ),
        ("pam_unix(sshd:session): session opened for user bob(uid=1000) by (uid=0)", "session opened", "bob", None),
        (
            "PAM 2 more authentication failures; logname= uid=0 rhost=1.2.3.4  user=bob",
            "2 more authentication failures",
            *BOB,
        ),
    ],
)
def test_detail_of_reads_sshd(message: str, action: str, user: str | None, address: str | None) -> None:
    detail = detail_of("sshd", message)
    assert detail is not None
    assert (detail.action, detail.user, detail.source_address) == (action, user, address)


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("Failed password for invalid user x from 6.6.6.6 port 1 ssh2 from 1.2.3.4 port 22 ssh2", "1.2.3.4"),
        ("Failed password for bob from 1.2.3.4 port 22 ssh1: ruser from 6.6.6.6", "1.2.3.4"),
        ("Connection closed by authenticating user x 6.6.6.6 port 1 1.2.3.4 port 22 [preauth]", "1.2.3.4"),
    ],
)
def test_detail_of_is_not_misled_by_user_names_that_look_like_addresses(message: str, address: str) -> None:
    detail = detail_of("sshd", message)
    assert detail is not None
    assert detail.source_address == address


def test_detail_of_reads_sudo_commands() -> None:
    detail = detail_of("sudo", "   bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/cat /etc/shadow ; id")
    assert detail is not None
    assert (detail.action, detail.user, detail.process) == ("COMMAND", "bob", "/bin/cat")
    assert detail.fields == {
        "TTY": "pts/0",
        "PWD": "/home/bob",
        "USER": "root",
        "COMMAND": "/bin/cat /etc/shadow ; id",
    }


def test_detail_of_reads_sudo_refusals() -> None:
    detail = detail_of("sudo", "bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh")
    assert detail is not None
    assert (detail.action, detail.user) == ("3 incorrect password attempts", "bob")


@pytest.mark.parametrize(
    ("program", "message", "action", "user"),
    [
        (
            "sshd(pam_unix)",
            "authentication failure; logname= uid=0 rhost=1.2.3.4  user=bob",
            "authentication failure",
            "bob",
        ),
        ("su", "pam_unix(su:session): session opened for user root by bob(uid=1000)", "session opened", "root"),
        ("su", "FAILED SU (to root) bob on pts/0", "FAILED SU", "bob"),
        ("su", "Successful su for root by bob", "Successful su", "bob"),
        ("CRON", "(bob) CMD (/usr/bin/true)", "CMD", "bob"),
        ("systemd-logind", "New session 5 of user bob.", "New session", "bob"),
        (
            "useradd",
            "new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=none",
            "new user",
            "bob",
        ),
        ("usermod", "add 'bob' to group 'sudo'", "add", "bob"),
        ("userdel", "delete user 'bob'", "delete user", "bob"),
        ("passwd", "pam_unix(passwd:chauthtok): password changed for bob", "password changed", "bob"),
        ("login", "FAILED LOGIN (1) on '/dev/tty1' FOR 'bob', Authentication failure", "FAILED LOGIN", "bob"),
        ("dropbear", "Bad password attempt for 'bob' from 1.2.3.4:5000", "Bad password attempt", "bob"),
    ],
)
def test_detail_of_reads_other_programs(program: str, message: str, action: str, user: str) -> None:
    detail = detail_of(program, message)
    assert detail is not None
    assert (detail.action, detail.user) == (action, user)


@pytest.mark.parametrize(
    ("program", "message"), [("sshd", "something new"), ("nginx", "Failed password for x"), ("sudo", "")]
)
def test_detail_of_knows_nothing_of_other_messages(program: str, message: str) -> None:
    assert detail_of(program, message) is None


def test_service_of_calls_the_rest_syslog() -> None:
    assert [service_of(name) for name in ("SSHD", "crond", "usermod", "nginx")] == ["sshd", "cron", "auth", "syslog"]
