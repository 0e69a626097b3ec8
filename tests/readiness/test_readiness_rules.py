"""Which evidence speaks: the newest, a check before a person, and no record before its step did its work."""

from dataclasses import replace
from datetime import timedelta

import pytest
from full_evidence import NOW, changed, check, full_facts, judged, points, spec_of, with_fact, without

from stageline.features import PARTS
from stageline.readiness import ATTESTATION, EARNED, Facts, State
from stageline.readiness.data.beneficial import CALENDAR
from stageline.verdicts import Mode, Verdict


def result(facts, code):
    return next(each for each in judged(facts).results if each.test.code == code)


def earned(facts, code, verdict="passed", **body):
    verdict = Verdict(verdict)
    return with_fact(
        facts, kind=EARNED, step="earn", verdict=verdict, sentence=f"looked at, {verdict}",
        evidence={"evidence": {"code": code, "worth": 1.0, **body}},
    )  # fmt: skip


def attested(facts, code):
    return with_fact(facts, kind=ATTESTATION, step="attestation", sentence="dana says so", evidence={"code": code})


def test_a_check_that_fails_now_takes_the_place_of_one_that_passed():
    facts = earned(full_facts(), "SL-L301", "failed")
    assert (result(facts, "SL-L301").state, result(facts, "SL-L301").message) == (State.FAILED, "looked at, failed")
    assert points(earned(facts, "SL-L301"))["SL-L301"] == 1.0


@pytest.mark.parametrize("verdict", ["inconclusive", "errored"])
def test_what_is_not_shown_is_no_pass(verdict):
    assert points(earned(full_facts(), "SL-L203", verdict))["SL-L203"] == 0.0


def test_a_person_gives_half_a_point_where_no_check_is():
    facts = attested(without(full_facts(), "SL-L302"), "SL-L302")
    assert (result(facts, "SL-L302").points, result(facts, "SL-L302").state) == (0.5, State.HALF)


def test_a_person_adds_nothing_to_a_check():
    assert points(attested(full_facts(), "SL-L302"))["SL-L302"] == 1.0


def test_a_check_overrules_what_a_person_said_before_it():
    facts = earned(attested(full_facts(), "SL-L302"), "SL-L302", "failed")
    assert points(facts)["SL-L302"] == 0.0
    assert points(attested(facts, "SL-L302"))["SL-L302"] == 0.5


@pytest.mark.parametrize("code", ["SL-L201", "SL-L207"])
def test_of_two_tests_a_person_gives_the_other_half(code):
    facts = Facts(spec_of())
    assert points(attested(facts, code))[code] == 0.5
    if code == "SL-L201":
        from stageline.readiness import content_digest

        by_check = earned(facts, code, worth=0.5, content=content_digest(facts.spec))
    else:
        by_check = with_fact(facts, step="evaluate", checks=(check("SL-G004"),), evidence={"evidence": {"n": 1}})
    assert points(by_check)[code] == 0.5
    assert points(attested(by_check, code))[code] == 1.0


def test_a_review_is_of_the_spec_as_it_is():
    facts = full_facts()
    other = Facts(spec_of(description="another"), facts.facts)
    assert points(other)["SL-L201"] == 0.0
    assert "the spec changed since record #" in result(other, "SL-L201").message


def test_the_stage_is_no_part_of_what_is_reviewed():
    facts = full_facts()
    assert points(Facts(spec_of("pilot", readiness={"min_pilot": 2.0}), facts.facts))["SL-L201"] == 1.0


def test_one_run_of_the_expectations_is_half_a_point_and_three_are_one():
    facts = full_facts()
    quality = [each.position for each in facts.facts if each.step == "quality"]
    one = replace(facts, facts=tuple(each for each in facts.facts if each.position not in quality[:2]))
    assert points(one)["SL-L101"] == 0.5
    again = replace(
        facts,
        facts=tuple(replace(each, run="small.train/run-0") if each.step == "quality" else each for each in facts.facts),
    )
    assert points(again)["SL-L101"] == 0.5
    assert points(changed(facts, "quality", checks=(check("SL-Q002", "inconclusive"),)))["SL-L101"] == 0.0


def test_shuffling_names_what_is_of_no_use_and_an_ablation_knows_better():
    facts = without(full_facts(), "SL-L102")
    idle = changed(
        with_fact(facts, step="evaluate"), "evaluate",
        evidence={"evidence": {"importance": [{"feature": "x", "low": 1.0}, {"feature": "z", "low": -0.1, "high": 0.4}]}},
    )  # fmt: skip
    assert result(idle, "SL-L102").message == "1 of 2 features show no worth when they are shuffled: 'z'"
    ablated = earned(full_facts(), "SL-L102", of_use=["x", "z"])
    later = with_fact(ablated, step="evaluate", evidence=idle.facts[0].evidence)
    assert points(later)["SL-L102"] == 1.0


def test_parts_of_the_calendar_stand_for_each_other():
    assert set(CALENDAR) == set(PARTS)
    importance = [{"feature": "event_hour", "low": 1.0}, {"feature": "event_month", "low": -0.1}]
    facts = with_fact(Facts(spec_of()), step="evaluate", evidence={"evidence": {"importance": importance}})
    assert points(facts)["SL-L102"] == 1.0


def test_a_private_feature_fails_the_requirements():
    source = {"uri": "data/small.csv", "keys": ["id"], "event_time": "at", "private": ["colour"]}
    facts = full_facts(source=source)
    assert result(facts, "SL-L104").message == "the model sees private columns: 'colour'"
    assert points(changed(full_facts(), "quality", checks=(check("SL-Q015", "failed"),)))["SL-L104"] == 0.0


def test_a_linear_model_has_only_the_constant_to_beat():
    ridge = {"estimator": "sklearn.linear_model.Ridge"}
    undecided = (check("SL-E002"), check("SL-E003", "inconclusive"))
    assert points(changed(full_facts(), "evaluate", checks=undecided))["SL-L205"] == 0.0
    assert points(changed(full_facts(train=ridge), "evaluate", checks=undecided))["SL-L205"] == 1.0


@pytest.mark.parametrize("step", ["evaluate", "validate"])
def test_a_release_has_to_rest_on_both_blessings_in_a_mode_that_stops(step):
    dry = changed(full_facts(), step, mode=Mode.DRY_RUN)
    assert points(dry)["SL-L304"] == 0.0
    assert f"does not rest on a passed {step}" in result(dry, "SL-L304").message


def test_a_release_without_a_canary_fails_and_the_first_of_all_has_none():
    facts = full_facts()
    promoted = next(each for each in facts.facts if each.kind == "promotion")
    other = {**promoted.evidence, "head_change": {"before": {}, "after": {"version": 3, "digest": "sha256:3"}}}
    other["head_change"]["before"] = {"version": 2, "digest": "sha256:2"}
    later = with_fact(facts, kind="promotion", step="release", evidence=other)
    assert result(later, "SL-L306").message == "version 3 was no canary before it was released"
    first = with_fact(
        facts,
        kind="promotion",
        step="release",
        evidence={"head_change": {"before": None, "after": {"version": 1, "digest": "a"}}},
    )
    assert result(first, "SL-L306").state is State.MISSING
    undone = with_fact(later, kind="canary_end", step="rollout", sentence="undone")
    assert points(undone)["SL-L306"] == 1.0


def test_a_model_in_use_ages_by_the_backtest():
    facts = full_facts()
    promoted = next(each for each in facts.facts if each.kind == "promotion")
    assert result(facts, "SL-L404").until == promoted.at + timedelta(days=60)
    quick = earned(facts, "SL-L204", stale_after_days=5)
    assert result(quick, "SL-L404").until == promoted.at + timedelta(days=5)
    assert judged(quick, NOW + timedelta(days=4)).results[24].state is State.EXPIRED


def test_after_a_rollback_it_is_the_older_model_whose_age_counts():
    facts = full_facts()
    first = facts.facts[-1].at - timedelta(days=90)
    old = replace(
        facts.facts[-1],
        position=0,
        at=first,
        kind="promotion",
        step="release",
        evidence={"head_change": {"after": {"digest": "sha256:1"}}},
    )
    back = with_fact(
        replace(facts, facts=(*facts.facts, old)), kind="rollback", step="rollback",
        evidence={"head_change": {"after": {"version": 1, "digest": "sha256:1"}}},
    )  # fmt: skip
    assert result(back, "SL-L404").state is State.EXPIRED


def test_twice_as_slow_is_a_regression():
    slow = (check("SL-V008"), check("SL-V005"), check("SL-V009", value=4.1), check("SL-V010", value=310.0))
    facts = changed(full_facts(), "validate", checks=slow)
    assert result(facts, "SL-L406").state is State.FAILED
    assert "the model before took 2 ms for a row" in result(facts, "SL-L406").message


def test_an_answer_that_is_not_finite_fails_whichever_step_saw_it():
    facts = changed(full_facts(), "score", checks=(check("SL-B003", "errored"),))
    assert result(facts, "SL-L405").state is State.FAILED


def test_undecided_windows_say_nothing_and_the_newest_decided_one_does():
    facts = with_fact(
        full_facts(), step="performance", evidence={"evidence": {"n": 1}},
        checks=(check("SL-M013", "inconclusive"), check("SL-M014", "inconclusive")),
    )  # fmt: skip
    assert (points(facts)["SL-L202"], points(facts)["SL-L407"]) == (1.0, 1.0)
    lost = with_fact(
        facts,
        step="performance",
        evidence={"evidence": {"n": 1}},
        checks=(check("SL-M013"), check("SL-M014", "failed")),
    )
    assert (points(lost)["SL-L202"], points(lost)["SL-L407"]) == (0.0, 1.0)


def test_a_step_that_refused_its_input_is_no_evidence():
    refused = with_fact(full_facts(), step="drill", verdict=Verdict.ERRORED, evidence={"checks": []})
    assert points(refused)["SL-L307"] == 1.0


def test_the_data_of_a_dry_run_count_half():
    assert points(changed(full_facts(), "quality", mode=Mode.DRY_RUN))["SL-L402"] == 0.5
    assert points(changed(full_facts(), "quality", verdict=Verdict.FAILED))["SL-L402"] == 0.0
