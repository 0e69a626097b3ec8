"""The predictions of a time, each row once."""

from datetime import UTC, datetime

import pytest
from scoring import START, case, rows_of

from stageline.exceptions import ArtifactError
from stageline.serving.newest_predictions import newest_predictions
from stageline.serving.prediction_store import PredictionStore

END = datetime(2027, 1, 1, tzinfo=UTC)


def read(folder, end=END):
    start = START.replace(tzinfo=UTC)
    found = newest_predictions(PredictionStore(folder, ("id",)), "at", start, end)
    return sorted((row["id"], row["partition"]) for batch in found for row in batch.to_pylist())


def test_of_rows_that_were_scored_twice_the_newest_is_meant(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 4), partition="first")
    later = datetime(2026, 12, 24, tzinfo=UTC)
    trained.score(rows_of(2, 6), partition="later", scored_at=later)
    found = read(tmp_path / "predictions")
    assert found == [(0, "first"), (1, "first"), *((number, "later") for number in range(2, 6))]


def test_only_the_rows_of_the_time_are_read(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 10))
    # A row every seven hours: the third begins at 14:00, which the window ends with.
    assert [number for number, _ in read(tmp_path / "predictions", datetime(2026, 1, 1, 14, tzinfo=UTC))] == [0, 1]


def test_without_a_table_there_is_nothing(tmp_path):
    assert read(tmp_path / "predictions") == []


def test_a_table_without_the_column_is_named(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 4))
    with pytest.raises(ArtifactError, match=r"predictions in '.*' cannot be read"):
        list(newest_predictions(PredictionStore(tmp_path / "predictions", ("id",)), "when", END, END))
