"""The first prediction of each row, out of partitions that hold it again and again."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import ArtifactError
from stageline.serving.first_scored import HAPPENED, FirstPredictions, FirstScored
from stageline.serving.prediction_store import PredictionStore

DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(folder, rows, *, zone="UTC", keys=("id",)):
    """Write rows of (key, event's hour, scoring's hour, prediction, model version)."""
    whens = [[DAY + hour * HOUR for hour in column] for column in list(zip(*rows, strict=True))[1:3]]
    happened = [at if zone else at.replace(tzinfo=None) for at in whens[0]]
    table = pa.table(
        {
            **{name: [row[0] for row in rows] for name in keys},
            "at": pa.array(happened, pa.timestamp("us", zone)),
            "prediction": pa.array([row[3] for row in rows], pa.float64()),
            "model_version": pa.array([row[4] for row in rows], pa.int64()),
            "scored_at": pa.array(whens[1], pa.timestamp("us", "UTC")),
            "partition": [str(row[2]) for row in rows],
        }
    )
    write_deltalake(str(folder), table, partition_by=["partition"], mode="append")


def counted(folder, *, since=0, start=0, end=240, max_age=2, keys=("id",)):
    asked = FirstScored(DAY + since * HOUR, DAY + start * HOUR, DAY + end * HOUR, max_age * HOUR, HOUR)
    found = FirstPredictions(PredictionStore(folder, keys), "at").count(asked)
    return [((at - DAY) / HOUR, good, total) for at, good, total in found]


@pytest.mark.parametrize("zone", ["UTC", None])
def test_a_row_counts_once_at_its_first_prediction(tmp_path, zone):
    write(tmp_path / "p", [("a", 1, 3, 0.0, 1), ("b", 1, 5, 0.0, 1)], zone=zone)
    # Scored again, late: it had been in time.
    write(tmp_path / "p", [("a", 1, 9, 0.0, 1), ("c", 8, 9, 0.0, 1)], zone=zone)
    # A bucket begins an hour before what is scored at its end.
    assert counted(tmp_path / "p") == [(3, 1, 1), (5, 0, 1), (9, 1, 1)]


def test_old_history_is_no_event_and_what_was_scored_before_is_none_again(tmp_path):
    write(tmp_path / "p", [("old", 1, 9, 0.0, 1), ("a", 5, 6, 0.0, 1)])
    write(tmp_path / "p", [("a", 5, 20, 0.0, 1), ("b", 19, 20, 0.0, 1)])
    assert counted(tmp_path / "p", since=2) == [(6, 1, 1), (20, 1, 1)]
    assert counted(tmp_path / "p", since=2, start=10) == [(20, 1, 1)]
    assert counted(tmp_path / "p", since=2, end=20) == [(6, 1, 1)]


def test_without_a_table_there_are_none(tmp_path):
    assert counted(tmp_path / "p") == []
    first = FirstPredictions(PredictionStore(tmp_path / "p", ("id",)), "at")
    assert list(first.between(DAY, DAY + HOUR, {})) == []
    assert first.rows(DAY, DAY + HOUR) == 0


def test_a_column_that_is_not_there_is_named(tmp_path):
    write(tmp_path / "p", [("a", 1, 3, 0.0, 1)])
    with pytest.raises(ArtifactError, match=r"predictions in '.*' cannot be read: .*other"):
        counted(tmp_path / "p", keys=("other",))


def test_what_was_said_first_counts_unless_the_model_had_seen_the_row(tmp_path):
    write(tmp_path / "p", [("a", 1, 3, 1.0, 1), ("b", 10, 11, 2.0, 1)])
    write(tmp_path / "p", [("b", 10, 30, 9.0, 2), ("c", 20, 30, 3.0, 2), ("late", 200, 201, 4.0, 2)])

    def said(watermarks):
        first = FirstPredictions(PredictionStore(tmp_path / "p", ("id",)), "at")
        tables = pa.Table.from_batches(first.between(DAY, DAY + 100 * HOUR, watermarks))
        assert tables.schema.field(HAPPENED).type == pa.timestamp("us")
        return {row["id"]: row["prediction"] for row in tables.to_pylist()}

    assert said({}) == {"a": 1, "b": 2, "c": 3}
    assert said({1: DAY + HOUR}) == {"b": 2, "c": 3}
    assert said({1: DAY, 2: DAY + 20 * HOUR}) == {"a": 1, "b": 2}


def test_the_event_time_may_be_a_key_and_a_name_may_hold_a_quote(tmp_path):
    write(tmp_path / "p", [("a", 1, 3, 1.0, 1)], keys=('x"; DROP', "id"))
    first = FirstPredictions(PredictionStore(tmp_path / "p", ('x"; DROP', "at")), "at")
    (batch,) = first.between(DAY, DAY + 9 * HOUR, {})
    assert batch.schema.names == ['x"; DROP', "at", HAPPENED, "prediction"]
    assert counted(tmp_path / "p", keys=('x"; DROP', "at")) == [(3, 1, 1)]


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30,
    unique_by=lambda row: (row[0], row[2]),
)  # fmt: skip


@given(ROWS)
def test_all_counts_are_those_of_going_row_by_row(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("p") / "p"
    happened = {}
    write(folder, [(key, happened.setdefault(key, at), scored, 0.0, 1) for key, at, scored in rows])
    expected = {}
    for key, at in happened.items():
        first = min(scored for other, _, scored in rows if other == key)
        good, total = expected.get(first, (0, 0))
        expected[first] = (good + (first - at <= 2), total + 1)
    assert counted(folder) == [(first, *expected[first]) for first in sorted(expected)]
