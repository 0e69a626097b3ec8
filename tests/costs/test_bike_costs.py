"""The bike pipeline: what one run costs, what serving a city hourly costs, and what a thousand cities cost."""

from dataclasses import replace

import pandas as pd
import pytest
from bike_pilot import BIKES, needs_bikes
from cost_plans import PRICES
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from stageline.costs import measure_latency
from stageline.costs.compare import compare
from stageline.costs.curve import loads_between
from stageline.costs.measurements import Measurements
from stageline.costs.metering import cost_of, metered
from stageline.costs.money import total
from stageline.costs.planning import plan_of
from stageline.costs.recommend import recommendation
from stageline.costs.tornado import tornado
from stageline.spec.costs import Costs

pytestmark = [needs_bikes, pytest.mark.xdist_group("bike_costs")]

HOURS = 730
FEATURES = [
    "season",
    "mnth",
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
]


@pytest.fixture(scope="module")
def run():
    """One run of the pipeline's work: read, train, measure."""
    with metered() as meter:
        rides = pd.read_csv(BIKES)
        meter.count(rows=len(rides), bytes_read=BIKES.stat().st_size)
        with threadpool_limits(1):  # a busy machine would make its threads wait for one another
            model = HistGradientBoostingRegressor(max_iter=50).fit(rides[FEATURES], rides["cnt"])
            latency = measure_latency(model, rides[FEATURES])
        meter.count(predictions=30 + 5 * latency.batch_rows)
    return meter, Measurements(latency.single_ms, latency.batch_ms, latency.batch_rows, rows_per_month=HOURS)


def compared(measured, **said):
    """Compare, with the next 24 hours predicted for each city, hour by hour."""
    costs = Costs.model_validate({"runs_per_month": HOURS, "max_age": "PT3H", "rows_per_request": 24, **said})
    planned = plan_of(costs, measured, PRICES)
    found = compare(
        planned.plan, PRICES, loads_between(100, 1e8, 4), months=36, draws=300, uncertainty=planned.uncertainty
    )
    return planned, found


def test_one_run_costs_cents_and_its_bill_says_for_what(run):
    bill = cost_of(run[0].evidence(), PRICES)
    assert run[0].rows == 17_379
    spent = total(bill.values(), "USD").amount
    assert 0 < spent < 0.10
    assert bill["compute"].amount > bill["storage"].amount


def test_a_city_by_the_hour_is_bought_and_a_thousand_are_built(run):
    planned, city = compared(run[1])
    _, cities = compared(run[1], requests_per_month=HOURS * 1_000, variants=1_000)
    one, many = (found.simulation.fitting()[0].name for found in (city, cities))
    assert one == "vendor"
    assert many in {"batch", "sagemaker_batch", "sagemaker_serverless"}
    assert city.simulation.per_1000(one).mean > 10 * cities.simulation.per_1000(many).mean
    said = recommendation(city, tornado(one, planned.plan, PRICES), HOURS, assumed=planned.assumed)
    assert said.startswith("Use a vendor's API: at 730 requests a month it costs USD ")
    assert "it would be overturned by more than " in said


def test_answers_at_once_change_what_fits(run):
    costs = Costs(max_latency_ms=250, requests_per_month=1e6)
    measured = replace(run[1], single_ms=max(run[1].single_ms, 0.1))
    planned = plan_of(costs, measured, PRICES)
    names = {one.name for one in compare(planned.plan, PRICES, [1e5, 1e6], months=3, draws=20).simulation.fitting()}
    assert "batch" not in names
    assert "vendor" in names
