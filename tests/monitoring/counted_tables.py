"""Tables of every kind of column, and what counting them row by row gives."""

import math

import pyarrow as pa
from hypothesis import strategies as st

from stageline.monitoring.bins import CategoryBins, NumericBins

NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0, math.nan, math.inf, -math.inf, 5e-324, 1e300, -1e300]),
    st.floats(-10, 10),
)
TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "", "new", "ü"]))
BINS = {
    "number": NumericBins((-3.0, 0.0, 5e-324, 1.0, math.nextafter(1.0, 2.0), 4.0)),
    "whole": NumericBins((0.0, 10.0, 2.0**60)),
    "text": CategoryBins(("a", "b", ""), complete=True),
    "known": CategoryBins(("b", "c"), complete=False),
    "flag": CategoryBins(("true", "false"), complete=True),
}


@st.composite
def tables(draw, most=60):
    """Draw a table with the columns of `BINS`, and a group, 0 to 2, for each row."""
    rows = draw(
        st.lists(
            st.tuples(
                NUMBERS, st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 12)),
                TEXTS, TEXTS, st.one_of(st.none(), st.booleans()), st.integers(0, 2),
            ),
            max_size=most,
        )
    )  # fmt: skip
    number, whole, text, known, flag, group = zip(*rows, strict=True) if rows else [()] * 6
    return pa.table(
        {
            "number": pa.array(number, pa.float64()),
            "whole": pa.array(whole, pa.int64()),
            "text": pa.array(text, pa.string()),
            "known": pa.array(known, pa.string()).dictionary_encode(),
            "flag": pa.array(flag, pa.bool_()),
            "group": pa.array(group, pa.int64()),
        }
    )


def by_hand(table, group=None):
    """Count one group's rows, one value after the other: bins, nulls and odd of each column."""
    rows = [row for row in table.to_pylist() if group is None or row["group"] == group]
    counts = {}
    for name, kind in BINS.items():
        bins, nulls, odd = [0] * kind.count, 0, 0
        for row in rows:
            value = row[name]
            if value is None:
                nulls += 1
            elif isinstance(kind, CategoryBins):
                called = str(value).lower() if isinstance(value, bool) else value
                bins[kind.names.index(called) if called in kind.names else -1] += 1
            elif not math.isfinite(value):
                odd += 1
            else:
                bins[sum(float(value) >= cut for cut in kind.cuts)] += 1
        counts[name] = (bins, nulls, odd)
    return counts


def seen(counts, group=0):
    """Return the same of counts."""
    return {
        name: (column.bins[group].tolist(), int(column.nulls[group]), int(column.odd[group]))
        for name, column in counts.columns.items()
    }


def same(one, other):
    """Whether two counts agree."""
    assert one.rows.tolist() == other.rows.tolist()
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        beside = other.columns[name]
        for part in ("bins", "nulls", "odd", "low", "high"):
            assert getattr(column, part).tolist() == getattr(beside, part).tolist(), (name, part)
    return True
