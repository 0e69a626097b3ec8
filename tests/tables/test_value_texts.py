# ruff: noqa: DTZ001 - times without a zone are what these tests are about

import math
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.tables.value_texts import as_texts, from_texts


def ints(bits, *, signed=True):
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


def counted(kind, values):
    """Arrays of a type that is a count underneath, over all that 32 or 64 bits hold."""
    width = pa.int32() if pa.types.is_date32(kind) or pa.types.is_time32(kind) else pa.int64()
    return st.lists(st.none() | values, max_size=8).map(lambda drawn: pa.array(drawn, width).cast(kind))


def plain(kind, values):
    return st.lists(st.none() | values, max_size=8).map(lambda drawn: pa.array(drawn, kind))


def decimals(kind):
    digits = st.integers(-(10**kind.precision) + 1, 10**kind.precision - 1)
    return plain(kind, digits.map(lambda number: Decimal(f"{number}E{-kind.scale}")))


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
BYTES = st.binary(max_size=8)
FLOAT32 = st.floats(width=32)
PLAIN = [
    plain(pa.bool_(), st.booleans()),
    *(plain(getattr(pa, f"int{bits}")(), ints(bits)) for bits in (8, 16, 32, 64)),
    *(plain(getattr(pa, f"uint{bits}")(), ints(bits, signed=False)) for bits in (8, 16, 32, 64)),
    plain(pa.float64(), st.floats()),
    plain(pa.float32(), FLOAT32),
    plain(pa.float16(), st.floats(width=16).map(np.float16)),
    *(plain(kind, TEXT) for kind in (pa.string(), pa.large_string(), pa.string_view())),
    *(plain(kind, BYTES) for kind in (pa.binary(), pa.large_binary(), pa.binary_view())),
    plain(pa.binary(3), st.binary(min_size=3, max_size=3)),
    plain(pa.dictionary(pa.int8(), pa.string()), TEXT),
    plain(pa.null(), st.none()),
    *(
        counted(pa.timestamp(unit, zone), ints(64))
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "UTC", "Europe/Berlin", "+05:30")
    ),
    counted(pa.timestamp("us", "Europe/Berlin"), st.integers(0, 2 * 10**15)),
    counted(pa.date32(), ints(32)),
    counted(pa.date32(), st.integers(-30_000, 30_000)),
    counted(pa.date64(), st.integers(-(10**11), 10**11).map(lambda days: days * 86_400_000)),
    counted(pa.date64(), st.integers(-30_000, 30_000).map(lambda days: days * 86_400_000)),
    counted(pa.time32("s"), st.integers(0, 86_399)),
    counted(pa.time32("ms"), st.integers(0, 86_399_999)),
    counted(pa.time64("us"), st.integers(0, 86_399_999_999)),
    counted(pa.time64("ns"), st.integers(0, 86_399_999_999_999)),
    *(counted(pa.duration(unit), ints(64)) for unit in ("s", "ms", "us", "ns")),
]
DECIMALS = [decimals(kind) for kind in (pa.decimal32(5, 2), pa.decimal64(12, 6), pa.decimal128(38, 9))]
DECIMALS += [decimals(kind) for kind in (pa.decimal128(10, -3), pa.decimal256(60, 30))]


def lists_of(array):
    cuts = st.lists(st.integers(0, len(array)), max_size=4).map(sorted)
    return cuts.map(lambda ends: pa.ListArray.from_arrays([0, *ends, len(array)], array))


def other_lists_of(array):
    large = st.just(pa.LargeListArray.from_arrays([0, 0, len(array)], array))
    fixed = pa.FixedSizeListArray.from_arrays(array, 1)
    missing = st.lists(st.booleans(), min_size=len(array), max_size=len(array)).map(
        lambda out: pa.array(out, pa.bool_())
    )
    return large | missing.map(lambda out: pa.FixedSizeListArray.from_arrays(fixed.values, 1, mask=out))


def structs_of(array):
    return st.lists(st.booleans(), min_size=len(array), max_size=len(array)).map(
        lambda missing: pa.StructArray.from_arrays([array, array], ["a", "b"], mask=pa.array(missing, pa.bool_()))
    )


def maps_of(array):
    keys = pa.array([f"k{number}" for number in range(len(array))], pa.string())
    return st.integers(0, len(array)).map(
        lambda cut: pa.MapArray.from_arrays(pa.array([0, cut, cut, len(array)], pa.int32()), keys, array)
    )


ARRAYS = st.recursive(
    st.one_of(PLAIN + DECIMALS),
    lambda inner: inner.flatmap(
        lambda array: st.one_of(lists_of(array), other_lists_of(array), structs_of(array), maps_of(array))
    ),
    max_leaves=3,
)


def same(one, other):
    """Whether two arrays hold the same, NaN being NaN and 0.0 no -0.0."""
    try:
        return one.type == other.type and repr(one.to_pylist()) == repr(other.to_pylist())
    except (OverflowError, pd.errors.OutOfBoundsDatetime):
        return one.equals(other)  # neither Python nor pandas knows every year


@settings(max_examples=400)
@given(ARRAYS, st.integers(0, 3))
def test_every_value_comes_back_as_it_was(array, begin):
    array = array.slice(begin)
    texts = as_texts(array, "a")
    assert texts.type == pa.large_string()
    assert texts.is_null().equals(array.is_null())
    again = from_texts(texts, array.type)
    again.validate(full=True)
    assert same(again, array)


@settings(max_examples=100)
@given(st.one_of(PLAIN), st.data())
def test_a_values_text_does_not_depend_on_its_neighbours(array, data):
    at = data.draw(st.integers(0, max(len(array) - 1, 0)))
    whole = as_texts(array, "a").to_pylist()
    assert as_texts(array.slice(at, 1), "a").to_pylist() == whole[at : at + 1]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([2**53 + 1, -(2**63)], pa.int64(), ["9007199254740993", "-9223372036854775808"]),
        ([0.1, -0.0, 1e300, math.inf, math.nan], pa.float64(), ["0.1", "-0", "1e+300", "inf", "nan"]),
        ([Decimal("1.10")], pa.decimal128(10, 2), ["1.10"]),
        ([True, None], pa.bool_(), ["true", None]),
        ([b"\0\xff"], pa.binary(), ["AP8="]),
        ([date(2024, 2, 29)], pa.date32(), ["2024-02-29"]),
        ([datetime(2024, 7, 1, 12, 30)], pa.timestamp("s"), ["2024-07-01 12:30:00"]),
        ([1_719_837_000_000_001], pa.timestamp("us", "Europe/Berlin"), ["2024-07-01 12:30:00.000001Z"]),
        ([2**62], pa.timestamp("us"), ["4611686018427387904 us"]),
        ([["x", None], None, []], pa.list_(pa.string()), ['["x",null]', None, "[]"]),
        ([{"a": 1, "b": None}, None], pa.struct([("a", pa.int8()), ("b", pa.string())]), ['["1",null]', None]),
    ],
)
def test_texts_read_as_everywhere(values, kind, texts):
    assert as_texts(pa.array(values, kind), "a").to_pylist() == texts


def test_a_type_without_texts_is_refused():
    values = pa.array([pa.MonthDayNano([1, 2, 3])])
    with pytest.raises(DataError) as refusal:
        as_texts(values, "when")
    assert str(refusal.value) == (
        "column 'when' has type month_day_nano_interval, whose values quarantine cannot keep; "
        "write it as text or number in the source"
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", pa.int64()),
        ("1.5", pa.int64()),
        ("300", pa.int8()),
        ("20240101", pa.timestamp("s")),
        ("20240101", pa.date32()),
        ("20240101 us", pa.timestamp("s")),
        ("x days", pa.date32()),
        ("2024-01-01 00:00:00.5", pa.timestamp("s")),
        ("2024-01-01 00:00:00", pa.timestamp("s", "UTC")),
        ("2024-01-01 00:00:00Z", pa.timestamp("s")),
        ("25:00:00", pa.time32("s")),
        ("x", pa.null()),
        ("not base64", pa.binary()),
        ("AP8=", pa.binary(3)),
        ("x", pa.list_(pa.int64())),
        ('["x"]', pa.list_(pa.int64())),
        ("[1]", pa.list_(pa.int64())),
        ('["1","2"]', pa.list_(pa.int64(), 3)),
        ('["1","2"]', pa.struct([("a", pa.int64())])),
    ],
)
def test_a_text_that_is_no_value_of_the_type_is_an_error(text, kind):
    with pytest.raises(ValueError):  # noqa: PT011 - Arrow's own words are not ours to test
        from_texts(pa.array([text], pa.large_string()), kind)
