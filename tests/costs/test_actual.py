"""What metered work comes to: by run, by month, by purpose; and which run is out of the ordinary."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cost_plans import PRICES
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs.actual import LEAST_EXCESS, RunSpent, Spent, Usual, Work, by_month, by_run, dearest_by_dag, spent
from stageline.costs.anomaly import judge_month_so_far, judge_run
from stageline.costs.metering import Meter, cost_of
from stageline.costs.simulate import Spread
from stageline.verdicts import Severity, Verdict

DAY = datetime(2026, 11, 30, 23, tzinfo=UTC)


def work(hours=1.0, *, step="train", at=DAY, run="r1", dag="p.train", released=False, **counted):
    took = {**Meter().evidence(), "wall_seconds": hours * 3_600, "peak_memory_gib": 1.0, **counted}
    return Work(at, dag, run, step, released, took)


HOUR = PRICES["vcpu_hour"].first + PRICES["memory_gib_hour"].first


def test_each_purpose_has_its_share():
    found = spent(
        [
            work(step="train"), work(step="train", released=True), work(2, step="score", predictions=70),
            work(3, step="drift"), work(step="evaluate", predictions=900),
        ],
        PRICES,
    )  # fmt: skip
    assert found.purposes == pytest.approx(
        {"build": 2 * HOUR, "improve": HOUR, "serve": 2 * HOUR, "maintain": 3 * HOUR}
    )
    # What is asked to judge a model serves nobody.
    assert (found.predictions, found.pieces) == (70, 5)
    assert found.total == pytest.approx(8 * HOUR)


def test_months_are_those_of_the_calendar_in_utc():
    berlin = datetime(2026, 12, 1, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    months = by_month([work(at=DAY), work(at=berlin), work(2, at=DAY + timedelta(hours=2))], PRICES)
    assert {name: each.pieces for name, each in months.items()} == {"2026-11": 2, "2026-12": 1}


def test_runs_are_told_apart_by_dag_and_the_newest_comes_first():
    works = [
        work(run="a"),
        work(2, run="a", dag="p.score"),
        work(run="b", at=DAY + timedelta(1)),
        work(dag="", run="x"),
    ]
    assert [(run.dag_id, run.run_id) for run in by_run(works, PRICES)] == [
        ("p.train", "b"), ("p.train", "a"), ("p.score", "a"),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 60), st.sampled_from("ab")), max_size=12))
def test_runs_and_months_add_up_to_the_whole(pieces):
    works = [work(hours, at=DAY + timedelta(days), run=run) for hours, days, run in pieces]
    whole = sum(money.amount for one in works for money in cost_of(one.took, PRICES).values())
    assert sum(run.spent.total for run in by_run(works, PRICES)) == pytest.approx(whole)
    assert sum(month.total for month in by_month(works, PRICES).values()) == pytest.approx(whole)
    assert sum(spent(works, PRICES).purposes.values()) == pytest.approx(whole)


def run(cost, day, dag="p.train"):
    return RunSpent(dag, f"r{day}", DAY + timedelta(day), Spent({"compute": cost}, {}, 0, 1))


def runs(*costs):
    """Return runs, the newest first, of what they cost, the oldest first."""
    return [run(cost, day) for day, cost in enumerate(costs)][::-1]


@pytest.mark.parametrize(
    ("costs", "verdict", "severity"),
    [
        ((1, 1, 1, 1, 1, 4.9), Verdict.PASSED, Severity.CRITICAL),
        ((1, 1, 1, 1, 1, 5.1), Verdict.FAILED, Severity.CRITICAL),
        # One dear run among the earlier ones changes nothing.
        ((1, 1, 90, 1, 1, 1, 5.1), Verdict.FAILED, Severity.CRITICAL),
        # Too few to know what is usual.
        ((1, 1, 1, 1, 90), Verdict.PASSED, Severity.INFO),
        # Nobody is told of less than a cent.
        ((0.0001,) * 5 + (0.009,), Verdict.PASSED, Severity.CRITICAL),
        ((0.0,) * 5 + (LEAST_EXCESS * 1.01,), Verdict.FAILED, Severity.CRITICAL),
    ],
)
def test_a_run_that_costs_several_times_the_usual(costs, verdict, severity):
    (usual,) = dearest_by_dag(runs(*costs), None)
    check = judge_run(usual, "USD")
    assert (check.code, check.verdict, check.severity) == ("SL-C003", verdict, severity)
    assert check.name == "cost(p.train)"


def test_the_dearest_since_the_last_look_is_judged():
    found = runs(1, 1, 1, 1, 1, 9, 1)
    assert dearest_by_dag(found, DAY + timedelta(4.5))[0].run.run_id == "r5"
    assert dearest_by_dag(found, None)[0].run.run_id == "r6"
    assert (
        "9.0 times the usual: the median of 5 before is 1"
        in judge_run(dearest_by_dag(found, DAY + timedelta(4.5))[0], "USD").message
    )


def test_a_month_above_its_band_before_it_is_over():
    band = Spread(1.0, 2.0, 3.0)
    check = judge_month_so_far(3.01, band, "2026-11", "USD", passed=0.4)
    assert (check.verdict, check.effect) == (Verdict.FAILED, Verdict.FAILED)
    assert check.message == (
        "2026-11 so far (40% of it): USD 3.01, above its band already; 1 to 3 were forecast for all of it: look at what "
        "was used"
    )
    assert judge_month_so_far(2.99, band, "2026-11", "USD", passed=0.4).verdict is Verdict.PASSED


def test_usual_needs_a_median():
    assert not Usual(run(9, 1), None, 3).unusual
