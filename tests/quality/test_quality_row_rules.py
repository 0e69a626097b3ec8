# ruff: noqa: DTZ001 - times without a zone are what some of these tests are about

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.quality.row_rules import find_bad_rows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def find(columns, *, features=(), keys=(), event_time=None, target="y", now=NOW, private=()):
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    return find_bad_rows(
        table, features=features, keys=keys, event_time=event_time, target=target, now=now, private=private
    )


def one(*args, **options):
    (finding,) = find(*args, **options)
    assert finding.positions.dtype == np.int64
    return finding


def test_a_sound_table_has_no_findings():
    columns = {"id": [1, 2], "at": ["2026-01-01", "2026-01-02"], "x": [1.0, None], "t": ["a", None], "y": [1, 2]}
    assert find(columns, features=["x", "t"], keys=["id"], event_time="at") == []


def test_a_table_without_rows_has_no_findings():
    table = pa.table({"id": pa.array([], pa.int64()), "at": pa.array([], pa.string()), "y": pa.array([], pa.float64())})
    assert find(table, features=["id"], keys=["id"], event_time="at") == []


def test_a_column_that_is_missing_is_left_to_others():
    assert find({"x": [1, 1]}, features=["gone"], keys=["x", "gone"], event_time="gone") == []


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.float16()])
def test_infinite_values_are_found_in_features_and_target(kind):
    values = np.array([1, math.inf, math.nan, -math.inf], dtype=kind.to_pandas_dtype())
    first, second = find({"x": pa.array(values), "y": pa.array(values), "other": pa.array(values)}, features=["x"])
    assert (first.code, first.name, first.columns) == ("SL-Q009", "finite(x)", ("x",))
    assert first.positions.tolist() == [1, 3]
    assert first.sentence == "x: 2 of 4 values are infinite, first in row 2: inf"
    assert first.reason == "x is infinite"
    assert second.name == "finite(y)"


def test_null_and_nan_are_not_infinite():
    assert find({"x": [None, math.nan, 1e308]}, features=["x"]) == []


def test_of_rows_that_are_the_same_in_every_column_the_first_stays():
    found = one({"id": [1, 2, 1, 1], "x": [0.0, 5, -0.0, 0.0], "y": [None, 1, math.nan, None]}, keys=["id"])
    assert (found.code, found.name, found.columns) == ("SL-Q010", "no_copies(id)", ("id",))
    assert found.positions.tolist() == [2, 3]
    assert found.sentence == "id: 2 of 4 rows are copies of an earlier row, first in row 3: 1"
    assert found.reason == "the row is a copy of an earlier one"


def test_of_rows_of_one_key_that_differ_none_stays():
    found = one({"id": [1, 2, 1, 1], "x": [5, 5, 6, 5], "y": [1] * 4}, keys=["id"])
    assert (found.code, found.name) == ("SL-Q010", "unique_key(id)")
    assert found.positions.tolist() == [0, 2, 3]
    assert found.sentence == "id: 3 of 4 rows are of a key that stands for different rows, first in row 1: 1"


def test_one_copy_is_one_row():
    assert one({"id": [7, 7]}, keys=["id"]).sentence == "id: 1 of 2 rows is a copy of an earlier row, first in row 2: 7"


def test_a_key_may_take_several_columns():
    columns = {"id": [1, 1, 1], "at": ["a", "b", "b"], "x": [1, 2, 3]}
    assert one(columns, keys=["id", "at"]).positions.tolist() == [1, 2]
    assert find(columns, keys=["id", "at", "x"]) == []
    assert one(columns, keys=["id", "at"]).sentence.endswith("first in row 2: 1, 'b'")


def test_a_key_may_be_a_time_that_python_does_not_know():
    found = one({"at": pa.array([2**62, 2**62], pa.timestamp("us"))}, keys=["at"])
    assert found.sentence == "at: 1 of 2 rows is a copy of an earlier row, first in row 2: 4611686018427387904 us"


@pytest.mark.parametrize("key", [[None, None], [math.nan, math.nan], [None, math.nan]])
def test_a_row_without_a_key_repeats_none(key):
    assert find({"id": pa.array(key, pa.float64())}, keys=["id"]) == []


@pytest.mark.parametrize(
    "key",
    [
        pa.array(["x", "x"]),
        pa.array(["x", "x"]).dictionary_encode(),
        pa.array([date(2024, 1, 1)] * 2),
        pa.array([b"x", b"x"]),
        pa.array([0.0, -0.0]),
    ],
)
def test_keys_of_any_type_are_compared(key):
    assert one({"id": key}, keys=["id"]).positions.tolist() == [1]


CELL = st.sampled_from([None, 0, 1])


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=14), st.sampled_from([("a",), ("a", "b")]))
def test_after_the_findings_every_key_stands_for_one_row(rows, keys):
    table = pa.table({name: pa.array([row[at] for row in rows], pa.int8()) for at, name in enumerate("abc")})
    bad = {position for found in find(table, keys=list(keys)) for position in found.positions.tolist()}
    by_key = defaultdict(list)
    for position, row in enumerate(rows):
        key = row[: len(keys)]
        if None in key:
            assert position not in bad
        else:
            by_key[key].append(position)
    for positions in by_key.values():
        same = len({rows[position] for position in positions}) == 1
        assert [position for position in positions if position not in bad] == (positions[:1] if same else [])


@pytest.mark.parametrize(
    ("values", "positions"),
    [
        (pa.array(["2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", "2026-03-01T14:00:01+02:00", None]), [1, 2]),
        (pa.array(["2026-03-02T02:00:00", "2026-03-02T02:00:01", "2026-03-03", "2026-03-02"]), [1, 2]),
        (pa.array(["2026-03-02T02:00:00", "2026-03-02T02:00:00Z", "tomorrow", "now"]), [1]),
        (pa.array(["9999-12-31", "nonsense"]).dictionary_encode(), [0]),
        (pa.array([None, None], pa.string()), []),
        (pa.array([None, None]), []),
        (pa.array([20_260_302, 99_999_999]), []),
        *(
            (pa.array([NOW, NOW + timedelta(seconds=1), None], pa.timestamp(unit, "Europe/Berlin")), [1])
            for unit in ("s", "ms", "us", "ns")
        ),
        *(
            (pa.array([datetime(2026, 3, 2, 2), datetime(2026, 3, 2, 2, 0, 1), None], pa.timestamp(unit)), [1])
            for unit in ("s", "ms", "us", "ns")
        ),
        *(
            (pa.array([date(2026, 3, 2), date(2026, 3, 3), None, date(9999, 12, 31)], kind), [1, 3])
            for kind in (pa.date32(), pa.date64())
        ),
        (pa.array([2**62, -(2**62)], pa.timestamp("us")), [0]),
    ],
)
def test_times_after_now_are_found_and_no_others(values, positions):
    found = find({"at": values}, event_time="at")
    assert [finding.code for finding in found] == (["SL-Q011"] if positions else [])
    assert [finding.positions.tolist() for finding in found] == ([positions] if positions else [])


def test_a_finding_about_times_says_what_now_was():
    later = NOW.astimezone(timezone(timedelta(hours=5)))
    columns = {"at": ["2026-01-01T00:00:00Z", "2062-01-01T00:00:00Z"], "x": [1, 2]}
    found = one(columns, event_time="at", now=later)
    assert (found.name, found.columns, found.reason) == ("not_in_future(at)", ("at",), "at is in the future")
    assert found.sentence == (
        "at: 1 of 2 times is in the future (after 2026-03-01 12:00 UTC), first in row 2: '2062-01-01T00:00:00Z'"
    )


@given(st.integers(-50, 50), st.booleans(), st.sampled_from(["s", "ms", "us", "ns"]))
def test_a_text_and_a_timestamp_of_the_same_time_agree(hours, aware, unit):
    moment = NOW.replace(tzinfo=UTC if aware else None) + timedelta(hours=hours)
    times = pa.array([moment], pa.timestamp(unit, "UTC" if aware else None))
    of_text = find({"at": [moment.isoformat()]}, event_time="at")
    of_time = find({"at": times}, event_time="at")
    assert bool(of_text) == bool(of_time) == (hours > (0 if aware else 14))


LONG = "ä" * 100_001


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["x", LONG, None, "y" * 100_000, "ä" * 100_000]),
        pa.array(["x", LONG, None, "y", ""], pa.large_string()),
        pa.array(["x", LONG, None, "y", ""], pa.string_view()),
        pa.array(["x", LONG, None, "y", ""]).dictionary_encode(),
    ],
)
def test_texts_past_a_hundred_thousand_characters_are_found_in_any_column(values):
    found = one({"note": values})
    assert (found.code, found.name, found.columns) == ("SL-Q012", "text_length(note)", ("note",))
    assert found.positions.tolist() == [1]
    assert found.reason == "note is longer than 100,000 characters"
    assert found.sentence.startswith(
        "note: 1 of 5 texts is longer than 100,000 characters, the longest has 100,001, first in row 2: 'ääää"
    )
    assert len(found.sentence) < 200


def test_bytes_are_no_texts():
    assert find({"image": [b"x" * 200_000]}) == []


def test_of_a_private_column_no_value_is_shown():
    columns = {
        "id": ["k1", "k1", "k2", "k2"],
        "x": [math.inf] * 2 + [1.0, 1.0],
        "at": ["2062-01-01"] * 4,
        "note": [LONG, "a", "b", "b"],
    }
    shown = find(columns, features=["x"], keys=["id"], event_time="at")
    hidden = find(columns, features=["x"], keys=["id"], event_time="at", private=["id", "x", "at", "note"])
    assert [finding.code for finding in shown] == ["SL-Q009", "SL-Q010", "SL-Q010", "SL-Q011", "SL-Q012"]
    for open_, closed in zip(shown, hidden, strict=True):
        assert open_.sentence.startswith(f"{closed.sentence}: ")
        assert closed.positions.tolist() == open_.positions.tolist()
    assert not any(value in finding.sentence for finding in hidden for value in ("k1", "k2", "inf,", "2062", "ää"))


def test_a_row_may_be_in_several_findings():
    columns = {"id": [1, 1], "x": [math.inf, 2.0], "y": [1, 2]}
    assert [finding.positions.tolist() for finding in find(columns, features=["x"], keys=["id"])] == [[0], [0, 1]]


def test_chunks_do_not_matter():
    columns = {"id": [1, 2, 1, 3], "x": [1.0, math.inf, 1.0, 2.0], "y": ["a", LONG, "a", "b"]}
    table = pa.table(columns)
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    whole, parts = (find(one_, features=["x"], keys=["id"]) for one_ in (table, pieces))
    assert [finding.sentence for finding in parts] == [finding.sentence for finding in whole]
    assert [finding.positions.tolist() for finding in whole] == [[1], [2], [1]]


def test_a_weird_column_name_cannot_break_a_sentence():
    found = one({"a\nb": [math.inf], "y": [1]}, features=["a\nb"])
    assert "\n" not in found.sentence + found.name + found.reason
