"""Why a series looks like a beacon, in words and in techniques."""

from __future__ import annotations

from math import exp, isnan
from typing import Final

from loglm.anomaly.beacons.connections import LOOKUP
from loglm.anomaly.beacons.detector import Beacon

__all__ = ["interval_words", "reasons", "techniques"]

_WEB: Final = frozenset({80, 443, 8000, 8008, 8080, 8443, 8888, 3128})
_TLS: Final = frozenset({443, 8443, 853, 993, 995, 465})
_SHARED: Final = 5
"""Times as many sources at the address as at the name from which on the address is one that many share."""
_OFTENER: Final = 3.0


def reasons(beacon: Beacon) -> tuple[str, ...]:
    """Sentences on timing, sizes, the destination and its clients, for people; names in them are untrusted."""
    found = (_timing(beacon), _gaps(beacon), _sizes(beacon), _destination(beacon), _client(beacon), _habit(beacon))
    return tuple(text for text in found if text)


def techniques(beacon: Beacon) -> tuple[str, ...]:
    """ATT&CK techniques that fit, the likeliest first.

    T1071.004 for look-ups; T1071.001 for web ports and requests, with T1573 where TLS is to be expected, T1090.004
    where the name is one that many call; T1571 beside it where a request goes to another port; else T1095.
    """
    if beacon.kind == LOOKUP:
        return ("T1071.004", "T1568")
    is_request = beacon.port in _WEB or beacon.measures["named"] > 0
    found = ["T1071.001" if is_request else "T1095"]
    if beacon.port in _TLS:
        found.append("T1573")
    if is_request and beacon.port not in _WEB:
        found.append("T1571")
    if not is_request:
        found.append("T1571")
    if is_request and beacon.reach >= _SHARED:
        found.append("T1090.004")
    if len(beacon.addresses) > 3:
        found.append("T1568")
    return tuple(found)


def interval_words(seconds: float) -> str:
    """``47 s``, ``15 min``, ``4.0 h``."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7_200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3_600:.1f} h"


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
