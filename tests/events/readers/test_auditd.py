from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.auditd import AuditdReader
from loglm.events.source import HEAD_BYTES, Source

SYSCALL = (
    "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=59 success=yes exit=0 a0=7fffd19c5592 a1=0 "
    'ppid=2686 pid=3538 auid=1000 uid=0 tty=pts0 ses=1 comm="cat" exe="/bin/cat" key="sshd_config"'
)
EXECVE = 'type=EXECVE msg=audit(1364481363.243:24287): argc=3 a0="cat" a1=2F746D702F6120622E747874 a2="/etc/shadow"'
CWD = 'type=CWD msg=audit(1364481363.243:24287):  cwd="/home/bob"'
PATH_0 = 'type=PATH msg=audit(1364481363.243:24287): item=0 name="/bin/cat" inode=409248 nametype=NORMAL'
PATH_1 = 'type=PATH msg=audit(1364481363.243:24287): item=1 name="/lib/ld.so" inode=5 nametype=NORMAL'
PROCTITLE = "type=PROCTITLE msg=audit(1364481363.243:24287): proctitle=636174002F746D702F6120622E747874"
EOE = "type=EOE msg=audit(1364481363.243:24287):"
LOGIN = (
    "type=USER_LOGIN msg=audit(1364481370.5:24290): pid=1 uid=0 auid=4294967295 ses=4294967295 "
    'msg=\'op=login acct="bob" exe="/usr/sbin/sshd" hostname=? addr=1.2.3.4 terminal=ssh res=failed\''
)


def source_of(text: str) -> Source:
    data = text.encode()
    return Source("audit.log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(*lines: str) -> list[LogEvent]:
    return list(AuditdReader().read(source_of("\n".join(lines) + "\n"), Problems(stop_on_error=True)))


def test_read_joins_the_records_of_one_serial_number() -> None:
    (event,) = read(SYSCALL, EXECVE, CWD, PATH_0, PATH_1, PROCTITLE, EOE)
    assert event.raw == "\n".join((SYSCALL, EXECVE, CWD, PATH_0, PATH_1, PROCTITLE, EOE))
    assert event.location.record == 1
    assert str(event.log_source) == "linux/auditd"
    assert (event.action, event.user, event.process, event.session) == ("execve", "1000", "/bin/cat", "1")
    assert event.body == "cat /tmp/a b.txt /etc/shadow"
    assert event.time == datetime(2013, 3, 28, 14, 36, 3, 243000, tzinfo=UTC)


def test_read_decodes_hexadecimal_and_prefixes_names_that_clash() -> None:
    (event,) = read(SYSCALL, EXECVE, CWD, PATH_0, PATH_1, PROCTITLE, EOE)
    fields = event.attributes
    assert fields["type"] == ["SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "EOE"]
    assert (fields["a0"], fields["a1"], fields["SYSCALL.a0"]) == ("cat", "/tmp/a b.txt", "7fffd19c5592")
    assert (fields["name"], fields["PATH.name"], fields["item"], fields["PATH.item"]) == (
        "/bin/cat",
        "/lib/ld.so",
        "0",
        "1",
    )
    assert (fields["proctitle"], fields["cwd"], fields["nametype"]) == ("cat /tmp/a b.txt", "/home/bob", "NORMAL")
    assert "PATH.nametype" not in fields


def test_read_joins_interleaved_records_and_keeps_the_order_of_first_lines() -> None:
    other = SYSCALL.replace("24287", "24288")
    events = read(SYSCALL, other, EXECVE, PATH_0.replace("24287", "24288"), EOE, EOE.replace("24287", "24288"), LOGIN)
    assert [(event.location.record, event.raw.count("\n") + 1) for event in events] == [(1, 3), (2, 3), (7, 1)]


def test_read_reads_the_message_of_a_program() -> None:
    (event,) = read(LOGIN)
    assert (event.action, event.user, event.source_address, event.process) == (
        "USER_LOGIN",
        "bob",
        "1.2.3.4",
        "/usr/sbin/sshd",
    )
    assert (event.attributes["res"], event.attributes["terminal"], event.session) == ("failed", "ssh", None)


def test_read_takes_names_of_the_enriched_format() -> None:
    (event,) = read(SYSCALL + '\x1dARCH=x86_64 SYSCALL=execve AUID="bob" UID="root"')
    assert (event.user, event.action, event.attributes["UID"]) == ("bob", "execve", "root")


def test_read_decodes_socket_addresses() -> None:
    (event,) = read(
        SYSCALL.replace("syscall=59", "syscall=42"),
        "type=SOCKADDR msg=audit(1364481363.243:24287): saddr=020001BB01020304000000000000000000000000",
    )
    assert (event.action, event.destination_address, event.attributes["saddr"]) == (
        "connect",
        "1.2.3.4",
        "inet 1.2.3.4:443",
    )


def test_read_joins_the_parts_of_long_arguments() -> None:
    head = "type=EXECVE msg=audit(1364481363.243:24287): "
    (event,) = read(SYSCALL, head + 'argc=2 a0="sh" a1_len=8', head + 'a1[0]="abcd"', head + 'a1[1]="efgh"')
    assert event.body == "sh abcdefgh"


def test_read_reads_ausearch_output_and_syslog_lines() -> None:
    events = read(
        "----",
        "time->Thu Mar 28 14:36:03 2013",
        "node=web1 " + PATH_0,
        "node=web1 " + SYSCALL,
        "Oct 11 22:14:15 h audispd: node=web2 " + LOGIN,
        "Oct 11 22:14:15 h sshd[1]: Accepted password for bob from 1.2.3.4 port 1 ssh2",
    )
    assert sorted((event.host, str(event.log_source)) for event in events) == [
        ("h", "linux/sshd"),
        ("web1", "linux/auditd"),
        ("web2", "linux/auditd"),
    ]


def test_read_reads_interpreted_times() -> None:
    (event,) = read("type=LOGIN msg=audit(03/28/2013 14:36:03.243:24287) : pid=1 uid=root auid=bob")
    assert (event.user, event.time) == ("bob", datetime(2013, 3, 28, 14, 36, 3, 243000, tzinfo=UTC))


def test_read_bounds_open_events_and_records() -> None:
    many = read(*(SYSCALL.replace("24287", str(number)) for number in range(500)))
    assert [event.location.record for event in many] == list(range(1, 501))
    long = read(*[PATH_0] * 600)
    assert [event.raw.count("\n") + 1 for event in long] == [256, 256, 88]


def test_read_reports_denials() -> None:
    (event,) = read(
        'type=AVC msg=audit(1226874073.147:96): avc:  denied  { getattr } for  pid=2465 comm="httpd" path="/var/www/x" '
        "scontext=a tcontext=b tclass=file"
    )
    assert (event.action, event.attributes["avc"], event.attributes["permission"]) == ("AVC", "denied", "getattr")


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("\n".join([SYSCALL, EXECVE, CWD, EOE]), 0.95),
        ("----\ntime->Thu\n" + SYSCALL, 0.95),
        (SYSCALL + "\nOct 11 22:14:15 h a: x\nOct 11 22:14:15 h a: x", 0),
        ("text", 0),
        ("", 0),
    ],
)
def test_sniff_asks_for_half_of_the_lines(text: str, score: float) -> None:
    assert AuditdReader().sniff(source_of(text)) == score
