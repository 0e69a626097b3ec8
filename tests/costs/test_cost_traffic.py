from dataclasses import replace

import numpy as np
import pytest
from cost_plans import LATER, PRICES

from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.state import State
from stageline.costs.traffic import forecast_year, pattern_of
from stageline.costs.uncertainty import Band
from stageline.demo.simulator import simulate_demand
from stageline.exceptions import CostError


@pytest.fixture(scope="module")
def daily():
    """Rides by day, month by month, of the demo's two years: a ride is a request."""
    rides = simulate_demand().set_index("ride_hour").rides
    days = rides.groupby([rides.index.year, rides.index.month, rides.index.day]).sum()
    return [days.loc[year, month].to_numpy() for year in (2024, 2025) for month in range(1, 13)]


def costs_of(option, requests):
    """What each month costs at so many requests, without what is built once: shape (draws, months)."""
    plan = replace(LATER, traffic=replace(LATER.traffic, requests_per_month=float(np.mean(requests))))
    months = np.atleast_2d(np.asarray(requests, float))
    state = replace(State.of(plan, months.shape[1]), requests=months)
    return monthly_costs(option_named(option), plan, PRICES, state, from_start=False).total


@pytest.mark.parametrize("option", ["vendor", "sagemaker_serverless", "http"])
def test_the_demos_second_year_costs_what_its_first_one_forecasts(daily, option):
    forecast = forecast_year(daily[:12])
    low, high = np.quantile(costs_of(option, forecast.requests), [0.1, 0.9], axis=0)
    actual = costs_of(option, [month.sum() for month in daily[12:]])[0]
    assert np.mean((low <= actual + 1e-9) & (actual <= high + 1e-9)) >= 0.8


def test_the_forecasts_band_is_narrow_enough_to_be_wrong(daily):
    # Twice as many requests, as after a launch, lie outside in every month.
    low, high = forecast_year(daily[:12]).band()
    doubled = np.array([2 * month.sum() for month in daily[:12]])
    assert (doubled > high).all()
    assert (high / low < 2).all()


def test_a_month_strays_more_where_its_days_do():
    rng = np.random.default_rng(0)
    calm, wild = ([rng.normal(100, spread, 30).clip(1) for _ in range(12)] for spread in (1, 40))
    still = Band(0, 0, 0)
    widths = [np.subtract(*forecast_year(each, growth_per_year=still).band()[::-1]).mean() for each in (calm, wild)]
    assert widths[1] > 10 * widths[0]


def test_a_pattern_is_read_from_hours():
    hours = np.tile([0.0] * 12 + [1.0] * 11 + [10.0], 100)
    pattern = pattern_of(hours)
    assert pattern.active_share == 0.5
    assert pattern.peak_to_mean == pytest.approx(10 / 1.75)
    assert pattern.per_month == pytest.approx(hours.mean() * 730)


def test_even_traffic_has_no_peak():
    assert pattern_of(np.full(48, 7.0)).peak_to_mean == 1.0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: pattern_of([1.0] * 5), "5 hours of traffic; at least 24 are needed"),
        (lambda: pattern_of([0.0] * 50), "no requests in 50 hours: zero traffic has no peak"),
        (lambda: forecast_year([[1.0]] * 11), "11 months with requests; expected twelve"),
        (lambda: forecast_year([[1.0]] * 11 + [[0.0]]), "11 months with requests; expected twelve"),
    ],
)
def test_too_little_traffic_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
