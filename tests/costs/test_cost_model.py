from dataclasses import replace

import numpy as np
import pytest
from cost_plans import AT_ONCE, EVERY_OPTION, LATER, PRICES
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs.annotation import Annotation, labels_for_interval
from stageline.costs.engineering import STEEPEST, Engineering, Growth
from stageline.costs.hardware import Server, book_value
from stageline.costs.model import monthly_costs, usage_of
from stageline.costs.options import OPTIONS, option_named
from stageline.costs.options.serverless import cold_share
from stageline.costs.plan import Batch, Machine, Plan, Traffic
from stageline.costs.queueing import Objective
from stageline.costs.service_time import ServiceTime
from stageline.costs.spot import Spot
from stageline.costs.state import State
from stageline.costs.usage import CATEGORIES, FIXED
from stageline.exceptions import CostError

loads = st.floats(1.0, 1e10)
plans = st.builds(
    Plan,
    traffic=st.builds(
        Traffic, requests_per_month=loads, rows_per_request=st.floats(1, 100), peak_to_mean=st.floats(1, 10),
        active_share=st.floats(0.05, 1),
    ),
    service=st.builds(
        ServiceTime, fixed_seconds=st.floats(1e-4, 0.1), per_row_seconds=st.floats(1e-6, 0.01),
        contention=st.floats(0, 0.3), variation=st.floats(0, 1),
    ),
    objective=st.none() | st.builds(Objective, within_seconds=st.floats(0.05, 60)),
    batch=st.builds(Batch, runs_per_month=st.floats(1, 730)),
    annotation=st.builds(Annotation, labels_per_month=st.floats(0, 1e5)),
    cache_share=st.floats(0, 0.9),
    sampled_share=st.floats(0.1, 1),
    joined=st.floats(1, 32),
    join_seconds=st.floats(0, 0.02),
    variants=st.floats(1, 1_000),
)  # fmt: skip


@pytest.mark.parametrize("name", EVERY_OPTION)
@given(plan=plans, other=loads)
def test_the_total_never_falls_when_the_load_rises(name, plan, other):
    low, high = sorted((plan.traffic.requests_per_month, other))
    less, more = (monthly_costs(option_named(name), plan.at(load), PRICES).total.sum() for load in (low, high))
    assert less <= more * (1 + 1e-9)


@pytest.mark.parametrize("name", ["sagemaker_serverless", "vendor"])
@given(plan=plans, share=st.floats(0.01, 0.99))
def test_splitting_a_month_changes_nothing_without_tiers(name, plan, share):
    flat = PRICES.model_copy(
        update={
            each: PRICES[each].model_copy(update={"tiers": (), "free": 0.0, "value": PRICES[each].first})
            for each in ("vendor_request", "transfer_out_gib")
        }
    )
    cost = {
        part: monthly_costs(
            option_named(name), plan.at(plan.traffic.requests_per_month * part), flat, from_start=False
        ).by_category
        for part in (share, 1 - share, 1.0)
    }
    for category in ("compute", "transfer", "vendor"):
        if category in cost[1.0]:
            parts = cost[share][category] + cost[1 - share][category]
            assert parts.sum() == pytest.approx(cost[1.0][category].sum())


@pytest.mark.parametrize("name", ["http", "sagemaker_realtime"])
@given(plan=plans, other=loads)
def test_fewer_replicas_are_never_needed_for_more_load(name, plan, other):
    key = ("compute", "instance_hour" if name == "sagemaker_realtime" else "vcpu_hour")
    low, high = sorted((plan.traffic.requests_per_month, other))
    replicas = [usage_of(option_named(name), plan.at(load), State.of(plan.at(load)))[key].sum() for load in (low, high)]
    assert replicas[0] <= replicas[1]


@given(plan=plans, months=st.integers(1, 6))
def test_the_parts_are_the_whole_and_none_is_negative(plan, months):
    for option in OPTIONS.values():
        costs = monthly_costs(option, plan, PRICES, State.of(plan, months))
        assert set(costs.by_category) <= set(CATEGORIES)
        assert all((np.asarray(value) >= 0).all() for value in costs.by_category.values())
        assert (costs.fixed + costs.variable) == pytest.approx(costs.total)
        assert costs.total.shape == (1, months)
        assert costs.money("operation").amount <= costs.money().amount


def test_fixed_is_what_is_spent_to_build_and_improve():
    assert {"development", "training", "hardware", "licences"} == FIXED
    costs = monthly_costs(option_named("http"), AT_ONCE, PRICES, State.of(AT_ONCE, 2))
    first, second = costs.by_category["development"][0]
    built = (option_named("http").build_hours + AT_ONCE.engineering.build_hours) * PRICES["engineer_hour"].first
    assert first - second == pytest.approx(built)


def test_a_vendor_needs_no_model_no_labels_and_no_training():
    plan = replace(AT_ONCE, annotation=Annotation(labels_per_month=1_000))
    costs = monthly_costs(option_named("vendor"), plan, PRICES)
    assert set(costs.by_category) == {"vendor", "logs and metrics", "operation", "development"}
    assert costs.by_category["development"].sum() == option_named("vendor").build_hours * 85


def test_licences_cost_the_same_each_month_whatever_the_load_and_only_with_a_model_of_ones_own():
    plan = replace(AT_ONCE, licences_per_month=300.0)
    for option in OPTIONS.values():
        with_licences, without = (monthly_costs(option, each, PRICES, State.of(each, 2)) for each in (plan, AT_ONCE))
        more = 600.0 if option.has_own_model else 0.0
        assert with_licences.money().amount - without.money().amount == pytest.approx(more)
        assert monthly_costs(option, plan.at(1e8), PRICES, State.of(plan.at(1e8), 2)).by_category.get(
            "licences", np.zeros(1)
        ).sum() == pytest.approx(more)
    with pytest.raises(CostError, match="licences_per_month"):
        replace(AT_ONCE, licences_per_month=-1.0)


def test_what_is_stored_grows_from_month_to_month():
    stored = monthly_costs(option_named("http"), AT_ONCE, PRICES, State.of(AT_ONCE, 3)).by_category["storage"][0]
    assert stored[2] - stored[1] == pytest.approx(stored[1] - stored[0])
    assert stored[0] < stored[1]


def test_servers_that_were_bought_stay_when_the_load_falls():
    state = State.of(AT_ONCE, 3)
    falling = replace(state, requests=np.array([[1e6, 1e10, 1e6]]))
    bought = usage_of(option_named("on_premise"), AT_ONCE, falling)["hardware", "server_hosting_month"][0]
    assert bought[0] < bought[1] == bought[2]


def test_tiers_are_reached_by_all_that_uses_a_thing_together():
    tiers = {"tiers": ({"up_to": 100.0, "value": 1.0}, {"value": 0.0})}
    price = type(PRICES.vcpu_hour).model_validate({**tiers, "unit": "USD per vCPU-hour", "source": "a bill"})
    plan = replace(AT_ONCE, upkeep=replace(AT_ONCE.upkeep, training_vcpu_hours=1_000.0))
    costs = monthly_costs(
        option_named("http"),
        plan,
        PRICES.model_copy(update={"vcpu_hour": price, "memory_gib_hour": price_of_nothing()}),
    )
    assert (costs.by_category["compute"] + costs.by_category["training"]).sum() == pytest.approx(100)


def price_of_nothing():
    return PRICES.memory_gib_hour.model_copy(update={"value": 0.0})


@pytest.mark.parametrize(
    ("plan", "option", "sentence"),
    [
        (AT_ONCE, "batch", "answers come with the next run, and have to come within 0.2 s"),
        (AT_ONCE, "sagemaker_batch", "answers come with the next run"),
        (AT_ONCE, "sagemaker_async", "answers come from a queue"),
        (replace(LATER, waits_seconds=3_600.0), "batch", "an answer comes up to 25 h late, 1 h are allowed"),
        (replace(LATER, memory_gib=3.0), "http", "the model takes 3 GiB, the rented machine has 2 GiB"),
        (replace(LATER, memory_gib=9.0), "sagemaker_realtime", "the managed instance has 8 GiB"),
        (replace(LATER, memory_gib=65.0), "on_premise", "the server has 64 GiB"),
        (replace(LATER, memory_gib=7.0), "sagemaker_serverless", "the model takes 7 GiB, 6 GiB are the most"),
        (replace(AT_ONCE, objective=Objective(0.01)), "http", "0.99 of the answers within 0.01 s is out of reach"),
        (AT_ONCE.at(1e4), "sagemaker_serverless", "would meet a cold start of 5 s"),
        (LATER.at(1e11), "sagemaker_serverless", "200 are the most"),
        (replace(AT_ONCE, joined=8.0, join_seconds=0.19), "http", "after 0.19 s of joining is out of reach"),
    ],
)
def test_what_does_not_fit_says_why(plan, option, sentence):
    assert sentence in option_named(option).misfit(plan)


def test_what_fits_says_nothing():
    assert [
        name for name, option in OPTIONS.items() if option.misfit(replace(LATER, waits_seconds=1e5)) is not None
    ] == []


def test_a_second_server_works_on_more_at_once_only_as_far_as_memory_goes():
    plan = replace(AT_ONCE, machine=Machine(4, 1.0), memory_gib=0.4).at(1e9)
    wide = replace(plan, machine=Machine(4, 8.0))
    hours = [
        usage_of(option_named("http"), each, State.of(each))["compute", "vcpu_hour"].sum() for each in (plan, wide)
    ]
    assert hours[0] >= 1.5 * hours[1]


@given(rate=st.floats(1e-6, 1), keep=st.floats(1, 3_600))
def test_cold_starts_follow_from_the_pauses_of_a_poisson_process(rate, keep):
    plan = replace(AT_ONCE, keep_warm_seconds=keep).at(rate * 730 * 3_600)
    assert cold_share(plan) == pytest.approx(np.exp(-rate * keep))


def test_hours_grow_steepest_where_the_docstring_says():
    growth = Growth(1.0, 1.0)
    x = np.linspace(0.01, 5, 5_000)
    steepest = x[np.gradient(growth.share(x), x).argmax()]
    assert steepest == pytest.approx(STEEPEST, abs=0.01)


@given(a=st.floats(1, 1e12), b=st.floats(1, 1e12), rate=st.floats(0, 1e6), variants=st.floats(1, 1e5))
def test_more_volume_never_takes_fewer_hours(a, b, rate, variants):
    low, high = sorted((a, b))
    engineering = Engineering()
    few, many = (engineering.times(np.array(each), np.array(rate), np.array(variants)) for each in (low, high))
    assert 1 <= few <= many <= 1 + 2.0 + 1.5 + 4.0 + 1e-9


def test_labels_are_what_is_asked_within_the_budget_and_the_predictions():
    several = Annotation(labels_per_month=10, alarms_per_month=0.5, labels_per_alarm=100, most_per_month=90)
    asked = several.labels(np.array([1.0, 2.0, 1.0]), np.array([1e6, 1e6, 5.0]))
    assert asked.tolist() == [60.0, 90.0, 5.0]


def test_an_interval_of_a_mean_needs_so_many_labels():
    assert labels_for_interval(10.0, 1.0) == 385  # (1.96 · 10)² = 384.16
    with pytest.raises(CostError, match="expected at least 0 and above 0"):
        labels_for_interval(1.0, 0.0)


def test_spot_saves_its_discount_less_what_is_done_twice():
    spot = Spot(discount=0.7, interruptions_per_hour=0.05, checkpoint_seconds=10, restart_seconds=120)
    # Young: √(2 · 10 · 72,000) = 1,200 s; 10/1,200 + (600 + 120) / 72,000 = 0.01833.
    assert spot.checkpoint_every_seconds == pytest.approx(1_200)
    assert spot.factor == pytest.approx(0.3 * 1.018333, rel=1e-5)
    assert Spot(interruptions_per_hour=0).factor == pytest.approx(0.3)


@given(checkpoint=st.floats(0.1, 1_000), rate=st.floats(0.001, 10), other=st.floats(0.05, 20))
def test_no_other_interval_of_checkpoints_wastes_less(checkpoint, rate, other):
    spot = Spot(interruptions_per_hour=rate, checkpoint_seconds=checkpoint, restart_seconds=0)
    every = spot.checkpoint_every_seconds * other
    assert spot.extra_share <= checkpoint / every + rate / 3_600 * every / 2 + 1e-9


@given(price=st.floats(1, 1e6), life=st.floats(1, 120), resale=st.floats(0, 0.9))
def test_what_is_written_off_is_the_price_less_its_resale(price, life, resale):
    server = Server(life_months=life, resale_share=resale)
    assert price * server.monthly_share * life == pytest.approx(price * (1 - resale))
    assert book_value(price, server, life) == pytest.approx(price * resale, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Traffic(0), "requests_per_month is 0: without traffic nothing has a price per prediction"),
        (lambda: Traffic(-5), "requests_per_month of the traffic is -5; expected a finite number of at least 0"),
        (lambda: Traffic(1, peak_to_mean=0.5), "peak_to_mean of the traffic is 0.5"),
        (lambda: Traffic(1, active_share=0), "active_share of the traffic is 0"),
        (lambda: replace(AT_ONCE, memory_gib=0), "memory_gib of the plan is 0"),
        (lambda: replace(AT_ONCE, cache_share=1.0), "cache_share of the plan is 1.0"),
        (lambda: replace(AT_ONCE, sampled_share=0), "sampled_share of the plan is 0"),
        (lambda: Batch(runs_per_month=0), "runs_per_month of batches is 0"),
        (lambda: Machine(vcpus=0), "vcpus of a machine is 0"),
        (lambda: Server(resale_share=1.0), "resale_share is 1.0"),
        (lambda: Server(life_months=0), "life_months of a server is 0"),
        (lambda: Server(watts=-1), "watts of a server is -1"),
        (lambda: Annotation(labels_per_month=-1), "labels_per_month is -1"),
        (lambda: Growth(-1, 1), "grows_by is -1"),
        (lambda: Growth(1, 0), "half_way is 0"),
        (lambda: Engineering(build_hours=-1), "build_hours is -1; expected a finite number of engineer-hours"),
        (lambda: Spot(discount=1.0), "discount is 1.0"),
        (lambda: Spot(restart_seconds=-1), "restart_seconds is -1"),
        (lambda: option_named("sagemaker"), "unknown option 'sagemaker'; did you mean 'sagemaker_"),
    ],
)
def test_what_no_cost_follows_from_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
