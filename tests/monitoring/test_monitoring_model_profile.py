"""What a model's profile holds beside its columns: what it says, how sure it is, and how rows hang together."""

import numpy as np
import pyarrow as pa
import pytest

from stageline.exceptions import DataError
from stageline.monitoring.drift import compare
from stageline.monitoring.model_profile import Trained, profile_model
from stageline.monitoring.outputs import outputs
from stageline.monitoring.profiling import Wanted
from stageline.monitoring.reconstruction import find_directions
from stageline.monitoring.scan import count_rows
from stageline.monitoring.window_rows import with_reconstruction

ROWS = 4_000


def hanging_together(rows=ROWS, *, correlation=0.95, seed=0):
    """Return three columns that tell the same, or that only look alike one by one."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)
    parts = [correlation * common + np.sqrt(1 - correlation**2) * rng.normal(size=rows) for _ in range(3)]
    return pa.table({**dict(zip("abc", parts, strict=True)), "kind": pa.array(["x", "y"] * (rows // 2))})


def trained(table, said=None, **given):
    rows = table.num_rows
    said = said or {"prediction": pa.array(np.zeros(rows))}
    held_out = np.arange(rows) >= rows // 2
    return Trained(table=table, features=tuple(given.pop("features", table.column_names)), said=said, held_out=held_out)


def test_columns_that_stop_hanging_together_are_seen_although_each_is_as_ever():
    profile = profile_model(trained(hanging_together()), Wanted({}), made_from="sha256:x")
    alone = hanging_together(correlation=0.0, seed=1)
    rows = {name: bins for name, bins in profile.bins.items() if name != "model.prediction"}
    counts = count_rows(with_reconstruction(alone.to_batches(), profile.directions), rows)
    columns = {name: column for name, column in profile.columns.items() if name in rows}
    findings = compare(profile.model_copy(update={"columns": columns}), counts)
    assert {each.column for each in findings if each.verdict == "failed"} == {"model.reconstruction"}


def test_directions_rebuild_what_they_were_found_in():
    table = hanging_together(correlation=0.999)
    directions = find_directions(table, ["a", "b", "c"])
    assert len(directions.axes) == 1
    assert directions.errors(table).mean() < 0.1
    far = pa.table({"a": [3.0], "b": [-3.0], "c": [0.0]})
    assert directions.errors(far)[0] > 1


def test_a_missing_value_stands_in_the_middle():
    directions = find_directions(hanging_together(), ["a", "b", "c"])
    rows = pa.table({name: pa.array([None, float("inf")], pa.float64()) for name in "abc"})
    assert directions.errors(rows) == pytest.approx([0, 0], abs=0.05)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [1.0, 2.0], "b": [2.0, 1.0]}),
        pa.table({"a": [1.0, 2.0], "b": [2.0, 1.0], "c": [5.0, 5.0]}),
        pa.table({"a": pa.array([None, None], pa.float64()), "b": [1.0, 2.0], "c": [2.0, 1.0]}),
    ],
)
def test_fewer_than_three_columns_that_vary_have_no_directions(table):
    assert find_directions(table, table.column_names) is None


def test_confidence_is_taken_from_rows_that_training_never_saw():
    rows = np.arange(ROWS, dtype=float)
    said = {"prediction": pa.array(rows), "lower": pa.array(rows - 1), "upper": pa.array(rows + rows / ROWS)}
    profile = profile_model(trained(hanging_together(), said), Wanted({}), made_from="sha256:x")
    confidence = profile.columns["model.confidence"]
    assert sum(confidence.parts[""].bins) == ROWS // 2
    assert min(confidence.cuts) == pytest.approx(1.5)
    assert sum(profile.columns["model.prediction"].parts[""].bins) == ROWS


def test_a_constant_weighs_nothing_and_no_feature_less_than_a_tenth():
    table = hanging_together().append_column("year", pa.array([2011] * ROWS))
    importance = {"a": 10.0, "b": 0.0, "c": 2.0, "year": 0.0}
    profile = profile_model(trained(table), Wanted({}, weights=importance), made_from="sha256:x")
    weight = {name: column.weight for name, column in profile.columns.items()}
    assert weight["year"] == 0
    assert weight["b"] == pytest.approx(0.1 * weight["model.prediction"])
    assert weight["a"] == pytest.approx(5 * weight["c"])


def test_a_feature_named_as_a_watched_column_is_refused():
    table = hanging_together().append_column("model.prediction", pa.array(np.zeros(ROWS)))
    with pytest.raises(DataError, match=r"feature 'model\.prediction' has the name of a column of the monitoring"):
        profile_model(trained(table), Wanted({}), made_from="sha256:x")


def test_confidence_is_the_width_of_bounds_or_the_probability_of_what_was_predicted():
    width = outputs({"prediction": pa.array([1.0]), "lower": pa.array([0.5]), "upper": pa.array([2.0])})
    assert width["model.confidence"].to_pylist() == [1.5]
    two = outputs({"prediction": pa.array(["a", "b"]), "probability": pa.array([0.25, 0.75])})
    assert two["model.confidence"].to_pylist() == [0.75, 0.75]
    kind = pa.map_(pa.string(), pa.float64())
    several = pa.array([[("a", 0.5), ("b", 0.3), ("c", 0.2)], None], kind)
    found = outputs(
        {"prediction": pa.array([1, 2]), "probability": pa.nulls(2, pa.float64()), "probabilities": several}
    )
    assert found["model.confidence"].to_pylist() == [0.5, None]
    assert found["model.prediction"].to_pylist() == ["1", "2"]
    nothing = pa.nulls(1, pa.float64())
    assert set(outputs({"prediction": pa.array([1.0]), "lower": nothing, "upper": nothing})) == {"model.prediction"}
