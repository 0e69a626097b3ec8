"""One run a model version in a real MLflow store, whose charts have one point a window."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from stageline.tracking import DagRun, Tracking, log_window

pytestmark = pytest.mark.xdist_group("mlflow_runs")
WEEK, DAY = timedelta(days=7), timedelta(days=1)
END = datetime(2026, 3, 2, tzinfo=UTC)


def version(number, digest="3f2a"):
    """Return what a version's windows stand for; the time is that of any of them."""
    return DagRun("rides", "rides.monitor", f"monitoring of version {number} ({digest})", END)


@pytest.fixture(scope="module")
def tracking(home):
    return Tracking(f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts")


@pytest.fixture
def log(tracking):
    """Return a function that logs a window of a version, and one that reads a metric's points."""

    def write(number, values, end, length=WEEK):
        run = tracking.ensure(version(number))
        with tracking.resume(run):
            log_window(values, end - length, end)
        tracking.finish(run, succeeded=True)
        return run

    return write


def points(tracking, run, name):
    """Return step, time in milliseconds and value, in the order of a chart."""
    with tracking.reach() as client:
        found = client.get_metric_history(run, name)
    return sorted((point.step, point.timestamp, point.value) for point in found)


def latest(tracking, run):
    with tracking.reach() as client:
        return client.get_run(run).data.metrics


def test_the_same_window_logged_twice_is_one_point(tracking, log):
    run = log(1, {"drift/x": 0.2}, END)
    assert log(1, {"drift/x": 0.2}, END) == run
    ((_, moment, value),) = points(tracking, run, "drift/x")
    assert (moment, value) == (END.timestamp() * 1_000, 0.2)


def test_windows_logged_out_of_order_stand_in_the_order_of_their_time(tracking, log):
    for week in (2, 0, 3, 1):
        run = log(2, {"drift/x": float(week)}, END + week * WEEK)
    found = points(tracking, run, "drift/x")
    assert [value for _, _, value in found] == [0.0, 1.0, 2.0, 3.0]
    assert len({step for step, _, _ in found}) == 4
    assert latest(tracking, run)["drift/x"] == 3.0


@pytest.mark.parametrize(
    ("number", "length", "apart"),
    [(3, WEEK, DAY), (4, WEEK, timedelta(hours=1)), (5, timedelta(minutes=10), timedelta(minutes=10))],
)
def test_each_window_has_a_step_of_its_own_even_where_they_overlap(tracking, log, number, length, apart):
    for place in range(5):
        run = log(number, {"drift/x": 1.0 - place / 10}, END + place * apart, length)
    found = points(tracking, run, "drift/x")
    assert [round(value, 1) for _, _, value in found] == [1.0, 0.9, 0.8, 0.7, 0.6]
    assert len({step for step, _, _ in found}) == 5


def test_several_measures_and_windows_are_in_one_run_that_is_found_again(tracking, log):
    first = log(6, {"drift/hum": 0.1, "performance/loss": 0.0}, END)
    again = log(6, {"drift/hum": 0.2, "budget/freshness": 0.4}, END + WEEK)
    assert first == again == tracking.find(version(6))
    assert latest(tracking, first) == {"drift/hum": 0.2, "performance/loss": 0.0, "budget/freshness": 0.4}
    with tracking.reach() as client:
        assert client.get_run(first).info.status == "FINISHED"


def test_another_version_has_another_run(tracking, log):
    assert log(7, {"drift/x": 0.1}, END) != log(8, {"drift/x": 0.1}, END)


def test_what_is_no_number_leaves_a_gap(tracking, log):
    run = log(9, {"drift/x": 0.1}, END)
    log(9, {"drift/x": math.nan, "drift/y": math.inf}, END + WEEK)
    log(9, {"drift/x": 0.3}, END + 2 * WEEK)
    assert [value for _, _, value in points(tracking, run, "drift/x")] == [0.1, 0.3]
    assert "drift/y" not in latest(tracking, run)
