"""The forecast of the cost on record: what it holds, what it rests on, and that readiness takes it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from pilot_project import PILOT
from production_project import production
from small_project import write_project, write_spec

from stageline.exceptions import CostError
from stageline.ledger import Entry, Ledger
from stageline.operators import cost_forecast
from stageline.operators.cost_forecast import months_after, record_forecast
from stageline.operators.earning import earn
from stageline.operators.run_context import RunContext
from stageline.readiness import judge_readiness, read_facts
from stageline.spec import Stage, load_spec
from stageline.verdicts import Mode, Verdict

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATENCY = {"single_ms": 4.0, "batch_ms": 20.0, "batch_rows": 1_000}


def entry(step, evidence):
    return Entry(
        pipeline="small", step=step, verdict=Verdict.PASSED, sentence=step, evidence={"evidence": evidence}, stage="poc",
        mode=Mode.ENABLED, dag_id="small", run_id="one", task_id=step, idempotency_key=step, spec_digest="",
        package_version="0",
    )  # fmt: skip


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return a function that writes a spec and gives a run of it, whose ledger holds one evaluation."""
    monkeypatch.setattr(cost_forecast, "LOADS", (1e2, 1e3))
    write_project(tmp_path / "project")
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:

        def make(*, per_month=730.0, measured=True, **changes):
            write_spec(tmp_path / "project", **changes)
            loaded = load_spec(tmp_path / "project/config/pipelines/small.yaml")
            if measured:
                ledger.append(entry("features", {"parts": {"train": 150, "holdout": 50}}))
                ledger.append(entry("evaluate", {"latency": LATENCY, "rows_per_month": per_month}))
            return RunContext(
                name="small", loaded=loaded, project=loaded.project, settings=SimpleNamespace(tables=tmp_path / "tables"), ledger=ledger, tracking=None,
                dag_id="", run_id="by hand", task_id="costs", map_index=-1, try_number=1, run_after=NOW, actor="dana",
            )  # fmt: skip

        yield make


@pytest.mark.parametrize("stage", Stage)
def test_it_needs_no_section_costs_in_any_stage(made, stage):
    changes = {"poc": {}, "pilot": PILOT, "production": production()}[stage]
    record = earn(made(**changes), "SL-L004", NOW)
    assert (record.kind, record.step, record.verdict, record.actor) == ("cost_forecast",) * 2 + ("passed", "dana")
    told = record.evidence["evidence"]
    assert told["option"] == ("vendor" if stage is Stage.POC else "batch")
    assert (told["currency"], told["requests_per_month"], told["recommended"]) == ("USD", 730.0, "vendor")


def test_its_months_add_up_and_name_what_they_rest_on(made):
    run = made()
    record = record_forecast(run, NOW)
    told = record.evidence["evidence"]
    months = told["months"]
    assert (len(months), months[0]["month"], months[-1]["month"]) == (36, "2026-12", "2029-11")
    assert sum(each["mean"] for each in months) == pytest.approx(told["total"]["mean"])
    assert all(each["low"] <= each["mean"] for each in months)
    assert all(each["metered"]["mean"] < each["mean"] for each in months)
    assert record.sentence.startswith(f"USD {told['total']['mean']:,.0f} over 36 months (80 % of the draws: ")
    assert "per 1,000 predictions, by a vendor's API. Use a vendor's API: at 730 requests a month" in record.sentence
    evaluated = run.ledger.newest("small", dag_id="small", run_id="one", step="evaluate")
    assert told["rests_on"][-1] == {"step": "evaluate", "position": 2, "digest": evaluated.digest}
    assert (told["prices"]["as_of"], told["spec_digest"]) == ("2026-06-01", run.spec_digest)


def test_readiness_takes_it_for_ninety_days(made):
    run = made(**PILOT)

    def unmet():
        judged = judge_readiness(read_facts(run.ledger, "small", run.spec), datetime.now(UTC))
        return {each.requirement.code: each.requirement.earn for each in judged.stage(Stage.PRODUCTION).unmet}

    assert unmet()["SL-L004"] == "stageline readiness {name} --earn SL-L004"
    earn(run, "SL-L004", NOW)
    assert "SL-L004" not in unmet()


def test_a_source_without_times_counts_as_a_month_and_says_so(made):
    told = record_forecast(made(per_month=None), NOW).evidence["evidence"]
    assert told["requests_per_month"] == 200
    assert told["assumed"][0] == "the source's 200 rows as a month's load"


def test_above_the_limit_it_warns_and_fails_in_production(made):
    run = made(costs="{max_per_1000: 0.01}")
    record = record_forecast(run, NOW)
    assert record.verdict is Verdict.WARNED
    (check,) = record.evidence["checks"]
    assert (check["code"], check["limit"]) == ("SL-C001", 0.01)
    assert "> costs.max_per_1000 = USD 0.01" in check["message"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"measured": False}, "no run of 'small' has measured how long the model takes; run it first"),
        ({"costs": "{options: [batch], max_latency_ms: 5}"}, "there is nothing to forecast for 'small': None of the"),
        ({"costs": "{currency: EUR}"}, "costs.currency is 'EUR', but the prices are in 'USD'"),
    ],
)
def test_what_cannot_be_forecast_is_refused_and_leaves_no_record(made, changes, sentence):
    run = made(**changes)
    with pytest.raises(CostError, match=sentence):
        record_forecast(run, NOW)
    assert run.ledger.records("small", kinds=("cost_forecast",)) == []


def test_months_go_over_the_year():
    assert months_after(datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 2) == ["2027-01", "2027-02"]
