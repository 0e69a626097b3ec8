import itertools
from dataclasses import replace

import numpy as np
import pytest
from cost_plans import AT_ONCE, EVERY_OPTION, LATER, PRICES

from stageline.costs.curve import cost_curve, find_turn, loads_between
from stageline.costs.levers import NAMES, Levers
from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.simulate import Spread, simulate
from stageline.costs.state import State
from stageline.costs.tornado import tornado
from stageline.costs.uncertainty import CERTAIN, FACTORS, TENTH, Band, Draws, Uncertainty, state_of
from stageline.exceptions import CostError


def test_without_uncertainty_every_draw_is_the_model_itself():
    simulated = simulate(AT_ONCE, PRICES, months=12, uncertainty=CERTAIN, draws=3)
    for name in EVERY_OPTION:
        point = monthly_costs(option_named(name), AT_ONCE, PRICES, State.of(AT_ONCE, 12)).total
        assert simulated.options[name].monthly == pytest.approx(np.repeat(point, 3, axis=0))


def test_the_same_seed_gives_the_same_draws_and_another_one_others():
    once, again, other = (simulate(AT_ONCE, PRICES, months=6, draws=50, seed=seed) for seed in (1, 1, 2))
    assert (once.options["http"].monthly == again.options["http"].monthly).all()
    assert (once.options["vendor"].monthly != other.options["vendor"].monthly).any()


def test_the_parts_of_an_option_add_up_to_its_mean():
    for one in simulate(AT_ONCE, PRICES, months=6, draws=40).options.values():
        assert sum(one.by_category.values()) == pytest.approx(one.spread.mean)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_band_holds_eight_of_ten_draws(factor):
    z = Draws.of(20_000, 1).factors[factor][:, 0]
    band = Band(0.5, 1.0, 3.0)
    for values in (band.at(z), band.times_at(z)):
        assert np.mean(values < 0.5) == pytest.approx(0.1, abs=0.01)
        assert np.mean(values > 3.0) == pytest.approx(0.1, abs=0.01)
        assert np.median(values) == pytest.approx(1.0, abs=0.03)


def test_the_ends_of_a_band_lie_where_the_tornado_looks():
    band = Band(0.5, 1.0, 3.0)
    assert [float(band.at(z)) for z in (-TENTH, 0, TENTH)] == pytest.approx([0.5, 1.0, 3.0])
    assert [float(band.times_at(z)) for z in (-TENTH, 0, TENTH)] == pytest.approx([0.5, 1.0, 3.0])


def test_requests_grow_as_they_should_on_average():
    certain = replace(CERTAIN, growth_per_month=Band(0.1, 0.1, 0.1), noise=0.3)
    state = state_of(AT_ONCE, certain, Draws.of(40_000, 3))
    assert state.requests.mean(axis=0) == pytest.approx([1e6, 1.1e6, 1.21e6], rel=0.01)


def test_variety_comes_with_growth_and_never_goes():
    rising = replace(CERTAIN, growth_per_month=Band(0.1, 0.1, 0.1), variety_exponent=Band(0.5, 0.5, 0.5))
    falling = replace(rising, growth_per_month=Band(-0.1, -0.1, -0.1))
    grown, shrunk = (state_of(AT_ONCE, each, Draws.middle(3)).variants[0] for each in (rising, falling))
    assert grown == pytest.approx([1, 1.1**0.5, 1.1])
    assert shrunk.tolist() == [1, 1, 1]


def test_more_uncertainty_widens_the_band():
    narrow = simulate(
        AT_ONCE, PRICES, months=6, options=["vendor"], draws=500, uncertainty=replace(Uncertainty(), noise=0)
    )
    wide = simulate(
        AT_ONCE, PRICES, months=6, options=["vendor"], draws=500,
        uncertainty=Uncertainty(growth_per_month=Band(-0.1, 0.02, 0.4), noise=0),
    )  # fmt: skip
    assert _width(narrow.options["vendor"].spread) < 0.5 * _width(wide.options["vendor"].spread)


def _width(spread: Spread) -> float:
    return spread.high - spread.low


def test_a_price_per_1000_predictions_counts_every_row():
    plan = replace(AT_ONCE, traffic=replace(AT_ONCE.traffic, rows_per_request=10))
    simulated = simulate(plan, PRICES, months=1, options=["vendor"], uncertainty=CERTAIN, draws=1)
    assert simulated.per_1000("vendor").mean == pytest.approx(simulated.options["vendor"].spread.mean * 1_000 / 1e7)


def test_the_marginal_cost_rises_before_it_falls_and_says_where():
    loads = loads_between(1e3, 1e9)
    curve = cost_curve("sagemaker_realtime", AT_ONCE, PRICES, loads, uncertainty=CERTAIN, draws=1)
    # The engineers' hours grow steepest at half_way / √3 of the volume, 11.5 million requests.
    assert curve.turn is not None
    assert 5e6 < curve.turn.falls_from < 3e7
    assert curve.turn.lowest < curve.turn.highest


def test_the_marginal_cost_is_the_slope_of_the_total():
    curve = cost_curve("vendor", AT_ONCE, PRICES, [1e6, 2e6, 3e6], uncertainty=CERTAIN, draws=1)
    totals = [each.mean for each in curve.totals]
    assert curve.marginal == pytest.approx([(b - a) / 1e3 for a, b in itertools.pairwise(totals)])
    assert curve.per_1000 == pytest.approx(
        [each * 1_000 / load for each, load in zip(totals, curve.loads, strict=True)]
    )


def test_what_dominates_changes_with_the_load():
    curve = cost_curve("vendor", AT_ONCE, PRICES, loads_between(1e3, 1e9))
    assert [category for _, category in curve.dominant] == ["operation", "vendor"]
    assert 1e4 < curve.dominant[1][0] < 1e6


@pytest.mark.parametrize(
    ("marginal", "turn"),
    [
        ([1, 1, 1, 1], None),
        ([4, 3, 2, 1], None),
        ([1, 2, 3, 4], None),
        ([2, 1, 1, 3, 3, 1, 1], (2, 4)),
        ([1, 1, 9, 1, 1], None),  # a step of one replica
    ],
)
def test_a_turn_is_a_rise_that_is_followed_by_a_fall(marginal, turn):
    found = find_turn([1, 2, 3, 4, 5, 6, 7][: len(marginal)], marginal)
    assert (None if found is None else (found.rises_from, found.falls_from)) == turn


def test_loads_are_even_steps_with_both_ends():
    loads = loads_between(1e3, 1e9)
    assert (loads[0], loads[-1], len(loads)) == (1e3, 1e9, 49)
    with pytest.raises(CostError, match="expected two that ascend"):
        loads_between(10, 1)


def test_the_tornado_begins_with_what_matters_most():
    swings = tornado("vendor", AT_ONCE, PRICES)
    assert [swing.size for swing in swings] == sorted((swing.size for swing in swings), reverse=True)
    assert swings[0].factor == "growth_per_month"
    assert {swing.factor for swing in swings} == set(FACTORS)


@pytest.mark.parametrize("lever", NAMES)
def test_each_lever_saves_where_it_should(lever):
    plan = (LATER if lever == "spot" else replace(AT_ONCE, least_replicas=1)).at(3e9)
    plan = replace(plan, engineering=replace(plan.engineering, build_hours=0.0))
    name = "batch" if lever == "spot" else "http"
    before, after = (
        monthly_costs(option_named(name), each, PRICES).by_category["compute"].sum()
        for each in (plan, Levers().pull(lever, plan))
    )
    assert after < 0.95 * before


def test_a_lever_that_nobody_knows_is_a_sentence():
    with pytest.raises(CostError, match="unknown lever 'magic'; known: sampling"):
        Levers().pull("magic", AT_ONCE)


def test_several_levers_are_pulled_once_each():
    twice = Levers().pull_all(("sampling", "sampling", "capped_peak"), AT_ONCE)
    assert (twice.sampled_share, twice.traffic.peak_to_mean) == (0.5, 1.5)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Band(1, 0, 2), "expected finite numbers that ascend"),
        (lambda: Uncertainty(peak_times=Band(0, 1, 2)), "peak_times begins at 0"),
        (lambda: Uncertainty(growth_per_month=Band(-1, 0, 1)), "nothing falls by more than all of it"),
        (lambda: Uncertainty(noise=-1), "noise is -1"),
        (lambda: Uncertainty(variety_exponent=Band(-1, 0, 1)), "variety_exponent begins at -1"),
        (lambda: Draws.of(0, 1), "0 draws of 1 months"),
        (lambda: simulate(AT_ONCE, PRICES, options=["nowhere"], draws=1, months=1), "unknown option 'nowhere'"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
