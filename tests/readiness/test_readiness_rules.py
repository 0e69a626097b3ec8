"""Which evidence speaks: the newest, a check before a person, and no record before its step did its work."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from full_evidence import NEW, NOW, OLD, changed, check, full_facts, judged, points, spec_of, with_fact, without

from stageline.features import PARTS
from stageline.readiness import ATTESTATION, EARNED, Facts, State, content_digest
from stageline.readiness.data.beneficial import CALENDAR
from stageline.readiness.facts import subject_digest
from stageline.spec.models import PipelineSpec
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
    assert points(Facts(spec_of("pilot"), facts.facts))["SL-L201"] == 1.0
    # What a stage asks for is: whoever lowers it has that reviewed, too.
    assert points(Facts(spec_of("pilot", readiness={"min_pilot": 0.5}), facts.facts))["SL-L201"] == 0.0


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
    gave = {"canary_change": {"before": {"model": {"digest": "sha256:4"}, "percent": 25}, "after": None}}
    undone = with_fact(later, kind="canary_end", step="rollout", sentence="undone", evidence=gave)
    assert points(undone)["SL-L306"] == 1.0
    shadow = {"canary_change": {"before": {"model": {"digest": "sha256:4"}, "percent": 0}, "after": None}}
    assert points(with_fact(later, kind="canary_end", step="rollout", evidence=shadow))["SL-L306"] == 0.0


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


@pytest.mark.parametrize(("step", "codes"), [("drill", ("SL-L307",)), ("quality", ("SL-L101", "SL-L104", "SL-L402"))])
def test_a_step_that_could_not_do_its_work_is_no_pass(step, codes):
    refused = with_fact(full_facts(), step=step, verdict=Verdict.ERRORED, evidence={"checks": []}, sentence="gone")
    assert {points(refused)[code] for code in codes} == {0.0}


def test_the_newest_window_speaks_whenever_each_was_looked_at():
    def looked_at(facts, end, verdict):
        body = {"window": {"start": "2025-01-01T00:00:00", "end": end}}
        checks = (check("SL-M013", verdict), check("SL-M014", verdict))
        return with_fact(facts, step="performance", checks=checks, evidence={"evidence": body})

    failed = looked_at(full_facts(), "2026-11-23T00:00:00+00:00", "failed")
    again = looked_at(failed, "2025-01-08T00:00:00", "passed")
    assert (points(again)["SL-L407"], points(again)["SL-L202"]) == (0.0, 0.0)
    assert points(looked_at(again, "2026-11-24T00:00:00+00:00", "passed"))["SL-L407"] == 1.0


def test_what_was_checked_on_another_training_is_to_be_checked_again():
    about = subject_digest(spec_of())
    facts = earned(full_facts(), "SL-L301", about=about)
    assert points(facts)["SL-L301"] == 1.0
    other = Facts(spec_of(train={"estimator": "sklearn.linear_model.Ridge"}), facts.facts)
    found = result(other, "SL-L301")
    assert (found.points, found.message) == (0.0, "source, target, features or train changed since it was checked")
    assert points(Facts(spec_of(description="told better"), facts.facts))["SL-L301"] == 1.0


def test_a_default_of_a_later_version_is_no_change_of_the_file():
    spec = spec_of()
    with_default = spec.model_copy(update={"schedule": None})
    assert "readiness" not in spec.model_fields_set
    assert content_digest(spec) == content_digest(PipelineSpec.model_validate(spec.model_dump(exclude_unset=True)))
    assert content_digest(spec) != content_digest(with_default.model_copy(update={"schedule": "@daily"}))


def test_an_expectation_that_could_not_be_asked_does_not_count():
    facts = full_facts()
    asked = tuple(
        replace(each, checks=(check("SL-Q001", "errored"),)) if each.step == "quality" else each for each in facts.facts
    )
    assert points(replace(facts, facts=asked))["SL-L101"] == 0.0


def test_runs_of_long_ago_do_not_add_up():
    facts, newest = full_facts(), 0
    newest = max(each.position for each in facts.facts if each.step == "quality")
    old = tuple(
        replace(each, at=each.at - timedelta(days=40)) if each.step == "quality" and each.position != newest else each
        for each in facts.facts
    )
    assert points(replace(facts, facts=old))["SL-L101"] == 0.5


@pytest.mark.parametrize(("step", "code"), [("score", "SL-B005"), ("validate", "SL-V005")])
def test_a_comparison_that_could_not_be_made_tells_nobody(step, code):
    assert points(changed(full_facts(), step, checks=(check(code, "errored"),)))["SL-L401"] == 0.5


def test_an_alert_step_that_failed_tells_nobody():
    assert points(changed(full_facts(), "alert", verdict=Verdict.FAILED))["SL-L401"] == 0.5


def test_finite_answers_count_as_long_as_each_was_looked_at():
    facts, long_ago = full_facts(), timedelta(days=200)
    old = tuple(
        replace(each, at=each.at - long_ago) if each.step in ("validate", "score") else each for each in facts.facts
    )
    assert points(replace(facts, facts=old))["SL-L405"] == 0.5
    failed = tuple(
        replace(each, at=each.at - long_ago, checks=(check("SL-B003", "failed"),)) if each.step == "score" else each
        for each in facts.facts
    )
    assert points(replace(facts, facts=failed))["SL-L405"] == 1.0


def test_a_release_does_not_make_a_model_younger():
    facts = full_facts()
    promoted = next(each for each in facts.facts if each.kind == "promotion")
    after = {**NEW, "as_of": (NOW - timedelta(days=400)).isoformat()}
    change = {**promoted.evidence, "head_change": {"before": OLD, "after": after}}
    found = result(changed(facts, "rollout", evidence=change), "SL-L404")
    assert (found.points, found.state) == (0.0, State.EXPIRED)


@pytest.mark.parametrize("days", [None, math.inf, -1, "many"])
def test_a_backtest_that_names_no_number_of_days_is_none(days):
    assert (
        "30 days old (no backtest says otherwise)"
        in result(earned(full_facts(), "SL-L204", stale_after_days=days), "SL-L404").message
    )


@pytest.mark.parametrize("worth", [None, 100, "much"])
def test_no_check_is_worth_more_than_a_point(worth):
    assert points(earned(full_facts(), "SL-L301", worth=worth))["SL-L301"] == 1.0


def test_a_column_that_is_called_like_a_part_of_the_calendar_stands_for_itself():
    idle = {"evidence": {"importance": [{"feature": "event_day", "low": 1.0}, {"feature": "event_hour", "low": -0.1}]}}
    facts = changed(with_fact(without(full_facts(), "SL-L102"), step="evaluate"), "evaluate", evidence=idle)
    assert points(facts)["SL-L102"] == 1.0
    own = spec_of(features={"calendar": False})
    assert points(replace(facts, spec=own))["SL-L102"] == 0.0


def test_the_data_of_a_dry_run_count_half():
    assert points(changed(full_facts(), "quality", mode=Mode.DRY_RUN))["SL-L402"] == 0.5
    assert points(changed(full_facts(), "quality", verdict=Verdict.FAILED))["SL-L402"] == 0.0
