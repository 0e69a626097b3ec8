"""What the checks of a look tell beside their verdicts: the numbers of both arms, as a page shows them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rollout_cases import ALL, arm, between, changed, hours, judged

from stageline.release.rollout.arms import by_step
from stageline.release.rollout.quantiles import side_by_side


def details(traffic, name):
    return judged(traffic, *ALL)[name].details


def test_both_arms_are_told_in_the_metrics_own_unit():
    traffic = hours(4, canary={"errors": 0.03, "slower": 2.0, "shift": 0.5, "loss": 1.5}, champion={"errors": 0.01})
    found = judged(traffic, *ALL)
    json.dumps([check.model_dump(mode="json") for check in found.values()], allow_nan=False)
    errors, latency = found["error_rate"].details, found["latency(95 %)"].details
    assert errors["canary"] == pytest.approx(0.03, abs=0.01)
    assert errors["champion"] == pytest.approx(0.01, abs=0.01)
    assert latency["canary"] / latency["champion"] == pytest.approx(2, rel=0.1)
    assert found["kpi"].details["canary"] / found["kpi"].details["champion"] == pytest.approx(1.5, rel=0.1)
    predictions = found["predictions"].details
    assert predictions["canary"] - predictions["champion"] == pytest.approx(0.5, abs=0.15)
    low, high = predictions["canary_range"]
    assert low < predictions["canary"] < high


def test_of_classes_it_is_the_share_of_the_one_that_differs_most():
    def classes(share):
        return np.array([2] * share + [5] * (100 - share))

    traffic = changed(hours(1, 200, percent=50), 0, "canary", events=100, errors={}, predictions=classes(60))
    traffic = changed(traffic, 0, "champion", events=100, errors={}, predictions=classes(40))
    found = details(traffic, "predictions")
    assert (found["class"], found["canary"], found["champion"]) == (2, 0.6, 0.4)
    assert "canary_range" not in found


def test_rows_and_errors_are_counted_by_percentage():
    rng = np.random.default_rng(0)
    quiet = arm(rng, 10, errors=0)
    broken = changed([between(quiet, quiet, percent=25)], 0, "canary", errors={"timed_out": 3, "exception": 0})
    found = by_step([between(quiet, quiet, percent=5), *broken, *broken])
    assert found == [
        {"percent": 5, "canary": {"events": 10, "errors": {}}, "champion": {"events": 10, "errors": {}}},
        {"percent": 25, "canary": {"events": 20, "errors": {"timed_out": 6}}, "champion": {"events": 20, "errors": {}}},
    ]  # fmt: skip


@pytest.mark.parametrize("errors", [{"exception": 11}, {"exception": float("nan")}, {"exception": -1}])
def test_what_cannot_be_counted_is_not(errors):
    quiet = arm(np.random.default_rng(0), 10, errors=0)
    traffic = changed([between(quiet, quiet)], 0, "canary", errors=errors)
    assert by_step(traffic) == []
    assert details(traffic, "error_rate")["steps"] == []


def test_rows_are_counted_where_nothing_can_be_judged():
    quiet, nobody = arm(np.random.default_rng(0), 10, errors=0), arm(np.random.default_rng(0), 0)
    found = details([between(nobody, quiet)], "error_rate")
    assert found["steps"][0]["canary"]["events"] == 10
    assert "canary" not in found


BLOCKS = st.lists(
    st.tuples(*[st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20).map(np.array)] * 2), min_size=1, max_size=5
)


@given(BLOCKS, st.floats(0.01, 0.99))
def test_quantiles_are_values_of_their_arm_and_grow(blocks, at):
    canary, champion = ([block[arm_] for block in blocks] for arm_ in (0, 1))
    for found, values in zip(side_by_side(canary, champion, [at, 1.0]), (canary, champion), strict=True):
        assert set(found) <= set(np.concatenate(values))
        assert found[0] <= found[1] == np.concatenate(values).max()


@given(BLOCKS, st.integers(2, 5))
def test_arms_that_are_alike_have_the_same_quantiles_whatever_their_shares(blocks, times):
    # Each value so often in the champion as the block says: its share differs from block to block.
    canary = [block[0] for block in blocks]
    champion = [np.repeat(block, times if place % 2 else 1) for place, block in enumerate(canary)]
    one, other = side_by_side(canary, champion, [0.1, 0.5, 0.9])
    assert one == other
