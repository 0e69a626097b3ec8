"""The features of a request are those that batch scoring makes of the same rows, whichever way they are made."""

import math

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.serving.features import Columns, feature_rows
from stageline.serving.http.intake import Form, Intake
from stageline.serving.http.plain_rows import plain_rows
from stageline.serving.http.refused import RefusedRequest

COLUMNS = Columns(numeric=("a", "b"), categorical=("t", "u"), keys=("id",))
TYPES = {"id": pa.int64()}
INTAKE = Intake(COLUMNS, TYPES, frozenset({"b"}))
FORM = Form(time=False, keys=("id",))
NUMBERS = st.none() | st.floats(-1e15, 1e15) | st.integers(-(2**52), 2**52) | st.booleans() | st.just(math.nan)
TEXTS = st.none() | st.text(max_size=4)
ROWS = st.lists(st.tuples(st.integers(0, 99), NUMBERS, NUMBERS, TEXTS, TEXTS), min_size=1, max_size=5)
NAMES = ("id", "a", "b", "t", "u")


def slowly(values, columns=COLUMNS):
    """Make features as batch scoring does."""
    kinds = {"id": pa.int64(), "a": pa.float64(), "b": pa.float64(), "t": pa.string(), "u": pa.string()}
    plain = {
        name: [float(v) if isinstance(v, bool) else v for v in each] if name in "ab" else each
        for name, each in values.items()
    }
    table = pa.table({name: pa.array(each, kinds[name], from_pandas=True) for name, each in plain.items()})
    return feature_rows(table, columns, frozenset({"b"}))


def by_name(rows):
    return {name: [row[at] for row in rows] for at, name in enumerate(NAMES)}


@given(ROWS)
def test_plain_rows_are_those_of_batch_scoring(rows):
    values = by_name(rows)
    fast, slow = plain_rows(COLUMNS, TYPES, values), slowly(values)
    pd.testing.assert_frame_equal(fast.frame, slow.frame, check_exact=True, check_column_type=False)
    assert fast.table.select(NAMES) == slow.table.select(NAMES)
    assert fast.left_out == slow.left_out == {}


@pytest.mark.parametrize("columns", [Columns(numeric=("a",), categorical=()), Columns(numeric=(), categorical=("t",))])
def test_a_model_of_numbers_or_texts_alone_has_them_alone(columns):
    values = {"a": [1, None], "t": ["x", None]}
    read = {name: values[name] for name in columns.read}
    pd.testing.assert_frame_equal(
        plain_rows(columns, {}, read).frame, slowly(read, columns).frame, check_column_type=False
    )


@given(ROWS, st.sampled_from(NAMES), st.sampled_from([math.inf, 2**60, 10**400, "7", [1], {}, 2.5, "\ud800", b"x"]))
def test_what_is_not_plain_is_refused_or_made_the_long_way(rows, name, odd):
    values = by_name(rows)
    values[name] = [odd, *values[name][1:]]
    fast = plain_rows(COLUMNS, TYPES, values)
    try:
        taken = INTAKE.take(values, FORM)
    except RefusedRequest:
        assert fast is None
        return
    if fast is not None:
        pd.testing.assert_frame_equal(fast.frame, taken.frame)
    assert len(taken.frame) == len(rows)


def test_what_a_request_lacks_is_named():
    with pytest.raises(RefusedRequest, match=r"input 'b' \(of 2\) is missing: 'b', 'u'"):
        INTAKE.form(["a", "t"])
    assert INTAKE.form(["a", "b", "t", "u", "more"]) == Form(time=False, keys=())


def test_calendar_features_come_from_the_time_or_from_whoever_asks():
    intake = Intake(
        Columns(numeric=("a", "event_hour"), categorical=(), calendar=("event_hour",), event_time="at"), {}, frozenset()
    )
    timed = intake.form(["a", "at"])
    derived = intake.take({"a": [1.0], "at": ["2026-03-01T06:30:00"]}, timed)
    given_ = intake.take({"a": [1.0], "event_hour": [6]}, intake.form(["a", "event_hour"]))
    pd.testing.assert_frame_equal(derived.frame, given_.frame, check_column_type=False)
    with pytest.raises(RefusedRequest, match="or give 'at'"):
        intake.form(["a"])
