from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring import case, check_of, rows_of

from stageline.ledger import moment_text
from stageline.serving.overlap import check_overlap, rows_until

END = "2026-01-30T21:00:00.000000+00:00"
NEWEST = datetime(2026, 1, 30, 21, tzinfo=UTC)
STEP = timedelta(microseconds=1)


def times(*moments, zone="UTC"):
    return pa.chunked_array([pa.array([moment.replace(tzinfo=None) for moment in moments], pa.timestamp("us"))]).cast(
        pa.timestamp("us", zone)
    )


@pytest.mark.parametrize("zone", ["UTC", None])
def test_the_newest_row_of_training_is_known_and_the_next_is_not(zone):
    assert rows_until(times(NEWEST - STEP, NEWEST, NEWEST + STEP, zone=zone), END) == 2
    assert rows_until(times(zone=zone), END) == 0


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))), st.datetimes(datetime(1900, 1, 1)))  # noqa: DTZ001
def test_every_row_is_counted_by_its_time(moments, end):
    assert rows_until(times(*moments, zone=None), moment_text(end)) == sum(moment <= end for moment in moments)


@pytest.mark.parametrize(
    ("known", "rows", "own_source", "verdict", "effect", "message"),
    [
        (0, 40, False, "passed", "passed", f"all 40 rows are newer than the champion's data ({END})"),
        (
            12, 1_240, False, "failed", "warned",
            f"12 of 1,240 rows are no newer than the champion's data, which end at {END}: it may have been trained on "
            "them, so do not measure it by their predictions",
        ),
        (12, 1_240, True, "failed", None, "12 of 1,240 rows are no newer"),
        (0, 0, False, "inconclusive", "warned", "no row was scored"),
    ],
)  # fmt: skip
def test_rows_that_may_have_been_trained_on_warn(known, rows, own_source, verdict, effect, message):
    check = check_overlap(known, rows, watermark=END, own_source=own_source)
    assert (check.code, check.verdict, check.effect) == ("SL-B009", verdict, effect)
    assert check.message.startswith(message)
    assert (check.value, check.limit, check.n) == (known, 0, rows)


def test_rows_of_the_champions_own_time_are_told(tmp_path):
    trained = case(tmp_path)
    rows = rows_of(0, 40)
    watermark = moment_text(rows["at"][9].as_py())
    scored = trained.score(rows, watermark=watermark)
    check = check_of(scored, "SL-B009")
    assert (check.value, check.n, check.effect) == (10, 40, "warned")
    assert scored.published is not None
