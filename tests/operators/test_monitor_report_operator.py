"""The step `monitor_report`: a page for each window, in the monitoring run of its model version."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from monitored_runs import LOSS, TRAFFIC, leave, moved, refuse, release, run_step
from operator_fixtures import point_at
from pilot_moments import Shelf, leave_empty
from pilot_project import PILOT, write_days
from small_project import write_spec

from stageline.operators import (
    AlertOperator,
    DataQualityOperator,
    DriftCheckOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    MonitorReportOperator,
    PerformanceCheckOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    RollbackOperator,
    ScoreOperator,
    TrainOperator,
)

TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator,
)  # fmt: skip
# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("monitor_report")
IN_MARCH = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def report():
    return MonitorReportOperator(task_id="report", pipeline="small")


def drift(until="2026-02-25"):
    return DriftCheckOperator(task_id="drift", pipeline="small", until=until)


def newest(stores, step="monitor_report"):
    return stores.records(step)[-1]


def watched_run(stores, version=1):
    """Return the monitoring run of a version and the paths of its pages."""
    tag = "stageline.monitored_version"
    (run,) = [each for each in stores.mlflow_runs() if each.data.tags.get(tag) == str(version)]
    return run, sorted(each.path for each in stores.mlflow().list_artifacts(run.info.run_id, "monitoring"))


def page_of(stores, tmp_path, name="latest", version=1):
    run, _ = watched_run(stores, version)
    path = stores.mlflow().download_artifacts(run.info.run_id, f"monitoring/{name}.html", str(tmp_path))
    return Path(path).read_text("utf-8")


def performance(end, value=30.0):
    """Return what the step `performance` puts in evidence of a window that ends so."""

    def bounds(middle, room):
        return {"value": middle, "low": middle - room, "high": middle + room, "n": 50, "windows": 1}

    return {
        "window": {"start": (end - WEEK).isoformat(), "end": end.isoformat()},
        "labels": {"uri": "data/small.csv", "scored": 56, "labelled": 50, "coverage": 50 / 56},
        "kpi": bounds(value, 3), "released": bounds(29.0, 1), "expected": bounds(29.5, 1),
        "loss": bounds(0.02, 0.1), "smoothed": bounds(0.01, 0.05),
        "value": {"amount": 12.5, "per_1000": 2.0, "lost": 0.0, "currency": "EUR", "cost": None},
        "estimated": {
            "window": {"start": end.isoformat(), "end": (end + WEEK).isoformat()}, "metric": "mean_absolute_error",
            "value": 31.0, "low": 28.0, "high": 34.0, "how": "from its bounds",
        },
    }  # fmt: skip


def _released(stores, execute):
    """Release a model of sixty days, of which one column is private, and score them."""
    write_days(stores.project, 60)
    source = "{uri: data/small.csv, keys: [id], event_time: at, private: [colour]}"
    write_spec(stores.project, **{**PILOT, "source": source})
    for kind in TRAINED:
        execute(kind, run_id="a", run_after=IN_MARCH)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id="a", run_after=IN_MARCH)
    execute(ScoreOperator, run_id="s", dag_id="small.score")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    ways = {"empty": leave_empty, "released": _released}
    return Shelf.make(tmp_path_factory.mktemp("reported"), mlflow_database, ways)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    shelf.go_to("empty", None)
    return shelf.stores


@pytest.fixture
def told(stores):
    """Give stores whose ledger knows a released model; nothing was trained."""
    write_spec(stores.project, **PILOT)
    release(stores)
    return stores


@pytest.fixture
def released(shelf, stores, execute):
    shelf.go_to("released", execute)
    return stores


def test_a_window_is_a_page_of_its_versions_run(released, execute, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_UI_URL", "http://127.0.0.1:5000")
    execute(drift(), run_id="m")
    # What the model was trained on shows nothing of its performance, and the page says so.
    with suppress(GateFailed):
        execute(PerformanceCheckOperator(task_id="performance", pipeline="small", until="2026-02-25"), run_id="m")
    task = report()
    result = execute(task, run_id="m")
    assert result["verdict"] == "passed"
    record = newest(released)
    assert record.evidence["evidence"]["window"]["end"] == "2026-02-25T00:00:00+00:00"
    assert record.evidence["evidence"]["model"]["version"] == 1
    assert record.evidence["checks"][0]["code"] == "SL-R002"
    assert task.report_url.endswith("/artifacts/monitoring/2026-02-25.html")
    run, pages = watched_run(released)
    assert pages == ["monitoring/2026-02-25.html", "monitoring/latest.html"]
    assert run.info.status == "FINISHED"
    # MLflow groups the charts by what stands before the slash.
    assert {"drift/x", "drift/colour", "drift/model.prediction", "missing/x", "outside/x"} <= set(run.data.metrics)
    assert all("/" in name for name in run.data.metrics)
    page = page_of(released, tmp_path)
    assert page == page_of(released, tmp_path, "2026-02-25")
    assert "none of 3 columns has moved (56 rows)" in page
    assert page.count('class="histogram"') == 2
    assert "none of 56 predictions of rows from 2026-02-18 00:00" in page
    assert "No window has enough labels yet: there is nothing to draw." in page
    assert "in a form that this version cannot read" not in page
    assert "of all 480 rows that the scoring run of partition" in page
    # Of the private column no value is left behind.
    (file,) = (released.home / "tables/small/distributions").iterdir()
    assert '"x"' in file.read_text("utf-8")
    assert "green" not in file.read_text("utf-8") + page
    assert "Its values are private: no distribution is shown." in page
    assert execute(report(), run_id="m", try_number=2)["record"] == result["record"]
    assert page_of(released, tmp_path) == page


def test_a_drift_that_failed_does_not_stop_the_page_nor_do_distributions_that_are_gone(released, execute, tmp_path):
    path = released.project / "data/small.csv"
    rows = pd.read_csv(path)
    rows.loc[rows["at"] >= "2026-02-18", "x"] += 300
    rows.to_csv(path, index=False)
    with pytest.raises(GateFailed):
        execute(drift(), run_id="m")
    assert execute(report(), run_id="m")["verdict"] == "passed"
    page = page_of(released, tmp_path)
    assert "<title>small: monitoring failed</title>" in page
    assert "of this window lies above 100, nothing of the reference." in page
    (file,) = (released.home / "tables/small/distributions").iterdir()
    file.write_text("{}", encoding="utf-8")
    execute(report(), run_id="m", try_number=2)
    page = page_of(released, tmp_path)
    assert "Their distributions cannot be shown" in page
    assert 'class="histogram"' not in page


def test_an_alarm_does_not_wait_for_a_place_for_its_picture(released, execute, tmp_path):
    (released.home / "tables/small/distributions").write_text("no folder", encoding="utf-8")
    assert execute(drift(), run_id="m")["verdict"] in ("passed", "warned")
    execute(report(), run_id="m")
    assert "Their distributions were not kept" in page_of(released, tmp_path)


# --- of records alone


def test_windows_before_and_releases_come_from_the_ledger(told, tmp_path):
    first = datetime(2026, 2, 1, tzinfo=UTC)
    for week in range(4):
        leave(told, "performance", LOSS, run_id=f"p{week}", **performance(first + week * WEEK))
    # Looked at again: its newer record counts.
    leave(told, "performance", LOSS, run_id="again", **performance(first, value=44.0))
    leave(told, "performance", LOSS, run_id="m1", **performance(first + 4 * WEEK))
    leave(told, "drift", TRAFFIC, run_id="m0", end="2026-03-01", rows=81, scored=80,
          window={"start": "2026-02-22T00:00:00+00:00", "end": "2026-03-01T00:00:00+00:00"})  # fmt: skip
    leave(told, "drift", moved(), rows=90, scored=88)
    assert run_step(told, report())["verdict"] == "passed"
    page = page_of(told, tmp_path)
    assert "in the newest window whose labels are due: 2026-02-22 to 2026-03-01" in page
    assert "before: 81" in page
    assert "17 % worse than at release" in page
    assert "goal: at most 50" in page
    assert "version 1 released, the first" in page
    assert "from its bounds" in page
    assert "EUR\u00a012.50" in page
    assert page.index("Performance: 17 %") < page.index("; drift failed")


def test_a_run_without_records_has_a_page_that_says_so(told, tmp_path):
    assert run_step(told, report())["verdict"] == "passed"
    assert "No step of this run left a record: nothing is known of this window." in page_of(told, tmp_path)


def test_steps_that_errored_are_quoted(told, tmp_path):
    refuse(told, "drift", "there is no table 'data/small.csv'")
    refuse(told, "performance", "there are no labels anywhere")
    assert run_step(told, report())["verdict"] == "passed"
    page = page_of(told, tmp_path)
    assert "there is no table" in page
    assert "there are no labels anywhere" in page


def test_before_the_first_release_the_page_is_in_the_runs_own_place(stores):
    write_spec(stores.project, **PILOT)
    assert run_step(stores, report())["verdict"] == "passed"
    (run,) = stores.mlflow_runs()
    assert run.info.run_name == "m1"
    assert len(stores.mlflow().list_artifacts(run.info.run_id, "monitoring")) == 2


def test_evidence_of_another_shape_is_named_and_the_rest_is_shown(told, tmp_path):
    odd = {**performance(datetime(2026, 3, 1, tzinfo=UTC)), "labels": "many", "value": {"amount": "a lot"}, "kpi": 3}
    leave(told, "performance", LOSS, **odd)
    leave(told, "objectives", objectives=[{"target": 1}])
    leave(told, "drift", moved(), rows=90, scored=88)
    assert run_step(told, report())["verdict"] == "passed"
    page = page_of(told, tmp_path)
    for part in ("performance: labels", "performance: value", "objectives: objectives"):
        assert f"<code>{part}</code>" in page
    assert "psi(x) = 0.3, limit 0.1" in page


def test_an_older_window_looked_at_again_is_not_the_latest(told, tmp_path):
    for run_id, end in (("m1", "2026-03-08"), ("m2", "2026-03-05")):
        leave(told, "drift", TRAFFIC, run_id=run_id, end=end, rows=90, scored=88)
        run_step(told, report(), run_id=run_id)
    _, pages = watched_run(told)
    assert pages == ["monitoring/2026-03-05.html", "monitoring/2026-03-08.html", "monitoring/latest.html"]
    assert page_of(told, tmp_path) == page_of(told, tmp_path, "2026-03-08")


def test_objectives_give_the_last_stage_of_the_funnel(told, tmp_path):
    found = {
        "sli": "kpi",
        "target": 0.9,
        "period": "P28D",
        "good": 700,
        "total": 800,
        "burned": 1.25,
        "exhausted": True,
    }
    leave(told, "objectives", objectives=[{**found, "burns": [], "more": 1}])
    leave(told, "drift", TRAFFIC, rows=90, scored=88)
    run_step(told, report())
    page = page_of(told, tmp_path)
    assert "the true class, over the last 28\u00a0days" in page
    assert "<strong>700</strong>" in page
    assert "exhausted, promotions are frozen" in page


def test_an_open_incident_stands_on_the_next_page(told, tmp_path):
    leave(told, "drift", moved(), run_id="m1", rows=90, scored=88)
    with pytest.raises(GateFailed):
        run_step(told, AlertOperator(task_id="alert", pipeline="small"), run_id="m1")
    leave(told, "drift", moved(), run_id="m2", end="2026-03-15", rows=90, scored=88)
    run_step(told, report(), run_id="m2")
    page = page_of(told, tmp_path)
    assert "<strong>inputs</strong>" in page
    assert "data: <strong>di</strong>" in page


def test_after_a_rollback_the_page_is_still_of_the_version_that_was_watched(told, tmp_path):
    release(told, version=2, digest="sha256:2")
    leave(told, "drift", moved(), rows=90, scored=88, model={"version": 2, "digest": "sha256:2"})
    run_step(told, RollbackOperator(task_id="rollback", pipeline="small"))
    run_step(told, report())
    assert newest(told).evidence["evidence"]["model"]["version"] == 2
    assert "rolled back to version 1" in page_of(told, tmp_path, version=2)
