import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs.service_time import Measured, ServiceTime, fit_service_time
from stageline.exceptions import CostError

small = st.floats(1e-5, 1.0)


@given(fixed=small, per_row=small, contention=st.floats(0, 0.5), coherency=st.floats(0, 0.1))
def test_what_follows_the_law_is_found_again(fixed, per_row, contention, coherency):
    law = ServiceTime(fixed, per_row, contention, coherency)
    measured = [Measured(rows, 1, law.seconds(rows)) for rows in (1, 10, 1_000)]
    measured += [Measured(10, k, law.seconds(10, k)) for k in (2, 4, 8, 16)]
    found = fit_service_time(measured)
    for rows, k in ((1, 1), (100, 1), (1_000, 8), (10, 32)):
        assert found.seconds(rows, k) == pytest.approx(law.seconds(rows, k), rel=1e-4)


def test_two_sizes_tell_what_a_batch_saves():
    fitted = fit_service_time([Measured(1, 1, 0.005), Measured(1_000, 1, 0.024)])
    assert fitted.fixed_seconds == pytest.approx(0.005 - fitted.per_row_seconds)
    assert fitted.per_row_seconds == pytest.approx(0.019 / 999)


def test_a_batch_is_cut_into_the_largest_requests_that_were_measured():
    fitted = fit_service_time([Measured(1, 1, 0.004), Measured(40, 1, 0.004)])
    assert (fitted.per_row_seconds, fitted.largest_rows) == (0.0, 40)
    assert fitted.batch_row_seconds == pytest.approx(0.004 / 40)


def test_one_size_says_nothing_of_batches_so_all_counts_per_row():
    fitted = fit_service_time([Measured(10, 1, 0.2), Measured(10, 1, 0.4)])
    assert (fitted.fixed_seconds, fitted.per_row_seconds) == (0.0, pytest.approx(0.03))


def test_a_batch_that_is_quicker_than_a_row_gives_no_negative_time():
    fitted = fit_service_time([Measured(1, 1, 0.02), Measured(100, 1, 0.01)])
    assert fitted.per_row_seconds == 0.0
    assert 0.01 <= fitted.fixed_seconds <= 0.02


def test_requests_at_once_that_do_not_slow_each_other_down_cost_nothing():
    measured = [Measured(1, 1, 0.01), Measured(1, 4, 0.0099), Measured(1, 8, 0.0101)]
    fitted = fit_service_time(measured)
    assert fitted.slowdown(8) == pytest.approx(1, abs=0.01)


@given(k=st.integers(1, 100), contention=st.floats(0, 1), coherency=st.floats(0, 1))
def test_more_at_once_is_never_quicker(k, contention, coherency):
    law = ServiceTime(0.01, 0.001, contention, coherency)
    assert law.slowdown(1) == 1
    assert law.seconds(1, k) <= law.seconds(1, k + 1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: fit_service_time([]), "none of 0 measurements is of one request at a time; measure it alone first"),
        (lambda: fit_service_time([Measured(1, 2, 0.1)]), "none of 1 measurements"),
        (lambda: Measured(0, 1, 0.1), "expected at least 1 row"),
        (lambda: Measured(1, 1, 0.0), "a finite time above 0"),
        (lambda: ServiceTime(0.0, 0.0), "no model answers in no time; measure it"),
        (lambda: ServiceTime(-0.1, 0.1), "fixed_seconds is -0.1; expected a finite number of at least 0"),
        (lambda: ServiceTime(0.1, float("nan")), "per_row_seconds is nan"),
        (lambda: ServiceTime(0.1, 0.1, largest_rows=0), "largest_rows is 0; expected at least 1"),
    ],
)
def test_what_is_no_measurement_is_a_sentence(wrong, sentence):
    with pytest.raises(CostError) as refused:
        wrong()
    assert sentence in str(refused.value)
