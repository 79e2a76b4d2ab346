"""Why a series looks like a beacon, in words and in techniques."""

from __future__ import annotations

from math import exp, isnan
from typing import Final

from loglm.anomaly.beacons.connections import LOOKUP, WEB_PORTS
from loglm.anomaly.beacons.detector import Beacon
from loglm.anomaly.beacons.protocols import ENCRYPTED, PORTS, TLS_PORTS, WEB

__all__ = ["interval_words", "reasons", "techniques"]

_SHARED: Final = 5
"""Times as many sources at the address as at the name from which on the address is one that many share."""
_OFTENER: Final = 3.0


def reasons(beacon: Beacon) -> tuple[str, ...]:
    """Sentences on timing, sizes, the destination and its clients, for people; names in them are untrusted."""
    found = (_timing(beacon), _gaps(beacon), _sizes(beacon), _destination(beacon), _client(beacon), _habit(beacon))
    return tuple(text for text in found if text)


def techniques(beacon: Beacon) -> tuple[str, ...]:
    """ATT&CK techniques that fit, the likeliest first.

    T1071.004 for look-ups; T1071.001 where the logs tell of HTTP, TLS or QUIC, or tell of no protocol and the port is a
    web port; T1071 where they tell of another one; else T1095. T1573 beside it where it is TLS or goes to a port of
    TLS; T1571 where the logs tell of a protocol that the port is not one of. Domain fronting (T1090.004) is never
    named: the header within TLS that differs from the name outside is in none of these logs.
    """
    if beacon.kind == LOOKUP:
        return ("T1071.004", "T1568")
    told = beacon.protocols & PORTS.keys()
    is_web = bool(told & WEB) if told else beacon.port in WEB_PORTS
    found = ["T1071.001" if is_web else "T1071" if told else "T1095"]
    if told & ENCRYPTED or (not told and beacon.port in TLS_PORTS):
        found.append("T1573")
    if told and not any(beacon.port in PORTS[name] for name in told):
        found.append("T1571")
    if len(beacon.addresses) > 3:
        found.append("T1568")
    return tuple(found)


def interval_words(seconds: float) -> str:
    """``47 s``, ``15 min``, ``1.5 h``; whole hours as such from one on."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7_200 and seconds % 3_600:
        return f"{seconds / 60:.3g} min"
    return f"{round(seconds / 3_600, 1):g} h"


def _timing(beacon: Beacon) -> str:
    measures = beacon.measures
    what = "looks up" if beacon.kind == LOOKUP else "calls"
    beat, spread = exp(measures["log_interval"]), measures["interval_spread"]
    inside = measures["within_double"]
    return (
        f"{what} about every {interval_words(beat)}, {beacon.connections:,} times in "
        f"{interval_words(beacon.end - beacon.start)}; intervals {spread:.0%} apart; "
        f"{inside:.0%} of them within a ratio of two"
    )


def _gaps(beacon: Beacon) -> str:
    measures = beacon.measures
    parts = []
    if measures["long_share"] > 0.02:
        parts.append(f"{measures['long_share']:.0%} of the intervals span missing beats")
    if measures["short_share"] > 0.05:
        parts.append(f"{measures['short_share']:.0%} of the intervals are of bursts")
    if not isnan(measures["quiet_hours"]) and measures["quiet_hours"] > 0.15:
        parts.append("it goes on in hours in which the others are quiet")
    return "; ".join(parts)


def _sizes(beacon: Beacon) -> str:
    out, into = beacon.measures["log_out"], beacon.measures["log_in"]
    if isnan(out):
        return ""
    sent = f"sends about {exp(out) - 1:,.0f} bytes ({beacon.measures['out_spread']:.0%} apart)"
    if isnan(into):
        return sent
    return f"{sent} and receives {exp(into) - 1:,.0f} ({beacon.measures['in_spread']:.0%} apart)"


def _destination(beacon: Beacon) -> str:
    measures = beacon.measures
    who = "only this host" if beacon.reach == 1 else f"{beacon.reach:,} hosts"
    text = f"{who} of {beacon.sources:,} {'calls' if beacon.reach == 1 else 'call'} it"
    if measures["named"] == 0:
        text += "; no name was asked for"
    if not isnan(measures["other_names"]) and exp(measures["other_names"]) >= _SHARED:
        text += "; its address serves others under other names"
    if measures["first_seen"] > 0.05:
        text += f"; first seen {measures['first_seen']:.0%} into the logs"
    return text


def _client(beacon: Beacon) -> str:
    if not beacon.client or beacon.client_reach > 1 or beacon.sources < _SHARED:
        return ""
    return f"no other host uses the client {beacon.client[:80]}"


def _habit(beacon: Beacon) -> str:
    """What sets it apart from the other hosts that call the same destination."""
    more, steadier = beacon.measures["more_than_peers"], beacon.measures["steadier_than_peers"]
    parts = []
    if not isnan(more) and exp(more) >= _OFTENER:
        parts.append(f"{exp(more):.0f} times as often as the others that call it")
    if not isnan(steadier) and steadier > 0.2:
        parts.append("more regularly than they do")
    return ", ".join(parts)
