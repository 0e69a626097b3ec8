"""Monitoring a pipeline that answers over HTTP: what it watches are the answers that its servers logged."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from operator_fixtures import execute, mlflow_database, point_at
from pilot_project import PILOT, write_days
from serving_command import serving
from shelves import pilot_shelf
from small_project import write_spec

from stageline.operators import (
    DriftCheckOperator,
    GateFailed,
    ObjectivesOperator,
    PerformanceCheckOperator,
    ReferenceProfileOperator,
)

__all__ = ["execute", "mlflow_database", "pilot_shelf"]
pytestmark = pytest.mark.xdist_group("pilot")
UNTIL = "2026-02-20"
WATCH = {"run_id": "m", "dag_id": "small.monitor"}
SLO = "[{sli: latency, target: 0.99, min_events: 30, max_latency_ms: %s}, {sli: kpi, target: 0.9, max_error: 50}]"


@pytest.fixture
def shelf(pilot_shelf):
    return pilot_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def asked(shelf, stores, execute):
    """Give a function that asks the server of a model of January about a week of February."""
    shelf.go_to("first released", execute)
    execute(ReferenceProfileOperator)
    write_days(stores.project, 70)

    def ask(*, shift=0, max_latency_ms=60_000):
        with serving(stores) as server:
            release = f"{{target: http, http: {{urls: ['{server.url}']}}, approvers: [model]}}"
            target = "{column: y, task: regression, label_delay: P2D}"
            monitor = "{window: P7D, drift: {fail_above: 0.2}, performance: {min_n: 30, max_loss: 0.5}}"
            changes = {"release": release, "target": target, "monitor": monitor, "slo": SLO % max_latency_ms}
            write_spec(stores.project, **{**PILOT, **changes})
            for row in week(stores, shift):
                assert server.ask({"dataframe_records": [row]}).status_code == 200
            # A caller who does not say which row it is gets an answer, and nobody can find its label.
            nameless = {**row, "id": None}
            assert server.ask({"dataframe_records": [nameless]}).status_code in (200, 400)
            server.flush()
        return stores

    return ask


def week(stores, shift):
    rows = pd.read_csv(stores.project / "data/small.csv")
    rows = rows[(rows["at"] >= "2026-02-11") & (rows["at"] < "2026-02-20")].drop(columns="y")
    return rows.assign(x=rows["x"] + shift).to_dict("records")


def newest(stores, step):
    return stores.records(step)[-1].evidence["evidence"]


def test_labels_judge_the_answers_that_callers_got(asked, execute):
    stores = asked()
    execute(PerformanceCheckOperator(task_id="performance", pipeline="small", until=UNTIL), **WATCH)
    labels = newest(stores, "performance")["labels"]
    assert (labels["scored"], labels["labelled"]) == (56, 56)


def test_rows_that_servers_were_asked_about_are_compared_with_the_reference(asked, execute):
    stores = asked(shift=200)
    with pytest.raises(GateFailed, match=r"outside\(x\) = 1 "):
        execute(DriftCheckOperator(task_id="drift", pipeline="small", until=UNTIL), **WATCH)
    found = newest(stores, "drift")
    assert found["rows"] >= 56
    assert found["scored"] == 56


def test_objectives_count_answers(asked, execute):
    stores = asked()
    later = datetime.now(UTC) + timedelta(minutes=5)
    execute(ObjectivesOperator(task_id="objectives", pipeline="small"), **WATCH, run_after=later)
    found = {each["sli"]: each for each in newest(stores, "objectives")["objectives"]}
    assert found["latency"]["total"] >= 72
    assert found["latency"]["good"] == found["latency"]["total"]


def test_answers_that_take_too_long_use_the_budget_up(asked, execute):
    stores = asked(max_latency_ms=0.000001)
    later = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(GateFailed):
        execute(ObjectivesOperator(task_id="objectives", pipeline="small"), **WATCH, run_after=later)
    found = {each["sli"]: each for each in newest(stores, "objectives")["objectives"]}
    assert found["latency"]["good"] == 0


def test_before_the_first_answer_there_is_nothing_to_watch(asked, shelf, stores, execute):
    release = "{target: http, approvers: [model]}"
    write_spec(stores.project, **{**PILOT, "release": release})
    with pytest.raises(GateFailed, match="no server has logged an answer yet; start one with `stageline serve`"):
        execute(DriftCheckOperator(task_id="drift", pipeline="small", until=UNTIL), **WATCH)
