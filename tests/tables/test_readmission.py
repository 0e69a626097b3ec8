# ruff: noqa: DTZ001 - times without a zone are what some of these tests are about

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.tables import RejectedLine, readmit, release_problem, rows_of_lines, rows_of_table
from stageline.tables.quarantined_rows import row_of
from stageline.tables.restoring import restore
from stageline.tables.row_ids import row_ids

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SOURCE = pa.table({"id": [1, 2, 3, 4], "hum": [0.1, 0.2, 0.3, 0.4], "town": ["a", "b", "c", None]})


def stored(table, recorded_at=MONDAY, lines=()):
    """Return a table's rows as they come out of the quarantine."""
    count = table.num_rows
    known = {"source": "f.csv", "source_digest": ""}
    rows = rows_of_table(
        table, positions=range(count), codes=[[]] * count, expectations=[[]] * count, reasons=[[]] * count, **known
    )
    kept = [*rows.to_pylist(), *rows_of_lines(lines, **known).to_pylist()]
    return [row_of({**row, "dag_run": "monday", "recorded_at": recorded_at}) for row in kept]


def gone(table, source=SOURCE, **options):
    """Let rows in that are no longer in a source that fails nothing."""
    rows = stored(table)
    return readmit(source, positions=[], ids=[], released={row.id for row in rows}, stored=rows, **options), rows


def test_without_a_release_the_failing_rows_stay_out():
    ids = row_ids(SOURCE.take([1, 3]))
    done = readmit(SOURCE, positions=[1, 3], ids=ids, released=set())
    assert done.passed.equals(SOURCE.take([0, 2]))
    assert done.quarantined.tolist() == [1, 3]
    assert done.quarantined_ids == tuple(ids)
    assert (done.let_in, done.appended, done.superseded, done.refused, done.sentences) == ((), (), (), {}, ())


def test_a_released_row_passes_at_its_own_place():
    ids = row_ids(SOURCE.take([1, 3]))
    done = readmit(SOURCE, positions=np.array([1, 3]), ids=ids, released={ids[0]})
    assert done.passed.equals(SOURCE.take([0, 1, 2]))
    assert (done.quarantined.tolist(), done.quarantined_ids, done.let_in) == ([3], (ids[1],), (ids[0],))
    assert done.sentences == ("1 failing row(s) let in",)


def test_of_rows_that_hold_the_same_only_the_released_one_passes():
    source = pa.table({"a": [1, 1, 1]})
    ids = row_ids(source)
    done = readmit(source, positions=[0, 1, 2], ids=ids, released={ids[1]})
    assert (done.passed.num_rows, done.quarantined.tolist()) == (1, [0, 2])


def test_a_released_row_that_left_the_source_is_appended():
    lost = pa.table({"id": [9], "hum": [None], "town": ["z"]}).cast(SOURCE.schema)
    done, (row,) = gone(lost)
    assert done.passed.equals(pa.concat_tables([SOURCE, lost]))
    assert done.appended == (row.id,)
    assert done.sentences == ("1 released row(s) appended: the source no longer has them",)


def test_a_stored_row_that_nobody_released_is_not_appended():
    rows = stored(pa.table({"id": [9], "hum": [0.9], "town": ["z"]}))
    done = readmit(SOURCE, positions=[], ids=[], released=set(), stored=rows)
    assert (done.passed.equals(SOURCE), done.appended) == (True, ())


@pytest.mark.parametrize(
    ("row", "keys", "superseded"),
    [
        pytest.param({"id": 2, "hum": 0.2, "town": "b"}, [], True, id="identical"),
        pytest.param({"id": 4, "hum": 0.4, "town": None}, [], True, id="identical with a null"),
        pytest.param({"id": 2, "hum": 0.9, "town": "b"}, [], False, id="other, without keys"),
        pytest.param({"id": 2, "hum": 0.9, "town": "b"}, ["id"], True, id="of the same key"),
        pytest.param({"id": 2, "hum": 0.9, "town": "c"}, ["id", "town"], False, id="of another key"),
        pytest.param({"id": 2, "hum": 0.9, "town": "b"}, ["id", "town"], True, id="of the same key of two columns"),
        pytest.param({"id": 9, "hum": 0.4, "town": None}, ["town"], False, id="a null is no key"),
    ],
)
def test_a_row_in_whose_place_the_source_has_another_is_superseded(row, keys, superseded):
    done, (kept,) = gone(pa.Table.from_pylist([row], SOURCE.schema), keys=keys)
    assert done.superseded == ((kept.id,) if superseded else ())
    assert done.appended == (() if superseded else (kept.id,))
    assert done.passed.num_rows == SOURCE.num_rows + (not superseded)


def test_a_failing_row_of_the_same_key_supersedes_too():
    rows = stored(pa.table({"id": [2], "hum": [0.9], "town": ["b"]}))
    ids = row_ids(SOURCE.slice(1, 1))
    done = readmit(SOURCE, positions=[1], ids=ids, released={rows[0].id}, stored=rows, keys=["id"])
    assert (done.superseded, done.passed.num_rows) == ((rows[0].id,), 3)


def test_of_two_rows_of_one_key_the_one_quarantined_last_is_appended():
    old = stored(pa.table({"id": [9], "hum": [0.8], "town": ["old"]}))
    new = stored(pa.table({"id": [9], "hum": [0.9], "town": ["new"]}), MONDAY + timedelta(days=1))
    rows = old + new
    done = readmit(SOURCE, positions=[], ids=[], released={row.id for row in rows}, stored=rows, keys=["id"])
    assert (done.appended, done.superseded) == ((new[0].id,), (old[0].id,))
    assert done.passed["town"].to_pylist()[-1] == "new"


def test_two_rows_that_hold_the_same_are_both_appended():
    done, rows = gone(pa.table({"id": [9, 9], "hum": [0.9, 0.9], "town": ["z", "z"]}))
    assert set(done.appended) == {row.id for row in rows}
    assert done.passed.num_rows == 6


def test_a_new_column_of_the_source_is_null():
    lost = pa.table({"id": [9], "hum": [0.9]})
    done, _ = gone(lost)
    assert done.passed.to_pylist()[-1] == {"id": 9, "hum": 0.9, "town": None}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"id": 9, "hum": 0.9, "rain": 1.5}, "its column 'rain' is no longer in the source"),
        ({"id": "x9"}, "its column 'id' was string and is int64 now, which does not hold its value"),
        ({"id": 1.5}, "its column 'id' was double and is int64 now, which does not hold its value"),
        ({"hum": 2**53 + 1}, "its column 'hum' was int64 and is double now, which does not hold its value"),
        ({"town": b"x"}, "its column 'town' was binary and is string now, which does not hold its value"),
        ({"town": [1]}, "its column 'town' was list<item: int64> and is string now, which does not hold its value"),
        (
            {"at": datetime(2026, 1, 1, 10)},
            "its column 'at' was timestamp[us] and is date32[day] now, which does not hold its value",
        ),
        ({"id": 9, "hum": -math.inf}, "column 'hum' is infinite; mend it in the source"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_id_and_column(row, sentence):
    source = SOURCE.append_column("at", pa.array([date(2026, 1, 1)] * 4))
    done, (kept,) = gone(pa.Table.from_pylist([row]), source, finite=["hum"])
    assert done.refused == {kept.id: sentence}
    assert done.sentences == (f"released row {kept.id!r} stays out: {sentence}",)
    assert done.passed.equals(source)


def test_a_lost_column_that_was_null_is_no_loss():
    done, _ = gone(pa.table({"id": [9], "rain": pa.nulls(1, pa.float64())}))
    assert done.passed.num_rows == 5


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (pa.array([7]), pa.float64(), 7.0),
        (pa.array([7.0]), pa.int64(), 7),
        (pa.array([Decimal("1.50")]), pa.float64(), 1.5),
        (pa.array(["7"]), pa.int64(), 7),
        (pa.array(["0.10"]), pa.decimal128(5, 2), Decimal("0.10")),
        (pa.array([7]), pa.string(), "7"),
        (pa.array(["2024-02-29"]), pa.date32(), date(2024, 2, 29)),
        (pa.array(["2024-02-29T10:00:00"]), pa.timestamp("us"), datetime(2024, 2, 29, 10)),
        (pa.array([0], pa.timestamp("us")), pa.timestamp("s"), datetime(1970, 1, 1)),
        (pa.array([1_500_000], pa.timestamp("us")), pa.timestamp("ms"), datetime(1970, 1, 1, 0, 0, 1, 500_000)),
        (pa.array([1], pa.timestamp("s")), pa.timestamp("ns"), pd.Timestamp(1, unit="s")),
        (pa.array([0], pa.timestamp("us")), pa.date32(), date(1970, 1, 1)),
        (pa.array([0], pa.date32()), pa.timestamp("s"), datetime(1970, 1, 1)),
        (pa.array(["a"]), pa.dictionary(pa.int8(), pa.string()), "a"),
        (pa.nulls(1), pa.int64(), None),
    ],
)
def test_a_column_may_change_its_type_as_long_as_the_value_stays(value, kind, expected):
    source = pa.table({"a": pa.nulls(1, kind), "b": [1]})
    done, _ = gone(pa.table({"a": value, "b": [2]}), source)
    assert done.refused == {}
    assert done.passed["a"].to_pylist() == [None, expected]
    assert done.passed.schema == source.schema


def test_a_column_that_may_not_be_null_refuses_a_null():
    source = pa.table({"a": [1]}, pa.schema([pa.field("a", pa.int64(), nullable=False)]))
    done, (row,) = gone(pa.table({"b": pa.nulls(1, pa.int64())}), source)
    assert done.refused == {row.id: "its column 'a' is null, which the source does not allow"}


def test_categories_are_appended_to_categories():
    source = pa.table({"a": pa.array(["x", "y"]).dictionary_encode()})
    done, _ = gone(pa.table({"a": pa.array(["z"]).dictionary_encode()}), source)
    assert done.passed["a"].to_pylist() == ["x", "y", "z"]
    assert done.passed.schema == source.schema


def test_an_infinite_feature_is_not_let_in_at_its_own_place_either():
    source = SOURCE.set_column(1, "hum", pa.array([0.1, math.inf, math.nan, None]))
    ids = row_ids(source.take([1, 2]))
    done = readmit(source, positions=[1, 2], ids=ids, released=set(ids), finite=["hum", "no such column"])
    assert done.refused == {ids[0]: "column 'hum' is infinite; mend it in the source"}
    assert (done.let_in, done.quarantined.tolist()) == ((ids[1],), [1])


@pytest.mark.parametrize("times", [["2026-01-01", "2026-01-02", None], ["2026-01-01", "2026-01-02", "2026-01-03Z"]])
@pytest.mark.parametrize("present", [True, False])
def test_a_row_without_a_time_that_goes_with_the_others_is_refused(times, present):
    times[2] = times[2] and times[2].replace("Z", "T10:00Z")
    whole = pa.table({"at": pa.array(times, pa.string()), "n": [1, 2, 3]})
    rows = stored(whole.slice(2))
    source = whole if present else whole.slice(0, 2)
    done = readmit(
        source,
        positions=[2] if present else [],
        ids=[rows[0].id] if present else [],
        released={rows[0].id},
        stored=rows,
        event_time="at",
    )
    assert done.refused == {rows[0].id: "its event time 'at' is null, no time, or with a zone where others have none"}
    assert done.passed.num_rows == 2


def test_rows_with_a_time_like_the_others_are_let_in():
    whole = pa.table({"at": ["2026-01-01", "2026-01-02", "2026-01-03"], "n": [1, 2, 3]})
    ids = row_ids(whole.slice(1, 1))
    rows = stored(whole.slice(2))
    done = readmit(whole.slice(0, 2), positions=[1], ids=ids, released={*ids, rows[0].id}, stored=rows, event_time="at")
    assert done.passed.equals(whole)


def test_a_ragged_line_cannot_be_let_in():
    (line,) = stored(SOURCE.slice(0, 0), lines=[RejectedLine(1_200, "1,2,3", "has 3 values instead of 17")])
    done = readmit(SOURCE, positions=[], ids=[], released={line.id}, stored=[line])
    sentence = "line 1,200 has 3 values instead of 17, so it is no row; mend the line in the source"
    assert done.refused == {line.id: sentence}
    assert release_problem(line) == sentence


def test_what_can_never_be_let_in_is_known_before_a_run():
    first, second, third = stored(pa.table({"hum": [math.inf, 0.5, None], "town": ["inf", "inf", "inf"]}))
    assert release_problem(first, finite=["town", "hum"]) == "column 'hum' is infinite; mend it in the source"
    assert release_problem(first, finite=["town"]) is None
    assert (release_problem(second, finite=["hum"]), release_problem(third, finite=["hum"])) == (None, None)


def test_a_release_of_a_row_that_is_nowhere_is_told():
    done = readmit(SOURCE, positions=[], ids=[], released={"abc"})
    assert done.refused == {"abc": "it neither fails in the source nor stands in the quarantine"}


def test_every_row_can_be_quarantined():
    ids = row_ids(SOURCE)
    done = readmit(SOURCE, positions=[0, 1, 2, 3], ids=ids, released=set(), event_time="town")
    assert (done.passed.num_rows, done.passed.schema) == (0, SOURCE.schema)


HUM = st.sampled_from([None, 0.5, math.inf, math.nan])
ROW = st.fixed_dictionaries({"id": st.sampled_from([None, 1, 2, 3]), "hum": HUM, "town": st.sampled_from([None, "a"])})
TABLES = st.lists(ROW, max_size=8).map(lambda rows: pa.Table.from_pylist(rows, SOURCE.schema))


@given(TABLES, TABLES, st.sampled_from([(), ("id",), ("id", "town")]), st.booleans(), st.data())
def test_rows_in_and_appended_are_rows_passed_and_quarantined(source, before, keys, finite, data):
    failing = data.draw(st.lists(st.integers(0, source.num_rows - 1), unique=True).map(sorted)) if len(source) else []
    ids = row_ids(source.take(pa.array(failing, pa.int64())))
    rows = stored(before)
    known = sorted({*ids, *(row.id for row in rows)})
    released = set(data.draw(st.lists(st.sampled_from(known)))) if known else set()
    done = readmit(
        source,
        positions=failing,
        ids=ids,
        released=released,
        stored=rows,
        keys=keys,
        finite=["hum"] if finite else [],
    )
    assert source.num_rows + len(done.appended) == done.passed.num_rows + len(done.quarantined)
    # Every row of the source is on exactly one side, and every release ends in exactly one way.
    assert len(done.quarantined) + len(done.let_in) == len(failing)
    assert set(done.quarantined.tolist()) <= set(failing)
    ends = [*done.let_in, *done.appended, *done.superseded, *done.refused]
    assert sorted(ends) == sorted(released)
    if not finite:
        assert not done.refused
    else:
        passed = readmit(source, positions=failing, ids=ids, released=set()).passed
        assert done.passed["hum"].to_pylist().count(math.inf) == passed["hum"].to_pylist().count(math.inf)
    # Letting rows in takes none away from those that passed before.
    without = readmit(source, positions=failing, ids=ids, released=set(), keys=keys)
    assert done.passed.num_rows == without.passed.num_rows + len(done.let_in) + len(done.appended)


KINDS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.decimal128(38, 6): st.integers(-(10**38) + 1, 10**38 - 1).map(lambda number: Decimal(f"{number}E-6")),
    pa.timestamp("us", "Europe/Berlin"): st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(
        lambda time: time.replace(tzinfo=UTC)
    ),
    pa.binary(): st.binary(max_size=4),
    pa.string(): st.text(st.characters(codec="utf-8"), max_size=4),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(-9, 9), max_size=2),
}


@st.composite
def any_tables(draw):
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    count = draw(st.integers(1, 5))
    columns = {
        f"c{at}": pa.array(draw(st.lists(st.none() | KINDS[kind], min_size=count, max_size=count)), kind)
        for at, kind in enumerate(kinds)
    }
    return pa.table(columns)


@given(any_tables())
def test_a_row_comes_back_from_quarantine_exactly_as_it_was(table):
    restored, problems = restore(stored(table), table.schema)
    assert problems == [None] * table.num_rows
    assert restored.schema == table.schema
    assert repr(restored.to_pylist()) == repr(table.to_pylist())
    assert sorted(row_ids(restored)) == sorted(row_ids(table))
