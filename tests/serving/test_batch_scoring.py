import os
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoring import START, Weighted, case, check_of, rows_of, write

from stageline.exceptions import DataError, SourceError
from stageline.features import build_features, model_frame
from stageline.serving import parquet_rows


def predictions(trained, partition="monday"):
    return [row["prediction"] for row in trained.read(partition)]


def test_every_row_gets_what_the_model_says_of_the_features_of_training(tmp_path):
    trained = case(tmp_path, train={"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"})
    scored = trained.score(rows_of(0, 240))
    ordered = trained.features.table.sort_by("id")
    frame = model_frame(ordered, trained.features.numeric, trained.features.categorical)
    assert predictions(trained) == trained.scoring.oracle.model.predict(frame).tolist()
    assert {check.verdict for check in scored.checks} == {"passed"}
    assert scored.published.rows == 240
    assert trained.features.numeric == (
        "price",
        "stock",
        "open",
        "event_hour",
        "event_weekday",
        "event_month",
        "event_day",
    )


def test_a_row_says_what_it_is_and_who_scored_it(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(300, 310))
    first = trained.read()[0]
    assert list(first) == [
        "id", "at", "prediction", "lower", "upper", "model_version", "model_digest", "snapshot", "scored_by",
        "scored_at", "partition",
    ]  # fmt: skip
    assert first["id"] == 300
    assert first["at"] == START + timedelta(hours=2_100)
    assert (first["model_version"], first["model_digest"], first["snapshot"]) == (7, "sha256:abc", 3)
    assert (first["scored_by"], first["scored_at"]) == ("small.score/run-1", trained.scoring.scored_at)
    assert (first["lower"], first["upper"], first["partition"]) == (None, None, "monday")


def test_rows_of_one_moment_have_the_calendar_features_that_training_had(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 240), partition="all")
    trained.score(rows_of(100, 101), partition="one")
    assert predictions(trained, "one") == [pytest.approx(predictions(trained, "all")[100], rel=1e-12)]


@pytest.mark.parametrize("kind", ["csv", "delta", "folder"])
def test_the_kind_of_file_makes_no_difference(tmp_path, kind):
    trained = case(tmp_path)
    rows = rows_of(200, 280)
    trained.score(rows)
    trained.score(rows, partition="other", kind=kind)
    assert predictions(trained, "other") == predictions(trained)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 130))
@pytest.mark.parametrize("estimator", ["linear_model.Ridge", "ensemble.HistGradientBoostingRegressor"])
def test_many_batches_give_what_one_gives(tmp_path_factory, monkeypatch, size, estimator):
    trained = case(tmp_path_factory.mktemp("project"), train={"estimator": f"sklearn.{estimator}"})
    rows = rows_of(150, 300)
    whole = trained.score(rows, partition="whole")
    with monkeypatch.context() as patch:
        patch.setattr(parquet_rows, "BATCH_ROWS", size)
        parts = trained.score(rows, partition="parts")
    np.testing.assert_allclose(predictions(trained, "parts"), predictions(trained, "whole"), rtol=1e-12)
    assert [check.message for check in parts.checks[:-1]] == [check.message for check in whole.checks[:-1]]


BAD = st.sampled_from(["fine", "infinite", "minus", "no time", "long", "two"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(BAD, min_size=1, max_size=60), size=st.integers(1, 70))
def test_every_row_is_scored_or_named(tmp_path_factory, monkeypatch, kinds, size):
    trained = case(tmp_path_factory.mktemp("project"), model=Weighted())
    count = len(kinds)
    plain = rows_of(1_000, 1_000 + count)
    ends = {"infinite": np.inf, "minus": -np.inf, "two": np.inf}
    source = rows_of(
        1_000,
        1_000 + count,
        price=pa.array([ends.get(kind, 1.0) for kind in kinds]),
        stock=pa.array([2**53 + 1 if kind in ("long", "two") else 3 for kind in kinds], pa.int64()),
        at=pa.array([None if kind == "no time" else plain["at"][row].as_py() for row, kind in enumerate(kinds)], pa.timestamp("us")),
    )  # fmt: skip
    monkeypatch.setattr(parquet_rows, "BATCH_ROWS", size)
    scored = trained.score(source, max_left_out=0.99)
    good = [row for row, kind in enumerate(kinds) if kind == "fine"]
    tally = scored.tally
    assert (tally.rows, tally.scored, tally.left_out) == (count, len(good), count - len(good))
    named = [row["position"] for row in tally.named]
    assert len(named) == len(set(named)) == min(count - len(good), 20)
    assert not set(named) & set(good)
    if good:
        assert [row["id"] - 1_000 for row in trained.read()] == good
        assert check_of(scored, "SL-B001").verdict == "passed"
        assert check_of(scored, "SL-B002").verdict == ("passed" if len(good) == count else "warned")
    else:
        assert scored.published is None
        assert check_of(scored, "SL-B002").verdict == "failed"


def test_rows_that_cannot_be_scored_are_named_by_their_keys(tmp_path):
    trained = case(tmp_path)
    source = rows_of(0, 10, price=pa.array([1.0] * 4 + [np.inf] + [1.0] * 5))
    scored = trained.score(source, max_left_out=0.2)
    check = check_of(scored, "SL-B002")
    assert check.verdict == "warned"
    assert check.message == (
        "1 of 10 rows (10.00%) cannot be scored, limit 20.00% (quality_gate.max_quarantined): "
        "1 because feature 'price' is infinite"
    )
    assert check.details["rows"] == [{"reason": "feature 'price' is infinite", "position": 4, "keys": {"id": "4"}}]


def test_private_keys_are_not_named(tmp_path):
    source = rows_of(0, 10, price=pa.array([1.0] * 4 + [np.inf] + [1.0] * 5))
    scored = case(tmp_path).score(source, private=frozenset(["id"]))
    assert check_of(scored, "SL-B002").details["rows"][0]["keys"] == {}


def test_more_rows_left_out_than_allowed_leave_the_partition_as_it_was(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 10))
    before = trained.read()
    scored = trained.score(rows_of(0, 10, price=pa.array([np.inf] + [1.0] * 9)), max_left_out=0.05)
    assert scored.published is None
    assert check_of(scored, "SL-B002").verdict == "failed"
    assert trained.read() == before


def test_no_rows_are_never_passed(tmp_path):
    trained = case(tmp_path)
    scored = trained.score(rows_of(0, 0))
    assert scored.published is None
    assert check_of(scored, "SL-B001").verdict == "inconclusive"
    assert trained.read() == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None])
def test_a_prediction_that_is_not_finite_refuses_all(tmp_path, bad):
    class Broken(Weighted):
        def predict(self, frame):
            said = super().predict(frame).astype(object)
            said[-1] = bad
            return said

    trained = case(tmp_path, model=Weighted())
    trained.score(rows_of(0, 10))
    before = trained.read()
    broken = case(tmp_path, model=Broken())
    with pytest.raises(DataError, match=r"not finite in 1 row\(s\), first in row 10, of the 10 rows after the first 0"):
        broken.score(rows_of(0, 10))
    assert trained.read() == before
    assert list((tmp_path / "predictions/_staged").iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda frame: np.zeros(len(frame) - 1), r"answered \(9,\) for 10 rows"),
        (lambda frame: 1 / 0, None),
        (lambda frame: frame["gone"], None),
    ],
)
def test_a_model_that_cannot_answer_writes_nothing(tmp_path, answer, sentence):
    class Broken(Weighted):
        def predict(self, frame):
            return answer(frame)

    trained = case(tmp_path, model=Broken())
    with pytest.raises((DataError, ZeroDivisionError, KeyError), match=sentence):
        trained.score(rows_of(0, 10))
    assert trained.read() == []
    assert list((tmp_path / "predictions/_staged").iterdir()) == []


def test_a_file_that_changes_while_it_is_scored_is_refused(tmp_path):
    class Meddler(Weighted):
        def predict(self, frame):
            os.utime(tmp_path / "rows.parquet", ns=(1, 1))
            return super().predict(frame)

    trained = case(tmp_path, model=Meddler())
    with pytest.raises(SourceError, match=r"'rows.parquet': changed while it was scored; nothing was written"):
        # The change is seen when the last batch was read: there is more than one.
        trained.score(rows_of(0, 200_000))
    assert trained.read() == []


def test_texts_as_times_are_those_of_training(tmp_path):
    trained = case(tmp_path)
    rows = rows_of(0, 10)
    times = [str(moment) for moment in rows["at"].to_pylist()]
    trained.score(rows, partition="times")
    trained.score(rows_of(0, 10, at=pa.array(times)), partition="texts")
    assert predictions(trained, "texts") == predictions(trained, "times")


def test_single_bad_times_are_left_out_and_named(tmp_path):
    times = [str(moment) for moment in rows_of(0, 10)["at"].to_pylist()]
    times[3], times[6] = "yesterday", "2026-01-01T00:00:00+01:00"
    scored = case(tmp_path).score(rows_of(0, 10, at=pa.array(times)), max_left_out=0.5)
    assert scored.tally.reasons == {
        "event time 'at' is no time": 1,
        "event time 'at' is with a time zone, other than in training": 1,
    }
    assert sorted(row["position"] for row in scored.tally.named) == [3, 6]


def test_times_that_are_none_throughout_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"event time 'at': row .* has 'soon', which is no ISO 8601"):
        case(tmp_path).score(rows_of(0, 5_000, at=pa.array(["soon"] * 5_000)))


def test_ragged_lines_of_a_csv_file_are_counted_and_named(tmp_path):
    trained = case(tmp_path)
    name = write(rows_of(0, 40), tmp_path, "csv")
    lines = (tmp_path / name).read_text("utf-8").splitlines()
    lines.insert(11, "10,too short")
    (tmp_path / name).write_text("\n".join(lines) + "\n", "utf-8")
    scored = trained.score(name, max_left_out=0.1)
    assert (scored.tally.rows, scored.tally.scored) == (41, 40)
    assert scored.tally.named == [{"reason": "line has 2 values instead of 7", "line": 12}]
    assert check_of(scored, "SL-B002").verdict == "warned"


def test_columns_of_a_delta_tables_partitions_are_read(tmp_path):
    from deltalake import write_deltalake

    trained = case(tmp_path)
    rows = rows_of(0, 12)
    write_deltalake(tmp_path / "split", rows, partition_by=["shop"])
    trained.score("split")
    trained.score(rows, partition="whole")
    assert predictions(trained) == predictions(trained, "whole")
    assert len(DeltaTable(tmp_path / "split").file_uris()) == 4


def test_a_key_may_not_have_the_name_of_a_prediction(tmp_path):
    renamed = {"source": {"event_time": "at", "keys": ["Prediction"]}}
    from pipeline_specs import spec_of

    from stageline.serving import reference_of

    trained = case(tmp_path)
    spec = spec_of(**renamed)
    table = rows_of(0, 60).rename_columns(["Prediction", *rows_of(0, 1).column_names[1:]])
    features = build_features(table, spec)
    reference = reference_of(
        features.table, spec, version=1, numeric=features.numeric, categorical=features.categorical
    )
    with pytest.raises(DataError, match=r"column 'Prediction' has the name of a column of the predictions"):
        trained.score(table, reference=reference)
