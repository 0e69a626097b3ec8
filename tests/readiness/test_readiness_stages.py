"""What each stage asks for: its threshold, its requirements, what is to be done, and what happens when it expires."""

from dataclasses import replace
from datetime import timedelta

import pytest
import yaml
from full_evidence import NOW, OWNERS, aged, changed, check, full_facts, judged, spec_of, with_fact, without

from stageline.operators.earned_stage import held_back, judge_earned
from stageline.readiness import ATTESTATION, REQUIREMENTS, TESTS, Enforcement, Facts, State, threshold_of
from stageline.readiness.report import readiness_report
from stageline.readiness.requirements import example_of
from stageline.spec import Stage
from stageline.spec.requirements import REQUIRED
from stageline.verdicts import Severity, Verdict

THREE = {"readiness": {"mission_critical": True}}


def enforced(facts, **said):
    said = facts.spec.readiness.model_copy(update=said)
    return replace(facts, spec=facts.spec.model_copy(update={"readiness": said}))


def drop(facts, **wanted):
    ((name, value),) = wanted.items()
    return replace(facts, facts=tuple(each for each in facts.facts if getattr(each, name) != value))


LOST = {
    "SL-L001": lambda facts: Facts(
        spec_of("production").model_copy(update={"owners": facts.spec.owners.model_copy(update={"data": None})}), facts.facts
    ),
    "SL-L002": lambda facts: changed(facts, "evaluate", checks=(check("SL-E001", "failed", "the KPI misses"),)),
    "SL-L003": lambda facts: drop(facts, step="drill"),
    "SL-L004": lambda facts: drop(facts, kind="cost_forecast"),
    "SL-L005": lambda facts: drop(facts, kind="approval"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "changes", "least"),
    [("poc", {}, 0.0), ("pilot", {}, 1.0), ("production", {}, 2.0), ("production", THREE, 3.0),
     ("production", {"readiness": {"min_production": 4.0}}, 4.0), ("pilot", {"readiness": {"min_pilot": 0.5}}, 0.5)],
)  # fmt: skip
def test_thresholds(stage, changes, least):
    assert threshold_of(spec_of("production", **changes), Stage(stage)) == least


def test_with_all_evidence_every_stage_is_earned():
    readiness = judged(full_facts(**THREE))
    for stage in Stage:
        found = readiness.stage(stage)
        assert found.earned
        assert found.todo == ()
        assert found.sentence.startswith(f"stage {stage.value!r} is earned: the score is 6.5 (data 6.5, model 7")


@pytest.mark.parametrize("code", list(LOST))
def test_each_requirement_that_is_lost_ends_the_stage_and_says_how_to_meet_it(code):
    found = judged(LOST[code](full_facts())).stage()
    assert not found.earned
    assert [each.requirement.code for each in found.unmet] == [code]
    assert code in found.sentence
    first = found.todo[0]
    assert (first.code, first.needed) == (code, True)
    assert first.how
    assert "{" not in first.how.replace("{business", "")


@pytest.mark.parametrize("requirement", [each for each in REQUIREMENTS if each.lifetime], ids=lambda each: each.code)
def test_each_requirement_expires(requirement):
    facts = full_facts()
    own = next(each for each in judged(facts).stage().requirements if each.requirement.code == requirement.code)
    old = replace(
        facts,
        facts=tuple(
            replace(each, at=each.at - requirement.lifetime - timedelta(days=9))
            if each.position == own.evidence.position
            else each
            for each in facts.facts
        ),
    )
    found = judged(old).stage()
    assert not found.earned
    assert requirement.code in [each.requirement.code for each in found.unmet]
    assert "expired" in next(each for each in found.unmet if each.requirement.code == requirement.code).message


def test_the_pilot_asks_for_owners_and_the_kpi_only():
    facts = drop(drop(drop(full_facts("pilot"), step="drill"), kind="cost_forecast"), kind="approval")
    assert judged(facts).stage().earned
    assert not judged(facts).stage(Stage.PRODUCTION).earned


def test_a_drill_that_failed_is_no_drill():
    failed = changed(full_facts(), "drill", verdict=Verdict.FAILED, sentence="the broken model was not refused")
    assert "SL-L003 a rollback drill passed: the broken model was not refused" in judged(failed).stage().sentence


def test_an_approver_may_approve_the_step_up_instead():
    facts = drop(full_facts(), kind="approval")
    said = with_fact(
        facts, kind=ATTESTATION, step="attestation", evidence={"code": "SL-L005", "by": "mo"}, sentence="mo says so"
    )
    assert judged(said).stage().earned
    gone = replace(said, spec=spec_of(owners={**OWNERS, "model": "mia"}))
    assert "SL-L005" in [each.requirement.code for each in judged(gone).stage().unmet]


def test_a_goal_of_today_is_not_met_by_one_of_yesterday():
    stricter = replace(
        full_facts(), spec=spec_of(kpi={"metric": "mean_absolute_error", "max": 0.001, "value_per_unit": 1})
    )
    (unmet,) = [each for each in judged(stricter).stage().unmet if each.requirement.code == "SL-L002"]
    assert unmet.message == "SL-E001 passed; the goal is another one now: mean_absolute_error 0.001"


def test_what_the_file_lacks_for_the_next_stage_is_on_the_list_with_a_line_to_write():
    facts = full_facts("poc", gates=None, release=None)
    found = judged(facts).stage(Stage.PILOT)
    assert not found.earned
    (todo,) = [each for each in found.todo if each.code == "SL-L006"]
    assert "the file has no gates, release; e.g. gates: {min_improvement: 0}; release: {target: batch" in todo.why
    for key in {key for keys in REQUIRED.values() for key in keys if not key.startswith("owners.")}:
        assert set(yaml.safe_load(example_of(key))) == {key.partition(".")[0]}


def test_what_needs_a_model_in_use_says_so_and_comes_later():
    empty = Facts(spec_of("pilot", readiness={"min_production": 1.0}))
    todo = judged(with_fact(empty, step="evaluate", evidence={"evidence": {"n": 1}})).stage(Stage.PRODUCTION).todo
    blocked = {each.code: each.blocked for each in todo if each.code in ("SL-L003", "SL-L307")}
    assert set(blocked.values()) == {"needs a model in use: airflow dags trigger small.train"}
    assert next(each.owner for each in todo if each.code == "SL-L005") == "mo"


def test_what_a_requirement_earns_anyway_is_not_asked_for_twice():
    facts = full_facts("pilot", readiness={"min_production": 2.0})
    # Of the infrastructure only the canary is left.
    lost = {"drill", "attestation", "earn", "validate"}
    kept = replace(facts, facts=tuple(each for each in facts.facts if each.step not in lost))
    needed = {each.code for each in judged(kept).stage(Stage.PRODUCTION).todo if each.needed}
    assert {"SL-L003", "SL-L307"} <= needed
    assert not needed & {"SL-L301", "SL-L302", "SL-L303", "SL-L305"}


def test_an_approval_of_another_release_counts_for_nothing():
    facts = changed(full_facts(), "approve", evidence={"evidence": "sha256:other"})
    assert [each.requirement.code for each in judged(facts).stage().unmet] == ["SL-L005"]


def test_what_is_to_be_done_is_the_cheapest_way_and_enough():
    empty = Facts(spec_of("pilot", readiness={"min_pilot": 2.0}))
    facts = with_fact(empty, step="evaluate", evidence={"evidence": {"n": 1}})
    found = judged(facts).stage()
    needed = [each for each in found.todo if each.needed and each.gain]
    for section in ("1", "2", "3", "4"):
        assert sum(each.gain for each in needed if each.code[4] == section) >= 2.0
    assert [each.minutes for each in needed] == sorted(each.minutes for each in needed)
    for each in needed:
        assert each.blocked == ""
    # No test that was left out would have been cheaper than the dearest that is needed.
    for section in ("1", "2", "3", "4"):
        own = [each for each in needed if each.code[4] == section]
        left = [each for each in found.todo if not each.needed and not each.blocked and each.code[4] == section]
        assert min((each.minutes / each.gain for each in left), default=1e9) >= max(
            each.minutes / each.gain for each in own
        )


def test_what_a_later_stage_alone_can_earn_is_never_asked_for():
    found = judged(Facts(spec_of("poc"))).stage(Stage.PILOT)
    waiting = {each.code: each.blocked for each in found.todo if each.blocked}
    assert waiting["SL-L307"] == "possible from stage pilot on"
    assert waiting["SL-L306"] == "possible from stage production on"
    assert waiting["SL-L301"] == "needs a trained model: stageline run small"
    assert not any(each.needed for each in found.todo if each.blocked.startswith("possible from"))


def test_a_test_without_its_part_of_the_yaml_says_so():
    spec = spec_of("poc", source={"uri": "data/small.csv"})
    facts = with_fact(Facts(spec), step="evaluate", evidence={"evidence": {"n": 1}})
    found = judged(facts).stage(Stage.PILOT)
    assert {each.code: each.blocked for each in found.todo}["SL-L204"] == "needs source.event_time in the YAML"


class TestGrace:
    def test_what_expired_still_counts_for_a_while(self):
        facts = full_facts("pilot", readiness={"enforce": "block", "min_pilot": 6.5})
        end = min(each.until for each in judged(facts).results)
        later = judged(facts, end + timedelta(days=3))
        found = later.stage()
        assert not found.earned
        assert found.grace_until == end + timedelta(days=7)
        check = judge_earned(later)
        assert (check.verdict, check.severity) == (Verdict.FAILED, Severity.WARNING)
        assert "it counts as earned until" in check.message
        assert readiness_report(later).verdict is Verdict.WARNED

    def test_then_it_blocks_and_names_the_tests(self):
        facts = full_facts("pilot", readiness={"enforce": "block", "min_pilot": 6.5})
        end = min(each.until for each in judged(facts).results)
        later = judged(facts, end + timedelta(days=8))
        assert later.stage().grace_until is None
        check = judge_earned(later)
        assert (check.verdict, check.severity) == (Verdict.FAILED, Severity.CRITICAL)
        assert "SL-L402 Data invariants hold for inputs" in check.message
        assert readiness_report(later).blocks

    def test_a_failure_has_no_grace(self):
        facts = changed(full_facts(readiness={"enforce": "block"}), "evaluate", checks=(check("SL-E001", "failed"),))
        assert judged(facts).stage().grace_until is None


class TestEnforcement:
    def test_unless_the_spec_says_otherwise_releases_are_held_back(self):
        lost = drop(full_facts(), step="drill")
        check = judge_earned(judged(lost))
        assert judged(lost).enforcement is Enforcement.BLOCK
        assert (check.verdict, check.severity, check.effect) == (Verdict.FAILED, Severity.CRITICAL, Verdict.FAILED)
        assert held_back((check,)) == {"stage": check.message}

    @pytest.mark.parametrize(("said", "effect"), [("tell", None), ("warn", Verdict.WARNED), ("block", Verdict.FAILED)])
    def test_the_spec_may_say_so(self, said, effect):
        check = judge_earned(judged(enforced(drop(full_facts(), step="drill"), enforce=said)))
        assert check.effect is effect
        assert ("readiness.enforce: block would hold this release back" in check.message) == (said != "block")
        assert bool(held_back((check,))) == (said == "block")

    @pytest.mark.parametrize("code", [test.code for test in TESTS])
    @pytest.mark.parametrize("lose", [without, aged])
    def test_a_block_names_each_test_that_is_lost(self, lose, code):
        facts = full_facts(readiness={"enforce": "block", "min_production": 6.5})
        before = judged(facts).score.sections
        lost = judged(lose(facts, code))
        own = next(each for each in lost.results if each.test.code == code)
        check = judge_earned(lost)
        if lost.score.sections[own.test.section] >= 6.5:
            assert before[own.test.section] == 7.0
            assert check.verdict is Verdict.PASSED or code not in check.message
        else:
            assert check.effect is not Verdict.PASSED
            named = [each.test for each in lost.results if f"{each.test.code} {each.test.title}" in check.message]
            # What is gone without a trace, or by half, may be made up for by a cheaper one of the section.
            assert own.test in named or (
                own.state in (State.MISSING, State.HALF) and own.test.section in {each.section for each in named}
            )

    def test_an_earned_stage_passes_whatever_is_enforced(self):
        for said in ("tell", "warn", "block"):
            assert judge_earned(judged(enforced(full_facts(), enforce=said))).verdict is Verdict.PASSED


class TestBrokenLedger:
    facts = replace(full_facts(readiness={"enforce": "block"}), faults=("#3: a value was edited",))

    def test_no_stage_is_earned(self):
        for stage in Stage:
            assert not judged(self.facts).stage(stage).earned

    def test_the_report_errors(self):
        report = readiness_report(judged(self.facts))
        assert (report.verdict, report.blocks) == (Verdict.ERRORED, True)
        assert "#3: a value was edited" in report.sentence

    def test_releases_are_held_back(self):
        assert judge_earned(judged(self.facts)).effect is Verdict.ERRORED

    def test_where_nothing_is_enforced_it_is_told(self):
        loose = enforced(self.facts, enforce="tell")
        check = judge_earned(judged(loose))
        assert (check.effect, check.verdict) == (None, Verdict.FAILED)


def test_the_report_has_a_check_for_each_test_and_each_requirement():
    report = readiness_report(judged(full_facts()))
    assert report.verdict is Verdict.PASSED
    assert {each.code for each in report.checks} == {
        "SL-L010",
        *(test.code for test in TESTS),
        *(each.code for each in REQUIREMENTS),
    }
    assert report.evidence["sections"] == {"data": 6.5, "model": 7.0, "infrastructure": 6.5, "monitoring": 7.0}
    assert all(report.evidence["tests"][test.code]["records"] for test in TESTS)


def test_owners_stand_in_the_to_do_list():
    found = judged(Facts(spec_of())).stage()
    assert {each.owner for each in found.todo} == set(OWNERS.values())
    assert judged(full_facts(), NOW).now == NOW
