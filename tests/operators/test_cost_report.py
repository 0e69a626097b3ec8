"""The step `costs`: months, runs and shares of a pipeline's own metered records, and who is told of what."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk import BaseNotifier
from operator_fixtures import point_at
from pilot_moments import Shelf
from pilot_project import PILOT
from small_project import write_spec

from stageline.costs.metering import Meter
from stageline.ledger import Entry
from stageline.operators import AlertOperator, CostReportOperator, GateFailed, cost_forecast
from stageline.operators.cost_months import month_bounds
from stageline.operators.cost_report import cost_values
from stageline.verdicts import Mode, Verdict

pytestmark = pytest.mark.xdist_group("cost_report")
DAY = {"dag_id": "small.costs"}


class Told(BaseNotifier):
    """Keep what was told."""

    def __init__(self, alerts):
        super().__init__()
        self.alerts = alerts

    def render_template_fields(self, context, jinja_env=None):
        pass

    def notify(self, context):
        self.alerts.append(context["alert"])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("costs"), mlflow_database)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    # Fewer loads to draw: nothing here is about the curves.
    monkeypatch.setattr(cost_forecast, "LOADS", (1e3, 2e3))
    return shelf.stores


@pytest.fixture
def scored(shelf, stores, execute):
    """Give a pilot that has trained, released and scored."""
    shelf.go_to("first scored", execute)
    return stores


def newest(stores):
    return stores.records("costs")[-1]


def checks(stores):
    return {(each["code"], each["name"]): each for each in newest(stores).evidence["checks"]}


def costs(execute, run_id="c1"):
    return execute(CostReportOperator(task_id="costs", pipeline="small"), run_id=run_id, **DAY)


def forecast(stores, high, *, month=None):
    """Record a forecast made last year of the current month's machines."""
    now = datetime.now(UTC)
    band = {"low": 0.0, "mean": high / 2, "high": high}
    entry = Entry(
        pipeline="small", kind="cost_forecast", step="cost_forecast", verdict=Verdict.PASSED, sentence="forecast",
        evidence={"evidence": {"currency": "USD", "months": [{"month": month or f"{now:%Y-%m}", "metered": band}]}},
        stage="pilot", mode=Mode.ENABLED, dag_id="", run_id="", task_id="", idempotency_key=f"forecast {high}",
        spec_digest="", package_version="0",
    )  # fmt: skip
    with stores.ledger() as ledger:
        return ledger.append(entry)


def test_months_runs_and_purposes_add_up(scored, execute):
    metered = [record for record in scored.records() if record.metered]
    costs(execute)
    told = newest(scored).evidence["evidence"]
    (month,) = told["months"]
    assert month["month"] == f"{datetime.now(UTC):%Y-%m}"
    assert sum(each["cost"] for each in told["runs"]) == pytest.approx(month["metered"])
    assert sum(each["steps"] for each in told["runs"]) == len(metered)
    assert sum(month["purposes"].values()) == pytest.approx(month["total"]) == month["metered"] + month["said"]
    rows = next(record for record in metered if record.step == "score").metered["predictions"]
    assert month["predictions"] == rows > 0
    assert month["per_1000"] == pytest.approx(month["total"] * 1_000 / rows)
    assert checks(scored)["SL-C004", "metered"]["message"] == f"{len(metered)} steps of 2 runs were metered"


def test_customers_revenue_and_a_cost_centre_share_a_month(scored, execute):
    write_spec(scored.project, **PILOT, costs="{customers: 10, revenue_per_month: 1000, cost_centre: mobility}")
    costs(execute)
    shares = newest(scored).evidence["evidence"]["shares"]
    assert shares["per_customer"] == pytest.approx(shares["cost"] / 10)
    assert shares["of_revenue"] == pytest.approx(shares["cost"] / 1_000)
    assert (shares["cost_centre"], shares["month"].partition(",")[2]) == ("mobility", " as if it went on so")


def test_mlflow_has_the_figures_and_the_page(scored, execute):
    costs(execute)
    told = newest(scored).evidence["evidence"]
    (run,) = [each for each in scored.mlflow_runs() if each.info.run_name == "c1"]
    assert {name: value for name, value in run.data.metrics.items() if name.startswith("costs/")} == pytest.approx(
        cost_values(told)
    )
    assert {"costs/month", "costs/per_1000", "costs/serve", "costs/run/score", "costs/run/small"} <= set(
        run.data.metrics
    )
    path = scored.mlflow().download_artifacts(run.info.run_id, "costs.html")
    page = Path(path).read_text("utf-8")
    assert "What was spent" in page
    assert "Machines and storage only" in page


def test_a_forecast_is_recorded_once_a_month(scored, execute):
    for run_id in ("c1", "c2"):
        costs(execute, run_id)
    with scored.ledger() as ledger:
        (record,) = ledger.records("small", kinds=("cost_forecast",))
    coming = newest(scored).evidence["evidence"]["coming"]
    assert [each["month"] for each in coming] == [each["month"] for each in record.evidence["evidence"]["months"]]
    assert record.run_id == "c1"


class LongAgo(datetime):
    """A clock that goes two months after what is recorded."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=62)


def test_a_month_that_is_over_is_held_against_the_forecast_before_it(scored, execute, monkeypatch):
    from stageline.operators import cost_months, cost_report

    # Of records that were written this month, the forecast is one of the month before.
    begun = month_bounds(f"{datetime.now(UTC):%Y-%m}")[0]
    forecast(scored, 1e-9)
    told = cost_months.forecast_before
    monkeypatch.setattr(
        cost_months, "forecast_before",
        lambda records, start, name, currency: told(records, datetime.now(UTC) if start == begun else start, name, currency),
    )  # fmt: skip
    monkeypatch.setattr(cost_report, "datetime", LongAgo)
    costs(execute)
    check = checks(scored)["SL-C002", "cost_of_month"]
    assert check["verdict"] == "warned"
    assert check["message"].startswith(f"{begun:%Y-%m} (machines and storage) cost USD ")
    month = newest(scored).evidence["evidence"]["months"][0]
    assert (month["share"], month["forecast"]["high"]) == (1, 1e-9)


class TestAnomaly:
    def wrong(self, scored, execute, monkeypatch):
        from stageline.operators import cost_months

        forecast(scored, 1e-9)
        told = cost_months.forecast_before
        monkeypatch.setattr(
            cost_months, "forecast_before",
            lambda records, start, name, currency: told(records, datetime.now(UTC), name, currency),
        )  # fmt: skip
        with pytest.raises(GateFailed, match="above its band already"):
            costs(execute)

    def test_the_owner_of_the_business_is_told_once(self, scored, execute, monkeypatch):
        self.wrong(scored, execute, monkeypatch)

        told = []

        def alert(run_id):
            operator = AlertOperator(task_id="alert", pipeline="small", topics=["costs"], notifiers=[Told(told)])
            return execute(operator, run_id=run_id, **DAY)

        with pytest.raises(GateFailed, match="1 incident is open: costs"):
            alert("c1")
        with scored.ledger() as ledger:
            (incident,) = ledger.records("small", kinds=("incident",))
            (notified,) = ledger.records("small", kinds=("notified",))
        assert (incident.evidence["role"], incident.evidence["owner"]) == ("business", "dana")
        assert notified.sentence == "told dana: costs opened"
        assert [(each.owner, each.role, each.state) for each in told] == [("dana", "business", "opened")]
        # The monitoring's own alert neither closes it nor fails for it.
        monitored = execute(AlertOperator(task_id="alert", pipeline="small", mode="dry_run"), dag_id="small.monitor")
        assert "costs" not in monitored["sentence"]


def metered_run(run_id, wall):
    took = {**Meter().evidence(), "wall_seconds": wall, "cpu_seconds": wall}
    return Entry(
        pipeline="small", step="score", verdict=Verdict.PASSED, sentence="scored", evidence={}, stage="pilot",
        mode=Mode.ENABLED, dag_id="small.score", run_id=run_id, task_id="score", idempotency_key=run_id, spec_digest="",
        package_version="0", metered=took,
    )  # fmt: skip


def test_a_run_that_costs_many_times_the_usual_is_found(scored, execute):
    with scored.ledger() as ledger:
        for number in range(6):
            ledger.append(metered_run(f"usual {number}", 3_600.0))
        ledger.append(metered_run("dear", 36_000.0))
    with pytest.raises(GateFailed, match=r"small.score: dear cost USD 0.\d+, 10.0 times the usual: the median of"):
        costs(execute)


@pytest.mark.parametrize(("stage", "effect"), [("pilot", "warned"), ("production", "failed")])
def test_above_the_limit_it_warns_and_in_production_blocks(scored, execute, stage, effect):
    from production_project import production

    spec = PILOT if stage == "pilot" else production()
    write_spec(scored.project, **spec, costs="{max_per_1000: 0.0001}")
    if effect == "failed":
        with pytest.raises(GateFailed, match=r"> costs.max_per_1000"):
            costs(execute)
    else:
        costs(execute)
    assert newest(scored).verdict == effect


def test_before_anything_was_measured_it_says_so_and_stops_nothing(shelf, stores, execute):
    shelf.go_to("begun", execute)
    assert costs(execute)["verdict"] == "warned"
    told = {each["name"]: each["message"] for each in newest(stores).evidence["checks"]}
    assert told["metered"] == "no step was metered yet"
    assert told["planned"].startswith("no forecast: no run of 'small' has measured how long the model takes")
