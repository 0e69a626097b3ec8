from datetime import UTC, datetime

import pyarrow as pa
import pytest

from stageline.exceptions import DataError
from stageline.monitoring.window_rows import rows_in
from stageline.monitoring.windows import Window

MARCH = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
TEXTS = ["2026-02-28T23:59:59", "2026-03-01T00:00:00", "2026-03-31T23:59:59", "2026-04-01T00:00:00", None]


def kept(times):
    batch = pa.RecordBatch.from_pydict({"at": times, "n": pa.array(range(len(times)))})
    return [row for one in rows_in([batch], MARCH, "at", name="rides") for row in one.column("n").to_pylist()]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(TEXTS),
        pa.array(TEXTS).dictionary_encode(),
        pa.array([text and f"{text}Z" for text in TEXTS]),
        pa.array([text and datetime.fromisoformat(text) for text in TEXTS], pa.timestamp("s")),
        pa.array([text and datetime.fromisoformat(text).replace(tzinfo=UTC) for text in TEXTS]),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(times):
    assert kept(times) == [1, 2]


def test_offsets_are_brought_to_utc():
    assert kept(pa.array(["2026-03-01T00:30:00+01:00", "2026-03-31T23:30:00-01:00", "2026-03-01T01:00:00+01:00"])) == [
        2
    ]


def test_what_is_no_time_is_named():
    with pytest.raises(DataError, match="'rides': event time 'at': row 1 has 'soon'"):
        kept(pa.array(["soon"]))


def test_rows_without_a_window_are_all_kept_and_a_window_needs_times():
    batch = pa.RecordBatch.from_pydict({"n": [1]})
    assert list(rows_in([batch], None, None, name="rides")) == [batch]
    with pytest.raises(DataError, match="'rides': rows of a window are asked for, but no event time is named"):
        list(rows_in([batch], MARCH, None, name="rides"))
