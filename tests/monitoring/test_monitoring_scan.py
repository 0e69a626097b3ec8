import decimal
import math

import numpy as np
import pyarrow as pa
import pytest
from counted_tables import BINS, by_hand, same, seen, tables
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.monitoring.bins import CategoryBins, NumericBins
from stageline.monitoring.scan import count_rows

GROUPED = {"groups": lambda batch: batch.column("group").to_numpy(), "group_count": 3}


def whole(table, **how):
    return count_rows(table.combine_chunks().to_batches(), BINS, **how)


def batches(table, sizes):
    """Cut a table into batches of these sizes, over and over."""
    found, begin, at = [], 0, 0
    while begin < table.num_rows:
        found += table.slice(begin, sizes[at % len(sizes)]).combine_chunks().to_batches()
        begin += sizes[at % len(sizes)]
        at += 1
    return found


@given(tables())
def test_counts_are_those_of_counting_value_by_value(table):
    counts = whole(table)
    assert seen(counts) == by_hand(table)
    assert counts.rows.tolist() == [table.num_rows]
    grouped = whole(table, **GROUPED)
    for group in range(3):
        assert seen(grouped, group) == by_hand(table, group)


@given(tables(), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_batches_in_any_order_add_up_to_the_same(table, sizes, order):
    parts = batches(table, sizes)
    order.shuffle(parts)
    for how in ({}, GROUPED):
        once = whole(table, **how)
        assert same(count_rows(parts, BINS, **how), once)
        nothing = count_rows([], BINS, group_count=how.get("group_count", 1))
        assert same(sum((count_rows([part], BINS, **how) for part in parts), nothing), once)


@given(tables())
def test_groups_together_are_the_table(table):
    grouped = whole(table, **GROUPED)
    assert same(grouped.together([0, 1, 2]), whole(table))
    chosen = table.filter(pa.array([group != 1 for group in table["group"].to_pylist()], pa.bool_()))
    assert same(grouped.together([2, 0]), whole(chosen))
    assert same(grouped.together([]), whole(table.slice(0, 0)))


@given(tables())
def test_each_row_is_counted_once_in_each_column(table):
    for how in ({}, GROUPED):
        counts = whole(table, **how)
        for column in counts.columns.values():
            assert (column.n + column.nulls + column.odd).tolist() == counts.rows.tolist()
            assert (column.bins >= 0).all()


@given(tables())
def test_texts_count_the_same_with_a_dictionary_and_without(table):
    plain = table.set_column(3, "known", table["known"].combine_chunks().dictionary_decode())
    coded = table.set_column(2, "text", table["text"].combine_chunks().dictionary_encode())
    large = table.set_column(2, "text", table["text"].cast(pa.large_string()))
    for other in (plain, coded, large):
        assert same(whole(other), whole(table))


def test_batches_of_one_dictionary_and_of_others_agree():
    names = ["b", "c", "other", None, "c", "b"] * 5
    table = pa.table({"known": pa.array(names)})
    bins = {"known": BINS["known"]}
    one = pa.chunked_array([table["known"].combine_chunks().dictionary_encode()])
    several = pa.chunked_array(
        [table["known"].slice(begin, 4).combine_chunks().dictionary_encode() for begin in range(0, 30, 4)]
    )
    expected = ([10, 10, 5], 5, 0)
    for column in (one, several):
        coded = pa.table({"known": column})
        assert seen(count_rows(coded.to_batches(max_chunksize=7), bins))["known"] == expected


def test_a_null_in_the_dictionary_is_no_category():
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, None], pa.int32()), pa.array(["b", None]))
    counts = count_rows([pa.record_batch({"known": column})], {"known": BINS["known"]})
    assert seen(counts)["known"] == ([1, 0, 0], 3, 0)


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.uint64(), pa.float16(), pa.float32(), pa.decimal128(9, 2)])
def test_numbers_of_every_type_fall_into_the_same_bins(kind):
    values = [decimal.Decimal(value) for value in range(5)] if pa.types.is_decimal(kind) else range(5)
    values = np.arange(5, dtype=np.float16) if pa.types.is_float16(kind) else values
    bins = {"x": NumericBins((1.0, 3.0))}
    counts = count_rows([pa.record_batch({"x": pa.array(values, kind)})], bins)
    assert counts.columns["x"].bins.tolist() == [[1, 2, 2]]
    assert (counts.columns["x"].low[0], counts.columns["x"].high[0]) == (0.0, 4.0)


def test_whole_numbers_beyond_what_a_float_holds_are_counted():
    table = pa.record_batch({"x": pa.array([2**63 - 1, -(2**63), 2**53 + 1, None])})
    counts = count_rows([table], {"x": NumericBins((0.0, 2.0**62))})
    assert seen(counts)["x"] == ([1, 1, 1], 1, 0)
    unsigned = pa.record_batch({"x": pa.array([2**64 - 1], pa.uint64())})
    assert seen(count_rows([unsigned], {"x": NumericBins((0.0, 2.0**62))}))["x"] == ([0, 0, 1], 0, 0)


def test_numbers_near_the_largest_there_are_still_have_bins():
    table = pa.record_batch({"x": pa.array([1.7e308, -1.7e308, 1.0])})
    counts = count_rows([table, table], {"x": NumericBins((0.0, 2.0))})
    assert seen(counts)["x"] == ([2, 2, 2], 0, 0)
    assert (counts.columns["x"].low[0], counts.columns["x"].high[0]) == (-1.7e308, 1.7e308)


def test_ends_leave_out_the_odd():
    values = [1.0, 2.0, math.nan, math.inf, None, 6.0]
    table = pa.record_batch({"x": pa.array(values), "group": pa.array([0, 1, 0, 1, 1, 1])})
    counts = count_rows([table], {"x": NumericBins((2.0,))}, **GROUPED).columns["x"]
    assert counts.low.tolist() == [1.0, 2.0, math.inf]
    assert counts.high.tolist() == [1.0, 6.0, -math.inf]
    assert (counts.nulls.tolist(), counts.odd.tolist()) == ([0, 1, 0], [1, 1, 0])


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (pa.null(), NumericBins((0.0,))),
        (pa.float64(), NumericBins((0.0,))),
        (pa.null(), CategoryBins(("a",), complete=True)),
        (pa.string(), CategoryBins(("a",), complete=True)),
        (pa.dictionary(pa.int32(), pa.string()), CategoryBins((), complete=True)),
    ],
)
def test_nulls_alone_are_counted_whatever_their_type(type_, kind):
    counts = count_rows([pa.record_batch({"x": pa.nulls(3, type_)})], {"x": kind})
    assert seen(counts)["x"] == ([0] * kind.count, 3, 0)


def test_a_column_that_is_missing_is_named_whatever_batch_it_is():
    table = pa.record_batch({"x": [1.0], "y": [2.0]})
    with pytest.raises(DataError, match="column 'z' is missing; there are: x, y"):
        count_rows([table] * 5, {"z": NumericBins(())})


@pytest.mark.parametrize("column", [pa.array(["1"]), pa.array([True]), pa.array(["1"]).dictionary_encode()])
def test_no_numbers_where_the_reference_has_them_are_refused(column):
    with pytest.raises(DataError, match=r"column 'x' is .*: the reference holds numbers there"):
        count_rows([pa.record_batch({"x": column})], {"x": NumericBins((1.0,))})


def test_what_has_no_text_is_refused_as_a_category():
    with pytest.raises(DataError, match=r"column 'x' is list<item: int64>: "):
        count_rows([pa.record_batch({"x": pa.array([[1]])})], {"x": CategoryBins(("a",), complete=True)})
