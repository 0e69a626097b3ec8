"""The step `performance`: labels that come late, and what a released model's KPI is beside what was expected of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from operator_fixtures import point_at
from pilot_moments import STEPS, score, take
from pilot_project import PILOT, write_days
from sklearn.linear_model import Ridge
from small_project import write_spec

from stageline.operators import GateFailed, PerformanceCheckOperator, ReleaseOperator

# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("pilot")

WATCH = {"dag_id": "small.monitor"}
TARGET = "{column: y, task: regression, label_delay: P2D}"
WEEK = timedelta(days=7)


@pytest.fixture
def shelf(pilot_shelf):
    return pilot_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def released(shelf, stores, execute):
    """Give the stores of a model of January that was released and has scored nothing yet."""
    shelf.go_to("first released", execute)
    return stores


def declare(stores, *, labels="{}", performance="{min_n: 30, max_loss: 0.5}", persist="", **changes):
    more = f", persist: {persist}" if persist else ""
    monitor = f"{{window: P7D, drift: {{fail_above: 0.1}}, labels: {labels}, performance: {performance}{more}}}"
    write_spec(stores.project, **{**PILOT, "target": TARGET, "monitor": monitor, **changes})


def until_scored(stores, execute, days=70, **given):
    write_days(stores.project, days, **given)
    score(execute, "s")


def check(execute, until, run_id="m"):
    operator = PerformanceCheckOperator(task_id="performance", pipeline="small", until=until)
    return execute(operator, run_id=run_id, **WATCH)


def newest(stores):
    return stores.records("performance")[-1]


def evidence(stores):
    return newest(stores).evidence["evidence"]


def checks(stores):
    return {each["code"]: each for each in newest(stores).evidence["checks"]}


def write_labels(stores, frame, name="labels.parquet"):
    path = stores.project / "data" / name
    frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)


def truth(stores):
    return pd.read_csv(stores.project / "data/small.csv")[["id", "at", "y"]]


def test_the_newest_window_whose_labels_are_due_is_judged(released, execute):
    declare(released, kpi="{metric: mean_absolute_error, max: 50, value_per_unit: 2, currency: EUR}")
    until_scored(released, execute)
    check(execute, "2026-02-20")
    found = evidence(released)
    # Labels of a week that ends on the 18th are due on the 20th.
    assert found["window"] == {"start": "2026-02-11T00:00:00+00:00", "end": "2026-02-18T00:00:00+00:00"}
    assert found["labels"]["uri"] == "data/small.csv"
    # The window that is judged, and the newest one, which is estimated.
    assert newest(released).metered["rows"] == 2 * 56
    assert (found["labels"]["scored"], found["labels"]["labelled"], found["labels"]["coverage"]) == (56, 56, 1)
    # The other rows of the source are of other weeks.
    assert found["labels"]["unmatched"] == 70 * 8 - 56
    assert {code: each["verdict"] for code, each in checks(released).items()} == {
        "SL-M012": "passed", "SL-M013": "passed", "SL-M014": "passed", "SL-M016": "passed",
    }  # fmt: skip
    kpi, expected, loss = found["kpi"], found["expected"], found["loss"]
    assert kpi["low"] < kpi["value"] < kpi["high"]
    assert loss["value"] == pytest.approx(found["compared"]["value"] / expected["value"] - 1)
    assert found["smoothed"] == {**loss, **{k: found["smoothed"][k] for k in ("low", "high")}, "windows": 1}
    evaluated = released.records("evaluate")[0].evidence["evidence"]
    assert found["released"] == evaluated["metrics"][0]["estimates"]["model"]
    worth = found["value"]
    over_dummy = next(each for each in evaluated["improvements"] if each["over"] == "dummy")["estimate"]["value"]
    assert worth["amount"] + worth["lost"] == pytest.approx(over_dummy * 2 * 56)
    assert worth["currency"] == "EUR"


def test_the_kpi_is_that_of_the_rows_counted_by_hand(released, execute):
    declare(released)
    until_scored(released, execute)
    check(execute, "2026-02-20")
    from deltalake import DeltaTable

    said = DeltaTable(str(released.home / "tables/small/predictions")).to_pyarrow_table().to_pandas()
    both = said.merge(truth(released)[["id", "y"]], on="id")
    inside = both[(both["at"] >= "2026-02-11") & (both["at"] < "2026-02-18")]
    assert evidence(released)["kpi"]["value"] == pytest.approx((inside["y"] - inside["prediction"]).abs().mean())
    assert evidence(released)["kpi"]["n"] == len(inside) == 56


def test_the_newest_window_is_estimated_without_its_labels(released, execute):
    declare(released)
    until_scored(released, execute)
    check(execute, "2026-02-20")
    estimated = evidence(released)["estimated"]
    assert estimated["window"] == {"start": "2026-02-13T00:00:00+00:00", "end": "2026-02-20T00:00:00+00:00"}
    assert estimated["low"] < estimated["value"] < estimated["high"]
    told = checks(released)["SL-M016"]
    assert told["severity"] == "warning"
    assert "it cannot see a change of what follows from the same inputs" in told["message"]


def test_a_change_of_what_follows_from_the_same_inputs_is_found_once_labels_come(released, execute):
    declare(released)
    until_scored(released, execute, changed_from=40)
    with pytest.raises(GateFailed, match=r"performance failed: mean_absolute_error is [\d,.]+% worse"):
        check(execute, "2026-02-20")
    told = checks(released)
    assert (told["SL-M013"]["verdict"], told["SL-M014"]["verdict"]) == ("failed", "failed")
    # Nothing in the inputs shows it.
    assert told["SL-M016"]["verdict"] == "passed"
    assert evidence(released)["loss"]["low"] > 5


def test_every_window_of_a_version_is_a_point_in_mlflow(released, execute):
    declare(released)
    until_scored(released, execute)
    for day in ("2026-02-13", "2026-02-20"):
        check(execute, day, f"m-{day}")
    (run,) = [each for each in released.mlflow_runs() if each.info.run_name.startswith("monitoring of version")]
    history = {
        name: [
            datetime.fromtimestamp(point.timestamp / 1000, UTC).day
            for point in released.mlflow().get_metric_history(run.info.run_id, name)
        ]
        for name in ("performance/kpi", "performance/loss", "performance/estimated")
    }
    assert history["performance/kpi"] == history["performance/loss"] == [11, 18]
    assert history["performance/estimated"] == [13, 20]
    assert evidence(released)["smoothed"]["windows"] == 2
    assert checks(released)["SL-M015"]["n"] == 2


def test_windows_that_overlap_are_smoothed_once(released, execute):
    declare(released)
    until_scored(released, execute)
    for day in ("2026-02-13", "2026-02-14", "2026-02-20"):
        check(execute, day, f"m-{day}")
    assert evidence(released)["smoothed"]["windows"] == 2


def test_a_loss_counts_once_it_persists(released, execute):
    declare(released, persist="{k: 2, n: 3}")
    until_scored(released, execute, changed_from=40)
    check(execute, "2026-02-20", "m1")
    assert newest(released).verdict == "warned"
    assert checks(released)["SL-M014"]["severity"] == "warning"
    # To look again at the same window is not a second one.
    check(execute, "2026-02-20", "m2")
    assert newest(released).verdict == "warned"
    with pytest.raises(GateFailed):
        check(execute, "2026-02-27", "m3")
    stays = checks(released)["SL-M017"]
    assert (stays["verdict"], stays["severity"], stays["details"]["code"]) == ("failed", "critical", "SL-M014")
    assert "was above its limit in 2 of the last 2 runs (persist: k = 2, n = 3)" in stays["message"]


def test_what_the_model_was_trained_on_says_nothing_of_it(released, execute):
    declare(released)
    until_scored(released, execute)
    check(execute, "2026-01-29")
    assert newest(released).verdict == "warned"
    assert checks(released)["SL-M012"]["verdict"] == "inconclusive"
    assert "none of 56 predictions of rows from 2026-01-20" in newest(released).sentence
    assert (
        "is by version 1 and of a row newer than its data, which end 2026-01-30T21:00:00" in newest(released).sentence
    )
    assert evidence(released)["kpi"] is None


def test_without_a_prediction_nothing_is_known(released, execute):
    declare(released)
    check(execute, "2026-04-03")
    assert newest(released).sentence.startswith("no prediction was made of rows from 2026-03-25")
    assert checks(released)["SL-M012"]["verdict"] == "inconclusive"
    assert set(checks(released)) == {"SL-M012"}


def test_labels_that_never_came_are_no_pass(released, execute):
    declare(released, labels="{uri: data/labels.parquet}")
    until_scored(released, execute)
    with pytest.raises(GateFailed, match=r"failed: there are no labels: 'data/labels.parquet': there is no such"):
        check(execute, "2026-02-20", "m1")
    assert evidence(released)["estimated"]["value"] > 0
    write_labels(released, truth(released).head(10))
    with pytest.raises(GateFailed, match="failed: none of 56 predictions has a label yet"):
        check(execute, "2026-02-20", "m2")
    assert checks(released)["SL-M014"]["verdict"] == "inconclusive"


def test_labels_that_came_partly_are_judged_from_the_coverage_on_that_is_asked(released, execute):
    declare(released, labels="{uri: data/labels.csv, min_coverage: 0.75}")
    until_scored(released, execute)
    rows = truth(released)
    rows.loc[rows.index % 2 == 0, "y"] = np.nan
    write_labels(released, rows, "labels.csv")
    with pytest.raises(GateFailed, match=r"28 of 56 predictions have a label, min_n = 30"):
        check(execute, "2026-02-20")
    assert evidence(released)["loss"] is None
    rows = truth(released)
    rows.loc[rows.index % 5 == 0, "y"] = np.nan
    write_labels(released, rows, "labels.csv")
    # The labels are others than before, so the same task asks again.
    check(execute, "2026-02-20")
    assert evidence(released)["labels"]["labelled"] == 45
    assert evidence(released)["mix"]["reweighted"] is True
    assert "weighted to the mix of all 56 predictions" in checks(released)["SL-M014"]["message"]


def test_a_label_that_came_later_is_not_known_yet(released, execute):
    declare(released, labels="{uri: data/labels.parquet, column: found, arrived: came}")
    until_scored(released, execute)
    rows = truth(released).rename(columns={"y": "found"})
    rows["came"] = pd.to_datetime(rows["at"]) + pd.Timedelta("1D")
    rows.loc[(rows["at"] >= "2026-02-14"), "came"] += pd.Timedelta("30D")
    write_labels(released, rows)
    with pytest.raises(GateFailed, match=r"24 of 56 predictions have a label, min_n = 30"):
        check(execute, "2026-02-20")
    assert evidence(released)["labels"]["late"] == 32


def test_labels_that_came_twice_count_once_and_those_that_contradict_each_other_not_at_all(released, execute):
    declare(released, labels="{uri: data/labels.parquet}")
    until_scored(released, execute)
    rows = truth(released)
    inside = rows[(rows["at"] >= "2026-02-11") & (rows["at"] < "2026-02-18")]
    write_labels(released, pd.concat([rows, inside.head(5), inside.tail(3).assign(y=0)]))
    check(execute, "2026-02-20")
    labels = evidence(released)["labels"]
    assert (labels["repeated"], labels["contradictory"], labels["labelled"]) == (5, 3, 53)
    told = checks(released)["SL-M012"]
    assert told["verdict"] == newest(released).verdict == "warned"
    assert "3 left out: two labels contradict each other" in told["message"]


def test_a_run_that_is_tried_again_is_recorded_once(released, execute):
    declare(released)
    until_scored(released, execute)
    check(execute, "2026-02-20")
    check(execute, "2026-02-20")
    assert len(released.records("performance")) == 1


def test_a_column_of_labels_that_is_not_there_is_named(released, execute):
    declare(released, labels="{column: found}")
    until_scored(released, execute)
    with pytest.raises(GateFailed, match="errored: labels 'data/small.csv': column 'found' is missing; there are: id"):
        check(execute, "2026-02-20")


def test_a_model_that_answers_otherwise_than_at_its_release_fails_whatever_the_window_holds(
    released, execute, monkeypatch
):
    declare(released, persist="{k: 2, n: 3}")
    until_scored(released, execute)
    check(execute, "2026-02-20", "m1")
    before = evidence(released)
    assert before["anew"]["changed"] is False
    assert before["anew"]["value"] == pytest.approx(before["released"]["value"], rel=1e-9)
    monkeypatch.setattr(Ridge, "predict", lambda self, rows: np.full(len(rows), 150.0))
    for until, run_id in (("2026-02-20", "m2"), ("2026-04-03", "m3")):
        with pytest.raises(GateFailed, match="the model answers otherwise than at its release: on the same"):
            check(execute, until, run_id)
        found = checks(released)["SL-M014"]
        assert (found["verdict"], found["severity"]) == ("failed", "critical")
        assert found["details"]["recorded"] == before["released"]["value"]
        assert found["details"]["anew"] > 50
        assert evidence(released)["loss"] is evidence(released)["expected"] is evidence(released)["value"] is None
        assert evidence(released)["released"] == before["released"]


@pytest.mark.parametrize("private", [False, True])
def test_labels_of_a_class_that_the_model_does_not_know_are_a_failure_of_their_own(shelf, stores, execute, private):
    shelf.go_to("begun", execute)
    changes = {
        "performance": "{min_n: 30, max_loss: 2}",
        "target": "{column: y, task: classification, positive: yes}",
        "train": "{estimator: sklearn.linear_model.LogisticRegression}",
        "kpi": "{metric: log_loss, max: 0.9}",
    }
    if private:
        changes["source"] = PILOT["source"].replace("}", ", private: [y]}")
    declare(stores, labels="{uri: data/labels.csv}", **changes)

    def write(days):
        write_days(stores.project, days)
        rows = pd.read_csv(stores.project / "data/small.csv")
        rows["y"] = np.where(rows["x"] + 10 * np.sin(np.arange(len(rows))) > 50, "yes", "no")
        rows.to_csv(stores.project / "data/small.csv", index=False)

    write(60)
    take(execute, *STEPS)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False))
    write(80)
    score(execute, "s")
    rows = truth(stores)
    inside = (rows["at"] >= "2026-03-11") & (rows["at"] < "2026-03-18")
    rows.loc[inside & (rows["id"] % 4 == 0), "y"] = "maybe"
    write_labels(stores, rows, "labels.csv")
    with pytest.raises(GateFailed):
        check(execute, "2026-03-18")
    found = checks(stores)["SL-M012"]
    assert (found["verdict"], found["details"], found["value"]) == ("failed", {"reason": "unseen_classes"}, 1.0)
    shown = "" if private else " ('maybe')"
    assert f"14 of 56 true values are of a class that the model does not know{shown}: it has to" in found["message"]
    assert checks(stores)["SL-M014"]["verdict"] == "inconclusive"
    labels = evidence(stores)["labels"]
    assert (labels["labelled"], labels["unseen"], labels["coverage"]) == (42, 14, 1.0)
    assert ("maybe" in str(newest(stores))) is not private


def test_history_says_what_the_step_says(released, execute):
    declare(released, persist="{k: 2, n: 3}")
    until_scored(released, execute, changed_from=45)
    told = history(released, datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
    assert [str(each.window) for each in told][-1] == "2026-02-22 00:00 to 2026-03-01 00:00"
    assert [each.said_at - each.window.end for each in told] == [timedelta(days=2)] * 4
    assert [bool(each.persistent) for each in told] == [False, False, False, True]
    for number, each in enumerate(told):
        try:
            check(execute, each.said_at.isoformat(), f"h{number}")
        except GateFailed:
            assert each.persistent
        found = evidence(released)
        assert found["kpi"]["value"] == pytest.approx(each.judged.kpi.value)
        assert found["loss"] == pytest.approx(
            {"value": each.judged.loss.value, "low": each.judged.loss.low, "high": each.judged.loss.high}
        )
        assert found["smoothed"]["value"] == pytest.approx(each.judged.smoothed.value)
        step = {code: one["verdict"] for code, one in checks(released).items() if code != "SL-M016"}
        assert step == {one.code: str(one.verdict) for one in each.checks if one.code != "SL-M016"}


def test_a_model_of_classes_is_judged_and_estimated_by_its_probabilities(shelf, stores, execute):
    shelf.go_to("begun", execute)
    declare(
        stores,
        labels="{uri: data/labels.csv}",
        # Of 56 rows of two classes, less cannot be decided.
        performance="{min_n: 30, max_loss: 2}",
        target="{column: y, task: classification, positive: yes}",
        train="{estimator: sklearn.linear_model.LogisticRegression}",
        kpi="{metric: log_loss, max: 0.9, false_negative_cost: 5, false_positive_cost: 1}",
    )
    rng = np.random.default_rng(0)

    def write(days):
        write_days(stores.project, days)
        rows = pd.read_csv(stores.project / "data/small.csv")
        chance = 1 / (1 + np.exp((50 - rows["x"]) / 15))
        rows["y"] = np.where(rng.random(len(rows)) < chance, "yes", "no")
        rows.to_csv(stores.project / "data/small.csv", index=False)

    write(60)
    take(execute, *STEPS)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False))
    write(100)
    score(execute, "s")
    write_labels(stores, truth(stores), "labels.csv")
    check(execute, "2026-04-02")
    found = evidence(stores)
    assert found["estimated"]["how"] == "calibrated probabilities"
    assert found["estimated"]["low"] < found["estimated"]["value"] < found["estimated"]["high"]
    assert found["kpi"]["metric"] == "log_loss"
    assert found["loss"]["low"] < found["loss"]["value"] < found["loss"]["high"]
    worth = found["value"]
    assert worth["cost"] == pytest.approx(5 * worth["false_negatives"] + worth["false_positives"])
    assert worth["amount"] == pytest.approx(-worth["cost"])
    rows = truth(stores)
    rows.loc[::4, "y"] = "maybe"
    write_labels(stores, rows, "labels.csv")
    with pytest.raises(GateFailed, match="14 of 56 true values are of a class that the model does not know"):
        check(execute, "2026-04-02")
    assert evidence(stores)["labels"]["unseen"] == 14


def history(stores, start, end):
    from stageline.monitoring.windows import Window
    from stageline.operators.aliases import tracking_of
    from stageline.operators.champion import Champion
    from stageline.operators.configuration import load_settings
    from stageline.operators.performance_history import performance_history
    from stageline.operators.run_context import RunContext
    from stageline.operators.watched_window import WatchedWindow
    from stageline.spec import load_pipeline

    loaded = load_pipeline("small", stores.project / "config/pipelines")
    settings = load_settings()
    with stores.ledger() as ledger:
        run = RunContext(
            name="small", loaded=loaded, project=stores.project, settings=settings, ledger=ledger,
            tracking=tracking_of(settings), dag_id="", run_id="", task_id="monitor", map_index=-1, try_number=1,
            run_after=datetime.now(UTC),
        )  # fmt: skip
        return performance_history(WatchedWindow(run, Champion.of(run), Window(start, start + WEEK)), start, end)
