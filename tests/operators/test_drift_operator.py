"""The steps `profile` and `drift`: of a released model's window, and of any two tables."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from cli_process import call
from operator_fixtures import point_at
from pilot_moments import Shelf, leave_empty
from pilot_project import PILOT, write_days
from small_project import write_spec

from stageline.exceptions import SpecError
from stageline.monitoring.profiling import Wanted, make_profile
from stageline.monitoring.reconstruction import find_directions
from stageline.operators import (
    DataQualityOperator,
    DriftCheckOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    ScoreOperator,
    TrainOperator,
    reference_profile,
)

TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator,
)  # fmt: skip
# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("drift")
IN_MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def drift(**given):
    return DriftCheckOperator(task_id="drift", pipeline="small", **given)


def newest(stores, step="drift"):
    return stores.records(step)[-1]


def checks(record):
    return {check["name"]: check for check in record.evidence["checks"]}


def _released(stores, execute):
    """Release a model of sixty days, and score them."""
    write_days(stores.project, 60)
    write_spec(stores.project, **PILOT)
    for kind in TRAINED:
        execute(kind, run_id="a", run_after=IN_MARCH)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id="a", run_after=IN_MARCH)
    execute(ScoreOperator, run_id="s", dag_id="small.score")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("drift"), mlflow_database, {"empty": leave_empty, "released": _released})


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    shelf.go_to("empty", None)
    return shelf.stores


@pytest.fixture
def released(shelf, stores, execute):
    shelf.go_to("released", execute)
    return stores


def test_the_profile_is_an_artifact_of_the_run_and_kept_beside_the_tables(released):
    record = newest(released, "profile")
    kept = record.evidence["evidence"]["profile"]
    (file,) = (released.home / "tables/small/profiles").iterdir()
    assert file.name == f"{kept['digest'].replace(':', '-')}.json"
    profile = json.loads(file.read_text("utf-8"))
    assert (profile["rows"], profile["window_seconds"]) == (480, 7 * 86_400)
    # Calendar parts would tell which hours a window holds; of one number and a text no directions can be had.
    assert set(profile["columns"]) == {"x", "colour", "model.prediction"}
    mlflow_run = record.evidence["evidence"]
    (run,) = [each for each in released.mlflow_runs() if each.info.run_name == "a"]
    assert "monitoring/profile.json" in [
        each.path for each in released.mlflow().list_artifacts(run.info.run_id, "monitoring")
    ]
    assert mlflow_run["made_from"] == released.records("features")[0].evidence["evidence"]["snapshot"]["digest"]


def test_a_window_of_the_reference_has_not_moved(released, execute):
    execute(drift(until="2026-02-25"), run_id="m")
    record = newest(released)
    assert record.verdict in ("passed", "warned")
    assert record.evidence["evidence"]["window"] == {
        "start": "2026-02-18T00:00:00+00:00", "end": "2026-02-25T00:00:00+00:00",
    }  # fmt: skip
    assert record.evidence["evidence"]["rows"] == record.evidence["evidence"]["scored"] == 56
    assert "none of 3 columns has moved (56 rows)" in record.sentence
    # What came, and what was predicted of it.
    assert record.metered["rows"] == 2 * 56
    assert record.metered["bytes_read"] == (released.project / "data/small.csv").stat().st_size


def test_a_window_whose_numbers_moved_is_told_with_their_bounds(released, execute):
    path = released.project / "data/small.csv"
    rows = pd.read_csv(path)
    rows.loc[rows["at"] >= "2026-02-18", "x"] += 300
    rows.to_csv(path, index=False)
    with pytest.raises(GateFailed, match=r"drift failed: 1 of 3 columns have moved \(56 rows\): \w+\(x\) = "):
        execute(drift(until="2026-02-25"), run_id="m")
    found = checks(newest(released))
    assert found["outside(x)"]["verdict"] == "failed"
    assert found["outside(x)"]["value"] == pytest.approx(1, abs=0.01)
    assert found["jensen_shannon(colour)"]["verdict"] == "passed"


def test_a_window_without_rows_says_nothing(released, execute):
    with pytest.raises(GateFailed, match="drift inconclusive: no rows in 'data/small.csv' from 2026-05-25 00:00"):
        execute(drift(until="2026-06-01"), run_id="m")
    assert newest(released).evidence["evidence"]["rows"] == 0


@pytest.mark.parametrize(
    ("told", "run_after", "end"),
    [
        # The newest row that was scored is of 21:00 on 1 March.
        (
            {"pipeline": "small", "partition": "s"},
            datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            "2026-03-01T22:00:00+00:00",
        ),
        ({"pipeline": "small", "partition": "gone"}, datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00"),
        ({"pipeline": "other", "partition": "s"}, datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00"),
        (None, datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00"),
    ],
)
def test_a_run_started_by_a_scoring_looks_back_from_the_newest_row_that_was_scored(
    released, execute, told, run_after, end
):
    execute(drift(), run_id="m", run_after=run_after, told=told)
    assert newest(released).evidence["evidence"]["window"]["end"] == end


def test_all_windows_of_a_version_are_one_run_in_mlflow(released, execute):
    for end in ("2026-02-18", "2026-02-25"):
        execute(drift(until=end), run_id=f"m-{end}", dag_id="small.monitor")
    digest = newest(released).evidence["evidence"]["model"]["digest"]
    (run,) = [each for each in released.mlflow_runs() if each.info.run_name.startswith("monitoring of version")]
    assert run.info.run_name == f"monitoring of version 1 ({digest[7:15]})"
    assert run.info.status == "FINISHED"
    name = next(name for name in run.data.metrics if name.endswith("colour"))
    points = released.mlflow().get_metric_history(run.info.run_id, name)
    assert [datetime.fromtimestamp(point.timestamp / 1000, UTC).day for point in points] == [18, 25]
    # Steps are hours: windows that overlap have a step each.
    assert points[1].step == points[0].step + 7 * 24
    assert all(
        run.info.run_name != f"m-{end}" for run in released.mlflow_runs() for end in ("2026-02-18", "2026-02-25")
    )


def test_a_window_that_nobody_scored_says_so(released, execute):
    write_days(released.project, 70)
    execute(drift(until="2026-03-10"), run_id="m")
    assert newest(released).verdict == "warned"
    found = checks(newest(released))
    assert found["scored"]["message"] == "no prediction was made of 56 rows: what the model says of them is not known"
    assert not any("model.prediction" in name for name in found)
    assert newest(released).sentence.endswith("columns has moved (56 rows); nobody scored them")


def test_a_season_that_the_reference_never_saw_is_no_alarm(released, execute):
    path = released.project / "data/small.csv"
    write_days(released.project, 70)
    rows = pd.read_csv(path)
    rows.loc[rows["at"] >= "2026-03-02", "x"] += 30
    rows.to_csv(path, index=False)
    execute(drift(until="2026-03-10"), run_id="m")
    assert newest(released).verdict == "warned"
    found = checks(newest(released))["outside(x)"]
    assert (found["verdict"], found["value"] > found["limit"]) == ("inconclusive", True)
    assert "it may be the season" in found["message"]


def test_garbage_is_an_alarm_in_any_month(released, execute):
    path = released.project / "data/small.csv"
    write_days(released.project, 70)
    rows = pd.read_csv(path)
    rows.loc[rows["at"] >= "2026-03-02", "x"] += 4_711
    rows.loc[rows["at"] >= "2026-03-02", "colour"] = "0x7f"
    rows.to_csv(path, index=False)
    with pytest.raises(
        GateFailed, match=r"drift failed: 2 of 2 columns have moved \(56 rows\): .*; nobody scored them"
    ):
        execute(drift(until="2026-03-10"), run_id="m")
    found = checks(newest(released))
    assert found["outside(x)"]["verdict"] == found["new_categories(colour)"]["verdict"] == "failed"


@pytest.fixture
def private(stores, execute):
    """Release a model whose columns are private, and score rows that moved."""
    write_days(stores.project, 60)
    path = stores.project / "data/small.csv"
    rows = pd.read_csv(path)
    rows["x"] += 700
    rows["colour"] = "secret " + rows["colour"]
    rows.to_csv(path, index=False)
    source = PILOT["source"].replace("}", ", private: [x, colour, y]}")
    write_spec(stores.project, **{**PILOT, "source": source, "kpi": "{metric: mean_absolute_error, max: 5000}"})
    for kind in TRAINED:
        execute(kind, run_id="a", run_after=IN_MARCH)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id="a", run_after=IN_MARCH)
    moved = rows["at"] >= "2026-02-18"
    rows.loc[moved, "x"] += 200
    rows.loc[moved, "colour"] = "secret red"
    rows.to_csv(path, index=False)
    execute(ScoreOperator, run_id="s", dag_id="small.score")
    return stores


def test_no_value_of_a_private_column_is_told(private, execute):
    with pytest.raises(GateFailed, match="3 of 3 columns have moved") as error:
        execute(drift(until="2026-02-25"), run_id="m")
    found = checks(newest(private))
    assert found["outside(x)"]["verdict"] == found["outside(model.prediction)"]["verdict"] == "failed"
    messages = [str(error.value), newest(private).sentence, *(check["message"] for check in found.values())]
    for words in ("secret", "median", "values from", "the reference has"):
        assert not [message for message in messages if words in message]
    given = {
        "AIRFLOW__STAGELINE__HOME": str(private.home),
        "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": f"sqlite:///{private.home / 'mlflow.db'}",
    }
    done = call(private.project, "monitor", "small", "--from", "2026-02-04", "--to", "2026-02-25", **given)
    assert "columns have moved" in done.out
    for words in ("secret", "median", "values from"):
        assert words not in done.out


def test_the_artifact_holds_no_private_column_and_what_is_kept_all(private):
    (run,) = [each for each in private.mlflow_runs() if each.info.run_name == "a"]
    shown = private.mlflow().download_artifacts(run.info.run_id, "monitoring/profile.json")
    assert json.loads(Path(shown).read_text("utf-8"))["columns"] == {}
    (kept,) = (private.home / "tables/small/profiles").iterdir()
    assert set(json.loads(kept.read_text("utf-8"))["columns"]) == {"x", "colour", "model.prediction"}


@pytest.mark.parametrize(("private", "left"), [((), "abc"), (("a",), "bc"), (("d",), "abc")])
def test_directions_are_shown_unless_a_private_column_is_part_of_them(private, left):
    draw = np.random.default_rng(0).normal(size=(500, 3))
    table = pa.table({name: draw[:, place] for place, name in enumerate("abc")})
    profile = make_profile(table, Wanted(dict.fromkeys("abc", "feature")), made_from="sha256:1")
    profile = profile.model_copy(update={"directions": find_directions(table, list("abc"))})
    shown = reference_profile._shown(profile, private)
    assert set(shown.columns) == set(left)
    assert (shown.directions is None) == ("a" in private)


def test_a_finding_counts_once_it_persists(released, execute):
    monitor = "{window: P7D, drift: {fail_above: 0.1}, persist: {k: 2, n: 3}}"
    write_spec(released.project, **{**PILOT, "monitor": monitor})
    path = released.project / "data/small.csv"
    rows = pd.read_csv(path)
    rows.loc[rows["at"] >= "2026-02-11", "x"] += 300
    rows.to_csv(path, index=False)
    execute(drift(until="2026-02-18"), run_id="m1")
    assert newest(released).verdict == "warned"
    # Looking again at the same window is not a second one.
    execute(drift(until="2026-02-18"), run_id="m2")
    assert newest(released).verdict == "warned"
    with pytest.raises(GateFailed):
        execute(drift(until="2026-02-25"), run_id="m3")
    persistent = checks(newest(released))["persistent(outside(x))"]
    assert (persistent["code"], persistent["verdict"], persistent["severity"]) == ("SL-M009", "failed", "critical")
    assert "outside(x) was above its limit in 2 of the last 2 runs (persist: k = 2, n = 3)" in persistent["message"]


def test_without_a_release_there_is_nothing_to_watch(stores, execute):
    write_spec(stores.project, **PILOT)
    with pytest.raises(GateFailed, match="drift errored: pipeline 'small' has no champion"):
        execute(drift(), run_id="m")


def test_a_model_without_a_profile_is_told(released, execute):
    for file in (released.home / "tables/small/profiles").iterdir():
        file.write_text("{}", encoding="utf-8")
    with pytest.raises(GateFailed, match=r"has digest .*, made was .*: it was changed; train and release again"):
        execute(drift(until="2026-02-25"), run_id="m")


def test_a_time_that_is_none_is_refused(released, execute):
    with pytest.raises(GateFailed, match="drift errored: until is 'soon'; expected ISO 8601"):
        execute(drift(until="soon"), run_id="m")


def test_a_span_in_which_no_window_fits_is_refused(released):
    given = {
        "AIRFLOW__STAGELINE__HOME": str(released.home),
        "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": f"sqlite:///{released.home / 'mlflow.db'}",
    }
    done = call(released.project, "monitor", "small", "--from", "2026-02-01", "--to", "2026-02-05", **given)
    assert "no whole window of 7 days, 0:00:00 fits between 2026-02-01T00:00:00+00:00 and" in done.err
    done = call(released.project, "monitor", "small", "--from", "2026-02-01", "--to", "2026-03-01", **given)
    assert "small: 0 of 4 windows with rows raise an alarm" in done.out


# --- any two tables


@pytest.fixture
def tables(stores):
    """Write a reference, a table like it, and one that moved, as Parquet and CSV."""
    rng = np.random.default_rng(0)
    for name, shift, colours in (("then", 0, "rgb"), ("same", 0, "rgb"), ("moved", 1, "rgbk")):
        frame = pd.DataFrame({"a": rng.normal(shift, 1, 3_000), "colour": rng.choice(list(colours), 3_000)})
        frame.to_parquet(stores.project / f"data/{name}.parquet")
        frame.to_csv(stores.project / f"data/{name}.csv", index=False)
    return stores


def two(table, reference="data/then.parquet", **given):
    return DriftCheckOperator(task_id="drift", table=table, reference=reference, record_as="rides", **given)


def of_rides(stores):
    with stores.ledger() as ledger:
        return ledger.records("rides")[0]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_two_tables_that_are_alike_pass(tables, execute, kind):
    execute(two(f"data/same.{kind}", f"data/then.{kind}"))
    record = of_rides(tables)
    assert (record.verdict, record.sentence) == ("passed", "none of 2 columns has moved (3,000 rows)")


@pytest.mark.parametrize("measure", ["jensen_shannon", "psi", "wasserstein", "kolmogorov_smirnov", "total_variation"])
def test_each_measure_finds_what_moved(tables, execute, measure):
    with pytest.raises(GateFailed, match="drift failed: 2 of 2 columns have moved"):
        execute(two("data/moved.parquet", measure=measure))
    found = checks(of_rides(tables))
    assert found[f"{measure}(a)"]["verdict"] == "failed"
    assert found["new_categories(colour)"]["verdict"] == "failed"


def test_only_the_columns_named_are_compared(tables, execute):
    with pytest.raises(GateFailed):
        execute(two("data/moved.parquet", columns=["a"]))
    assert not any("colour" in name for name in checks(of_rides(tables)))


def test_a_column_that_one_of_them_lacks_is_named(tables, execute):
    with pytest.raises(GateFailed, match="'data/then.parquet': column 'b' is missing; there are: a, colour"):
        execute(two("data/same.parquet", columns=["b"]))


def test_a_reference_without_rows_is_named(tables, execute):
    pd.DataFrame({"a": [1.0], "colour": ["r"]})[:0].to_parquet(tables.project / "data/none.parquet")
    with pytest.raises(GateFailed, match="a reference profile needs rows; 'data/none.parquet' holds none"):
        execute(two("data/same.parquet", "data/none.parquet", columns=["a"]))


def test_a_column_of_another_kind_is_named(tables, execute):
    pd.DataFrame({"a": ["x"] * 3_000, "colour": ["r"] * 3_000}).to_parquet(tables.project / "data/odd.parquet")
    with pytest.raises(GateFailed, match="drift errored: column 'a' is"):
        execute(two("data/odd.parquet"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "give either pipeline, or table and reference"),
        ({"table": "a.csv"}, "give either pipeline, or table and reference"),
        ({"pipeline": "small", "table": "a.csv"}, "with pipeline, all else is said in its spec; leave out table"),
        ({"table": "a", "reference": "b", "measure": "kl"}, "measure is 'kl'; allowed: jensen_shannon, psi,"),
        ({"table": "a", "reference": "b", "fail_above": float("nan")}, "fail_above is nan; expected a number above 0"),
        ({"table": "a", "reference": "b", "fail_above": 0}, "fail_above is 0; expected a number above 0"),
        ({"table": "a", "reference": "b", "columns": "a"}, "columns is the text 'a'; expected a list"),
        ({"table": "a", "reference": "b", "until": "2026-01-01"}, "but a table is compared whole; leave it out"),
    ],
)
def test_arguments_that_cannot_be_kept_are_refused_when_the_dag_is_read(given, sentence):
    with pytest.raises(SpecError, match=sentence):
        DriftCheckOperator(task_id="drift", **given)
