from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.monitoring.windows import Window, in_utc, windows

DAY = timedelta(days=1)
START = datetime(2000, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=11_000)).map(lambda since: START + since)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)), st.timedeltas(timedelta(hours=1), timedelta(days=90)))
def test_windows_follow_each_other_and_hold_all_moments(first, span, length):
    last = first + span
    found = windows(first, last, length)
    assert found[0].start == first
    assert found[-1].start <= last < found[-1].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert {window.end - window.start for window in found} == {length}


@given(MOMENTS, st.integers(1, 500), st.timedeltas(timedelta(microseconds=1), timedelta(days=3)))
def test_a_last_moment_on_a_boundary_begins_a_window_of_its_own(first, count, length):
    assert len(windows(first, first + count * length, length)) == count + 1
    assert len(windows(first, first + count * length - timedelta(microseconds=1), length)) == count


def test_no_moments_have_no_windows():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert windows(start, start - DAY, DAY) == ()


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ((2026, 3, 1), (2026, 4, 1), (3,)),
        ((2026, 3, 31), (2026, 4, 1), (3,)),
        ((2026, 3, 31), (2026, 4, 2), (3, 4)),
        ((2026, 1, 31), (2026, 3, 1), (1, 2)),
        ((2026, 11, 15), (2027, 2, 15), (11, 12, 1, 2)),
        ((2024, 12, 31), (2025, 1, 1), (12,)),
        ((2024, 2, 29), (2024, 3, 2), (2, 3)),
        ((2025, 7, 1), (2027, 7, 1), (7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_months_that_a_window_touches(start, end, months):
    assert Window(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC)).months == months


@given(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=500)))
def test_the_months_are_those_of_its_days(start, length):
    window = Window(start, start + length)
    days = [start + step * timedelta(hours=12) for step in range(int(length / timedelta(hours=12)) + 1)]
    expected = {day.month for day in days if day < window.end} | {(window.end - timedelta(microseconds=1)).month}
    assert set(window.months) == expected
    assert len(window.months) == len(expected)


def test_days_are_as_long_when_clocks_change():
    found = windows(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), DAY)
    assert [window.start.hour for window in found] == [0, 0, 0]


def test_a_moment_without_a_zone_is_in_utc_and_others_are_brought_there():
    assert in_utc(datetime.fromisoformat("2026-01-01T05:00")) == datetime(2026, 1, 1, 5, tzinfo=UTC)
    summer = datetime(2026, 7, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert in_utc(summer) == summer
    assert (in_utc(summer).month, in_utc(summer).tzinfo) == (6, UTC)


def test_too_many_windows_are_refused():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert len(windows(start, start + 19_999 * DAY, DAY)) == 20_000
    with pytest.raises(DataError, match=r"20,001 windows of 1 day, 0:00:00 from 2026-01-01.*; expected at most 20,000"):
        windows(start, start + 20_000 * DAY, DAY)


def test_people_read_a_window():
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, 6, tzinfo=UTC))
    assert str(window) == "2026-01-01 00:00 to 2026-01-08 06:00"
