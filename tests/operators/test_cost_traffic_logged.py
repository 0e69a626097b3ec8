"""What servers were asked: counted by month from their log, with its peak, and priced as machines that stand there."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pilot_project import PILOT
from small_project import write_project, write_spec

from stageline.costs import default_prices
from stageline.costs.metering import Meter
from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.exceptions import ArtifactError
from stageline.ledger import Entry, Ledger
from stageline.operators import cost_forecast
from stageline.operators.cost_forecast import analysis_of
from stageline.operators.cost_months import months_of
from stageline.operators.cost_traffic import answers_between, logged_pattern
from stageline.operators.metered_work import works_of
from stageline.operators.run_context import RunContext
from stageline.spec import load_spec
from stageline.verdicts import Mode, Verdict

NOW = datetime(2026, 11, 16, tzinfo=UTC)
LATENCY = {"single_ms": 4.0, "batch_ms": 20.0, "batch_rows": 1_000}


def write_log(folder, answers):
    """Write what servers logged.

    :param answers: By hour: how many, to whom, and with which error.
    """
    rows = [(at, arm, error) for at, count, arm, error in answers for _ in range(count)]
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "scored_at": pa.array(columns[0], pa.timestamp("us", "UTC")), "arm": pa.array(columns[1], pa.string()),
            "error": pa.array(columns[2], pa.string()), "id": pa.array([None] * len(rows), pa.int64()),
        }
    )  # fmt: skip
    write_deltalake(str(folder), table)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A pilot behind its own servers, with one evaluation on record."""
    monkeypatch.setattr(cost_forecast, "LOADS", (1e2, 1e3))
    write_project(tmp_path / "project")
    write_spec(
        tmp_path / "project", **PILOT | {"release": "{target: http, approvers: [model]}"}, costs="{max_latency_ms: 200}"
    )
    loaded = load_spec(tmp_path / "project/config/pipelines/small.yaml")
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.append(entry("evaluate", {"latency": LATENCY, "rows_per_month": 730.0}))
        yield RunContext(
            name="small", loaded=loaded, project=loaded.project, settings=SimpleNamespace(tables=tmp_path / "tables"),
            ledger=ledger, tracking=None, dag_id="small.costs", run_id="c", task_id="costs", map_index=-1,
            try_number=1, run_after=NOW,
        )  # fmt: skip


def entry(step, evidence, **more):
    return Entry(
        pipeline="small", step=step, verdict=Verdict.PASSED, sentence=step, evidence={"evidence": evidence},
        stage="pilot", mode=Mode.ENABLED, dag_id="small.train", run_id="one", task_id=step,
        idempotency_key=f"{step} {more}", spec_digest="", package_version="0", **more,
    )  # fmt: skip


def hours(days, each=2, peak=20):
    """Return answers of days before now: two an hour, twenty at noon."""
    first = NOW - timedelta(days=days)
    return [
        (first + timedelta(hours=hour), peak if hour % 24 == 12 else each, "champion", None)
        for hour in range(days * 24)
    ]


def test_answers_are_counted_by_month_without_shadows_and_errors(run):
    extra = [(NOW - timedelta(days=1), 5, "shadow", None), (NOW - timedelta(days=1), 7, "champion", "it raised")]
    write_log(run.predictions.folder, [*hours(30), *extra])
    day = 23 * 2 + 20
    assert answers_between(run, datetime(2026, 11, 1, tzinfo=UTC), NOW) == 15 * day
    assert answers_between(run, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)) == 15 * day


def test_the_peak_of_the_log_is_that_of_the_plan(run):
    assert logged_pattern(run) is None
    write_log(run.predictions.folder, hours(30))
    pattern = logged_pattern(run)
    assert pattern.peak_to_mean == pytest.approx(20 / (66 / 24))
    analysis, _ = analysis_of(run)
    assert analysis.plan.traffic.peak_to_mean == pattern.peak_to_mean
    assert analysis.plan.traffic.requests_per_month == pytest.approx(66 / 24 * 730)


def test_less_than_a_day_says_nothing_of_a_peak(run):
    write_log(run.predictions.folder, [(NOW - timedelta(hours=3), 9, "champion", None)])
    assert logged_pattern(run) is None


def test_a_log_that_cannot_be_read_is_named(run):
    write_log(run.predictions.folder, hours(2))
    for file in run.predictions.folder.glob("*.parquet"):
        file.write_bytes(b"no table")
    with pytest.raises(ArtifactError, match="predictions in '.*served' cannot be read"):
        answers_between(run, NOW - timedelta(days=9), NOW)


def test_servers_cost_from_the_promotion_on(run, monkeypatch):
    from stageline.operators import cost_months

    write_log(run.predictions.folder, hours(30))
    run.ledger.append(entry("score", {}, metered={**Meter().evidence(), "wall_seconds": 36.0}))
    analysis, _ = analysis_of(run)
    # Two days before now: of 720 hours of November 360 have passed, in 48 of them there was a model.
    monkeypatch.setattr(cost_months, "_promoted_at", lambda _: NOW - timedelta(days=2))
    works = [
        type(work)(NOW, work.dag_id, work.run_id, work.step, work.released, work.took)
        for work in works_of(run.ledger, "small")
    ]
    (month,) = months_of(run, works, analysis, default_prices(), NOW)
    whole = (
        monthly_costs(option_named("http"), analysis.plan, analysis.prices, from_start=False).money("compute").amount
    )
    assert month.served == pytest.approx(whole * 48 / 730)
    assert month.share == pytest.approx(0.5)
    assert (month.name, month.predictions) == ("2026-11", 15 * 66)
    assert month.purposes["serve"] >= month.served + month.metered.total
    assert month.total == pytest.approx(month.served + month.metered.total + sum(month.said.values()))
    assert month.per_1000 == pytest.approx(month.total * 1_000 / (15 * 66))


def test_before_a_promotion_no_server_stands_there(run):
    analysis, _ = analysis_of(run)
    (month,) = months_of(run, [], analysis, default_prices(), NOW)
    assert (month.served, month.per_1000) == (0.0, None)
