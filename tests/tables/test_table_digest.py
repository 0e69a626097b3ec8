import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stageline.tables import digest_table

VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(max_size=8),
    pa.bool_(): st.booleans(),
    pa.binary(): st.binary(max_size=4),
    pa.timestamp("us", "UTC"): st.datetimes(
        datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - bounds are naive
    ),
    pa.decimal128(10, 2): st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100),
    pa.list_(pa.large_string()): st.lists(st.none() | st.text(max_size=3), max_size=3),
    pa.map_(pa.large_string(), pa.large_string()): st.lists(
        st.tuples(st.text(max_size=3), st.none() | st.text(max_size=3)), max_size=3
    ),
}  # fmt: skip


@st.composite
def columns(draw, min_size=0, max_size=20):
    kind = draw(st.sampled_from(list(VALUES)))
    return pa.array(draw(st.lists(st.none() | VALUES[kind], min_size=min_size, max_size=max_size)), kind)


def of(column, name="a"):
    return digest_table(pa.table({name: column}))


@given(columns(), st.lists(st.integers(0, 20), max_size=4), st.lists(st.none() | st.integers(0, 3), max_size=3))
def test_chunks_and_slices_do_not_matter(column, cuts, padding):
    edges = sorted({0, len(column), *(cut for cut in cuts if cut <= len(column))})
    pieces = [column.slice(begin, end - begin) for begin, end in itertools.pairwise(edges)]
    assert of(pa.chunked_array(pieces, column.type)) == of(column)
    longer = pa.concat_arrays([column.slice(0, 1), column, column.slice(0, len(padding))])
    begin = min(1, len(column))
    assert of(longer.slice(begin, len(column))) == of(column)


@given(columns())
def test_what_lies_under_a_null_does_not_matter(column):
    assume(pa.types.is_primitive(column.type))
    column = pa.concat_arrays([column, pa.nulls(1, column.type)])
    validity, data = column.buffers()
    other = pa.py_buffer(bytes(255 - byte for byte in data.to_pybytes()))
    inverted = pa.Array.from_buffers(column.type, len(column), [validity, other], offset=column.offset)
    only_nulls = pa.nulls(len(column), column.type)
    mixed = pa.compute.if_else(column.is_valid(), column, inverted)
    assert of(mixed) == of(column)
    assert (of(only_nulls) == of(column)) == (column.null_count == len(column))


@given(columns(min_size=1), st.data())
def test_any_change_of_a_value_or_a_null_matters(column, data):
    at = data.draw(st.integers(0, len(column) - 1))
    values = column.to_pylist()
    other = data.draw(st.none() | VALUES[column.type])
    assume(other != values[at])
    changed = pa.array([*values[:at], other, *values[at + 1 :]], column.type)
    assert of(changed) != of(column)


@given(columns(), st.randoms())
def test_the_order_of_rows_matters(column, rng):
    order = list(range(len(column)))
    rng.shuffle(order)
    shuffled = column.take(pa.array(order, pa.int64()))
    assert (of(shuffled) == of(column)) == (shuffled.to_pylist() == column.to_pylist())


@given(columns(), columns())
def test_columns_are_kept_apart(one, two):
    rows = min(len(one), len(two))
    table = pa.table({"a": one.slice(0, rows), "b": two.slice(0, rows)})
    assert digest_table(table.rename_columns(["a", "c"])) != digest_table(table)
    assert digest_table(table.select(["b", "a"])) != digest_table(table)
    assert digest_table(table.select(["a"])) != digest_table(table)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (pa.array([1, 2]), pa.array([1, 2], pa.int32())),
        (pa.array(["a"]), pa.array([b"a"])),
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array(["", None]), pa.array([None, ""])),
        (pa.array([0.0]), pa.array([-0.0])),
        (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC"))),
        (pa.array([None]), pa.array([None], pa.int64())),
        (pa.array(["x"]).dictionary_encode(), pa.array(["y"]).dictionary_encode()),
    ],
)
def test_tables_that_look_alike_differ(one, two):
    assert of(one) != of(two)


def test_a_name_cannot_pose_as_a_type():
    assert of(pa.array([1]), "a\0int64") != of(pa.array([1]), "a")


def test_the_dictionary_behind_a_column_does_not_matter():
    one = pa.DictionaryArray.from_arrays([0, 1], ["x", "y"])
    two = pa.DictionaryArray.from_arrays([1, 0], ["y", "x"])
    assert of(one) == of(two)


def test_the_digest_says_its_algorithm():
    assert of(pa.array([1])).startswith("sha256:")
    assert len(of(pa.array([1]))) == len("sha256:") + 64
