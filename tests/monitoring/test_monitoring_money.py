"""What a window was worth, and what was lost of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_performance import classes, classification, regression_window, released, spec

from stageline.evaluation import Predictions
from stageline.monitoring.money import value_of_window
from stageline.monitoring.performance import measure_performance
from stageline.monitoring.released import Released, ScoredRows
from stageline.monitoring.samples import Sample
from stageline.spec.models import Kpi

BY_UNIT = Kpi(metric="mean_absolute_error", max=1.0, value_per_unit=2.0, currency="EUR")


def by_errors(**more):
    return Kpi(metric="accuracy_score", min=0.5, false_negative_cost=10.0, false_positive_cost=1.0, **more)


def measured(rng, kpi, worse=1.0, rows=1_000, known=None):
    release = Released(released(rng).holdout, over_dummy=2.5)
    window = regression_window(rng, rows, worse=worse, known=known)
    performance = measure_performance(window, release)
    return value_of_window(window, performance, release, kpi), performance


@given(seed=st.integers(0, 100), worse=st.floats(0.5, 2))
def test_what_is_gained_and_what_is_lost_are_what_the_release_promised(seed, worse):
    value, performance = measured(np.random.default_rng(seed), BY_UNIT, worse, rows=200)
    assert value.amount + value.lost == pytest.approx(2.5 * 2.0 * 200)
    assert value.lost == pytest.approx((performance.compared.value - performance.expected.value) * 2.0 * 200)
    assert value.per_1000 == pytest.approx(value.amount * 5)
    assert (value.currency, value.cost) == ("EUR", None)


def test_a_model_that_got_worse_has_lost_money():
    value, _ = measured(np.random.default_rng(0), BY_UNIT, worse=2.0)
    assert value.lost > 1_000 * 0.4
    better, _ = measured(np.random.default_rng(0), BY_UNIT, worse=0.5)
    assert better.lost < 0


def test_predictions_without_a_label_are_worth_as_much_as_the_others():
    value, performance = measured(np.random.default_rng(1), BY_UNIT, known=lambda said: np.arange(len(said)) % 2 == 0)
    assert performance.n == 500
    assert value.amount + value.lost == pytest.approx(2.5 * 2.0 * 1_000)


def test_more_is_better_loses_by_less():
    rng = np.random.default_rng(2)
    release = Released(classification(rng, 1_000, "accuracy_score"), over_dummy=0.3)
    said, truth = classes(rng, 1_000, flipped=0.3)
    rows = ScoredRows.of(spec("accuracy_score"), said, truth, np.ones(1_000, bool))
    performance = measure_performance(rows, release)
    value = value_of_window(rows, performance, release, Kpi(metric="accuracy_score", min=0.5, value_per_unit=100))
    lost = (performance.expected.value - performance.compared.value) * 100 * 1_000
    assert value.lost == pytest.approx(lost)
    assert value.lost > 0


def wrong(missed, called, rows=100):
    """Return rows of two classes with so many errors of each kind, half of them positive."""
    truth = np.array(["no", "yes"] * (rows // 2), dtype=object)
    said = truth.copy()
    said[1 : 2 * missed : 2] = "no"
    said[0 : 2 * called : 2] = "yes"
    return truth, Predictions(said, None, ("no", "yes"))


def test_errors_cost_what_the_spec_says():
    truth, said = wrong(2, 3)
    release = Released(Sample.of(spec("accuracy_score"), *wrong(0, 0), None))
    rows = ScoredRows.of(spec("accuracy_score"), said, truth, np.ones(100, bool))
    value = value_of_window(rows, measure_performance(rows, release), release, by_errors())
    assert (value.false_negatives, value.false_positives) == (pytest.approx(2), pytest.approx(3))
    assert value.cost == pytest.approx(2 * 10 + 3 * 1)
    # No value per unit: what was gained is not known, only what the errors took.
    assert value.amount == pytest.approx(-23)
    assert value.lost == pytest.approx(23)
    assert value.per_1000 == pytest.approx(-230)


def test_errors_that_were_there_at_release_are_not_lost():
    truth, said = wrong(2, 3)
    sample = Sample.of(spec("accuracy_score"), truth, said, None)
    release = Released(sample)
    rows = ScoredRows.of(spec("accuracy_score"), said, truth, np.ones(100, bool))
    value = value_of_window(rows, measure_performance(rows, release), release, by_errors())
    assert value.lost == pytest.approx(0)
    assert value.cost == pytest.approx(23)


def test_with_both_the_errors_stand_beside_the_value():
    truth, said = wrong(2, 3)
    release = Released(Sample.of(spec("accuracy_score"), *wrong(0, 0), None), over_dummy=0.5)
    rows = ScoredRows.of(spec("accuracy_score"), said, truth, np.ones(100, bool))
    kpi = by_errors(value_per_unit=1.0)
    value = value_of_window(rows, measure_performance(rows, release), release, kpi)
    assert value.amount == pytest.approx((0.5 - 0.05) * 100)
    assert (value.lost, value.cost) == (pytest.approx(0.05 * 100), pytest.approx(23))


@pytest.mark.parametrize("kpi", [Kpi(metric="mean_absolute_error", max=1.0), BY_UNIT])
def test_without_money_or_a_label_there_is_no_value(kpi):
    rng = np.random.default_rng(3)
    nothing, _ = measured(rng, kpi, rows=100, known=lambda said: np.zeros(len(said), bool))
    assert nothing is None
    assert (measured(rng, kpi, rows=100)[0] is None) == (kpi.value_per_unit is None)
    unknown = Released(released(rng).holdout)
    rows = regression_window(rng, 100)
    assert value_of_window(rows, measure_performance(rows, unknown), unknown, kpi) is None
