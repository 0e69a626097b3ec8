import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs.currencies import CURRENCIES
from stageline.costs.money import Money, total
from stageline.exceptions import CostError

amounts = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (1.005, "EUR 1.01"),
        (-1.005, "EUR -1.01"),
        (2.675, "EUR 2.68"),
        (1_234_567.891, "EUR 1,234,567.89"),
        (0, "EUR 0.00"),
    ],
)
def test_a_bill_rounds_halves_up(amount, shown):
    assert str(Money(amount, "EUR")) == shown


def test_money_of_one_currency_adds_up():
    bill = [Money(1.5, "EUR"), Money(2.25, "EUR")]
    assert total(bill, "EUR") == Money(3.75, "EUR")
    assert bill[1] - bill[0] == Money(0.75, "EUR")
    assert 2 * bill[0] == bill[0] * 2 == Money(3.0, "EUR")
    assert bill[1] / bill[0] == 1.5
    assert bill[1] / 9 == Money(0.25, "EUR")
    assert bill[0] < bill[1]
    assert bill[1] > bill[0] >= -bill[1]
    assert -bill[1] <= bill[0]
    assert total([], "EUR") == Money(0, "EUR")


@given(a=amounts, b=amounts, one=st.sampled_from(sorted(CURRENCIES)), other=st.sampled_from(sorted(CURRENCIES)))
def test_two_currencies_are_never_mixed(a, b, one, other):
    here, there = Money(a, one), Money(b, other)
    for mix in (
        lambda: here + there, lambda: here - there, lambda: here < there, lambda: here >= there, lambda: here > there,
        lambda: here <= there, lambda: total([here, there], one),
    ):  # fmt: skip
        if one == other:
            mix()
        else:
            with pytest.raises(CostError, match="two currencies; convert one first"):
                mix()


@given(a=amounts, b=amounts, c=amounts)
def test_the_order_of_a_sum_changes_no_cent(a, b, c):
    one, two, three = (Money(round(amount, 2), "USD") for amount in (a, b, c))
    assert ((one + two) + three).amount == pytest.approx((three + (two + one)).amount, abs=0.004)


def test_converting_needs_a_rate():
    assert Money(100, "USD").converted(0.92, "EUR") == Money(92, "EUR")
    for rate in (0, -1, float("nan"), float("inf")):
        with pytest.raises(CostError, match="exchange rate"):
            Money(1, "USD").converted(rate, "EUR")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Money(1, "EURO"), "unknown currency 'EURO'; did you mean 'EUR'"),
        (lambda: Money(1, "eur"), "did you mean 'EUR'"),
        (lambda: Money(1, "QQQ"), "give a code of ISO 4217"),
        (lambda: Money(float("nan"), "EUR"), "expected a finite number"),
        (lambda: Money(float("inf"), "EUR"), "expected a finite number"),
        (lambda: Money(True, "EUR"), "expected a finite number"),
        (lambda: Money(1, "EUR") + 1, "it has no currency; write Money(1, 'EUR')"),
        (lambda: Money(1, "EUR") * Money(1, "EUR"), "money times money is nothing"),
        (lambda: Money(1, "EUR") / 0, "divided by nothing"),
        (lambda: Money(1, "EUR") / Money(0, "EUR"), "divided by nothing"),
    ],
)
def test_what_is_no_money_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
