import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stageline.costs.price import Price, scaled
from stageline.costs.units import Quantity
from stageline.exceptions import CostError

FLAT = {"unit": "USD per GiB", "source": "a bill"}
amounts = st.floats(0, 1e7)


@st.composite
def prices(draw):
    values = draw(st.lists(st.floats(0, 10), min_size=1, max_size=4))
    ends = sorted(draw(st.lists(st.floats(1, 1e6), min_size=len(values) - 1, max_size=len(values) - 1, unique=True)))
    tiers = [{"up_to": end, "value": value} for end, value in zip([*ends, None], values, strict=True)]
    return Price.model_validate({**FLAT, "tiers": tiers, "free": draw(st.sampled_from([0.0, 1.0, 500.0]))})


@given(price=prices(), less=amounts, more=amounts)
def test_more_never_costs_less(price, less, more):
    low, high = sorted((less, more))
    assert price.of(Quantity(low, "GiB")).amount <= price.of(Quantity(high, "GiB")).amount + 1e-6


@given(value=st.floats(0, 10), whole=amounts, share=st.floats(0, 1))
def test_splitting_a_month_changes_nothing_without_tiers(value, whole, share):
    price = Price(value=value, **FLAT)
    parts = [Quantity(whole * share, "GiB"), Quantity(whole * (1 - share), "GiB")]
    assert sum(price.of(part).amount for part in parts) == pytest.approx(price.of(Quantity(whole, "GiB")).amount)


@given(price=prices(), several=st.lists(amounts, min_size=1, max_size=5))
def test_arrays_cost_what_their_numbers_cost(price, several):
    together = price.amounts(np.array(several))
    assert together.tolist() == pytest.approx([price.of(Quantity(each, "GiB")).amount for each in several])


@given(price=prices(), amount=amounts, times=st.floats(0, 3))
def test_a_discount_is_one_at_every_amount(price, amount, times):
    assert float(scaled(price, times).amounts(amount)) == pytest.approx(float(price.amounts(amount)) * times)


def test_a_price_per_second_pays_for_hours():
    price = Price(value=0.000011244, unit="USD per vCPU-second", source="a page")
    assert price.of(Quantity(1, "vCPU-hour")).amount == pytest.approx(0.0404784)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "expected either value or tiers, found neither"),
        ({"value": 1, "tiers": [{"value": 1}]}, "found both"),
        ({"tiers": [{"up_to": 5, "value": 1}]}, "expected an end (up_to) of every tier but the last"),
        ({"tiers": [{"value": 1}, {"value": 1}]}, "expected an end (up_to) of every tier but the last"),
        (
            {"tiers": [{"up_to": 5, "value": 1}, {"up_to": 4, "value": 1}, {"value": 1}]},
            "expected ends that ascend, found 5, 4",
        ),
        ({"value": -1}, "greater than or equal to 0"),
        ({"value": float("nan")}, "finite number"),
        ({"value": 1, "unit": "USD"}, "'USD' names no unit; expected e.g. 'USD per vCPU-hour'"),
        ({"value": 1, "unit": "USD per hours"}, "unknown unit 'hours'; did you mean 'hour'"),
        ({"value": 1, "unit": "EURO per hour"}, "unknown currency 'EURO'"),
        ({"value": 1, "source": ""}, "at least 1 character"),
    ],
)
def test_what_is_no_price_is_a_sentence(data, sentence):
    with pytest.raises(ValidationError) as refused:
        Price.model_validate({**FLAT, **data})
    assert sentence in str(refused.value)


def test_the_wrong_thing_cannot_be_paid_for():
    with pytest.raises(CostError, match=r"5 label cannot be paid at a price in USD per GiB"):
        Price(value=1, **FLAT).of(Quantity(5, "label"))
