"""The step `objectives`: the events of a released pipeline, counted from its real stores."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from operator_fixtures import make_stores, point_at
from pilot_project import PILOT, write_days
from small_project import write_spec

from stageline.ledger import Entry, Ledger
from stageline.monitoring.labels import LabelledRows
from stageline.operators import DataQualityOperator, GateFailed, ObjectivesOperator, ScoreOperator, kpi_events
from stageline.operators.run_events import Assumed, RunRows, with_assumed
from stageline.spec import Task
from stageline.spec.operating import Objective
from stageline.verdicts import Mode, Verdict

# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("pilot")

HOUR = timedelta(hours=1)
WATCH = {"dag_id": "small.monitor"}
PLACE = ("score", "small.score", "score")


@pytest.fixture
def shelf(pilot_shelf):
    return pilot_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def scored(shelf, stores, execute):
    """Give the stores of a pipeline that was released, and has scored 240 rows of January."""
    shelf.go_to("first scored", execute)
    return stores


def declare(stores, *objectives, **changes):
    write_spec(stores.project, **{**PILOT, **changes, "slo": f"[{', '.join(objectives)}]"})


def watch(execute, run_id="m", *, until=None, **given):
    given.setdefault("run_after", datetime.now(UTC))
    return execute(
        ObjectivesOperator(task_id="objectives", pipeline="small", until=until), run_id=run_id, **WATCH, **given
    )


def newest(stores):
    return stores.records("objectives")[-1]


def said(stores):
    return {check["name"]: check for check in newest(stores).evidence["checks"]}


def found(stores, sli):
    return {each["sli"]: each for each in newest(stores).evidence["evidence"]["objectives"]}[sli]


def again(stores, partition, *, rows, happened, scored_at):
    """Put rows like those that were scored into another partition, with other times."""
    folder = str(stores.home / "tables/small/predictions")
    table = DeltaTable(folder).to_pyarrow_table()
    table = table.take(pa.array([place % table.num_rows for place in range(rows)]))
    values = {
        "id": pa.array(range(10_000, 10_000 + rows), table.schema.field("id").type),
        "at": pa.array(happened, pa.timestamp("us")),
        "scored_at": pa.array(scored_at, pa.timestamp("us", "UTC")),
        "partition": pa.array([partition] * rows),
    }
    for name, column in values.items():
        table = table.set_column(table.schema.get_field_index(name), name, column.cast(table.schema.field(name).type))
    write_deltalake(folder, table, mode="append", partition_by=["partition"])


# --- freshness


def fresh(stores, execute, ages, **objective):
    """Score a row an hour after the release, of these ages, and judge ten days later."""
    now = datetime.now(UTC)
    when = [now + (place + 20) * HOUR for place in range(len(ages))]
    again(
        stores, "later", rows=len(ages), scored_at=when,
        happened=[(at - age).replace(tzinfo=None) for at, age in zip(when, ages, strict=True)],
    )  # fmt: skip
    asked = {"sli": "freshness", "target": 0.9, "max_age": "PT2H", "min_events": 20, **objective}
    declare(stores, "{" + ", ".join(f"{key}: {value}" for key, value in asked.items()) + "}")
    watch(execute, run_after=now + timedelta(days=10))


def test_predictions_in_time_keep_their_budget(scored, execute):
    fresh(scored, execute, [HOUR] * 38 + [3 * HOUR] * 2)
    assert newest(scored).verdict == "passed"
    budget = said(scored)["budget(freshness)"]
    assert budget["message"] == (
        "freshness: 2 of 40 predictions were late (5.0 %), 50 % of the error budget of 30 days (target 0.9) is used"
    )
    freshness = found(scored, "freshness")
    assert (freshness["good"], freshness["total"], freshness["exhausted"]) == (38, 40, False)
    assert freshness["burned"] == pytest.approx(0.5)
    assert (freshness["target"], freshness["period"]) == (0.9, "P30D")


def test_late_predictions_use_it_up_and_stop_the_step(scored, execute):
    with pytest.raises(
        GateFailed, match=r"objectives failed: freshness: 12 of 40 predictions were late \(30 %\), 300 %"
    ):
        fresh(scored, execute, [HOUR] * 28 + [3 * HOUR] * 12)
    assert found(scored, "freshness")["exhausted"] is True


def test_rows_that_were_history_at_the_release_are_no_events(scored, execute):
    declare(scored, "{sli: freshness, target: 0.9, max_age: PT2H}")
    watch(execute, run_after=datetime.now(UTC) + HOUR)
    # 240 rows of January were scored just now, all ten months late.
    assert newest(scored).verdict == "warned"
    assert said(scored)["budget(freshness)"]["message"] == "freshness: no predictions in 30 days: nothing is known"
    assert (found(scored, "freshness")["total"], found(scored, "freshness")["exhausted"]) == (0, None)


def test_the_charts_show_each_budget(scored, execute):
    fresh(scored, execute, [HOUR] * 38 + [3 * HOUR] * 2)
    (run,) = [each for each in scored.mlflow_runs() if each.info.run_name.startswith("monitoring of version")]
    assert run.data.metrics["budget/freshness"] == pytest.approx(0.5)
    assert run.data.metrics["good/freshness"] == pytest.approx(0.95)


# --- quality


def spoil(stores, rows):
    """Let the first so many rows break the expectation."""
    path = stores.project / "data/small.csv"
    table = pd.read_csv(path)
    table.loc[: rows - 1, "x"] = 5_000
    table.to_csv(path, index=False)


def test_rows_that_are_put_aside_are_not_delivered(scored, execute):
    quality = "{max_quarantined: 0.2}"
    declare(scored, "{sli: quality, target: 0.95}", quality_gate=quality)
    spoil(scored, 24)
    execute(DataQualityOperator, run_id="q")
    watch(execute)
    # 240 rows were scored, and 216 of 240 passed the expectations.
    assert said(scored)["budget(quality)"]["message"] == (
        "quality: 24 of 480 rows were not delivered (5.0 %), 100 % of the error budget of 30 days (target 0.95) is used"
    )
    assert said(scored)["budget(quality)"]["verdict"] == "passed"
    # It is used to its last row within hours: that can wait until tomorrow, but not for a month.
    assert said(scored)["burn_ticket(quality)"]["verdict"] == "failed"
    assert newest(scored).verdict == "warned"


def test_a_run_that_was_stopped_delivered_none_of_its_rows(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    spoil(scored, 24)
    with pytest.raises(GateFailed):
        execute(DataQualityOperator, run_id="q")
    with pytest.raises(GateFailed, match=r"quality: 240 of 480 rows were not delivered \(50 %\), 1,000 % of the error"):
        watch(execute)


def test_of_several_tries_of_a_run_the_last_one_counts(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    spoil(scored, 24)
    with pytest.raises(GateFailed):
        execute(DataQualityOperator, run_id="q")
    write_days(scored.project, 30)
    execute(DataQualityOperator, run_id="q", try_number=2)
    watch(execute)
    assert (found(scored, "quality")["good"], found(scored, "quality")["total"]) == (480, 480)


def test_a_run_that_was_refused_stands_for_as_many_rows_as_the_one_before(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    (scored.project / "data/small.csv").write_text("id,at\n", encoding="utf-8")
    with pytest.raises(GateFailed):
        execute(ScoreOperator, run_id="s2", dag_id="small.score")
    with pytest.raises(GateFailed, match="quality: 240 of 480 rows were not delivered"):
        watch(execute)
    assert found(scored, "quality")["assumed"] == {"runs": 1, "rows": 240}
    assert said(scored)["budget(quality)"]["message"].endswith(
        "is used; 1 run stopped before counting stands for 240 of them"
    )


def test_what_was_before_the_first_release_is_no_event(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    watch(execute)
    # The training run's 240 rows came before it.
    assert found(scored, "quality")["total"] == 240


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ([5, None, 9], [5, 5, 9]),
        ([None, 9], [9, 9]),
        ([None, None], [1, 1]),
        ([5, None, None], [5, 5, 5]),
        ([5, 9], [5, 9]),
        ([], []),
    ],
)
def test_runs_that_nobody_counted_stand_for_the_nearest(totals, expected):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    runs = [RunRows(now + place * HOUR, PLACE, 0, total) for place, total in enumerate(totals)]
    events, assumed = with_assumed(runs)
    assert [total for _, _, total in events] == expected
    missing = [rows for total, rows in zip(totals, expected, strict=True) if total is None]
    assert assumed == Assumed(len(missing), sum(missing))


def test_another_task_is_no_measure_for_a_run_that_nobody_counted():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    events, _ = with_assumed([RunRows(now, ("quality", "small", "q"), 7, 7), RunRows(now, PLACE, 0, None)])
    assert events[1] == (now, 0, 1)


# --- latency


def test_a_scoring_run_is_as_fast_as_its_rows(scored, execute):
    record = scored.records("score")[0]
    seconds = record.evidence["evidence"]["seconds"]
    assert seconds > 0
    for limit, good in ((seconds * 1_000 / 240 * 1.01, 1), (seconds * 1_000 / 240 * 0.99, 0)):
        declare(scored, f"{{sli: latency, target: 0.5, max_latency_ms: {limit}, min_events: 1}}")
        run_id = f"m{good}"
        if good:
            watch(execute, run_id)
        else:
            with pytest.raises(GateFailed, match="latency: 1 of 1 scoring runs were too slow"):
                watch(execute, run_id)
        assert (found(scored, "latency")["good"], found(scored, "latency")["total"]) == (good, 1)


def test_a_scoring_run_that_wrote_nothing_has_no_speed(scored, execute):
    (scored.project / "data/small.csv").write_text("id,at\n", encoding="utf-8")
    with pytest.raises(GateFailed):
        execute(ScoreOperator, run_id="s2", dag_id="small.score")
    declare(scored, "{sli: latency, target: 0.5, max_latency_ms: 1000000, min_events: 1}")
    watch(execute)
    assert found(scored, "latency")["total"] == 1


# --- the KPI

DELAY = "{column: y, task: regression, label_delay: P1D}"


def judged_days(stores, execute, days, *, wrong=0, until="2026-02-09", **changes):
    """Score a month and the days after it, and judge the predictions that were due by a time."""
    write_days(stores.project, days)
    path = stores.project / "data/small.csv"
    table = pd.read_csv(path)
    table.loc[240 : 240 + wrong - 1, "y"] += 1_000
    table.to_csv(path, index=False)
    declare(stores, "{sli: kpi, target: 0.9, max_error: 100, min_events: 20}", target=DELAY, **changes)
    execute(ScoreOperator, run_id="s2", dag_id="small.score")
    watch(execute, until=until)


def test_predictions_that_were_far_off_use_up_the_budget(scored, execute):
    with pytest.raises(GateFailed, match="kpi: 20 of 64 labelled predictions were off by more than 100"):
        judged_days(scored, execute, 40, wrong=20)
    kpi = found(scored, "kpi")
    # Ten days were scored, those of which are due that lie a day before the end.
    assert (kpi["good"], kpi["total"], kpi["scored"], kpi["labelled"]) == (44, 64, 64, 64)


def test_rows_that_the_model_was_trained_on_do_not_flatter_it(scored, execute):
    judged_days(scored, execute, 40, until="2026-02-05")
    # Of the period's rows 240 were known to the model: those of January.
    assert found(scored, "kpi")["total"] == 32


def test_only_what_is_due_counts_and_only_what_is_known(scored, execute):
    labels = scored.project / "data/labels.csv"
    monitor = PILOT["monitor"].replace("{window", "{labels: {uri: data/labels.csv, column: truth}, window")
    write_days(scored.project, 40)
    table = pd.read_csv(scored.project / "data/small.csv").rename(columns={"y": "truth"})
    table.loc[lambda rows: rows["id"] % 2 == 0, ["id", "truth"]].to_csv(labels, index=False)
    judged_days(scored, execute, 40, monitor=monitor)
    kpi = found(scored, "kpi")
    assert (kpi["good"], kpi["total"], kpi["scored"]) == (32, 32, 64)
    assert said(scored)["budget(kpi)"]["message"].endswith("is used; 32 of 64 predictions have no true value yet")


def test_a_later_and_better_prediction_does_not_mend_the_first(scored, execute):
    write_days(scored.project, 40)
    execute(ScoreOperator, run_id="s2", dag_id="small.score")
    folder = str(scored.home / "tables/small/predictions")
    table = DeltaTable(folder).to_pyarrow_table()
    worse = table.filter(pc.greater(table["id"], 239)).filter(
        pc.equal(table.filter(pc.greater(table["id"], 239))["partition"], "s2")
    )
    place = worse.schema.get_field_index("prediction")
    earlier = pa.array([at.as_py() - HOUR for at in worse["scored_at"]], worse.schema.field("scored_at").type)
    worse = worse.set_column(place, "prediction", pc.add(worse["prediction"], 1_000.0))
    worse = worse.set_column(worse.schema.get_field_index("scored_at"), "scored_at", earlier)
    worse = worse.set_column(worse.schema.get_field_index("partition"), "partition", pa.array(["s0"] * worse.num_rows))
    write_deltalake(folder, worse, mode="append", partition_by=["partition"])
    with pytest.raises(GateFailed, match="kpi: 64 of 64 labelled predictions were off"):
        judged_days(scored, execute, 40)


def test_many_predictions_are_counted_in_parts(scored, execute, monkeypatch):
    monkeypatch.setattr(kpi_events, "_AT_ONCE", 7)
    with pytest.raises(GateFailed, match="kpi: 20 of 64 labelled predictions were off by more than 100"):
        judged_days(scored, execute, 40, wrong=20)


@pytest.mark.parametrize(
    ("task", "said_of", "truth", "good"),
    [
        (Task.CLASSIFICATION, ["a", "b", "a"], ["a", "a", "a"], [True, False, True]),
        (Task.CLASSIFICATION, [0, 1, 1], [0, 0, 1], [True, False, True]),
        (Task.CLASSIFICATION, [True, False], [True, True], [True, False]),
        (Task.REGRESSION, [1.0, 2.0, 3.5, float("nan")], [1.5, 2.6, 3.0, 4.0], [True, False, True, False]),
    ],
)
def test_what_makes_a_prediction_good(task, said_of, truth, good):
    rows = LabelledRows(pa.table({"prediction": said_of}), pa.array(truth), np.arange(len(truth)), {})
    run = SimpleNamespace(spec=SimpleNamespace(target=SimpleNamespace(task=task)))
    events = kpi_events.KpiEvents(run, Objective(sli="kpi", target=0.9, max_error=0.5))
    assert events._good(rows).tolist() == good


def test_labels_that_cannot_be_read_hide_no_other_budget(scored, execute):
    monitor = PILOT["monitor"].replace("{window", "{labels: {uri: data/labels.csv}, window")
    declare(scored, "{sli: kpi, target: 0.9, max_error: 50}", "{sli: quality, target: 0.95}", monitor=monitor)
    now = datetime.now(UTC)
    again(scored, "later", rows=2, happened=[now.replace(tzinfo=None)] * 2, scored_at=[now] * 2)
    with pytest.raises(GateFailed, match="objectives errored: kpi: its events cannot be counted: .*labels.csv"):
        watch(execute, run_after=now + HOUR)
    assert (found(scored, "kpi")["total"], found(scored, "kpi")["exhausted"]) == (0, None)
    assert (found(scored, "quality")["total"], found(scored, "quality")["exhausted"]) == (240, False)


# --- the step


def test_without_objectives_it_says_so_and_stops_nothing(scored, execute):
    result = watch(execute)
    assert result["verdict"] == "warned"
    assert result["sentence"] == "no objectives are declared (slo): nothing says what the pipeline has to keep"


def test_without_a_release_there_is_nothing_to_keep(shelf, stores, execute):
    shelf.go_to("begun", execute)
    declare(stores, "{sli: quality, target: 0.95}")
    with pytest.raises(GateFailed, match="objectives errored: pipeline 'small' has no champion"):
        watch(execute)


def test_what_is_to_come_cannot_be_counted(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    with pytest.raises(GateFailed, match="until is '2100-01-01', which lies ahead: what is to come cannot be counted"):
        watch(execute, until="2100-01-01")


def test_all_of_it_is_in_evidence(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}", "{sli: kpi, target: 0.9, max_error: 50}")
    at = datetime.now(UTC)
    watch(execute, run_after=at)
    evidence = newest(scored).evidence["evidence"]
    assert evidence["at"] == at.isoformat()
    assert evidence["window"] == {"start": (at - timedelta(days=7)).isoformat(), "end": at.isoformat()}
    with scored.ledger() as ledger:
        champion = ledger.head("small").champion
    assert evidence["model"] == {"version": 1, "digest": champion.digest}
    quality, kpi = evidence["objectives"]
    assert (quality["sli"], quality["good"], quality["total"], quality["burned"]) == ("quality", 240, 240, 0)
    assert [(burn["long"], burn["short"], burn["limit"], burn["severity"]) for burn in quality["burns"]] == [
        ("PT1H", "PT5M", 14.4, "page"), ("PT6H", "PT30M", 6, "page"), ("P3D", "PT6H", 1, "ticket"),
    ]  # fmt: skip
    assert (kpi["total"], kpi["burned"], kpi["exhausted"]) == (0, None, None)
    names = ["budget(quality)", "burn_page(quality)", "burn_ticket(quality)", "budget(kpi)", "burn_page(kpi)"]
    assert [*said(scored)] == [*names, "burn_ticket(kpi)"]


def test_a_second_try_on_the_same_stores_is_the_first_one(scored, execute):
    declare(scored, "{sli: quality, target: 0.95}")
    at = datetime.now(UTC)
    watch(execute, run_after=at)
    watch(execute, run_after=at, try_number=2)
    assert len(scored.records("objectives")) == 1


def test_years_of_records_are_read_in_portions(tmp_path, mlflow_database, monkeypatch):
    from stageline.operators import period_records

    stores = make_stores(tmp_path, mlflow_database)
    with stores.ledger() as ledger:
        for number in range(45):
            ledger.append(_entry(f"run-{number // 2}", "quality" if number % 3 else "score", str(number)))
        records = ledger.records("small", step="quality")
        start, end = records[-3].recorded_at, records[2].recorded_at
        whole = [each.position for each in records if start <= each.recorded_at < end]
        asked = []
        read = Ledger.records
        monkeypatch.setattr(period_records, "_AT_ONCE", 10)
        monkeypatch.setattr(
            Ledger, "records", lambda *a, **k: asked.append(len(k.get("positions") or ())) or read(*a, **k)
        )
        given = [each.position for each in period_records.records_between(ledger, "small", "quality", start, end)]
    by_run = {}
    for record in records:
        if record.position in whole:
            by_run.setdefault(record.run_id, record.position)
    assert given == [*by_run.values()]
    assert max(asked) == 10


def _entry(run_id, step, key):
    return Entry(
        pipeline="small", step=step, verdict=Verdict.PASSED, sentence="", stage="pilot", mode=Mode.ENABLED,
        dag_id="small", run_id=run_id, task_id=step, idempotency_key=key, spec_digest="", package_version="",
    )  # fmt: skip
