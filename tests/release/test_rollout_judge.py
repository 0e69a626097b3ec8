"""Every metric fires, is quiet, and is inconclusive where nothing can be said; no odd value is ever passed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rollout_cases import ALL, ERRORS, HOUR, LATENCY, LOSS, SHIFT, arm, between, changed, hours, judged

from stageline.release.rollout.judge import judge_traffic
from stageline.serving.class_codes import code_of
from stageline.spec.rollout import ErrorRate, KpiLoss, Latency, PredictionShift
from stageline.traffic import Arm, Traffic
from stageline.verdicts import Verdict

NAMES = {"error_rate": ERRORS, "latency(95 %)": LATENCY, "predictions": SHIFT, "kpi": LOSS}
WORSE = {
    "error_rate": {"errors": 0.05}, "latency(95 %)": {"slower": 2.0}, "predictions": {"shift": 1.0},
    "kpi": {"loss": 1.5},
}  # fmt: skip


def verdicts(checks):
    return {name: str(check.verdict) for name, check in checks.items()}


def test_a_canary_as_good_as_the_champion_passes():
    assert set(verdicts(judged(hours(24, 4_000), *ALL)).values()) == {"passed"}


def test_after_one_interval_nothing_is_found_and_nothing_ruled_out():
    checks = judged(hours(1, 440), ERRORS, LATENCY, LOSS)
    assert set(verdicts(checks).values()) == {"warned"}
    assert checks["error_rate"].message.endswith("no harm is shown, and harm of that size is not ruled out yet")


@pytest.mark.parametrize("name", WORSE)
def test_what_is_worse_in_one_respect_fails_in_that_alone(name):
    found = verdicts(judged(hours(24, 4_000, canary=WORSE[name]), *ALL))
    assert found == {each: "failed" if each == name else "passed" for each in NAMES}


@pytest.mark.parametrize("name", WORSE)
def test_a_canary_that_is_better_passes(name):
    better = {"errors": 0.001, "slower": 0.7, "loss": 0.8}
    assert judged(hours(24, 4_000, canary=better), *ALL)[name].verdict is Verdict.PASSED


def test_the_messages_are_sentences_with_their_numbers():
    told = [check.message for check in judged(hours(6, 4_000, canary={"errors": 0.04}), *ALL).values()]
    assert told == [
        "error_rate of the canary is 4.6 % against 1.1 % of the champion's (n = 6,000 and 18,000), 2.5 to 4.5 points "
        "more, max_increase = 1 point: harm beyond doubt",
        "the 95 % quantile of the canary's latency is 0.99 times the champion's (n = 5,726 and 17,811), 6.9 % faster to "
        "5.6 % slower, and 0.84 % of its answers are slower than 1.5 times that, max_increase = 50 %",
        "the predictions of the canary and of the champion (n = 5,726 and 17,811) differ by 0.01, most at 0.3046, "
        "between 0.00 and 0.04, max_distance = 0.2",
        "the mean loss of the canary is 0.7868 against 0.8007 of the champion's (n = 5,726 and 17,811), 6.0 % less to "
        "2.0 % more, max_loss = 20 %",
    ]  # fmt: skip


def test_value_limit_and_bounds_stand_in_the_check():
    check = judged(hours(6, 4_000, canary={"errors": 0.04}), ERRORS)["error_rate"]
    assert (check.code, check.limit, check.n) == ("SL-R010", 0.01, 24_000)
    assert check.details["low"] < check.value < check.details["high"]
    assert (check.details["canary_rows"], check.details["champion_rows"]) == (6_000, 18_000)


# -- harm beyond doubt needs no minimum --------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [5, 20])
def test_a_dead_canary_is_found_in_a_handful_of_rows(rows):
    traffic = [between(arm(np.random.default_rng(0), 200), Arm(rows, {"unreachable": rows}))]
    checks = judged(traffic, *ALL)
    assert checks["error_rate"].verdict is Verdict.FAILED
    assert {checks[name].verdict for name in NAMES if name != "error_rate"} == {Verdict.INCONCLUSIVE}
    assert checks["kpi"].message == "kpi, max_loss = 20 %: not judged, the canary has no losses"


def test_constant_predictions_are_found_within_one_interval():
    (interval,) = hours(1, 1_000, canary={"constant": 0.3})
    check = judged([interval], SHIFT)["predictions"]
    assert check.verdict is Verdict.FAILED
    assert check.details["low"] > 0.3


def test_a_canary_that_answers_with_one_class_is_found():
    rng = np.random.default_rng(1)

    def answers(rows, classes):
        return Arm(rows, predictions=classes)

    same = between(answers(300, rng.choice(3, 300)), answers(300, rng.choice(3, 300)))
    one = between(answers(300, rng.choice(3, 300)), answers(300, np.full(300, 2)))
    assert judged([same], SHIFT)["predictions"].verdict is Verdict.PASSED
    check = judged([one], SHIFT)["predictions"]
    assert check.verdict is Verdict.FAILED
    assert "in the share of class 2" in check.message


def test_classes_are_judged_as_classes_whatever_their_codes_are():
    rng = np.random.default_rng(3)
    names = [code_of(name) for name in "abcd"]

    def answers(*shares):
        return Arm(2_000, predictions=rng.choice(names, 2_000, p=shares))

    # Of b there is nothing any more, of c the more: in the order of the names that is next to nothing.
    found = [between(answers(0.25, 0.25, 0.25, 0.25), answers(0.40, 0, 0.52, 0.08), hour=hour) for hour in range(3)]
    check = judged(found, SHIFT)["predictions"]
    assert check.verdict is Verdict.FAILED
    # A hash says nothing to anybody.
    assert "in the share of one class," in check.message
    assert check.details["class"] == names[2]


def test_a_regression_of_whole_numbers_is_judged_by_its_numbers():
    rng = np.random.default_rng(4)

    def answers(of):
        return Arm(2_000, predictions=rng.choice(of, 2_000).astype(float))

    # Not one value in common, and yet the same distribution but for a half.
    check = judged([between(answers(np.arange(0, 60, 2)), answers(np.arange(1, 60, 2)))], SHIFT)["predictions"]
    assert check.verdict is Verdict.PASSED
    assert "class" not in check.message


def test_labels_that_cannot_be_read_leave_the_other_metrics_judged():
    quiet = hours(6)
    told = [replace(interval, losses_fault="the labels cannot be read: no file 'x'") for interval in quiet[:1]]
    with_fault, without = judged([*told, *quiet[1:]], *ALL), judged(quiet, *ALL)
    kpi = with_fault.pop("kpi")
    assert (kpi.verdict, kpi.message) == (
        Verdict.INCONCLUSIVE, "kpi, max_loss = 20 %: not judged, the labels cannot be read: no file 'x'"
    )  # fmt: skip
    assert with_fault == {name: check for name, check in without.items() if name != "kpi"}


def test_numbers_of_many_values_are_no_classes():
    rng = np.random.default_rng(2)
    many = between(Arm(400, predictions=rng.integers(0, 500, 400)), Arm(400, predictions=rng.integers(250, 750, 400)))
    assert judged([many], SHIFT)["predictions"].verdict is Verdict.FAILED


LATER = {
    "error_rate": {"errors": 1.0}, "latency(95 %)": {"slower": 4.0}, "predictions": {"constant": 0.3},
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_what_breaks_after_weeks_of_going_well_is_found_within_one_interval(name):
    well = hours(200, 4_000)
    checks = judged([*well, *hours(1, 1_600, canary=LATER[name], first=200)], ERRORS, LATENCY, SHIFT)
    assert checks[name].verdict is Verdict.FAILED
    assert "since 2026-03-10 08:00 UTC it is worse by more than that: harm beyond doubt" in checks[name].message


# -- effect by size ----------------------------------------------------------------------------------------------------


def test_a_trifle_passes_however_many_rows_there_are():
    champion, canary = Arm(5_000_000, {"exception": 100_000}), Arm(5_000_000, {"exception": 112_500})
    check = judged([between(champion, canary)], ERRORS)["error_rate"]
    assert check.details["low"] > 0
    assert check.verdict is Verdict.PASSED


def test_what_is_worse_by_more_than_the_limit_fails_however_few_looks():
    champion, canary = Arm(50_000, {"exception": 1_000}), Arm(50_000, {"exception": 1_600})
    assert judged([between(champion, canary)], ERRORS)["error_rate"].verdict is Verdict.FAILED


# -- the same time, never before and after -----------------------------------------------------------------------------


def test_a_day_with_a_changing_level_and_split_is_no_finding():
    rng = np.random.default_rng(3)
    traffic = []
    for hour in range(48):
        # By night everything is worse for both, and the canary has most of the traffic.
        bad, share = (4.0, 0.5) if hour % 24 > 12 else (1.0, 0.05)
        rows = int(4_000 * share)
        arms = [arm(rng, each, errors=0.01 * bad, slower=bad, shift=bad, loss=bad) for each in (4_000 - rows, rows)]
        traffic.append(between(*arms, hour=hour, percent=int(100 * share)))
    assert set(verdicts(judged(traffic, *ALL)).values()) == {"passed"}


def test_the_order_in_which_intervals_come_in_does_not_matter():
    traffic = hours(6, 2_000, canary={"errors": 0.02})
    assert judged(traffic[::-1], *ALL) == judged(traffic, *ALL)


# -- held ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [3, 58])
def test_too_few_rows_are_inconclusive(rows):
    traffic = [between(arm(np.random.default_rng(0), 2_000), arm(np.random.default_rng(1), rows, errors=0.0))]
    checks = judged(traffic, *ALL)
    assert set(verdicts(checks).values()) == {"inconclusive"}
    assert checks["error_rate"].message.endswith(f"{rows:,} and 2,000 rows in this step of min_events = 100")


def test_rows_of_an_earlier_step_do_not_make_up_for_a_new_one():
    before = hours(24, 4_000, percent=25)
    new = hours(1, 100, percent=50, first=24)
    assert judged(before, ERRORS)["error_rate"].verdict is Verdict.PASSED
    check = judged([*before, *new], ERRORS)["error_rate"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "50 and 50 rows in this step" in check.message


@pytest.mark.parametrize("name", ["canary", "champion"])
def test_an_arm_that_was_asked_nothing_is_inconclusive(name):
    (interval,) = hours(1)
    checks = judged([replace(interval, **{name: Arm(0)})], *ALL)
    assert set(verdicts(checks).values()) == {"inconclusive"}
    assert checks["error_rate"].message.endswith(f"not judged, the {name} was asked nothing")


def test_nothing_observed_is_inconclusive():
    assert set(verdicts(judged([], *ALL)).values()) == {"inconclusive"}


def test_arms_that_were_never_asked_at_the_same_time_are_not_compared():
    before, after = hours(2, 4_000)
    checks = judged([replace(before, canary=Arm(0)), replace(after, champion=Arm(0))], *ALL)
    assert set(verdicts(checks).values()) == {"inconclusive"}


def test_a_dead_champion_is_no_yardstick():
    checks = judged([*hours(10, 4_000), *hours(1, 4_000, champion={"errors": 1.0}, first=10)], *ALL)
    assert set(verdicts(checks).values()) == {"inconclusive"}
    assert "3,000 of the champion's newest 3,000 answers are errors: it is no yardstick" in checks["kpi"].message


def test_an_hour_in_which_the_champion_was_down_is_none_in_which_the_canary_did_well():
    down = hours(1, 4_000, champion={"errors": 1.0})
    worse = hours(4, 4_000, first=1, canary={"errors": 0.02})
    check = judged([*down, *worse], ERRORS)["error_rate"]
    assert check.value < 0
    assert check.verdict is not Verdict.PASSED


def test_the_canary_alone_is_judged_by_its_own_limits_with_a_dead_champion():
    own = ErrorRate(metric="error_rate", max=0.03), Latency(metric="latency", max_ms=300)
    checks = judged(hours(4, 4_000, champion={"errors": 1.0}), *own)
    assert checks["error_rate(max)"].verdict is checks["latency(max_ms)"].verdict is Verdict.PASSED
    assert checks["error_rate"].verdict is checks["latency(99 %)"].verdict is Verdict.INCONCLUSIVE


def test_own_limits_fail_whatever_the_champion_does():
    own = ErrorRate(metric="error_rate", max=0.03), Latency(metric="latency", max_ms=30)
    bad = {"errors": 0.06}
    checks = judged(hours(4, 4_000, champion=bad, canary=bad), *own)
    assert checks["error_rate(max)"].verdict is checks["latency(max_ms)"].verdict is Verdict.FAILED
    assert checks["error_rate"].verdict is not Verdict.FAILED
    assert checks["error_rate(max)"].message.endswith("max = 3 %: harm beyond doubt")


def test_labels_that_come_late_count_over_the_whole_rollout():
    none = {"losses": np.empty(0)}
    traffic = hours(12, 4_000)
    traffic = changed(changed(traffic, -1, "canary", **none), -1, "champion", **none)
    assert judged(traffic, LOSS)["kpi"].verdict is Verdict.PASSED
    without = [replace(each, canary=replace(each.canary, **none)) for each in traffic]
    assert judged(without, LOSS)["kpi"].message.endswith("not judged, the canary has no losses")


def test_wrong_classes_are_judged_exactly():
    rng = np.random.default_rng(4)

    def answers(rows, wrong):
        return Arm(rows, losses=(rng.random(rows) < wrong).astype(float))

    def check(wrong):
        return judged([between(answers(20_000, 0.1), answers(20_000, wrong), hour=hour) for hour in range(3)], LOSS)[
            "kpi"
        ]

    assert check(0.1).verdict is Verdict.PASSED
    assert check(0.13).verdict is Verdict.FAILED
    assert "mean loss of the canary is 0.1" in check(0.1).message


def test_of_a_champion_that_loses_nothing_there_is_no_share():
    perfect = between(Arm(500, losses=np.zeros(500)), Arm(500, losses=np.zeros(500)))
    check = judged([perfect], LOSS)["kpi"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "of a champion that loses nothing there is no share" in check.message


def test_few_intervals_are_taken_together_until_the_quantile_can_be_told():
    thin = hours(30, 60, percent=50, canary={"slower": 8.0})
    metric = Latency(metric="latency")
    assert "needs 100 latencies of the champion" in judged(thin[:2], metric)["latency(99 %)"].message
    assert judged(thin, metric)["latency(99 %)"].verdict is Verdict.FAILED


# -- defaults and the whole ----------------------------------------------------------------------------------------------


def test_without_metrics_errors_and_predictions_are_judged_and_latency_where_it_is_measured():
    traffic = hours(2)
    assert list(judged(traffic)) == ["error_rate", "predictions", "latency(99 %)"]
    bare = [
        replace(
            each,
            canary=replace(each.canary, latency_ms=np.empty(0)),
            champion=replace(each.champion, latency_ms=np.empty(0)),
        )
        for each in traffic
    ]
    assert list(judged(bare)) == ["error_rate", "predictions"]


def test_the_more_limits_the_less_each_may_err():
    traffic = hours(6, 4_000, canary={"errors": 0.02})
    alone, together = judged(traffic, ERRORS)["error_rate"], judged(traffic, *ALL)["error_rate"]
    assert together.details["low"] < alone.details["low"]
    assert together.details["high"] == alone.details["high"]


def test_canaries_as_good_as_the_champion_are_seldom_failed_by_any_metric_at_any_look():
    failed = 0
    for seed in range(20):
        traffic = hours(6, 600, seed=seed)
        looks = (judge_traffic(traffic[:until], ALL, min_events=100, alpha=0.05) for until in (1, 6))
        failed += any(check.verdict is Verdict.FAILED for checks in looks for check in checks)
    assert failed <= 1


# -- odd values ----------------------------------------------------------------------------------------------------------

ODD = {
    "not a number": np.array([1.0, math.nan, 2.0]),
    "infinite": np.array([1.0, math.inf, 2.0]),
    "two columns": np.ones((3, 2)),
    "texts": np.array(["a", "b"]),
    "more than answers": np.ones(5_000),
    "nothing": None,
    "dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize(
    ("values", "name"), [("latency_ms", "latency(95 %)"), ("predictions", "predictions"), ("losses", "kpi")]
)
@pytest.mark.parametrize("of", ["canary", "champion"])
def test_odd_values_are_inconclusive_and_spoil_nothing_else(odd, values, name, of):
    traffic = changed(hours(12, 4_000), 3, of, **{values: odd})
    found = verdicts(judged(traffic, *ALL))
    assert found == {each: "inconclusive" if each == name else "passed" for each in NAMES}


@pytest.mark.parametrize(
    "odd", [{"events": -1}, {"events": math.nan}, {"events": 10, "errors": {"x": 11}}, {"errors": {"x": -2}},
            {"errors": {"x": math.inf}}, {"events": "many"}, {"errors": {"x": None}}],
)  # fmt: skip
@pytest.mark.parametrize("of", ["canary", "champion"])
def test_odd_numbers_of_events_are_inconclusive(odd, of):
    found = verdicts(judged(changed(hours(3, 4_000), 1, of, **odd), *ALL))
    assert set(found.values()) == {"inconclusive"}


def test_values_below_zero_are_no_latencies_and_no_losses():
    traffic = changed(hours(12, 4_000), 0, "canary", latency_ms=np.array([-1.0]), losses=np.array([-1.0]))
    found = verdicts(judged(traffic, *ALL))
    assert found == {
        "error_rate": "passed",
        "latency(95 %)": "inconclusive",
        "predictions": "passed",
        "kpi": "inconclusive",
    }


def test_limits_that_nothing_can_exceed_are_judged_too():
    wide = (
        ErrorRate(metric="error_rate", max_increase=0.9999, max=0.9999), KpiLoss(metric="kpi", max_loss=1e6),
        PredictionShift(metric="predictions", max_distance=0.9999),
    )  # fmt: skip
    assert set(verdicts(judged(hours(6, 4_000, champion={"errors": 0.3}), *wide)).values()) == {"passed"}


SMALL = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=12).map(np.array)
ARMS = st.builds(
    Arm, events=st.integers(-2, 40), errors=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-1, 30), max_size=2),
    latency_ms=SMALL, predictions=SMALL | st.lists(st.integers(0, 3), max_size=9).map(np.array), losses=SMALL,
)  # fmt: skip
START = hours(1)[0].start


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100), ARMS, ARMS), max_size=4))
def test_whatever_was_observed_there_is_a_verdict_with_a_sentence_and_few_rows_never_advance(drawn):
    traffic = [
        Traffic(START + hour * HOUR, START + (hour + 1) * HOUR, percent, champion, canary)
        for hour, percent, champion, canary in drawn
    ]
    own = (ErrorRate(metric="error_rate", max=0.5), Latency(metric="latency", max_ms=5.0), SHIFT, KpiLoss(metric="kpi"))
    for check in judge_traffic(traffic, own, min_events=500, alpha=0.05):
        assert check.message
        assert not check.verdict.advances
