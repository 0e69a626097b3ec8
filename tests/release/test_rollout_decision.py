"""What a rollout does next follows from its plan and its looks alone, by laws that no look can break."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rollout_cases import BEGAN, HOUR

from stageline.release.rollout.ab_test import AbResult
from stageline.release.rollout.decision import Look, decide
from stageline.spec.rollout import Rollout
from stageline.verdicts import Check, Severity, Verdict

MINUTE = timedelta(minutes=1)


def plan(steps=(5, 25, 100), **values):
    return Rollout.model_validate({"steps": steps, "interval": "PT1H", "deadline": "PT6H", **values})


def check(verdict, severity=Severity.CRITICAL, name="error_rate"):
    return Check(code="SL-R010", name=name, verdict=verdict, severity=severity, message=f"{name} {verdict}")


def look(*verdicts, at=HOUR, step=0):
    return Look(BEGAN + at, step, tuple(check(each) for each in verdicts))


def decided(*looks, after=HOUR, step=0, of=None):
    of = of or plan()
    # A plan may have become shorter since: its last step below 100 is still the one that is held.
    percent = [share for share in of.steps if share < 100][: step + 1][-1]
    return decide(of, looks, step=step, percent=percent, step_began=BEGAN, now=BEGAN + after)


@pytest.mark.parametrize(
    ("verdicts", "action"),
    [
        (["passed"], "advance"), (["passed", "warned"], "advance"), (["warned"], "advance"), (["failed"], "roll_back"),
        (["passed", "failed"], "roll_back"), (["inconclusive"], "hold"), (["passed", "inconclusive"], "hold"),
        (["errored"], "hold"), ([], "hold"),
    ],
)  # fmt: skip
def test_a_step_moves_on_when_nothing_is_undecided(verdicts, action):
    assert decided(look(*verdicts)).action == action


@pytest.mark.parametrize(
    ("verdicts", "action"),
    [
        (["passed"], "promote"), (["passed", "warned"], "hold"), (["warned"], "hold"), (["failed"], "roll_back"),
        (["inconclusive"], "hold"), (["errored"], "hold"), ([], "hold"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("steps", "step"), [((5, 25, 100), 1), ((5, 25), 1), ((0, 100), 0), ((50,), 0)])
def test_the_last_step_below_100_is_left_by_a_promotion_for_which_all_must_pass(steps, step, verdicts, action):
    assert decided(look(*verdicts, step=step), step=step, of=plan(steps)).action == action


def test_a_shadow_is_judged_like_any_step():
    shadow = plan((0, 50, 100))
    assert decided(look("warned"), of=shadow).action == "advance"
    assert decided(look("warned"), of=shadow).reason == "no check found harm at 0 %; the next step is 50 %"
    assert decided(look("failed"), of=shadow).action == "roll_back"


def test_before_the_interval_is_over_only_harm_moves_anything():
    assert decided(look("passed", at=30 * MINUTE), after=59 * MINUTE).action == "hold"
    assert decided(look("failed", at=30 * MINUTE), after=31 * MINUTE).action == "roll_back"


def test_a_look_from_before_the_interval_was_over_does_not_stand_for_it():
    decision = decided(look("passed", at=30 * MINUTE), after=2 * HOUR)
    assert decision.action == "hold"
    assert decision.reason == "the newest look at 5 % was taken before PT1H were over"


def test_the_newest_look_counts_in_whatever_order_they_come():
    early, late = look("passed", at=HOUR), look("inconclusive", at=2 * HOUR)
    assert decided(early, late, after=2 * HOUR).action == decided(late, early, after=2 * HOUR).action == "hold"


def test_looks_of_another_step_and_of_before_it_and_of_later_do_not_count():
    assert decided(look("passed", step=1), after=2 * HOUR).action == "hold"
    assert decided(look("passed", at=-HOUR), after=2 * HOUR).action == "hold"
    assert decided(look("passed", at=3 * HOUR), look("failed", at=4 * HOUR), after=2 * HOUR).action == "hold"


def test_failed_looks_are_counted_over_the_whole_rollout():
    borne = plan(max_failures=1)
    earlier, now = look("failed", at=-2 * HOUR, step=0), look("failed", at=HOUR, step=1)
    assert decided(earlier, look("passed", at=HOUR, step=1), step=1, of=borne).action == "promote"
    assert decided(now, step=1, of=borne).action == "hold"
    decision = decided(earlier, now, step=1, of=borne)
    assert decision.action == "roll_back"
    assert decision.reason == "error_rate failed (2 looks failed, max_failures = 1)"


def test_several_checks_that_fail_in_one_look_are_one_failed_look():
    assert decided(look("failed", "failed", "failed"), of=plan(max_failures=1)).action == "hold"


@pytest.mark.parametrize("verdict", ["inconclusive", "errored"])
def test_what_is_undecided_at_the_deadline_is_undone_with_its_reason(verdict):
    decision = decided(look("passed", verdict, "warned", at=6 * HOUR), after=6 * HOUR)
    assert decision.action == "roll_back"
    assert decision.reason == f"undecided at 5 % after PT6H: error_rate {verdict}"


def test_what_is_not_ruled_out_at_the_deadline_is_not_promoted():
    decision = decided(look("passed", "warned", at=6 * HOUR, step=1), after=6 * HOUR, step=1)
    assert (decision.action, decision.reason) == ("roll_back", "undecided at 25 % after PT6H: error_rate warned")


def test_a_decision_at_the_deadline_still_counts():
    assert decided(look("passed", at=6 * HOUR), after=6 * HOUR).action == "advance"


def test_nobody_who_looks_is_no_success():
    assert decided(after=5 * HOUR).reason == "nobody has looked at 5 % yet"
    assert decided(after=6 * HOUR).action == "roll_back"


@pytest.mark.parametrize(
    ("steps", "percent", "action", "reason"),
    [
        ((5, 10, 25, 50), 25, "advance", "no check found harm at 25 %; the next step is 50 %"),
        ((5, 10, 50), 25, "advance", "no check found harm at 25 %; the next step is 50 %"),
        ((5, 10), 25, "promote", "every check passed at 25 %"),
        ((50,), 5, "advance", "no check found harm at 5 %; the next step is 50 %"),
    ],
)
def test_whatever_a_plan_becomes_the_next_step_is_the_first_above_the_share_on_record(steps, percent, action, reason):
    changed = plan(steps)
    found = decide(changed, [look("passed", step=1)], step=1, percent=percent, step_began=BEGAN, now=BEGAN + HOUR)
    assert found.action == action
    assert found.reason.startswith(reason)


def test_what_weighs_less_neither_blocks_nor_suffices():
    info, minor = check("failed", Severity.INFO), check("failed", Severity.WARNING)
    passed = check("passed")

    def after(*checks, step=0):
        return decided(Look(BEGAN + HOUR, step, checks), step=step).action

    assert after(passed, info, minor) == "advance"
    assert after(passed, info, minor, step=1) == "promote"
    assert after(info) == after(minor) == after(check("passed", Severity.INFO)) == "hold"
    assert after(passed, check("errored", Severity.INFO)) == "hold"


def test_100_alone_compares_nothing():
    with pytest.raises(ValidationError, match="100 alone leaves no champion to compare with"):
        plan((100,))


# -- laws ----------------------------------------------------------------------------------------------------------------

GOODNESS = ("roll_back", "hold", "advance", "promote")
CHECKS = st.builds(check, st.sampled_from(Verdict), st.sampled_from(Severity))
STEPS = (5, 25, 100)
LOOKS = st.builds(
    lambda minutes, step, checks: Look(BEGAN + minutes * MINUTE, step, tuple(checks)),
    st.integers(-100, 500), st.integers(0, 2), st.lists(CHECKS, max_size=4),
)  # fmt: skip
HISTORY = st.lists(LOOKS, max_size=5)
MOMENTS = st.integers(0, 500).map(lambda minutes: minutes * MINUTE)
PLACES = st.integers(0, 3)
BORNE = st.integers(0, 2)


def goodness(decision):
    return GOODNESS.index(decision.action)


@given(HISTORY, PLACES, MOMENTS, BORNE, st.data())
def test_a_check_that_fails_never_improves_a_decision(history, step, after, borne, data):
    of = plan(STEPS, max_failures=borne)
    before = decided(*history, step=step, after=after, of=of)
    if history:
        place = data.draw(st.integers(0, len(history) - 1))
        worse = Look(history[place].at, history[place].step, (*history[place].checks, check("failed")))
        changed_ = [*history[:place], worse, *history[place + 1 :]]
        # A look without a single check that counts is undecided already.
        assert goodness(decided(*changed_, step=step, after=after, of=of)) <= goodness(before)


@given(HISTORY, PLACES, MOMENTS, BORNE, st.integers(0, 3), st.data())
def test_a_graver_verdict_never_improves_a_decision(history, step, after, borne, graver, data):
    order = [Verdict.PASSED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.ERRORED, Verdict.FAILED]
    of = plan(STEPS, max_failures=borne)
    places = [(at, number) for at, each in enumerate(history) for number in range(len(each.checks))]
    if not places:
        return
    at, number = data.draw(st.sampled_from(places))
    old = history[at].checks[number]
    new = old.model_copy(update={"verdict": order[max(graver, order.index(old.verdict))]})
    checks = tuple(new if place == number else each for place, each in enumerate(history[at].checks))
    worse = [*history[:at], Look(history[at].at, history[at].step, checks), *history[at + 1 :]]
    first, then = (decided(*each, step=step, after=after, of=of) for each in (history, worse))
    assert goodness(then) <= goodness(first)


@given(PLACES, MOMENTS)
def test_without_a_look_it_never_moves_on(step, after):
    assert goodness(decided(step=step, after=after)) < GOODNESS.index("advance")


@given(HISTORY, PLACES, st.integers(360, 600), BORNE)
def test_at_the_deadline_it_never_holds(history, step, minutes, borne):
    assert decided(*history, step=step, after=minutes * MINUTE, of=plan(STEPS, max_failures=borne)).action != "hold"


@given(HISTORY, PLACES, MOMENTS)
def test_every_decision_has_a_reason_and_nothing_is_promoted_but_by_checks_that_passed(history, step, after):
    decision = decided(*history, step=step, after=after)
    assert decision.reason
    if decision.action == "promote":
        assert step >= 1
        mine = [each for each in history if each.step == step and HOUR <= each.at - BEGAN <= after]
        newest = max(mine, key=lambda each: each.at)
        found = [each for each in mine if each.at == newest.at]
        assert any(
            all(check.verdict is Verdict.PASSED for check in each.checks if check.severity is Severity.CRITICAL)
            and any(check.severity is Severity.CRITICAL for check in each.checks)
            for each in found
        )


@given(HISTORY, PLACES, MOMENTS, st.permutations(range(5)))
def test_the_order_of_looks_taken_at_different_times_does_not_matter(history, step, after, order):
    apart = {each.at: each for each in history}
    looks = list(apart.values())
    mixed = [looks[place] for place in order if place < len(looks)]
    assert decided(*looks, step=step, after=after) == decided(*mixed, step=step, after=after)


AB_TEST = {"duration": "P1D", "outcome": {"column": "came", "kind": "rate"}, "effect": 0.02}
DAY = timedelta(days=1)


def judged_at_last(outcome, *verdicts, after=HOUR, **values):
    """Return what is decided in the last step of an A/B test by a look that was just taken."""
    result = AbResult(outcome, None, (500, 500), outcome != "undecided", "told")
    at_last = Look(BEGAN + after, 1, tuple(check(each) for each in verdicts or ("passed",)), result)
    return decided(at_last, after=after, step=1, of=plan((5, 50), ab_test={**AB_TEST, **values}))


def test_only_a_better_candidate_passes_an_ab_test():
    actions = {outcome: judged_at_last(outcome).action for outcome in ("better", "worse", "no_difference", "undecided")}
    assert actions == {"better": "promote", "worse": "roll_back", "no_difference": "roll_back", "undecided": "hold"}


def test_where_no_difference_is_enough_it_is_promoted():
    assert judged_at_last("no_difference", no_difference="promote").action == "promote"
    assert judged_at_last("worse", no_difference="promote").action == "roll_back"


def test_an_ab_test_that_decided_nothing_in_its_time_keeps_the_champion():
    assert judged_at_last("undecided", after=DAY - MINUTE).action == "hold"
    over = judged_at_last("undecided", after=DAY)
    assert (over.action, over.reason) == ("roll_back", "A/B test over after P1D, the champion stays: told")


@pytest.mark.parametrize("outcome", ["better", "worse", "no_difference", "undecided"])
def test_harm_ends_an_ab_test_at_once(outcome):
    assert judged_at_last(outcome, "passed", "failed", after=MINUTE).action == "roll_back"


def test_a_better_candidate_still_has_to_do_no_harm():
    held = judged_at_last("better", "inconclusive", after=DAY)
    assert held.action == "hold"
    late = judged_at_last("better", "inconclusive", after=DAY + 6 * HOUR)
    assert (late.action, late.reason) == ("roll_back", "undecided at 50 % after P1DT6H: error_rate inconclusive")


def test_before_its_last_step_a_rollout_knows_of_no_ab_test():
    moved = decided(look("passed"), of=plan((5, 50), ab_test=AB_TEST))
    assert moved.action == "advance"


def test_a_look_that_saw_nothing_does_not_end_an_ab_test_before_its_time():
    looked = Look(BEGAN + HOUR, 1, (check("errored"),))
    assert decided(looked, step=1, of=plan((5, 50), ab_test=AB_TEST)).action == "hold"


@pytest.mark.parametrize(
    ("steps", "values", "fault"),
    [
        ((0, 100), {}, "nobody gets a shadow's answers"),
        ((5, 50), {"duration": "PT1M"}, "PT1M is shorter than interval = PT1H: it would end before anybody looks"),
        ((5, 50), {"effect": 0}, "greater than 0"),
        ((5, 50), {"outcome": {"column": "came", "kind": "ratio"}}, "'rate' or 'mean'"),
    ],
)
def test_an_ab_test_that_cannot_be_is_refused(steps, values, fault):
    with pytest.raises(ValidationError, match=fault):
        plan(steps, ab_test={**AB_TEST, **values})
