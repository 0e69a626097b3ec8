import hashlib
import re
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.tables import RejectedLine
from stageline.tables.row_ids import line_ids, row_ids

VALUES = st.none() | st.sampled_from(["", "a", "b", "=", ":", "1:a=1:b", "ä"])
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=12)


def table_of(rows, names=("a", "b")):
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})


def base(one):
    return one.partition("-")[0]


def test_an_id_is_a_short_digest_with_a_number_from_the_second_row_on_that_holds_the_same():
    first, other, second, third = row_ids(table_of([("a", "b"), ("b", "a"), ("a", "b"), ("a", "b")]))
    assert re.fullmatch(r"[0-9a-f]{24}", first)
    assert re.fullmatch(r"[0-9a-f]{24}", other)
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_an_id_is_the_same_in_every_run():
    # Were it another, no release of a row would be found again.
    assert row_ids(pa.table({"a": [1], "b": ["x"]})) == ["19cdd026a30f79c4520f61fe"]
    assert hashlib.sha256(b"1:a=1:1" + b"1:b=1:x").hexdigest().startswith("19cdd026a30f79c4520f61fe")


@given(ROWS)
def test_rows_have_one_id_exactly_if_they_hold_the_same(rows):
    ids = row_ids(table_of(rows))
    assert len(set(ids)) == len(rows)
    assert Counter(Counter(map(base, ids)).values()) == Counter(Counter(rows).values())


@given(ROWS, st.randoms())
def test_the_order_of_rows_and_columns_does_not_matter(rows, rng):
    shuffled = rng.sample(rows, len(rows))
    ids = row_ids(table_of(shuffled).select(["b", "a"]))
    assert sorted(ids) == sorted(row_ids(table_of(rows)))


@given(ROWS, st.integers(0, 12))
def test_chunks_do_not_matter(rows, at):
    table = table_of(rows)
    assert row_ids(pa.concat_tables([table.slice(0, at), table.slice(at)])) == row_ids(table)


def test_a_column_in_which_the_row_is_null_does_not_matter():
    rows = pa.table({"a": [1, 2]})
    assert row_ids(rows.append_column("new", pa.nulls(2, pa.string()))) == row_ids(rows)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": ["x"]}, {"b": ["x"]}),
        ({"a": [None], "b": ["x"]}, {"a": ["x"], "b": [None]}),
        ({"a": [""]}, {"a": [None]}),
        ({"a": ["null"]}, {"a": [None]}),
        ({"a": ["1:b=1:x"]}, {"a": [""], "b": ["x"]}),
    ],
)
def test_rows_that_look_alike_have_different_ids(one, two):
    assert row_ids(pa.table(one)) != row_ids(pa.table(two))


def test_a_whole_number_keeps_its_id_when_a_fraction_elsewhere_changes_its_column():
    assert row_ids(pa.table({"a": [12]})) == row_ids(pa.table({"a": [12.0, 0.5]}))[:1]


def test_a_row_of_many_megabytes_has_an_id_too():
    table = pa.table({"a": ["x" * 30_000_000, "y" * 30_000_000, "x"]})
    assert len(set(row_ids(pa.concat_tables([table, table])))) == 6


def test_no_rows_have_no_ids():
    assert row_ids(pa.table({"a": pa.array([], pa.int64())})) == []


def test_a_lines_id_is_of_its_text_and_its_number():
    lines = [RejectedLine(3, "x", "has 1 value instead of 2"), RejectedLine(4, "x", "has 1 value instead of 2")]
    one, two = line_ids(lines)
    assert one != two
    assert line_ids([RejectedLine(3, "x", "in other words")]) == [one]
    assert line_ids([RejectedLine(3, "y", "has 1 value instead of 2")]) != [one]
