"""A candidate beside the champion: the change, its slices, and everything that may never let one through."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_specs import spec_of
from rough_intervals import roughen

from stageline.evaluation import (
    Comparison,
    Contest,
    Estimate,
    Predictions,
    blocks_of,
    find_slices,
    judge_first,
    judge_found,
    judge_improvement,
    judge_slices,
    slices_by,
)
from stageline.exceptions import DataError
from stageline.spec.operating import Gates

RNG = np.random.default_rng(0)
N = 400
TRUTH = RNG.normal(100, 20, N)
GROUP = np.array(["left", "right"] * (N // 2))
METRIC = "mean_absolute_error"


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    roughen(monkeypatch, 100)


def off_by(sizes):
    return Predictions(TRUTH + RNG.choice([-1, 1], N) * sizes)


def contest(candidate, champion, spec=None):
    return Contest.of(spec or spec_of(), TRUTH, off_by(candidate), off_by(champion), blocks_of(N, None))


def compared(improvement, *, n=500, candidate=50.0, champion=60.0, relative=0.1):
    own, other = Estimate(candidate, None, None), Estimate(champion, None, None)
    return Comparison(n=n, candidate=own, champion=other, improvement=improvement, relative=relative)


def judge(whole, **gates):
    return judge_improvement(whole, Gates(**gates), champion=3, metric=METRIC)


class TestContest:
    def test_the_kpi_of_both_and_the_paired_difference(self):
        sizes = RNG.uniform(5, 15, N)
        whole = contest(sizes, sizes + 1).compare()

        assert whole.n == N
        assert whole.candidate.value == pytest.approx(sizes.mean())
        assert whole.improvement.value == pytest.approx(1)
        assert whole.relative == pytest.approx(1 / (sizes.mean() + 1))
        # Paired: the interval of the difference is far narrower than that of either.
        assert whole.improvement.high - whole.improvement.low < 0.01 < whole.candidate.high - whole.candidate.low

    def test_more_is_better_where_it_is(self):
        spec = spec_of(kpi={"metric": "r2_score", "min": 0})
        assert contest(np.full(N, 2.0), np.full(N, 9.0), spec).compare().improvement.low > 0

    def test_on_some_rows_only(self):
        whole = contest(np.where(GROUP == "left", 5.0, 9.0), np.full(N, 7.0))
        assert whole.compare(GROUP == "left").improvement.value == pytest.approx(2)
        assert whole.compare(GROUP == "right").improvement.value == pytest.approx(-2)
        assert whole.compare(GROUP == "right").n == N / 2

    def test_classes_are_compared_by_name(self):
        spec = spec_of(
            target={"column": "y", "task": "classification"}, kpi={"metric": "accuracy_score", "min": 0.5},
            train={"estimator": "sklearn.linear_model.LogisticRegression"},
        )  # fmt: skip
        truth = np.array(["a", "b"] * 50, dtype=object)
        right = Predictions(truth.copy(), np.eye(2)[[0, 1] * 50], ("a", "b"))
        turned = Predictions(truth.copy(), np.eye(2)[[1, 0] * 50], ("b", "a"))
        found = Contest.of(spec, truth, right, turned, blocks_of(100, None))
        assert found.compare().improvement.value == 0
        assert found.costs("candidate").tolist() == found.costs("champion").tolist() == [0] * 100
        other = Predictions(truth.copy(), np.eye(2)[[0, 1] * 50], ("a", "c"))
        with pytest.raises(DataError, match="one model knows the classes"):
            Contest.of(spec, truth, right, other, blocks_of(100, None))

    def test_a_metric_that_a_slice_cannot_have_is_no_number(self):
        spec = spec_of(
            target={"column": "y", "task": "classification"}, kpi={"metric": "roc_auc_score", "min": 0.5},
            train={"estimator": "sklearn.linear_model.LogisticRegression"},
        )  # fmt: skip
        truth = np.array(["a", "b"] * 50, dtype=object)
        same = Predictions(truth.copy(), np.full((100, 2), 0.5), ("a", "b"))
        part = Contest.of(spec, truth, same, same, blocks_of(100, None)).compare(truth == "a")
        assert math.isnan(part.improvement.value)
        assert part.relative is None


class TestImprovement:
    @pytest.mark.parametrize(
        ("improvement", "gates", "verdict", "message"),
        [
            (Estimate(10, 8, 12), {}, "passed", "better by 10 (95 % interval 8 to 12), min_improvement = 0 (n = 500)"),
            (Estimate(10, 8, 12), {"min_improvement": 9}, "inconclusive", "not shown to reach min_improvement = 9"),
            (Estimate(10, 8, 12), {"min_improvement": 13}, "failed", "which misses min_improvement = 13"),
            (Estimate(1, -1, 3), {}, "inconclusive", "not shown to reach min_improvement = 0"),
            (Estimate(1, -1, 3), {"min_improvement": -2}, "passed", "min_improvement = -2"),
            (Estimate(-5, -6, -4), {}, "failed", "worse by 5 (95 % interval 4 to 6), which misses min_improvement = 0"),
        ],
    )
    def test_the_whole_interval_has_to_reach_it(self, improvement, gates, verdict, message):
        check = judge(compared(improvement), **gates)
        assert (check.code, check.verdict) == ("SL-G001", verdict)
        assert check.message.startswith("mean_absolute_error 50 against 60 of the champion (version 3): ")
        assert message in check.message

    def test_too_few_rows_decide_nothing(self):
        check = judge(compared(Estimate(10, 8, 12), n=99))
        assert check.verdict == "inconclusive"
        assert "99 rows of the holdout are new to both models, gates.min_n = 100" in check.message

    @given(
        st.lists(st.sampled_from([math.nan, math.inf, -math.inf, None]) | st.floats(-1e9, 1e9), min_size=5, max_size=5),
        st.integers(0, 10),
    )
    def test_what_is_no_number_never_passes(self, numbers, hundreds):
        value, low, high, own, other = numbers
        estimate = Estimate(math.nan if value is None else value, low, high)
        whole = compared(
            estimate, n=hundreds * 100, candidate=math.nan if own is None else own,
            champion=math.nan if other is None else other,
        )  # fmt: skip
        check = judge(whole)
        if any(number is None or not math.isfinite(number) for number in numbers) or hundreds == 0:
            assert not check.verdict.advances
        else:
            assert check.verdict.advances == (low >= 0)


class TestSlices:
    def test_one_that_surely_loses_too_much_fails(self):
        check = judge_slices(
            "season",
            {"season = 1": compared(Estimate(2, 1, 3)), "season = 4": compared(Estimate(-12, -15, -9), relative=-0.2)},
            Gates(),
            metric=METRIC,
        )
        assert (check.code, check.verdict) == ("SL-G002", "failed")
        assert check.message == (
            "season = 4: mean_absolute_error 50 against 60, 20 % worse (n = 500); max_slice_regression = 10 %"
        )
        assert [part["slice"] for part in check.details["slices"]] == ["season = 1", "season = 4"]

    def test_one_that_may_warns(self):
        slices = {"a": compared(Estimate(-12, -30, 6), relative=-0.2)}
        check = judge_slices("season", slices, Gates(), metric=METRIC)
        assert check.verdict == "warned"
        assert "though its interval reaches zero" in check.message

    def test_a_loss_within_the_limit_passes(self):
        slices = {"a": compared(Estimate(-3, -4, -2), relative=-0.05)}
        assert judge_slices("season", slices, Gates(), metric=METRIC).verdict == "passed"

    def test_small_ones_are_named_and_warn(self):
        slices = {"a": compared(Estimate(2, 1, 3)), "b": compared(Estimate(2, 1, 3), n=12)}
        check = judge_slices("season", slices, Gates(), metric=METRIC)
        assert check.verdict == "warned"
        assert check.message.endswith("not judged: b (n = 12)")

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("whose", ["candidate", "champion"])
    def test_one_of_enough_rows_on_which_the_kpi_is_not_defined_holds(self, bad, whose):
        slices = {
            "a": compared(Estimate(2, 1, 3)),
            "b": compared(Estimate(bad, None, None), relative=None, **{whose: bad}),
        }
        check = judge_slices("season", slices, Gates(), metric=METRIC)
        assert check.verdict == "inconclusive"
        assert f"b (n = 500) cannot be judged: mean_absolute_error: the {whose}'s is {bad}" in check.message
        # A slice that surely loses weighs more.
        lost = slices | {"c": compared(Estimate(-12, -15, -9), relative=-0.2)}
        assert judge_slices("season", lost, Gates(), metric=METRIC).verdict == "failed"

    def test_against_a_champion_without_error_any_loss_is_too_much(self):
        perfect = {"a": compared(Estimate(-1, -2, -0.5), candidate=1.0, champion=0.0, relative=None)}
        check = judge_slices("season", perfect, Gates(), metric=METRIC)
        assert check.verdict == "failed"
        assert "a: mean_absolute_error 1 against 0, worse (n = 500)" in check.message
        same = {"a": compared(Estimate(0, 0, 0), candidate=0.0, champion=0.0, relative=None)}
        assert judge_slices("season", same, Gates(), metric=METRIC).verdict == "passed"

    @pytest.mark.parametrize("slices", [{}, {"b": compared(Estimate(math.nan, None, None), relative=None)}])
    def test_nothing_to_judge_is_inconclusive(self, slices):
        assert judge_slices("season", slices, Gates(), metric=METRIC).verdict == "inconclusive"

    def test_values_are_slices_and_the_rest_is_one(self):
        found = slices_by("town", [*(["x"] * 30), *(f"t{number}" for number in range(30)), None])
        assert found[0].words == "town = 'x'"
        assert [found[-2].words, found[-1].words] == ["town: 11 rarer values", "town is missing"]
        assert sum(part.rows.sum() for part in found) == 61

    def test_many_numbers_are_cut_into_quarters(self):
        found = slices_by("temp", [float(number) for number in range(100)])
        assert [part.rows.sum() for part in found] == [25, 25, 25, 25]
        assert found[0].words == "temp 0 to 24.75"
        assert [part.words for part in slices_by("season", [1, 1, 2])] == ["season = 1", "season = 2"]


class TestFound:
    def features(self):
        return pd.DataFrame({"hour": np.arange(N) % 24.0, "town": GROUP.astype(object), "noise": RNG.normal(size=N)})

    def asked(self):
        return np.arange(N) // 24 % 2 == 1

    def test_a_planted_loss_is_found_and_named(self):
        features = self.features()
        harm = np.where((features["hour"] > 12) & (features["town"] == "right"), 9.0, 0.0 - (features["hour"] <= 12))
        found = find_slices(features, harm, self.asked(), seed=0)
        assert found[0].words == "hour > 12.5 and town in ('right')"
        assert harm[found[0].rows].min() == 9

    def test_on_rows_it_never_saw_noise_is_no_slice(self):
        harm = RNG.normal(size=N)
        found = find_slices(self.features(), harm, self.asked(), seed=0)
        losing = {
            part.words: compared(Estimate(-harm[part.rows & self.asked()].mean(), -9, 9), relative=-0.5)
            for part in found
        }
        assert judge_found(losing, Gates(), metric=METRIC).verdict == "passed"

    def test_a_sure_loss_warns_with_its_place(self):
        slices = {"hour > 16.5": compared(Estimate(-12, -15, -9), relative=-0.2)}
        check = judge_found(slices, Gates(), metric=METRIC)
        assert (check.code, check.verdict, check.effect) == ("SL-G003", "failed", "warned")
        assert check.message.startswith("worse than the champion where hour > 16.5: mean_absolute_error 50 against 60")

    def test_few_rows_find_nothing(self):
        few = self.features().head(40)
        assert find_slices(few, np.ones(40), np.arange(40) % 2 == 1, seed=0) == []


def test_without_a_champion_the_first_release_is_said():
    assert judge_first(None).verdict == "passed"
    loud = judge_first(3)
    assert (loud.effect, loud.message) == (
        "warned", "first_release = true: the champion (version 3) is not compared with",
    )  # fmt: skip
