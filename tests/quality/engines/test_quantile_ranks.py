import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.quality.engines.ranks import places, ranks, share_of, values_at

NUMBERS = st.lists(st.floats(-1e9, 1e9) | st.integers(-3, 3).map(float), min_size=1, max_size=40)


@given(
    NUMBERS,
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.sampled_from(["nearest", "linear", "lower", "higher", "midpoint"]),
)
def test_quantiles_are_numpys(numbers, quantiles, method):
    ordered = sorted(numbers)
    wanted = places(quantiles, len(ordered), method)
    found = values_at(wanted, {rank: ordered[rank] for rank in ranks(wanted)})

    assert found == pytest.approx(np.quantile(ordered, quantiles, method=method).tolist(), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("given_", [None, False, True, 0.01])
def test_without_a_name_the_nearest_value_is_taken(given_):
    assert places([0.5], 4, given_) == places([0.5], 4, "nearest")


def test_an_unknown_interpolation_is_refused():
    with pytest.raises(DataError, match="'cubic' is unknown; known: higher, linear, lower, midpoint, nearest"):
        places([0.5], 4, "cubic")


@given(st.integers(1, 10**9), st.data())
def test_a_share_finds_its_rank(count, data):
    rank = data.draw(st.integers(0, count - 1))

    # As databases define percentile_disc: the first value whose share of values up to it reaches the share.
    assert np.ceil(share_of(rank, count) * count) - 1 == rank


def test_infinite_neighbours_are_no_number_apart():
    assert values_at(places([0.5], 2, "linear"), {0: np.inf, 1: np.inf}) == [np.inf]
