from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.events.timestamps import parse_clf, parse_epoch, parse_iso, parse_syslog_date, parse_timestamp

FEB_3 = datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-02-03T04:05:06Z", FEB_3),
        ("2021-02-03T04:05:06+0000", FEB_3),
        ("2021-02-03T05:05:06+01:00", FEB_3),
        ("2021-02-02T21:05:06-07", FEB_3),
        ("2021-02-03 04:05:06", FEB_3),
        ("2021-02-03 04:05:06 UTC", FEB_3),
        ("2021-02-03 04:05:06 +0000 UTC", FEB_3),
        ("2021-02-03 05:05:06 CET", FEB_3),
        ("2021-02-03T04:05:06.5Z", FEB_3 + 0.5),
        ("2021-02-03 04:05:06,500", FEB_3 + 0.5),
        ("2021-02-03T04:05:06.1234567Z", FEB_3 + 0.123456),
        ("2021-02-03T04:05:06.123456789Z", FEB_3 + 0.123456),
        ("20210203T040506Z", FEB_3),
        ("20210203040506", FEB_3),
        (20210203040506, FEB_3),
        ("2021/02/03 04:05:06.5", FEB_3 + 0.5),
        ("2021-02-03-04:05:06", FEB_3),
        ("2/3/2021 4:05:06 AM", FEB_3),
        ("2/3/2021, 4:05:06 PM", FEB_3 + 12 * 3600),
        ("02/03/2021 12:05:06 AM", FEB_3 - 4 * 3600),
        ("23/2/2021 04:05:06", FEB_3 + 20 * 86_400),
        ("03.02.2021 04:05:06", FEB_3),
        ("03/Feb/2021:04:05:06 +0000", FEB_3),
        ("[03/Feb/2021:05:05:06 +0100]", FEB_3),
        ("03-Feb-2021 04:05:06", FEB_3),
        ("Wed, 03 Feb 2021 04:05:06 GMT", FEB_3),
        ("Wed Feb  3 04:05:06 2021", FEB_3),
        ("Wed Feb  3 04:05:06 UTC 2021", FEB_3),
        ("Wed Feb 03 2021 05:05:06 GMT+0100 (Central European Standard Time)", FEB_3),
        ("Feb 3, 2021 @ 04:05:06.500", FEB_3 + 0.5),
        ("Feb 3, 2021 4:05:06 AM", FEB_3),
        (int(FEB_3), FEB_3),
        (FEB_3 + 0.25, FEB_3 + 0.25),
        (int(FEB_3) * 1000 + 500, FEB_3 + 0.5),
        (int(FEB_3) * 1_000_000, FEB_3),
        (int(FEB_3) * 1_000_000_000, FEB_3),
        (str(int(FEB_3)), FEB_3),
        (f"{FEB_3:.6f}", FEB_3),
        (f"{int(FEB_3)}.250", FEB_3 + 0.25),
        (int(FEB_3 + 11_644_473_600) * 10_000_000, FEB_3),
        ({"$date": "2021-02-03T04:05:06Z"}, FEB_3),
        ({"$date": {"$numberLong": str(int(FEB_3) * 1000)}}, FEB_3),
        ({"epochSecond": int(FEB_3), "nanoOfSecond": 500_000_000}, FEB_3 + 0.5),
        (datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC), FEB_3),
    ],
)
def test_parse_timestamp_reads_each_form(value: object, expected: float) -> None:
    assert parse_timestamp(value) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "", "-", "now", "XXXXXXXXXX.XXXXXX", "2021-02-30T04:05:06Z", "2021-13-01 00:00:00", [], {}),
        *("0001-01-01T00:00:00Z", "1601-01-01T00:00:00.0000000Z", 0, -5, 37, "37", float("nan"), float("inf"), 10**400),
        *("٢٠٢١-٠٢-٠٣", "25:61:00", "13/13/2021 04:05:06", "4:05:06", "Foo 3 2021 04:05:06", "9" * 19, {"$date": {}}),
    ],
)
def test_parse_timestamp_is_none_where_there_is_no_time(value: object) -> None:
    assert parse_timestamp(value) is None


@given(st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-720, 720))
def test_parse_iso_reads_what_isoformat_writes(moment: datetime, offset_minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert parse_iso(aware.isoformat()) == pytest.approx(aware.timestamp(), abs=1e-6)


@given(st.text(max_size=120))
def test_parse_timestamp_never_raises(text: str) -> None:
    seconds = parse_timestamp(text)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("text", ["Feb  3 04:05:06", "Feb 03 04:05:06", "feb  3 04:05:06"])
def test_parse_syslog_date_takes_the_year_given(text: str) -> None:
    assert parse_syslog_date(text, year=2021) == FEB_3


def test_parse_syslog_date_keeps_a_fraction_and_prefers_a_year_in_the_text() -> None:
    assert parse_syslog_date("Feb  3 2021 04:05:06.250", year=1999) == FEB_3 + 0.25


def test_parse_syslog_date_without_a_year_is_never_far_in_the_future() -> None:
    now = time.time()
    for days in (1, 40, 200, 360):
        text = time.strftime("%b %d %H:%M:%S", time.gmtime(now - days * 86_400))
        seconds = parse_syslog_date(text)
        assert seconds is not None
        assert seconds == pytest.approx(now - days * 86_400, abs=2)


@pytest.mark.parametrize(
    "text", ["Feb 30 04:05:06", "Feb  3 24:05:06", "Feb  3 04:60:06", "Fxb  3 04:05:06", "Feb x3 04:05:06"]
)
def test_parse_syslog_date_refuses_what_does_not_exist(text: str) -> None:
    assert parse_syslog_date(text, year=2021) is None


@pytest.mark.parametrize("text", ["10/Oct/2000:13:55:36 -0700", "[10/Oct/2000:13:55:36 -0700]"])
def test_parse_clf_applies_the_offset(text: str) -> None:
    assert parse_clf(text) == datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["10/Oct/2000:13:55:36 -07x0", "40/Oct/2000:13:55:36 -0700", "10/Oct/2000:25:55:36 -0700", ""]
)
def test_parse_clf_is_none_for_other_text(text: str) -> None:
    assert parse_clf(text) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(99_999_999, None), (1e8, 1e8), (1e11, 1e8), (1e14, 1e8), (1e20, None)]
)
def test_parse_epoch_tells_units_by_size(value: float, expected: float | None) -> None:
    assert parse_epoch(value) == expected


@pytest.mark.parametrize("text", ["1" * 80, "Feb " * 20, " " * 80, "1/" * 40, "Monday" * 13, "2021-02-03T" + "0" * 69])
def test_parse_timestamp_takes_linear_time_on_adversarial_text(text: str) -> None:
    assert_linear(lambda part: [parse_timestamp(part) for _ in range(20_000)], lambda size: text[:size], len(text))


@pytest.mark.parametrize("unit", ["1", "Feb ", " ", "1/", "Monday", "2021-02-03T"])
def test_parse_timestamp_takes_linear_time_on_long_text(unit: str) -> None:
    assert_linear(parse_timestamp, lambda size: unit * (size // len(unit)), 200_000)
