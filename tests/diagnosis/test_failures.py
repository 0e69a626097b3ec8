"""The failure cases that cost most."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.diagnosis import costliest_groups, costliest_rows, row_costs


def test_a_regression_error_costs_its_size_times_the_value():
    truth, predicted = np.array([1.0, 5.0]), np.array([2.0, 2.0])
    assert row_costs(truth, predicted).tolist() == [1.0, 3.0]
    assert row_costs(truth, predicted, value_per_unit=0.5).tolist() == [0.5, 1.5]
    assert row_costs(truth, predicted, value_per_unit=0).tolist() == [0.0, 0.0]


def test_a_classification_error_costs_what_the_true_class_was_not_given():
    truth, predicted = np.array(["a", "b"], dtype=object), np.array(["a", "a"], dtype=object)
    assert row_costs(truth, predicted).tolist() == [0.0, 1.0]
    costs = row_costs(truth, predicted, probability_of_truth=np.array([0.9, 0.2]))
    assert costs == pytest.approx([0.1, 0.8])


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_the_costliest_rows_come_first_and_cost_something(costs):
    found = costliest_rows(np.array(costs, dtype=float))
    shown = [costs[position] for position in found]
    assert shown == sorted(shown, reverse=True)
    assert all(cost > 0 for cost in shown)
    assert len(found) == min(10, sum(cost > 0 for cost in costs))


def test_a_group_that_carries_more_than_its_share_is_found():
    features = pd.DataFrame({"weather": ["rain"] * 50 + ["clear"] * 150, "hour": np.tile(range(24), 9)[:200] * 1.0})
    costs = np.where(features["weather"] == "rain", 9.0, 1.0)
    first = costliest_groups(features, costs)[0]
    assert (first.column, first.value, first.rows) == ("weather", "rain", 50)
    assert first.share_of_rows == 0.25
    assert first.share_of_cost == pytest.approx(450 / 600)


def test_small_groups_and_equal_costs_are_quiet():
    features = pd.DataFrame({"kind": ["rare"] * 10 + ["common"] * 190})
    assert costliest_groups(features, np.where(features["kind"] == "rare", 100.0, 1.0)) == []
    assert costliest_groups(pd.DataFrame({"kind": ["a", "b"] * 100}), np.ones(200)) == []
    assert costliest_groups(features, np.zeros(200)) == []


def test_numbers_are_grouped_by_quartile_and_nulls_are_a_group():
    values = np.linspace(0, 100, 400)
    found = costliest_groups(pd.DataFrame({"x": values}), values)
    assert [group.value for group in found] == ["75 to 100", "50 to 75"]
    values[:100] = np.nan
    found = costliest_groups(pd.DataFrame({"x": values}), np.where(np.isnan(values), 5.0, 1.0))
    assert [group.value for group in found] == ["null"]


@pytest.mark.parametrize("labels", [(0, 1), (False, True), (1.0, 2.0)])
def test_a_wrong_label_costs_one_however_far_the_labels_are_apart(labels):
    truth = np.array([labels[0], labels[1], labels[1]])
    predicted = np.array([labels[0], labels[1], labels[0]], dtype=object)
    assert row_costs(truth, predicted).tolist() == [0.0, 0.0, 1.0]


def test_the_most_overcharged_groups_come_first_and_few_are_shown():
    features = pd.DataFrame({f"c{i}": np.repeat(["bad", "good"], [40 + i, 360 - i]) for i in range(12)})
    costs = np.where(np.arange(400) < 52, 10.0, 1.0)
    found = costliest_groups(features, costs)
    excess = [group.share_of_cost - group.share_of_rows for group in found]
    assert len(found) == 8
    assert excess == sorted(excess, reverse=True)
    assert {group.value for group in found} == {"bad"}


def test_texts_of_many_values_are_not_grouped():
    features = pd.DataFrame({"name": [f"n{i % 25}" for i in range(1_000)]})
    assert costliest_groups(features, np.where(features["name"] == "n0", 9.0, 1.0)) == []


def test_missing_values_of_any_kind_are_one_group():
    features = pd.DataFrame({"t": np.array([None] * 50 + ["x"] * 150, dtype=object), "f": [np.nan] * 50 + [1.0] * 150})
    found = costliest_groups(features, np.repeat([9.0, 1.0], [50, 150]))
    assert {(group.column, group.value, group.rows) for group in found} == {("t", "null", 50), ("f", "null", 50)}
