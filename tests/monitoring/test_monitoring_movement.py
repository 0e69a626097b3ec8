import numpy as np
import pytest

from stageline.monitoring.bins import CategoryBins, NumericBins
from stageline.monitoring.movement import movement
from stageline.monitoring.signals import DISTRIBUTION, MISSING, NEW, OUTSIDE, Part

CUTS = NumericBins((0.0, 10.0, 20.0, 30.0))
FOG = CategoryBins(("clear", "rain"), complete=True)


def part(*bins, nulls=0, odd=0, **ends):
    return Part(np.array(bins), nulls, odd, **ends)


def test_a_number_is_told_by_its_median():
    said = movement(DISTRIBUTION, CUTS, part(0, 50, 0, 50, 0), part(0, 0, 0, 100, 0))
    assert said == "its median is about 25, was 10"


def test_a_median_outside_of_the_bins_is_at_their_end():
    said = movement(DISTRIBUTION, CUTS, part(0, 0, 100, 0, 0), part(90, 10, 0, 0, 0))
    assert said == "its median is about 0, was 15"


def test_a_category_is_told_by_the_one_that_changed_most():
    said = movement(DISTRIBUTION, FOG, part(80, 20, 0), part(78, 2, 20))
    assert said == "others is 20 %, was 0 %"
    assert movement(DISTRIBUTION, FOG, part(80, 20, 0), part(40, 60, 0)) == "'clear' is 40 %, was 80 %"


def test_missing_values_are_told_as_shares_of_all_rows():
    said = movement(MISSING, CUTS, part(0, 98, 0, 0, 0, nulls=1, odd=1), part(0, 45, 0, 0, 0, nulls=55))
    assert said == "55 % without a usable value, was 2 %"


def test_numbers_outside_are_told_by_their_range():
    said = movement(OUTSIDE, CUTS, part(0, 1, 1, 1, 0), part(0, 0, 0, 0, 9, low=60.0, high=92.5))
    assert said == "values from 60 to 92.5, the reference has 0 to 30"


def test_new_categories_are_told_as_their_share():
    assert movement(NEW, FOG, part(9, 1, 0), part(8, 0, 2)) == "20 % of new categories, was 0 %"


@pytest.mark.parametrize("kind", [DISTRIBUTION, MISSING, OUTSIDE, NEW])
@pytest.mark.parametrize("bins", [CUTS, FOG, NumericBins(()), CategoryBins((), complete=True)])
def test_where_a_side_holds_nothing_nothing_is_said(kind, bins):
    nothing = part(*[0] * bins.count)
    some = part(*[3] * bins.count, low=0.0, high=1.0)
    assert movement(kind, bins, nothing, some) == movement(kind, bins, some, nothing) == ""


@pytest.mark.parametrize(
    ("bins", "now"),
    [(CUTS, part(0, 0, 0, 9, 9, low=25.0, high=92.5)), (FOG, part(8, 0, 2))],
)
def test_of_a_private_column_only_shares_are_told(bins, now):
    was = part(*[5] * bins.count)
    assert movement(DISTRIBUTION, bins, was, now, private=True) == movement(OUTSIDE, bins, was, now, private=True) == ""
    assert movement(NEW, FOG, part(9, 1, 0), part(8, 0, 2), private=True) == "20 % of new categories, was 0 %"
    assert "without a usable value" in movement(MISSING, bins, was, now, private=True)


def test_a_long_category_is_cut():
    bins = CategoryBins(("x" * 200,), complete=True)
    assert len(movement(DISTRIBUTION, bins, part(1, 9), part(9, 1))) < 80
