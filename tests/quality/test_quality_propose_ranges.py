import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proposal_judging import broken

from stageline.quality import propose_expectations
from stageline.quality.proposals.round_bounds import round_up
from stageline.quality.proposals.tails import is_wall, upper_reach
from stageline.verdicts import Severity

BETWEEN = "expect_column_values_to_be_between"


def ranges(values, event_time=None):
    frame = pd.DataFrame({"x": values})
    if event_time is not None:
        frame["at"] = event_time
    found = propose_expectations(frame, keys=[], event_time="at" if event_time is not None else None, target=None)
    return [proposal for proposal in found if proposal.expectation.type == BETWEEN]


def limits(values, event_time=None):
    (proposal,) = ranges(values, event_time)
    given = proposal.expectation.arguments
    return given.get("min_value"), given.get("max_value")


def spread(least, most, rows=100):
    return list(np.linspace(least, most, rows))


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ([0.1, 0.5, 0.9, 0.25] * 25, (0, 1), "read as a share of 0 to 1"),
        (spread(0.1, 0.4), (0, 0.8), "below: never negative"),
        ([10.5, 20.5, 30.5, 40.5] * 25, (10.5, 40.5), "pile up at the end"),
        (spread(-40.25, -10.25), (-80, 0), "above: never positive"),
        (spread(-0.5, 2.5), (-4.5, 6.5), "values; room: where the tail would reach"),
        ([2.5] * 100, (2.5, 2.5), "seen 2.5 to 2.5 in 100 values"),
        (list(range(25)) * 4, (0, 60), "seen 0 to 24 in 100 values"),
        (list(range(25)) * 40, (0, 24), "pile up at the end"),
    ],
    ids=["share", "never negative", "walls", "never positive", "room", "constant", "few whole numbers", "codes"],
)
def test_ranges_keep_room_and_natural_bounds(values, expected, words):
    (proposal,) = ranges(values)

    assert limits(values) == pytest.approx(expected)
    assert words in proposal.support
    assert proposal.expectation.severity is Severity.WARNING


@pytest.mark.parametrize("values", [[float("inf"), 1.5] * 40, [2**60, 2**60 + 2] * 40, [1 + 1j] * 80, ["a", 1] * 40])
def test_no_range_that_could_not_be_checked(values):
    assert ranges(values) == []


def test_a_wild_value_is_left_outside_and_pointed_at():
    values = [*np.random.default_rng(0).normal(size=2_000), 9_999.0, -9_999.0]
    (proposal,) = ranges(values)
    given = proposal.expectation.arguments

    assert -20 < given["min_value"] < -4
    assert 4 < given["max_value"] < 20
    assert given["mostly"] == 0.995
    assert "2 beyond it, look at them" in proposal.support
    assert broken(pd.DataFrame({"x": values}), [proposal]) == []
    assert broken(pd.DataFrame({"x": [*values, *[5_000.0] * 30]}), [proposal]) != []


def test_a_heavy_tail_is_not_called_wild():
    values = np.random.default_rng(0).pareto(1, 1_000)
    (proposal,) = ranges(values)

    assert "mostly" not in proposal.expectation.arguments
    assert proposal.expectation.arguments["max_value"] > 1.2 * values.max()


@pytest.mark.parametrize("rows", [100, 1_000, 10_000])
@pytest.mark.parametrize("kind", ["normal", "uniform", "exponential", "poisson", "gamma"])
def test_new_values_of_the_same_kind_keep_to_the_range_and_gross_errors_do_not(kind, rows):
    left, fresh = 0, 60
    for seed in range(fresh):
        random = np.random.default_rng(seed)
        draw = {"poisson": lambda r: r.poisson(20, rows), "gamma": lambda r: r.gamma(2, size=rows) * 10}.get(
            kind, lambda r: getattr(r, kind)(size=rows) * 10 + 5
        )
        (proposal,) = ranges(draw(random))
        given = proposal.expectation.arguments
        low, high = given["min_value"], given["max_value"]
        values = draw(random)
        left += int(((values < low) | (values > high)).sum() > round((1 - given.get("mostly", 1)) * rows))
        assert high < 20 * values.max()
    # One of a thousand if the tail is what it looks like, some more where it is heavier.
    assert left <= 0.07 * fresh


def test_what_only_rises_with_time_has_no_range():
    hours = pd.date_range("2026-01-01", periods=600, freq="h")

    assert ranges(2_000 + np.arange(600) // 200, hours) == []
    assert ranges(-(np.arange(600.0) ** 2), hours) == []
    assert ranges(np.arange(600) // 20, hours) == []
    assert limits(np.arange(600) // 20) == (0, 29)


def test_an_end_that_moves_with_time_has_no_bound():
    hours = pd.date_range("2026-01-01", periods=3_000, freq="h")
    growing = np.random.default_rng(0).uniform(10, 20 + np.arange(3_000) / 10)
    (proposal,) = ranges(growing, hours)

    assert "max_value" not in proposal.expectation.arguments
    assert 0 <= proposal.expectation.arguments["min_value"] <= 10
    assert "above: the end moves with time" in proposal.support


def test_a_price_of_one_half_of_the_time_is_no_natural_bound():
    hours = pd.date_range("2026-01-01", periods=600, freq="h")
    price = np.repeat([1.4, 2.0, 1.4, 2.6], 150)

    assert limits(price, hours)[1] > 2.6
    assert limits(np.tile([1.4, 2.0, 2.6], 200), hours) == (1.4, 2.6)


@given(
    numbers=st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=300).map(np.array),
    factor=st.sampled_from([0.5, 2, 1024]),
    shift=st.integers(-1_000, 1_000),
)
@settings(max_examples=60)
def test_the_reach_moves_with_the_unit(numbers, factor, shift):
    moved = upper_reach(numbers * factor + shift)
    scale = max(float(np.abs(numbers).max()) * factor, abs(shift), 1)

    assert moved == pytest.approx(upper_reach(numbers) * factor + shift, abs=1e-6 * scale)


@given(bound=st.floats(-1e12, 1e12), room=st.floats(0, 1e9), whole=st.booleans())
def test_a_rounded_bound_is_never_tighter_and_only_a_little_wider(bound, room, whole):
    rounded = round_up(bound, room, whole=whole)

    assert rounded >= bound
    assert rounded - bound <= max(room / 4, 1 if whole else 1e-10 * abs(bound), 1e-290)
    assert not whole or rounded == int(rounded)


@pytest.mark.parametrize(
    ("values", "wall"),
    [
        ([1] * 50 + [2] * 50, True),
        ([1] * 95 + [2] * 5, False),
        ([1] * 9_800 + [2] * 150 + [3] * 50, False),
        ([0.5] * 300 + [1.0] * 290, True),
        ([*range(100)], False),
        ([4] * 40, True),
    ],
)
def test_a_wall_is_where_values_pile_up(values, wall):
    numbers = np.array(values, dtype=float)

    assert is_wall(numbers, float(numbers.max())) is wall
