import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_queue import late_share_of_a_simulation

from stageline.costs.capacity import ROOM, least_ratio, out_of_reach, servers_for
from stageline.costs.queueing import (
    Objective,
    erlang_b,
    erlang_c,
    keeps,
    late_share,
    most_load,
    possible,
    servers_needed,
)
from stageline.exceptions import CostError


@pytest.mark.parametrize(
    ("servers", "load", "waits"),
    # By hand: one server waits with its load; two with a = 1: 1/3; three with a = 2: 4/9.
    [(1, 0.3, 0.3), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (10, 6.0, 0.10130), (5, 5.0, 1.0), (4, 0.0, 0.0)],
)
def test_erlangs_formula_gives_what_is_known(servers, load, waits):
    assert erlang_c(servers, load) == pytest.approx(waits, abs=2e-5)


def test_erlangs_first_formula_gives_what_is_known():
    assert erlang_b(2, 1.0) == pytest.approx(0.2)  # (1/2) / (1 + 1 + 1/2)


def test_one_exponential_server_is_late_as_its_textbook_says():
    # M/M/1: P(T > t) = exp(-(μ - λ) t)
    for load in (0.1, 0.5, 0.9):
        assert late_share(1, load, 3.0) == pytest.approx(math.exp(-(1 - load) * 3.0))


# Objective of 99 %: at the bound it holds with room, at one server fewer it fails clearly, so that chance decides nothing.
CASES = [
    (80.0, 0.05, 0.26, 1.0),
    (300.0, 0.02, 0.11, 1.0),
    (20.0, 0.4, 2.2, 1.0),
    (9.0, 0.1, 0.55, 1.0),
    (60.0, 0.05, 0.14, 0.3),
    (40.0, 0.05, 0.25, 0.7),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_queue_played_through_agrees_with_the_bound(case):
    arrivals, service, within, variation = case
    servers = servers_needed(arrivals, service, Objective(within, 0.99), variation=variation)

    def late(count):
        if count * 1.0 <= arrivals * service:
            return 1.0  # the line grows without end
        return late_share_of_a_simulation(
            count, arrivals, service, within, variation, requests=150_000, seed=int(arrivals)
        )

    assert late(servers) <= 0.01
    assert late(servers - 1) > 0.01


@given(
    less=st.floats(0.01, 300), more=st.floats(0.01, 300), service=st.floats(0.001, 1), room=st.floats(1.05, 10),
    variation=st.floats(0, 1.5), share=st.sampled_from([0.9, 0.99, 0.999]),
)  # fmt: skip
def test_more_servers_are_never_needed_for_less_load(less, more, service, room, variation, share):
    within = service * (least_ratio(1 - share, variation) + 1) * room
    low, high = sorted((less, more))
    objective = Objective(within, share)
    few = servers_needed(low / service, service, objective, variation=variation)
    many = servers_needed(high / service, service, objective, variation=variation)
    assert few <= many
    assert keeps(few, low / service, service, objective, variation)
    assert few == 1 or not keeps(few - 1, low / service, service, objective, variation)


@given(load=st.floats(0.01, 100), ratio=st.floats(5, 50), servers=st.integers(1, 120))
def test_the_largest_load_is_what_needs_no_further_server(load, ratio, servers):
    most = most_load(servers, ratio, 0.01, 1.0)
    objective = Objective(ratio, 0.99)
    if load <= most * (1 - 1e-9):
        assert servers_needed(load, 1.0, objective) <= servers
    if load > most * (1 + 1e-9):
        assert servers_needed(load, 1.0, objective) > servers


@given(
    loads=st.lists(st.floats(0.001, 100), min_size=1, max_size=6), ratio=st.floats(7, 60),
    variation=st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_the_table_holds_what_is_found_one_by_one(loads, ratio, variation):
    objective = Objective(0.02 * ratio, 0.99)
    tabled = servers_for(np.array(loads) / 0.02, np.array(0.02), objective, variation)
    exact = [servers_needed(load / 0.02, 0.02, objective, variation=variation) for load in loads]
    assert tabled.tolist() == exact


@pytest.mark.parametrize("load", [200.0, 3_333.3, 50_000.0])
def test_large_numbers_are_within_one_in_a_thousand(load):
    objective = Objective(0.02 * 8, 0.99)
    tabled = float(servers_for(np.array([load / 0.02]), np.array(0.02), objective, 1.0)[0])
    exact = servers_needed(load / 0.02, 0.02, objective)
    assert tabled == pytest.approx(exact, abs=max(1.0, exact / 1_000))


def test_many_service_times_are_on_the_side_of_more_servers():
    service = np.linspace(0.015, 0.03, 200)[:, None]
    arrivals = np.array([[100.0, 1_000.0]])
    objective = Objective(0.2, 0.99)
    tabled = servers_for(arrivals, service, objective, 1.0)
    exact = [[servers_needed(a, s, objective) for a in arrivals[0]] for s in service[:, 0]]
    assert (tabled >= exact).all()
    assert tabled.mean() <= 1.1 * np.mean(exact)


def test_an_objective_out_of_reach_is_said():
    objective = Objective(0.02, 0.99)
    assert not possible(0.01, objective)
    assert out_of_reach(np.array([0.01, 0.001]), objective, 1.0).tolist() == [True, False]
    assert not out_of_reach(np.array([0.01]), None, 1.0).any()
    with pytest.raises(CostError, match=r"no number of servers answers 0.99 of all requests within 0.02 s"):
        servers_needed(1.0, 0.01, objective)
    # For draws it counts as a quarter above what an idle server keeps.
    assert servers_for(np.array([5.0]), np.array(0.01), objective, 1.0) == servers_for(
        np.array([5.0]), np.array(0.01), Objective(0.01 * ROOM * least_ratio(0.01, 1.0), 0.99), 1.0
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Objective(0, 0.99), "within_seconds is 0"),
        (lambda: Objective(1, 1.0), "share is 1.0; expected a share above 0 and below 1"),
        (lambda: servers_needed(-1, 0.1, Objective(5)), "-1 arrivals a second"),
        (lambda: servers_needed(float("nan"), 0.1, Objective(5)), "expected a finite rate"),
    ],
)
def test_what_is_no_queue_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
