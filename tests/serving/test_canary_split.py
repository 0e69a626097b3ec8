from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.serving.split import in_canary, salt_of, share_of, shares_of

SALT = salt_of("small", 12)
TIMES = st.datetimes(datetime(1677, 9, 22), datetime(2262, 4, 10))  # noqa: DTZ001 - times without a zone
KINDS = {
    "int64": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "uint8": (st.integers(0, 255), pa.uint8()),
    "text": (st.text(max_size=20), pa.string()),
    "long text": (st.text(min_size=10, max_size=90), pa.large_string()),
    "view": (st.text(max_size=20), pa.string_view()),
    "naive": (TIMES, pa.timestamp("us")),
    "aware": (TIMES.map(lambda at: at.replace(tzinfo=UTC)), pa.timestamp("us", "UTC")),
    "seconds": (TIMES.map(lambda at: at.replace(microsecond=0)), pa.timestamp("s")),
    "date": (st.dates(date(1700, 1, 1), date(2200, 1, 1)), pa.date32()),
    "float": (st.floats(), pa.float64()),
    "bool": (st.booleans(), pa.bool_()),
    "decimal": (st.decimals(-999, 999, places=2), pa.decimal128(10, 2)),
    "binary": (st.binary(max_size=8), pa.binary()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_alone_in_a_list_and_in_a_column_is_the_same_key(kind):
    values, arrow = KINDS[kind]

    @given(st.lists(st.none() | values, max_size=8))
    def check(drawn):
        alone = [share_of({"id": value}, SALT) for value in drawn]
        assert shares_of({"id": drawn}, SALT).tolist() == alone
        assert shares_of(pa.table({"id": pa.array(drawn, arrow)}), SALT).tolist() == alone

    check()


@given(st.lists(st.tuples(st.none() | st.integers(-9, 9), st.none() | st.text(max_size=4)), max_size=9))
def test_two_keys_in_any_order_of_columns_and_in_any_chunks(rows):
    numbers, texts = [row[0] for row in rows], [row[1] for row in rows]
    alone = [share_of({"n": n, "t": t}, SALT) for n, t in rows]
    half = len(rows) // 2
    chunked = pa.chunked_array([pa.array(texts[:half], pa.string()), pa.array(texts[half:], pa.string())])
    assert shares_of(pa.table({"t": chunked, "n": pa.array(numbers, pa.int16())}), SALT).tolist() == alone
    sliced = pa.table({"n": pa.array([5, *numbers], pa.int64()), "t": pa.array(["z", *texts], pa.string())}).slice(1)
    assert shares_of(sliced, SALT).tolist() == alone


@given(st.integers(-(2**52), 2**52))
def test_a_number_is_the_same_key_in_any_type(number):
    held = {
        share_of({"id": value}, SALT)
        for value in (number, float(number), str(number), np.int64(number), np.float64(number))
    }
    assert len(held) == 1
    assert {
        int(shares_of({"id": np.array([number])}, SALT)[0]),
        int(shares_of({"id": pd.Series([float(number)])}, SALT)[0]),
    } == held


@given(TIMES)
def test_a_time_is_the_same_key_in_any_zone_and_unit(at):
    aware = at.replace(tzinfo=UTC)
    values = [
        at,
        aware,
        aware.astimezone(timezone(timedelta(hours=5))),
        np.datetime64(at, "us"),
        np.datetime64(at, "ns"),
        pd.Timestamp(at),
        pa.scalar(at),
    ]
    assert len({share_of({"at": value}, SALT) for value in values}) == 1
    columns = [
        pa.array([at], pa.timestamp("ns")),
        pa.array([aware], pa.timestamp("us", "Europe/Berlin")),
        np.array([at], "datetime64[us]"),
    ]
    assert {int(shares_of({"at": column}, SALT)[0]) for column in columns} == {share_of({"at": at}, SALT)}


def test_what_is_null_is_one_key_whatever_says_so():
    nulls = [None, float("nan"), np.float64("nan"), np.datetime64("NaT"), pd.NaT, pa.scalar(None)]
    assert len({share_of({"id": value}, SALT) for value in nulls}) == 1
    assert share_of({"id": Decimal("1.50")}, SALT) == share_of({"id": "1.50"}, SALT)


@given(st.integers(), st.integers(0, 100), st.integers(0, 100))
def test_who_is_in_at_some_percent_is_in_at_every_greater_one(key, one, other):
    low, high = sorted((one, other))
    few, many = (in_canary({"id": [key]}, percent, SALT)[0] for percent in (low, high))
    assert many or not few


def test_nobody_is_in_at_0_and_everybody_at_100():
    keys = {"id": range(1_000)}
    assert not in_canary(keys, 0, SALT).any()
    assert in_canary(keys, 100, SALT).all()


@pytest.mark.parametrize(
    "keys",
    [
        range(200_000),
        [f"customer-{n:06}" for n in range(200_000)],
        [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(200_000)],
    ],
    ids=["numbers", "texts", "times"],
)
@pytest.mark.parametrize("percent", [1, 5, 25, 50])
def test_the_share_is_the_percent(keys, percent):
    chosen = in_canary({"id": keys}, percent, SALT).mean()
    # Five standard deviations of a fair draw.
    assert chosen == pytest.approx(percent / 100, abs=5 * (percent / 100 * (1 - percent / 100) / 200_000) ** 0.5)


def test_another_rollout_tries_others():
    keys = {"id": range(100_000)}
    first, second = (in_canary(keys, 10, salt_of("small", sequence)) for sequence in (12, 13))
    # Independent draws share a tenth of a tenth.
    assert (first & second).mean() == pytest.approx(0.01, abs=0.002)


def test_where_one_key_ends_and_the_next_begins_counts():
    assert (
        shares_of({"a": ["ab", "a"], "b": ["c", "bc"]}, SALT)[0]
        != shares_of({"a": ["ab", "a"], "b": ["c", "bc"]}, SALT)[1]
    )


def test_the_split_is_the_one_of_earlier_versions():
    # Changing it would move entities between the arms in the middle of a rollout.
    assert shares_of({"id": [1, 2, 3, 4, 5]}, "small/12").tolist() == [49, 1, 38, 13, 88]
    assert [share_of({"id": value}, "small/12") for value in ("a", "é", None, True, "x" * 100)] == [99, 75, 36, 16, 7]


def test_no_key_and_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="no key column"):
        shares_of({}, SALT)
    with pytest.raises(ValueError, match="differ in length"):
        shares_of({"a": [1], "b": [1, 2]}, SALT)
