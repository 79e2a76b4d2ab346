"""Times, hosts and users of lines in less common forms."""

from __future__ import annotations

import pytest

from loglm.events.reading import parse_line


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2023 Jan 11 18:43:54 CET: %ETHPORT-5-IF_DUPLEX: Interface Ethernet1/38", "2023-01-11T17:43:54"),
        ("4961:M 30 May 2023 12:50:13.457 * Increased maximum number of open files", "2023-05-30T12:50:13"),
        ("00,04/19/20,12:43:06,Started,,,", "2020-04-19T12:43:06"),
        ("Jul-31-16 06:45:59 [Worker_1] 192.0.2.1 [SMTP Error] 535", "2016-07-31T06:45:59"),
        ("Tue Sep  7 23:00:31 2021 -04:00", "2021-09-08T03:00:31"),
        ("01/24/2025:12:06:37 GMT adc1 0-PPE-0 : default AAA LOGIN_FAILED", "2025-01-24T12:06:37"),
        ("<181>Mar 3 08:31:21 ise CISE_Audit 0000082306 1 0 2022-03-03 08:31:21.075 +00:00 5", "2022-03-03T08:31:21"),
        ("<29>Mar 18 13:40:05 10.0.0.1 httpd: 2022-03-29 19:29:20.468Z [admin]: Called", "2022-03-29T19:29:20"),
        ("date=2020-04-23 time=12:14:28 tz=-0500 srcip=192.0.2.5", "2020-04-23T17:14:28"),
        ('time="2022-03-03 14:21:10" fw="SN1" tz=+0100 src=192.0.2.5', "2022-03-03T13:21:10"),
    ],
)
def test_parse_line_finds_the_time(line: str, time: str) -> None:
    found = parse_line(line).time
    assert found is not None
    assert found.isoformat()[:19] == time


@pytest.mark.parametrize("line", ["13-17 16:14:02.213 x", "00-00 16:14:02 x", "99/99/99 1:2:3", "Xyz-99-99 06:45:59"])
def test_parse_line_leaves_what_is_no_time(line: str) -> None:
    assert parse_line(line).time is None


def test_parse_line_finds_the_user_of_a_database() -> None:
    line = "2017-04-08 12:32:51.056 CEST [20730] bob@orders STATEMENT:  INSERT INTO users (id) VALUES (1)"
    assert parse_line(line).user == "bob"


def test_parse_line_knows_sshd_without_its_header() -> None:
    event = parse_line("Failed password for backup from 192.0.2.4 port 60150 ssh2")
    assert (str(event.log_source), event.user, event.source_address) == ("linux/sshd", "backup", "192.0.2.4")
