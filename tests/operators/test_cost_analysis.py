"""From a ledger's records to all that is said of costs, and to the page's content."""

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from pipeline_specs import spec_of

from stageline.costs import default_prices
from stageline.exceptions import CostError
from stageline.ledger import Entry, Ledger
from stageline.operators.cost_analysis import analyse
from stageline.operators.cost_grounds import Grounds
from stageline.operators.cost_page_content import cost_page_content
from stageline.reporting.cost_page import render_cost_page
from stageline.spec.costs import Costs
from stageline.verdicts import Mode, Verdict

EVALUATED = {"latency": {"single_ms": 4.0, "batch_ms": 20.0, "batch_rows": 1_000}, "rows_per_month": 730.0}


def entry(step, evidence, key):
    return Entry(
        pipeline="trial", step=step, verdict=Verdict.PASSED, sentence=step, evidence={"evidence": evidence}, stage="poc",
        mode=Mode.ENABLED, dag_id="trial", run_id=key, task_id=step, idempotency_key=f"{key} {step}", spec_digest="",
        package_version="0",
    )  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture(scope="module")
def analysis():
    said = Costs.model_validate(
        {
            "requests_per_month": 1e6,
            "max_latency_ms": 200,
            "max_per_1000": 2.0,
            "levers": ["spot"],
            "customers": 10,
            "cost_centre": "mobility",
        }
    )
    spec = spec_of().model_copy(update={"costs": said})
    from stageline.costs.measurements import Measurements

    return analyse(
        spec, Measurements.of(EVALUATED), default_prices(), loads=(1e5, 1e7), months=12, levers=("sampling",), draws=50
    )


def test_the_newest_run_that_measured_counts(ledger):
    with pytest.raises(CostError, match="no run of 'trial' has measured how long the model takes; run it first"):
        Grounds.newest(ledger, "trial")
    ledger.append(entry("evaluate", EVALUATED, "one"))
    ledger.append(entry("evaluate", {**EVALUATED, "rows_per_month": 9.0}, "two"))
    ledger.append(entry("validate", {"measured": {"latency": 6.0, "memory": 100.0}}, "two"))
    ledger.append(entry("evaluate", {}, "three"))
    read = Grounds.newest(ledger, "trial").measured
    assert (read.rows_per_month, read.p99_ms, read.peak_mb) == (9.0, 6.0, 100.0)


def test_everything_is_said_of_the_cheapest_option_that_fits(analysis):
    assert analysis.chosen == analysis.comparison.simulation.fitting()[0].name
    assert (analysis.gate.code, analysis.gate.limit) == ("SL-C001", 2.0)
    assert len(analysis.curves) == 8
    assert "spot at their assumed effect" in analysis.assumed
    assert "sampling at their assumed effect" in analysis.assumed
    assert analysis.plan.sampled_share == 0.5


def test_a_month_is_shared_as_the_spec_says(analysis):
    month = analysis.today.money().amount
    assert analysis.shares.per_customer == pytest.approx(month / 10)
    assert (analysis.shares.of_revenue, analysis.shares.cost_centre) == (None, "mobility")


def test_a_lever_that_is_pulled_is_not_offered_again(analysis):
    assert {saving.lever for saving in analysis.savings} == {
        "batching",
        "cache",
        "smaller_model",
        "capped_peak",
        "reserved",
    }


def test_the_pages_content_adds_up(analysis):
    from datetime import UTC, datetime

    content = cost_page_content(analysis, datetime(2026, 3, 21, tzinfo=UTC), actual=[None, 5.0])
    assert sum(part.share for part in content.parts) == pytest.approx(1)
    assert sum(part.amount for part in content.parts) == pytest.approx(analysis.today.money().amount)
    assert content.curve.words == content.chosen
    assert content.chosen not in {curve.words for curve in content.rivals}
    assert [month.number for month in content.forecast] == list(range(2, 13))
    assert content.forecast[0].actual == 5.0
    assert content.prices[0] == "As of 2026-06-01, stated to hold until 2027-06-30."
    assert "serverless_gib_second: 0.00002 USD per GiB-second" in content.prices[5]
    assert "<title>trial: costs</title>" in render_cost_page(content)
