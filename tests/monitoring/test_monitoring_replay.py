"""Windows that are past, judged in one scan as they would have been one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from stageline.monitoring.drift import compare
from stageline.monitoring.profiling import Wanted, make_profile
from stageline.monitoring.replay import persisting, replay
from stageline.monitoring.scan import count_rows
from stageline.monitoring.window_rows import rows_by_window, rows_in
from stageline.monitoring.windows import windows

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def days():
    """Return twenty days of 200 rows, of which three moved and one is missing; and a profile of ordinary rows."""
    rng = np.random.default_rng(0)
    moved = {5: 2.0, 11: 2.0, 12: 2.0}
    parts = [
        pa.table(
            {
                "at": pa.array([START + day * DAY + number * DAY / 200 for number in range(200)]),
                "a": rng.normal(moved.get(day, 0.0), 1, 200),
            }
        )
        for day in range(20)
        if day != 15
    ]
    reference = pa.table({"a": rng.normal(size=5_000)})
    return pa.concat_tables(parts), make_profile(reference, Wanted({"a": "feature"}), made_from="sha256:x")


def judged(days, batch_rows=1_000):
    table, profile = days
    every = windows(START, START + 20 * DAY - timedelta(seconds=1), DAY)
    rows = rows_by_window(table.to_batches(max_chunksize=batch_rows), every, "at", name="days")
    return replay(profile, rows, every)


def test_each_window_is_judged_as_it_would_have_been_alone(days):
    table, profile = days
    for each in judged(days, batch_rows=333):
        alone = count_rows(rows_in(table.to_batches(), each.window, "at", name="days"), profile.bins)
        assert each.rows == alone.rows.sum()
        assert each.findings == (compare(profile, alone, each.window) if each.rows else ())


def test_what_moved_is_found_on_its_days_and_an_empty_one_says_nothing(days):
    found = judged(days)
    assert [number for number, each in enumerate(found) if each.failed] == [5, 11, 12]
    assert (found[15].rows, found[15].findings) == (0, ())


def test_only_what_comes_back_persists(days):
    alarms = persisting(judged(days), 2, 3)
    assert [number for number, alarm in enumerate(alarms) if alarm] == [12]


def test_an_empty_window_does_not_part_two_that_moved(days):
    found = list(judged(days))
    found[13], found[12] = found[12], found[15]
    assert [number for number, alarm in enumerate(persisting(found, 2, 2)) if alarm] == [13]
