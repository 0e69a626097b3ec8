from dataclasses import replace

import pytest
from pydantic import ValidationError

from stageline.costs import default_prices
from stageline.costs.measurements import Measurements
from stageline.costs.planning import plan_of
from stageline.costs.service_time import Measured
from stageline.costs.traffic import Pattern
from stageline.exceptions import CostError
from stageline.spec.costs import Costs

MEASURED = Measurements(4.0, 20.0, 1_000, rows_per_month=730.0, p99_ms=6.0, peak_mb=322.0)
PRICES = default_prices()


def costs(**given):
    return Costs.model_validate(given)


def test_what_runs_measured_is_taken():
    planned = plan_of(None, MEASURED, PRICES)
    plan = planned.plan
    assert plan.traffic.requests_per_month == 730
    assert plan.service.seconds(1) == pytest.approx(0.004)
    assert plan.service.seconds(1_000) == pytest.approx(0.02)
    assert plan.memory_gib == pytest.approx(0.3, abs=0.001)
    assert 0 < plan.service.variation < 0.2
    assert planned.measured == (
        "one row 4 ms, 1,000 rows 20 ms", "730 rows a month", "99 of 100 answers within 6 ms", "0.30 GiB of memory",
    )  # fmt: skip


def test_what_the_spec_says_goes_before_what_was_measured():
    plan = plan_of(
        costs(
            requests_per_month=5_000, max_latency_ms=200, peak_to_mean=8, variants=3, memory_gib=1, runs_per_month=4,
            server={"vcpus": 8}, labels={"labels_per_month": 50, "max_per_month": 99}, people={"build_hours": 10},
        ),
        MEASURED,
        PRICES,
    ).plan  # fmt: skip
    assert (plan.traffic.requests_per_month, plan.traffic.peak_to_mean, plan.variants) == (5_000, 8, 3)
    assert (plan.objective.within_seconds, plan.objective.share) == (0.2, 0.99)
    assert (plan.memory_gib, plan.batch.runs_per_month, plan.server.vcpus) == (1, 4, 8)
    assert (plan.annotation.labels_per_month, plan.annotation.most_per_month) == (50, 99)
    assert plan.engineering.build_hours == 10


def test_the_command_line_goes_before_both():
    assert (
        plan_of(costs(requests_per_month=5), MEASURED, PRICES, requests_per_month=9).plan.traffic.requests_per_month
        == 9
    )


def test_the_servers_log_says_load_and_peak_where_the_spec_does_not():
    measured = replace(MEASURED, pattern=Pattern(7.0, 0.5, 90_000.0))
    planned = plan_of(None, measured, PRICES)
    traffic = planned.plan.traffic
    assert (traffic.requests_per_month, traffic.peak_to_mean, traffic.active_share) == (90_000.0, 7.0, 0.5)
    assert "a peak of 7 times the mean in the servers' log" in planned.measured
    assert not [words for words in planned.assumed if "peak" in words]
    said = plan_of(costs(peak_to_mean=2, active_share=1, requests_per_month=5), measured, PRICES).plan.traffic
    assert (said.requests_per_month, said.peak_to_mean, said.active_share) == (5, 2, 1)


def test_a_schedule_says_how_often_a_batch_runs():
    assert plan_of(None, MEASURED, PRICES, schedule="@hourly").plan.batch.runs_per_month == 730


def test_levers_of_the_spec_are_pulled_and_told():
    planned = plan_of(costs(levers=["sampling", "reserved"]), MEASURED, PRICES)
    assert (planned.plan.sampled_share, planned.plan.compute_times) == (0.5, 0.73)
    assert "sampling, reserved at their assumed effect" in planned.assumed


def test_what_nobody_said_is_told_as_assumed():
    bare = Measurements(4.0, 20.0, 1_000, rows_per_month=730.0)
    assumed = plan_of(None, bare, PRICES).assumed
    vendor = "a vendor who sells these answers at 0.001 USD per request"
    assert assumed[:2] == (vendor, "engineers at 85 USD per engineer-hour")
    for words in ("a peak of 3 times the mean", "0.5 GiB of memory a process", "a run a day", "answers that may wait"):
        assert words in assumed
    said = costs(
        max_latency_ms=5, peak_to_mean=3, memory_gib=1, runs_per_month=1, people={"build_hours": 1},
        growth_per_month={"low": 0, "mid": 0, "high": 0},
    )  # fmt: skip
    timed = replace(MEASURED, points=(Measured(1, 1, 0.004), Measured(1, 2, 0.005)))
    assert plan_of(said, timed, PRICES).assumed == (vendor, "engineers at 85 USD per engineer-hour")
    own = said.model_copy(update={"options": ("batch", "http")})
    assert plan_of(own, timed, PRICES).assumed == ("engineers at 85 USD per engineer-hour",)


def test_one_row_in_a_batch_says_nothing_of_batches():
    service = Measurements(4.0, 4.0, 1).service()
    assert service.seconds(10) == pytest.approx(0.04)
    assert service.variation == 1.0


def test_evidence_is_read_as_the_runs_wrote_it():
    evaluated = {"latency": {"single_ms": 1.0, "batch_ms": 2.0, "batch_rows": 10}, "rows_per_month": None}
    read = Measurements.of(evaluated, {"measured": {"latency": 3.0, "memory": 100.0}})
    assert read == Measurements(1.0, 2.0, 10, p99_ms=3.0, peak_mb=100.0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            lambda: plan_of(costs(currency="EUR"), MEASURED, PRICES),
            "costs.currency is 'EUR', but the prices are in 'USD'",
        ),
        (
            lambda: plan_of(None, Measurements(1.0, 2.0, 10), PRICES),
            "the load is not known: the source has no event time",
        ),
        (lambda: Measurements.of({}), "the last evaluation holds no single_ms, batch_ms, batch_rows; run the pipeline"),
    ],
)
def test_what_cannot_be_planned_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"max_latency_ms": 5, "max_age": "PT1H"}, "answers come at once or may wait; leave one out"),
        ({"growth_per_month": {"low": 1, "mid": 0, "high": 2}}, "expected low, mid and high to ascend"),
        ({"growth_per_month": {"low": -1, "mid": 0, "high": 2}}, "nothing falls by more than all of it"),
        ({"requests_per_month": 0}, "greater than 0"),
        ({"max_age": 3_600}, "timedelta"),
        ({"options": ["lambda"]}, "sagemaker_serverless"),
        ({"max_latency": 5}, "Extra inputs"),
    ],
)
def test_what_a_spec_may_not_say_of_costs(given, sentence):
    with pytest.raises(ValidationError) as refused:
        costs(**given)
    assert sentence in str(refused.value)
