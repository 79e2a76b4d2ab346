"""Zeek's conn.log of an office network with a beacon, an upload over it and a port scan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from simulation.story import Mark, Story, stamp

_FIELDS = (
    "ts:time uid:string id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port proto:enum service:string "
    "duration:interval orig_bytes:count resp_bytes:count conn_state:string local_orig:bool local_resp:bool "
    "missed_bytes:count history:string orig_pkts:count orig_ip_bytes:count resp_pkts:count resp_ip_bytes:count "
    "tunnel_parents:set[string]"
).split()
HEADER_LINES = 8
_CLIENTS = tuple(f"10.20.1.{number}" for number in (21, 22, 23, 25, 26, 31))
_RESOLVER, _FILES, _MAIL = "10.20.0.10", "10.20.0.12", "10.20.0.15"
_INFECTED, _CONTROL = "10.20.1.25", "198.51.100.23"
_SCANNED = "10.20.0.12"
_OPEN = (22, 80, 139, 443, 445, 3389)
_PORTS = (
    *(7, 9, 13, 21, 22, 23, 25, 26, 37, 53, 79, 80, 81, 88, 106, 110, 111, 113, 119, 135, 139, 143, 144, 179, 199, 389),
    *(427, 443, 444, 445, 465, 513, 514, 515, 543, 548, 554, 587, 631, 646, 873, 990, 993, 995, 1025, 1433, 1720, 1723),
    *(2000, 2049, 2121, 3306, 3389, 5060, 5432, 5900, 6000, 8000, 8008, 8080, 8443, 8888, 9100, 9999, 10000, 32768),
)
_MINUTES = 120


class Flow(NamedTuple):
    """Sizes and state of one connection."""

    service: str
    duration: float
    sent: int
    received: int
    state: str = "SF"
    history: str = "ShADadFf"
    proto: str = "tcp"


def _connect(
    story: Story, time: float, source: str, target: str, port: int, flow: Flow, mark: Mark | None = None
) -> None:
    """One line, with packets and headers that fit the sizes."""
    silent = flow.state == "S0"
    refused = flow.state == "REJ"
    packets = 1 if silent or refused else 4 + flow.sent // 1400 if flow.proto == "tcp" else 1
    answers = 0 if silent else 1 if refused else 3 + flow.received // 1400 if flow.proto == "tcp" else 1
    header = 40 if flow.proto == "tcp" else 28
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
    uid = "C" + "".join(story.rng.choice(letters) for _ in range(16 + story.rng.randrange(2)))
    values = (
        f"{time:.6f}", uid, source, story.rng.randrange(32768, 60999), target, port, flow.proto, flow.service or "-",
        "-" if silent else f"{flow.duration:.6f}", "-" if silent else flow.sent, "-" if silent else flow.received,
        flow.state, "T", "T" if target.startswith("10.") else "F", 0, flow.history,
        packets, flow.sent + header * packets, answers, flow.received + header * answers, "-",
    )  # fmt: skip
    story.add(time, {"line": "\t".join(map(str, values))}, mark)


def _name_lookup(story: Story, time: float, client: str) -> None:
    size = story.rng.randrange(30, 60)
    flow = Flow(
        "dns", 0.002 + 0.03 * story.rng.random(), size, size + story.rng.randrange(16, 120), history="Dd", proto="udp"
    )
    _connect(story, time, client, _RESOLVER, 53, flow)


def _ordinary(story: Story) -> None:
    """Names, web pages, files, mail, time, and an updater that calls home regularly: the beacon's near miss."""
    rng = story.rng
    for client in _CLIENTS:
        for _ in range(16):
            time = story.at(_MINUTES * rng.random())
            _name_lookup(story, time, client)
            page = Flow("ssl", 0.2 + 30 * rng.random(), rng.randrange(600, 9000), rng.randrange(3000, 400_000))
            _connect(story, time + 0.05, client, f"192.0.2.{rng.randrange(10, 60)}", 443, page)
        for _ in range(3):
            share = Flow(
                "gssapi,smb,ntlm", 5 + 60 * rng.random(), rng.randrange(2000, 40_000), rng.randrange(2000, 900_000)
            )
            _connect(story, story.at(_MINUTES * rng.random()), client, _FILES, 445, share)
        mail = Flow("ssl", 2 + rng.random(), rng.randrange(900, 5000), rng.randrange(2000, 60_000))
        _connect(story, story.at(_MINUTES * rng.random()), client, _MAIL, 993, mail)
        clock = Flow("ntp", 0.01 + 0.02 * rng.random(), 48, 48, history="Dd", proto="udp")
        _connect(story, story.at(_MINUTES * rng.random()), client, "192.0.2.123", 123, clock)
    for number in range(_MINUTES // 15):
        check = Flow("ssl", 0.4 + rng.random() / 5, rng.randrange(880, 940), rng.randrange(4100, 9800))
        _connect(story, story.at(15 * number + 3 + rng.random()), "10.20.1.31", "192.0.2.200", 443, check)
    for port in (25, 8443):
        _connect(
            story, story.at(_MINUTES * rng.random()), "10.20.1.22", _MAIL, port, Flow("", 0.0003, 0, 0, "REJ", "Sr")
        )


def _attack(story: Story) -> None:
    rng = story.rng
    beacon = Mark("T1071.001", "command-and-control", "calls home each minute over TLS")
    for number in range(80):
        time = story.at(35 + number + rng.uniform(-0.03, 0.03))
        flow = Flow("ssl", 0.31 + rng.random() / 20, 517 + rng.randrange(4), 1240 + rng.randrange(3))
        _connect(story, time, _INFECTED, _CONTROL, 443, flow, beacon)
    scan = Mark("T1046", "discovery", "scans the file server's ports")
    for number, port in enumerate(_PORTS):
        flow = Flow("", 0.0002, 0, 0, "REJ", "Sr") if rng.random() < 0.9 else Flow("", 0, 0, 0, "S0", "S")
        if port in _OPEN:
            flow = Flow("", 0.0011, 0, 0, "RSTO", "ShR")
        _connect(story, story.at(62) + 0.11 * number + rng.random() / 20, _INFECTED, _SCANNED, port, flow, scan)
    upload = Mark("T1041", "exfiltration", "uploads 48 MB to the address it calls home to")
    flow = Flow("ssl", 214.2, 48_233_107, 91_204, history="ShADadTFf")
    _connect(story, story.at(98.4), _INFECTED, _CONTROL, 443, flow, upload)


def write(seed: int) -> tuple[str, Story]:
    """The log as Zeek writes it, and the story behind it; its first record stands in line ``HEADER_LINES + 1``."""
    story = Story(seed, datetime(2026, 3, 19, 9, 0, tzinfo=UTC))
    _ordinary(story)
    _attack(story)
    names, types = zip(*(field.split(":") for field in _FIELDS), strict=True)
    header = [
        "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn",
        f"#open\t{stamp(story.at(0), '%Y-%m-%d-%H-%M-%S')}",
        "\t".join(("#fields", *names)), "\t".join(("#types", *types)),
    ]  # fmt: skip
    lines = [record["line"] for _, record, _ in story.in_order()]
    lines.append(f"#close\t{stamp(story.at(_MINUTES), '%Y-%m-%d-%H-%M-%S')}")
    return "\n".join([*header, *lines]) + "\n", story
