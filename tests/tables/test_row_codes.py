import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.tables import row_codes as room
from stageline.tables.row_codes import row_codes

FLOATS = st.sampled_from([None, math.nan, 0.0, -0.0, 1.5, math.inf])
TEXTS = st.sampled_from([None, "", "a", "b"])
INTS = st.sampled_from([None, -(2**63), 0, 2**63 - 1])
ROWS = st.lists(st.tuples(FLOATS, TEXTS, INTS), max_size=12)


def table_of(rows):
    kinds = (pa.float64(), pa.string(), pa.int64())
    columns = {f"c{at}": pa.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)}
    return pa.table(columns)


def plain(row):
    number = None if row[0] is None or math.isnan(row[0]) else row[0] + 0.0
    return (number, *row[1:])


@given(ROWS, st.integers(0, 12))
def test_two_rows_have_one_code_exactly_if_they_are_equal(rows, cut):
    table = table_of(rows)
    table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    codes = row_codes(table)
    assert codes.dtype == np.int64
    equal = [[plain(one) == plain(two) for two in rows] for one in rows]
    assert (codes[:, None] == codes[None, :]).tolist() == equal


def test_many_columns_of_many_values_do_not_overflow(monkeypatch):
    rows = pa.table({f"c{at}": list(range(50)) for at in range(20)})
    doubled = pa.concat_tables([rows, rows])
    codes = row_codes(doubled)
    assert (codes[:50] == codes[50:]).all()
    assert len(set(codes.tolist())) == 50
    monkeypatch.setattr(room, "_MOST", 1)
    again = row_codes(doubled)
    assert (again[:, None] == again[None, :]).tolist() == (codes[:, None] == codes[None, :]).tolist()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1], [1], [2]]),
        pa.array([{"a": 1}, {"a": 1}, {"a": None}]),
        pa.array(["x", "x", "y"]).dictionary_encode(),
        pa.array([np.float16(1), np.float16(1), np.float16(2)]),
        pa.array([Decimal("1.10"), Decimal("1.10"), None], pa.decimal32(5, 2)),
        pa.array([Decimal("1.10"), Decimal("1.10"), None], pa.decimal256(50, 2)),
        pa.array([b"x", b"x", b""], pa.binary_view()),
        pa.array([b"x", b"x", b""]),
        pa.array([0, 0, 1], pa.time32("s")),
    ],
)
def test_values_of_any_type_can_be_compared(values):
    one, two, three = row_codes(pa.table({"a": values})).tolist()
    assert one == two != three


def test_a_table_without_rows_or_columns_has_as_many_codes_as_rows():
    assert row_codes(pa.table({"a": pa.chunked_array([], pa.int64())})).tolist() == []
    assert row_codes(pa.table({"a": [1, 2]}).select([])).tolist() == [0, 0]


def test_a_type_that_cannot_be_compared_is_refused():
    values = pa.array([[1]], pa.list_view(pa.int64()))
    with pytest.raises(DataError, match=r"column 'a' has type list_view<item: int64>, whose values cannot be compared"):
        row_codes(pa.table({"a": values}))
