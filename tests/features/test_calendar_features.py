# ruff: noqa: DTZ001 - times without a zone are what these tests are about

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.features.calendar import calendar_features

NAIVE, AWARE = pa.timestamp("us"), pa.timestamp("us", "UTC")
# Beside it, no part is the same in every row.
OTHER = datetime(2001, 5, 8, 11)


def parts_of(moment, kind=NAIVE):
    other = OTHER.replace(tzinfo=moment.tzinfo)
    others = [other + timedelta(hours=hours) for hours in (0, 1, 24 * 40)]
    features = calendar_features(pa.chunked_array([pa.array([moment, *others], kind)]))
    return {name: values[0].as_py() for name, values in features.items()}


def expected(moment):
    return {
        "event_hour": moment.hour,
        "event_weekday": moment.weekday(),
        "event_month": moment.month,
        "event_day": (moment.date() - date(1970, 1, 1)).days,
    }


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_parts_are_pythons_own(moment):
    assert parts_of(moment) == expected(moment)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 2, 29, 23, 59, 59, 999_999),
        datetime(2100, 2, 28, 23),
        datetime(2000, 2, 29),
        datetime(1970, 1, 1),
        datetime(1969, 12, 31, 23, 59, 59, 999_999),
        datetime(1969, 12, 31),
        datetime(1900, 3, 1, 12),
        datetime(2023, 12, 31, 23),
    ],
)
def test_edges_of_the_calendar(moment):
    assert parts_of(moment) == expected(moment)


@pytest.mark.parametrize(
    ("local", "hour"),
    [
        (datetime(2024, 3, 31, 1, 30), 0),  # an hour before Berlin's clocks skip 02:00 to 03:00
        (datetime(2024, 3, 31, 3, 30), 1),
        (datetime(2024, 10, 27, 2, 30, fold=0), 0),  # the repeated hour, first time
        (datetime(2024, 10, 27, 2, 30, fold=1), 1),
    ],
)
def test_around_a_change_of_clocks_hours_are_those_of_utc(local, hour):
    moment = local.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert parts_of(moment, AWARE)["event_hour"] == hour
    assert parts_of(moment, AWARE) == expected(moment.astimezone(UTC))


def test_naive_times_know_no_change_of_clocks():
    assert parts_of(datetime(2024, 3, 31, 2, 30))["event_hour"] == 2


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (timedelta(hours=1), {"event_hour"}),
        (timedelta(days=1), {"event_weekday", "event_day"}),
        (timedelta(days=7), {"event_day"}),
    ],
)
def test_a_part_that_never_changes_is_left_out(step, names):
    times = pa.chunked_array([pa.array([datetime(2024, 1, 1) + step * i for i in range(3)], NAIVE)])
    assert set(calendar_features(times)) == names
