"""The step `cause`: a release that made things worse is told from a world that changed, and can be undone."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from operator_fixtures import point_at
from pilot_moments import Shelf
from pilot_project import DAY, PILOT
from small_project import write_spec

from stageline.exceptions import ArtifactError, DataError
from stageline.operators import (
    DataQualityOperator,
    DriftCheckOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ObjectivesOperator,
    PerformanceCheckOperator,
    ReleaseCauseOperator,
    ReleaseOperator,
    RollbackOperator,
    ScoreOperator,
    TrainOperator,
)
from stageline.operators.champion import Champion
from stageline.operators.watched_time import end_of_watch
from stageline.serving import local_file, newest_predictions

# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("cause")

TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ModelValidationOperator,
)  # fmt: skip
MONITOR = "{window: P7D, drift: {fail_above: 0.1}, performance: {min_n: 30, max_loss: 0.5}}"
COLOURS = ("red", "green", "blue")


def write_rows(project, days, *, without_blue=False, raised_from=None):
    """Write eight rows a day; of blue ones the target is 60 higher, and from a day on that of all is."""
    lines = ["id,at,x,colour,y"]
    for row in range(days * 8):
        x, colour = row * 37 % 101, COLOURS[row % 3]
        if without_blue and colour == "blue":
            continue
        raised = 0 if raised_from is None or row < raised_from * 8 else 60
        at = DAY + timedelta(hours=3 * row)
        y = 3 * x + row * 7 % 11 + raised + 60 * (colour == "blue")
        lines.append(f"{row},{at:%Y-%m-%dT%H:%M:%S},{x},{colour},{y}")
    (project / "data/small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def release(execute, run_id, month, **params):
    at = datetime(2026, month, 1, tzinfo=UTC)
    for kind in TRAINED:
        execute(kind, run_id=run_id, run_after=at, params=params)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id=run_id, run_after=at)


def watch(execute, run_id, until, **given):
    """Judge the performance, then its cause; returns what the cause raises, if anything."""
    with pytest.raises(GateFailed):
        execute(PerformanceCheckOperator(task_id="performance", pipeline="small", until=until), run_id=run_id)
    return execute(ReleaseCauseOperator(task_id="cause", pipeline="small", **given), run_id=run_id)


def _of_all_colours(stores, execute):
    write_spec(stores.project, **{**PILOT, "monitor": MONITOR})
    write_rows(stores.project, 60)
    release(execute, "a", 3)


def _without_blue(stores, execute):
    write_rows(stores.project, 90, without_blue=True)
    release(execute, "b", 4)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    ways = {"of all colours": _of_all_colours, "without blue": _without_blue}
    return Shelf.make(tmp_path_factory.mktemp("cause"), mlflow_database, ways)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def one_release(shelf, stores, execute):
    """Release a model of rows of all colours."""
    shelf.go_to("of all colours", execute)
    return stores


@pytest.fixture
def two_releases(shelf, stores, execute):
    """Release another one then, whose data had lost the blue rows."""
    shelf.go_to("without blue", execute)
    return stores


def head(stores):
    with stores.ledger() as ledger:
        return ledger.head("small")


def score(stores, execute, days, **given):
    write_rows(stores.project, days, **given)
    execute(ScoreOperator, run_id="s", dag_id="small.score")


def judged(stores):
    return stores.records("cause")[-1]


def test_where_the_model_before_does_better_the_release_is_the_cause(two_releases, execute):
    score(two_releases, execute, 98)
    with pytest.raises(GateFailed, match="cause failed: mean_absolute_error .* the release is the cause"):
        watch(execute, "m", "2026-04-09")

    assert head(two_releases).champion.version == 2
    evidence = judged(two_releases).evidence["evidence"]
    assert evidence["window"] == {"start": "2026-04-02T00:00:00+00:00", "end": "2026-04-09T00:00:00+00:00"}
    assert evidence["model"]["version"] == 2


def test_it_rolls_back_at_once_where_it_may(two_releases, execute):
    score(two_releases, execute, 98)
    with pytest.raises(GateFailed, match="version 1 is the champion again, instead of 2"):
        watch(execute, "m", "2026-04-09", roll_back=True)

    assert (head(two_releases).champion.version, head(two_releases).generation) == (1, 3)
    codes = [check["code"] for check in judged(two_releases).evidence["checks"]]
    assert codes == ["SL-M018", "SL-P003"]
    # Cleared and run again, it goes back no further.
    with pytest.raises((GateFailed, AirflowSkipException)):
        execute(ReleaseCauseOperator(task_id="cause", pipeline="small", roll_back=True), run_id="m", try_number=2)
    assert head(two_releases).generation == 3


def test_a_world_that_changed_meets_both_models_alike_and_is_not_the_release(two_releases, execute):
    # Everything costs more: the model of all colours is no better on it.
    score(two_releases, execute, 98, without_blue=True, raised_from=90)
    watch(execute, "m", "2026-04-09", roll_back=True)

    # The one without blue rows is a little worse beyond doubt; that is no reason.
    assert judged(two_releases).verdict == "passed"
    assert "the release is not the cause" in judged(two_releases).sentence
    assert head(two_releases).champion.version == 2


def test_a_first_release_has_none_to_compare_with(one_release, execute):
    score(one_release, execute, 68, raised_from=60)
    watch(execute, "m", "2026-03-10")

    assert judged(one_release).verdict == "warned"
    assert "version 1 is the first release: there is none to compare it with" in judged(one_release).sentence


def test_a_model_before_that_is_gone_leaves_the_cause_undecided(two_releases, execute):
    score(two_releases, execute, 98)
    with two_releases.ledger() as ledger:
        before = ledger.head("small").earlier[-1]
    for kept in two_releases.home.rglob(f"*{before.digest.removeprefix('sha256:')}*"):
        kept.unlink()
    local_file(before.uri).unlink()
    watch(execute, "m", "2026-04-09", roll_back=True)

    (found,) = judged(two_releases).evidence["checks"]
    assert (found["code"], found["verdict"], found["severity"]) == ("SL-M018", "inconclusive", "warning")
    assert "cannot be told: version 1, the champion before, cannot be asked" in found["message"]
    assert (judged(two_releases).verdict, head(two_releases).champion.version) == ("warned", 2)


def test_a_champion_that_is_gone_is_no_fault_of_the_model_before(two_releases, execute, monkeypatch):
    score(two_releases, execute, 98)
    load = Champion.load

    def gone(self):
        if self.version.version == 2:
            raise ArtifactError("there is no file")
        return load(self)

    with pytest.raises(GateFailed):
        execute(PerformanceCheckOperator(task_id="performance", pipeline="small", until="2026-04-09"), run_id="m")
    monkeypatch.setattr(Champion, "load", gone)
    with pytest.raises(GateFailed, match="cause errored: there is no file"):
        execute(ReleaseCauseOperator(task_id="cause", pipeline="small", roll_back=True), run_id="m")


# --- until when


@pytest.mark.parametrize(
    ("until", "why"),
    [
        ("2062-01-01", r"lies ahead: .* it is 20\d\d-\d\d-\d\d \d\d:\d\d now"),
        ("9999-12-31T23:59-12:00", "lies ahead"),
        ("9999-12-31", "lies ahead"),
        ("0001-01-01", "lies before 1900"),
        ("0001-01-01T00:00+14:00", "lies before 1900"),
        ("1899-12-31", "lies before 1900"),
    ],
)
def test_no_step_looks_back_from_a_time_that_lies_ahead_or_before_the_calendar(one_release, execute, until, why):
    for kind in (DriftCheckOperator, PerformanceCheckOperator, ObjectivesOperator):
        with pytest.raises(GateFailed, match=f"{kind.step} errored: until is {re.escape(repr(until))}, which {why}"):
            execute(kind(task_id=kind.step, pipeline="small", until=until), run_id="m")


def test_a_row_that_lies_ahead_does_not_move_what_is_looked_at(monkeypatch):
    now = datetime.now(UTC)
    run = SimpleNamespace(
        logical_date=None, run_after=now, settings=SimpleNamespace(tables=Path()), name="small",
        spec=SimpleNamespace(source=SimpleNamespace(event_time="at")), told=[{"pipeline": "small", "partition": "p"}], predictions=None,
    )  # fmt: skip
    for newest, end in [(datetime(9999, 12, 31, 23, tzinfo=UTC), now), (datetime(2026, 3, 1, 5, 20, tzinfo=UTC),) * 2]:
        monkeypatch.setattr(newest_predictions, "newest_time", lambda *_, found=newest: found)
        expected = end if end == now else end.replace(hour=6, minute=0)
        assert end_of_watch(run, None) == expected


def test_a_logical_date_may_be_a_little_ahead_and_no_more():
    now = datetime.now(UTC)
    near, far = now + timedelta(minutes=30), now + timedelta(days=2)
    assert end_of_watch(SimpleNamespace(logical_date=near, run_after=now), None) == near
    with pytest.raises(DataError, match="the run's logical date is .* which lies ahead"):
        end_of_watch(SimpleNamespace(logical_date=far, run_after=now), None)


def test_a_model_that_is_no_champion_any_more_is_not_judged(two_releases, execute):
    score(two_releases, execute, 98)
    with pytest.raises(GateFailed):
        execute(PerformanceCheckOperator(task_id="performance", pipeline="small", until="2026-04-09"), run_id="m")
    execute(RollbackOperator(task_id="rollback", pipeline="small"), run_id="m")
    execute(ReleaseCauseOperator(task_id="cause", pipeline="small", roll_back=True), run_id="m")

    assert "version 2 is not the champion any more, version 1 is" in judged(two_releases).sentence
    assert head(two_releases).champion.version == 1


def test_without_a_loss_it_is_skipped(two_releases, execute):
    with pytest.raises(AirflowSkipException, match="no loss to explain: there is no step 'performance'"):
        execute(ReleaseCauseOperator(task_id="cause", pipeline="small"), run_id="m")
    assert not two_releases.records("cause")
