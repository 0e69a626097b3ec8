from dataclasses import replace

import numpy as np
import pytest
from cost_plans import AT_ONCE, EVERY_OPTION, LATER, PRICES

from stageline.costs.compare import compare, return_of_switching
from stageline.costs.curve import loads_between
from stageline.costs.investment import return_on
from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.queueing import Objective
from stageline.costs.recommend import recommendation
from stageline.costs.simulate import simulate
from stageline.costs.state import State
from stageline.costs.tornado import tornado
from stageline.costs.uncertainty import CERTAIN
from stageline.exceptions import CostError

LOADS = loads_between(1e4, 1e8, 4)


@pytest.fixture(scope="module")
def compared():
    return compare(AT_ONCE, PRICES, LOADS, months=24, draws=300)


def test_only_what_fits_is_ranked(compared):
    fitting = compared.simulation.fitting()
    assert {one.name for one in fitting} == {
        "http",
        "sagemaker_realtime",
        "sagemaker_serverless",
        "on_premise",
        "vendor",
    }
    assert [one.spread.mean for one in fitting] == sorted(one.spread.mean for one in fitting)
    each = [compared.simulation.per_1000(one.name).mean for one in fitting]
    assert each == sorted(each)
    assert sum(compared.cheapest_in.values()) == pytest.approx(1)
    assert compared.simulation.options["batch"].misfit


def test_at_a_break_even_both_cost_the_same():
    sure = compare(AT_ONCE, PRICES, LOADS, months=24, draws=1, uncertainty=CERTAIN)
    (turn,) = sure.break_evens
    assert (turn.before, turn.after) == ("vendor", "sagemaker_serverless")
    costs = [
        monthly_costs(
            option_named(name), AT_ONCE.at(turn.load), PRICES, State.of(AT_ONCE.at(turn.load), 24)
        ).total.sum()
        for name in (turn.before, turn.after)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=0.001)


def test_building_pays_from_a_load_on_and_more_surely_from_a_larger_one(compared):
    building = compared.building
    assert building.probabilities[0] == 0.0
    assert building.probabilities[-1] == 1.0
    assert 3e5 < building.pays_from < building.pays_surely_from < 3e6


def test_building_is_not_judged_where_nothing_is_for_sale():
    assert compare(AT_ONCE, PRICES, LOADS, months=2, draws=2, options=["http"]).building is None


def test_building_that_never_pays_says_so():
    dear = replace(AT_ONCE, engineering=replace(AT_ONCE.engineering, build_hours=1e6))
    building = compare(dear, PRICES, LOADS[:5], months=2, draws=5).building
    assert (building.pays_from, building.pays_surely_from) == (None, None)


def test_an_option_that_stops_fitting_is_left_with_its_reason():
    slow = replace(
        LATER, traffic=replace(LATER.traffic, rows_per_request=100), service=replace(LATER.service, fixed_seconds=0.5)
    )
    turns = compare(
        slow, PRICES, loads_between(1e6, 1e10, 4), months=2, draws=1, uncertainty=CERTAIN,
        options=["sagemaker_serverless", "on_premise"],
    ).break_evens  # fmt: skip
    assert any("are the most" in turn.because for turn in turns if turn.before == "sagemaker_serverless")


def test_the_recommendation_names_cost_rival_assumptions_and_what_would_overturn_it(compared):
    best = compared.simulation.fitting()[0].name
    said = recommendation(
        compared, tornado(best, AT_ONCE, PRICES), 1e6, assumed=("engineers at 85 USD", "a peak of 3", "x", "not named")
    )
    for part in (
        "at 1,000,000 requests a month it costs USD ", "over 24 months (80 % of the draws: ", "is the cheapest that fits in ",
        ", before ", "assuming engineers at 85 USD, a peak of 3, x; it would be overturned by ", " requests a month (",
        "which moves the total by USD ",
    ):  # fmt: skip
        assert part in said
    assert "not named" not in said
    assert said.count(". ") == 0
    assert said.endswith(".")


def test_where_nothing_fits_it_says_why():
    nothing = compare(
        replace(AT_ONCE, objective=Objective(0.005)), PRICES, LOADS[:2], months=1, draws=2, options=["http", "batch"]
    )
    said = recommendation(nothing, (), 1e6)
    assert said.startswith("None of the options fits (an own http server: 0.99 of the answers within 0.005 s is out of")
    assert said.endswith("allow more time, or use a smaller or faster model.")
    assert nothing.cheapest_in == {}


def test_a_return_worked_out_by_hand():
    # 1,000 spent, 100 a month for a year, 200 got back: (1,200 + 200 - 1,000) / 1,000; earned back in the tenth month.
    brought = return_on(1_000, np.full(12, 100.0), resale=200)
    assert (brought.roi, brought.payback_months, brought.probability) == (pytest.approx(0.4), 10.0, 1.0)
    assert brought.net_present_value == pytest.approx(400)


def test_interest_makes_later_savings_worth_less():
    # 1,000 now against 1,210 after two years at 10 %: worth nothing.
    saved = np.zeros(24)
    saved[-1] = 1_210
    assert return_on(1_000, saved, interest_per_year=0.1).net_present_value == pytest.approx(0, abs=1e-6)


def test_an_investment_that_never_pays_has_no_payback():
    brought = return_on(1_000, np.full((4, 12), 10.0))
    assert (brought.payback_months, brought.probability) == (None, 0.0)
    assert brought.roi == pytest.approx(-0.88)


def test_switching_at_a_high_load_pays_and_at_a_low_one_does_not():
    high = simulate(AT_ONCE.at(3e7), PRICES, months=24, draws=50)
    low = simulate(AT_ONCE.at(1e4), PRICES, months=24, draws=50)
    assert return_of_switching(high, "vendor", "sagemaker_realtime").probability == 1.0
    assert return_of_switching(low, "vendor", "sagemaker_realtime").probability == 0.0


def test_what_costs_nothing_has_no_return():
    for cost in (0, -5, float("nan")):
        with pytest.raises(CostError, match="what costs nothing has no return"):
            return_on(cost, np.ones(3))
    with pytest.raises(CostError, match="interest_per_year is -1"):
        return_on(1, np.ones(3), interest_per_year=-1)


def test_every_option_can_be_compared():
    assert set(compare(LATER, PRICES, LOADS[:3], months=2, draws=2).simulation.options) == set(EVERY_OPTION)
