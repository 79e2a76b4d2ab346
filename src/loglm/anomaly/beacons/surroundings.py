"""What surrounds a series: its sizes, who else calls the destination, what else the source does."""

from __future__ import annotations

from math import log, nan
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import LOOKUP, is_private
from loglm.anomaly.beacons.series import Environment, Series
from loglm.anomaly.beacons.timing import median_spread

__all__ = ["FEW_SOURCES", "SIZES", "SURROUNDINGS", "company", "size_features", "surrounding_features"]

SIZES: Final = (
    "out_spread",
    "in_spread",
    "same_out",
    "same_in",
    "log_out",
    "log_in",
    "log_out_to_in",
    "duration_spread",
    "log_duration",
)
"""Names of `size_features`, in order."""

SURROUNDINGS: Final = (
    "reach",
    "log_reach",
    "address_reach",
    "other_names",
    "named",
    "internal",
    "web_port",
    "lookup",
    "service_port",
    "client_reach",
    "first_seen",
    "lasts",
    "company",
    "quiet_hours",
    "share_of_source",
)
"""Names of `surrounding_features`, in order."""

_WEB: Final = frozenset({80, 443, 3128, 8000, 8008, 8080, 8443, 8888})
_SERVICES: Final = frozenset({22, 25, 88, 110, 123, 135, 139, 143, 389, 445, 465, 514, 587, 636, 993, 995, 3268, 5228})
FEW_SOURCES: Final = 5
_NEAR_S: Final = 3.0
_MOST: Final = 1_024


def size_features(series: Series) -> np.ndarray:
    """How alike the connections are: float64 of the shape of `SIZES`; NaN where the log has no sizes.

    Spreads are median absolute deviations as shares of the median; ``same_`` the share of connections with the
    commonest size; logarithms are of 1 + bytes, and of 0.01 + seconds.
    """
    rows = series.rows[-_MOST:]
    out, into, lasted = (_known(rows[field]) for field in ("bytes_out", "bytes_in", "duration_s"))
    log_out, log_in = (log(1 + float(np.median(v))) if len(v) else nan for v in (out, into))
    log_lasted = log(0.01 + float(np.median(lasted))) if len(lasted) else nan
    spreads = (median_spread(out), median_spread(into), _same(out), _same(into))
    return np.array([*spreads, log_out, log_in, log_out - log_in, median_spread(lasted), log_lasted])


def _known(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = values[~np.isnan(values)].astype(np.float64)
    return result


def _same(values: np.ndarray) -> float:
    return float(np.unique(values, return_counts=True)[1].max() / len(values)) if len(values) else nan


def surrounding_features(series: Series, environment: Environment) -> np.ndarray:
    """How the series stands in its environment: float64 of the shape of `SURROUNDINGS`.

    ``reach`` and its like are shares of the other sources that call the destination (its address under any name; that
    use the client), ``log_reach`` the logarithm of the number that do, ``other_names`` that of how many times more call
    the address than the name; NaN with fewer than `FEW_SOURCES` sources, which say nothing of what is usual. Then
    flags, 0 or 1; ``first_seen`` and ``lasts`` as shares of the time that the logs cover; ``company`` see `company`;
    ``quiet_hours`` how much of the series lies in hours in which the environment is quiet, 0 where it follows the
    others and positive where it does not, NaN below twelve hours; ``share_of_source`` of all connections of the source.
    """
    sources = environment.sources
    reach = environment.reach.get(series.label, 1)
    address = max(_most_reached(series, environment), reach)
    has_others = sources >= FEW_SOURCES
    span = max(environment.end - environment.start, 1.0)
    times = series.times
    others = environment.times_of[series.source_number][0]
    client = _client_reach(series, environment)
    is_service = series.port in _SERVICES
    return np.array(
        [
            (reach - 1) / (sources - 1) if has_others else nan,
            log(reach) if has_others else nan,
            (address - 1) / (sources - 1) if has_others else nan,
            log(address / reach) if has_others else nan,
            float(series.rows["name"][0] > 0),
            float(is_private(series.destination)),
            float(series.port in _WEB),
            float(series.kind == LOOKUP),
            float(is_service),
            (client - 1) / (sources - 1) if has_others and client else nan,
            float(times[0] - environment.start) / span,
            float(times[-1] - times[0]) / span,
            company(series, environment),
            _quiet_hours(times, environment) if span >= 12 * 3_600 else nan,
            len(times) / len(others),
        ]
    )


def _most_reached(series: Series, environment: Environment) -> int:
    addresses = np.unique(series.rows["destination"][:_MOST])
    return max((environment.address_reach.get(int(address), 0) for address in addresses), default=0)


def _client_reach(series: Series, environment: Environment) -> int:
    """Sources that use the commonest client of the series."""
    clients = series.rows["client"][:_MOST]
    clients = clients[clients > 0]
    if not len(clients):
        return 0
    values, counts = np.unique(clients, return_counts=True)
    return environment.client_reach.get(int(values[counts.argmax()]), 0)


def company(series: Series, environment: Environment) -> float:
    """How much oftener than by chance the source calls somebody else within three seconds; -1..1.

    What a page loads comes in company; a beacon comes alone, which is about 0.
    """
    times, labels = environment.times_of[series.source_number]
    other = times[labels != series.label]
    span = float(times[-1] - times[0])
    if not len(other) or span <= 0:
        return 0.0
    own = series.times[-_MOST:]
    near = np.searchsorted(other, own + _NEAR_S) > np.searchsorted(other, own - _NEAR_S)
    grid = np.linspace(own[0], own[-1], 512)
    by_chance = np.searchsorted(other, grid + _NEAR_S) > np.searchsorted(other, grid - _NEAR_S)
    return float(near.mean() - by_chance.mean())


def _quiet_hours(times: np.ndarray, environment: Environment) -> float:
    """Mean quietness of the hours of the series, less that of the environment's own traffic."""
    quiet = 1.0 - environment.hours
    usual = float((environment.hours * quiet).sum() / max(environment.hours.sum(), 1e-9))
    hours = (times // 3_600 % 24).astype(np.int64)
    own = np.bincount(hours, minlength=24) > 0
    return float(quiet[own].mean() - usual)
