"""The score as published: points of 28 tests, the least of four sums, its band."""

import pytest
from full_evidence import NOW, aged, full_facts, judged, points, spec_of, without
from hypothesis import given
from hypothesis import strategies as st

from stageline.readiness import TESTS, Facts, Result, Score, Section, State, band_of

HALF_ONLY = {"SL-L105", "SL-L305"}


def result(test, worth):
    return Result(test, worth, State.HALF, "")


def test_there_are_seven_tests_a_section_with_codes_that_say_where_they_stand():
    for digit, section in enumerate(Section, start=1):
        own = [test for test in TESTS if test.section is section]
        assert [test.code for test in own] == [f"SL-L{digit}{number:02d}" for number in range(1, 8)]
        assert [test.number for test in own] == list(range(1, 8))
    assert len({test.title for test in TESTS}) == 28


def test_every_test_says_what_counts_and_how_to_earn_it():
    for test in TESTS:
        assert test.earn
        assert test.lifetime.days >= 14
        assert test.full or test.half
        assert test.most == (0.5 if test.code in HALF_ONLY else 1.0)


def test_with_all_evidence_every_test_has_all_its_points():
    found = points(full_facts())
    assert {code for code, worth in found.items() if worth != 1.0} == HALF_ONLY
    score = judged(full_facts()).score
    assert (score.value, score.band) == (6.5, "exceptional")
    assert list(score.sections.values()) == [6.5, 7.0, 6.5, 7.0]


def test_without_evidence_it_is_a_research_project():
    empty = judged(Facts(spec_of()))
    assert {each.points for each in empty.results} == {0.0}
    assert {each.state for each in empty.results} == {State.MISSING}
    assert (empty.score.value, empty.score.band) == (0.0, "research project")


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (0, "research project"), (0.5, "serious holes possible"), (1, "serious holes possible"),
        (1.5, "first pass at productionising"), (2, "first pass at productionising"), (2.5, "reasonably tested"),
        (3, "reasonably tested"), (3.5, "strong, mission-critical"), (5, "strong, mission-critical"), (5.5, "exceptional"),
    ],
)  # fmt: skip
def test_bands_as_published(score, band):
    assert band_of(score) == band


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=28, max_size=28))
def test_the_score_is_the_least_of_four_sums(worths):
    score = Score.of(result(test, worth) for test, worth in zip(TESTS, worths, strict=True))
    sums = [sum(worths[start : start + 7]) for start in (0, 7, 14, 21)]
    assert score.value == min(sums)
    assert list(score.sections.values()) == sums


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=28, max_size=28), st.integers(0, 27))
def test_a_point_more_never_lowers_the_score(worths, place):
    better = [*worths[:place], 1.0, *worths[place + 1 :]]
    before, after = (
        Score.of(result(test, worth) for test, worth in zip(TESTS, given, strict=True)) for given in (worths, better)
    )
    assert after.value >= before.value


@pytest.mark.parametrize("code", [test.code for test in TESTS])
@pytest.mark.parametrize("lose", [without, aged])
def test_each_evidence_that_is_lost_costs_its_points_and_says_how_to_earn_them_again(lose, code):
    facts = full_facts()
    before, lost = judged(facts), judged(lose(facts, code))
    own = next(each for each in lost.results if each.test.code == code)

    sums = dict.fromkeys(Section, 0.0)
    for each in lost.results:
        sums[each.test.section] += each.points
    assert lost.score.value == min(sums.values()) <= before.score.value
    assert lost.score.sections[own.test.section] < before.score.sections[own.test.section]
    assert own.points < next(each.points for each in before.results if each.test.code == code)
    if own.points == 0 and lose is aged:
        assert own.state in (State.EXPIRED, State.MISSING)
        assert own.state is State.MISSING or "expired" in own.message
    elif own.points == 0:
        assert own.message
    # Where all seven points of each section are asked for, whatever is missing is to be done.
    asked = Facts(facts.spec.model_copy(update={"readiness": facts.spec.readiness.model_copy(update={"min_production": 7.0})}),
                  lose(facts, code).facts)  # fmt: skip
    (todo,) = [each for each in judged(asked).stage().todo if each.code == code]
    assert todo.how
    assert "{" not in todo.how
    assert todo.owner == getattr(facts.spec.owners, todo.role)
    assert todo.gain > 0


@pytest.mark.parametrize("code", [test.code for test in TESTS])
def test_evidence_holds_to_the_end_of_its_lifetime_and_not_longer(code):
    facts = full_facts()
    own = next(each for each in judged(facts).results if each.test.code == code)
    assert own.until is not None
    assert own.until > NOW
    at_end = {each.test.code: each for each in judged(facts, own.until).results}[code]
    assert at_end.points == own.points
    just_after = {each.test.code: each for each in judged(facts, own.until.replace(year=own.until.year + 2)).results}[
        code
    ]
    assert just_after.points == 0
    assert just_after.state is State.EXPIRED
