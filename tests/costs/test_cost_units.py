import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs.units import UNITS, Quantity, factor, gib_months
from stageline.exceptions import CostError

units = st.sampled_from(sorted(UNITS))


@given(value=st.floats(0, 1e9), one=units, other=units)
def test_units_cannot_be_mixed(value, one, other):
    here, there = Quantity(value, one), Quantity(value, other)
    if one == other:
        assert (here + there).value == 2 * value
        return
    with pytest.raises(CostError) as refused:
        here + there
    same = UNITS[one][0] == UNITS[other][0]
    assert ("two units; convert one first" if same else "one is never the other") in str(refused.value)


@given(value=st.floats(1e-6, 1e9), one=units, other=units)
def test_there_and_back_is_the_same(value, one, other):
    if UNITS[one][0] == UNITS[other][0]:
        assert Quantity(value, one).to(other).to(one).value == pytest.approx(value)
    else:
        with pytest.raises(CostError, match="one is never the other"):
            Quantity(value, one).to(other)


def test_hours_become_seconds_only_when_asked():
    assert Quantity(2, "hour").to("second") == Quantity(7_200, "second")
    assert factor("1,000 requests", "request") == 1_000
    assert 3 * Quantity(2, "hour") == Quantity(6, "hour")
    assert str(Quantity(1_488, "instance-hour")) == "1,488 instance-hour"


def test_storage_is_the_mean_over_the_months_own_hours():
    assert gib_months(100 * 744, hours_in_month=744) == Quantity(100, "GiB-month")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Quantity(1, "hours"), "unknown unit 'hours'; did you mean 'hour'"),
        (lambda: Quantity(-1, "hour"), "expected a finite number of at least 0"),
        (lambda: Quantity(float("nan"), "GiB"), "expected a finite number of at least 0"),
        (lambda: Quantity(1, "hour") + 1, "it has no unit; write Quantity(1, 'hour')"),
        (lambda: Quantity(1, "hour") * Quantity(1, "hour"), "multiply by a number"),
    ],
)
def test_what_is_no_quantity_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
