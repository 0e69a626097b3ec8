# ruff: noqa: DTZ001 - times without a zone are what these tests are about

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.tables import parse_event_time

NAIVE, AWARE = pa.timestamp("us"), pa.timestamp("us", "UTC")


def parse(values, kind=None):
    return parse_event_time(pa.table({"t": pa.array(values, kind)}), "t")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            ["2024-01-01T10:00", "2024-01-01T11:00Z", "2024-01-01T12:00"],
            "event time 't': mixes times with and without a time zone: row 2 has '2024-01-01T11:00Z', row 1 has "
            "'2024-01-01T10:00'; write all of them with an offset, or none",
        ),
        (["2024-01-01T10+01", "2024-01-01"], "row 1 has '2024-01-01T10+01', row 2 has '2024-01-01'"),
        (
            ["2024-01-01", "2024-02-30"],
            "event time 't': row 2 has '2024-02-30', which is no ISO 8601 date or time; write e.g. 2026-03-21T14:00:00",
        ),
        (["2024-01-01", ""], "row 2 has '', which is no ISO 8601"),
        (["01/02/2024"], "row 1 has '01/02/2024', which is no ISO 8601"),
        (["2024-01-01", "now"], "row 2 has 'now', which is no ISO 8601"),
        (["today"], "row 1 has 'today', which is no ISO 8601"),
        (["2024-01-01", "nan"], "row 2 has 'nan', which is no ISO 8601"),
        (["2024-01-01T25:00:00+01:00"], "row 1 has '2024-01-01T25:00:00+01:00', which is no ISO 8601"),
        (["2024-01-01", None, None], "event time 't': 2 null(s), first in row 2"),
        ([date(2024, 1, 1), None], "event time 't': 1 null(s), first in row 2"),
        ([1, 2], "event time 't': has type int64; expected dates or timestamps, e.g. 2026-03-21T14:00:00+01:00"),
        ([1.5], "event time 't': has type double; expected dates or timestamps"),
        ([True], "event time 't': has type bool; expected dates or timestamps"),
    ],
)
def test_what_is_no_order_of_times_is_refused(values, sentence):
    with pytest.raises(DataError) as refusal:
        parse(values)
    assert sentence in str(refusal.value)


def test_a_time_too_far_for_microseconds_is_refused():
    with pytest.raises(DataError, match="event time 't': holds a time too far away"):
        parse([2**62], pa.timestamp("s"))


@pytest.mark.parametrize(
    ("texts", "kind", "expected"),
    [
        (["2024-01-01"], NAIVE, datetime(2024, 1, 1)),
        (["2024-01-01 10:00"], NAIVE, datetime(2024, 1, 1, 10)),
        ([" 2024-01-01T10:00:00.5 "], NAIVE, datetime(2024, 1, 1, 10, 0, 0, 500_000)),
        (["20240101T1000"], NAIVE, datetime(2024, 1, 1, 10)),
        (["2024-01-01T10:00Z"], AWARE, datetime(2024, 1, 1, 10, tzinfo=UTC)),
        (["2024-01-01T10:00+01:00"], AWARE, datetime(2024, 1, 1, 9, tzinfo=UTC)),
        (["2024-01-01 10:00:00-0530"], AWARE, datetime(2024, 1, 1, 15, 30, tzinfo=UTC)),
        (["20240101T1000+0100"], AWARE, datetime(2024, 1, 1, 9, tzinfo=UTC)),
        (["1890-01-01T10:00+01"], AWARE, datetime(1890, 1, 1, 9, tzinfo=UTC)),
    ],
)
def test_iso_times_are_read(texts, kind, expected):
    times = parse(texts)
    assert times.type == kind
    assert times.to_pylist() == [expected]


def test_different_offsets_become_utc():
    # The hour that a change from summer time repeats is told apart by its offset.
    times = parse(["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", "2024-10-27T00:00:00Z"])
    assert times.type == AWARE
    assert [time.hour for time in times.to_pylist()] == [0, 1, 0]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_timestamps_come_in_microseconds_whatever_their_unit(unit, zone):
    moment = datetime(2024, 7, 1, 12, tzinfo=UTC if zone else None)
    times = parse([moment], pa.timestamp(unit, zone))
    assert times.type == (AWARE if zone else NAIVE)
    assert times.to_pylist() == [moment]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_are_midnights(kind):
    assert parse([date(2024, 2, 29)], kind).to_pylist() == [datetime(2024, 2, 29)]


def test_categories_and_large_texts_are_texts():
    assert parse(["2024-01-01"], pa.large_string()).to_pylist() == [datetime(2024, 1, 1)]
    table = pa.table({"t": pa.array(["2024-01-01", "2024-01-02"]).dictionary_encode()})
    assert parse_event_time(table, "t").to_pylist() == [datetime(2024, 1, 1), datetime(2024, 1, 2)]


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=10))
def test_what_python_writes_is_read_back(moments):
    assert parse([moment.isoformat() for moment in moments]).to_pylist() == moments


@given(st.lists(st.datetimes(timezones=st.timezones()), min_size=1, max_size=10))
def test_any_zone_is_read_as_the_same_moment(moments):
    # Offsets of whole minutes: ISO 8601 has no others.
    whole = [moment for moment in moments if moment.utcoffset().total_seconds() % 60 == 0]
    texts = [moment.isoformat() for moment in whole if 1900 < moment.year < 2200]
    if texts:
        assert parse(texts).to_pylist() == [datetime.fromisoformat(text) for text in texts]
