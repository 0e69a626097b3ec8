"""The stage card: every test and its evidence on one page that loads nothing, whatever names and values hold."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from full_evidence import NOW, full_facts, judged, spec_of, without
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_skeleton import ANY_TEXT, Skeleton

from stageline.costs.metering import Meter
from stageline.monitoring.incident_topics import owner_of, role_of
from stageline.operators.stage_card import digest_of_card, stage_card
from stageline.readiness import REQUIREMENTS, TESTS, Fact, Facts
from stageline.reporting import (
    card_texts,
    read_stamp,
    readiness_summary,
    render_stage_card,
    stage_card_markdown,
    stamped,
    text_digest,
)


def card_of(facts, **given):
    return stage_card(judged(facts), project=Path(), **given)


def spoken(text):
    """Return a card in which a person wrote a text wherever one can."""
    card = card_of(full_facts("pilot"))
    return card.model_copy(
        update={
            "pipeline": "small", "description": text, "sentence": text, "owners": (text, text, text, text),
            "risks": (text,), "records": tuple(each.model_copy(update={"sentence": text, "by": text}) for each in card.records),
            "duties": tuple(each.model_copy(update={"people": text}) for each in card.duties),
            "sections": tuple(
                section.model_copy(
                    update={"tests": tuple(test.model_copy(update={"message": text}) for test in section.tests)}
                )
                for section in card.sections
            ),
        }
    )  # fmt: skip


def test_each_test_and_each_requirement_stands_on_the_page_with_a_link_to_its_records():
    card = card_of(full_facts("pilot"))
    page = render_stage_card(card)
    for test in TESTS:
        assert f'id="{test.code}"' in page
    for each in REQUIREMENTS:
        assert any(view.code == each.code for view in card.requirements)
    linked = set(re.findall(r'href="#record-(\d+)"', page))
    assert linked
    assert linked <= set(re.findall(r'id="record-(\d+)"', page))
    named = {position for section in card.sections for test in section.tests for position in test.records}
    assert named <= {record.position for record in card.records}


def test_four_bars_are_as_long_as_their_sums():
    page = render_stage_card(card_of(full_facts("pilot")))
    assert re.findall(r'<i style="width:([\d.]+)%">', page) == ["92.9", "100.0", "92.9", "100.0"]
    assert page.count('<b style="left:28.6%">') == 4  # production asks for 2 of 7


def test_what_was_spent_and_what_is_forecast_stand_on_the_card():
    facts = full_facts("pilot")
    evaluated = facts.newest("evaluate")
    took = {**Meter().evidence(), "wall_seconds": 36_000.0, "peak_memory_gib": 2.0}
    spent = replace(
        evaluated,
        step="costs",
        position=len(facts.facts) + 1,
        sentence="2026-11 so far: USD 812.00",
        run="small.costs/c",
    )
    known = tuple(replace(fact, metered=took) if fact is evaluated else fact for fact in facts.facts)
    costs = {view.label: view.value for view in card_of(replace(facts, facts=(spent, *known))).costs}
    assert costs["Spent"] == f"2026-11 so far: USD 812.00 (#{spent.position})"
    # Ten hours of a vCPU and of 2 GiB, at the package's prices.
    assert costs["Newest model"].startswith("This run cost USD 0.49: its one step took 36,000 s and at most 2 GiB")
    assert "Forecast" in costs


def test_it_loads_nothing():
    page = render_stage_card(card_of(full_facts("pilot"), airflow_ui="http://airflow.example"))
    assert "<script" not in page
    assert not re.search(r'(src|url\()=?["\']?https?:', page)
    assert 'href="http://airflow.example/dags/small.train/runs/run-6"' in page
    assert "default-src 'none'" in page


def test_what_is_lost_stands_in_both_texts_with_how_to_earn_it():
    card = card_of(without(full_facts("pilot", readiness={"min_pilot": 6.5}), "SL-L301"))
    for text in (render_stage_card(card), stage_card_markdown(card), readiness_summary(card)):
        assert "SL-L301" in text
        assert "stageline readiness small --earn SL-L301" in text


def test_nobody_named_is_said():
    card = card_of(Facts(spec_of("poc", owners={}, release=None)))
    assert "nobody is named as owner of operations (owners.operations)" in card.risks
    assert all(each.people == "nobody is named" for each in card.duties if each.duty != "Approving a release")


def test_approvers_are_those_that_the_release_asks():
    release = {"target": "batch", "approvers": ["model", "operations"], "approvals": 2,
               "rollout": {"steps": [25], "interval": "PT1H", "deadline": "P1D"}}  # fmt: skip
    duty = next(each for each in card_of(full_facts(release=release)).duties if each.duty == "Approving a release")
    assert (duty.parts, duty.people) == (("I", "A", "I", "A"), "mo, olu (2 of them)")


@pytest.mark.parametrize(
    ("topic", "words"),
    [("inputs", "what came in"), ("kpi", "the KPI misses its goal"), ("monitoring", "the monitoring stopped")],
)
def test_alerts_go_to_whom_the_monitoring_tells(topic, words):
    spec = full_facts().spec
    duty = next(each for each in card_of(full_facts()).duties if each.duty == f"Alert: {words}")
    assert duty.people == owner_of(role_of(topic), spec.owners)


def test_the_digest_is_of_all_that_the_card_says():
    card = card_of(full_facts("pilot"))
    assert digest_of_card(card) == digest_of_card(card_of(full_facts("pilot")))
    for change in ({"sentence": "x"}, {"score": 7.0}, {"owners": ("a", "b", "c", "d")}, {"upto": 1}):
        assert digest_of_card(card.model_copy(update=change)) != digest_of_card(card)


def test_a_broken_ledger_is_said_first_and_nothing_of_it_is_shown():
    card = card_of(replace(full_facts("pilot"), faults=("#3: a value was edited",)))
    assert card.verdict.value == "errored"
    assert (card.score, card.sections, card.todo, card.records) == (None, (), (), ())
    page = render_stage_card(card)
    assert "nothing in it is evidence: #3: a value was edited" in page
    for text in (stage_card_markdown(card), readiness_summary(card)):
        assert text.startswith("# small: stage pilot, no score\n\n**errored**: The ledger's chain does not hold")
    for text in (page, stage_card_markdown(card), readiness_summary(card)):
        assert "exceptional" not in text
        assert "6.5" not in text


def test_a_file_that_does_not_follow_the_record_is_said():
    up = Fact(
        position=99, digest="9" * 64, at=NOW, kind="graduation", step="graduation", verdict="passed",
        evidence={"from": "pilot", "to": "production"},
    )  # fmt: skip
    facts = full_facts("pilot")
    card = card_of(replace(facts, facts=(up, *facts.facts)))
    for text in (render_stage_card(card), stage_card_markdown(card), readiness_summary(card)):
        assert "on record is" in text
        assert "(#99)" in text


class TestStamps:
    @pytest.fixture(scope="class")
    @classmethod
    def texts(cls):
        return card_texts(card_of(full_facts("pilot")))

    @pytest.mark.parametrize("ending", [".html", ".md"])
    def test_a_file_says_its_record_and_its_digest(self, texts, ending):
        made = stamped(texts[ending], 12)
        stamp = read_stamp(made)
        assert stamp.record == 12
        assert stamp.claimed == stamp.digest == text_digest(texts[ending])
        assert f"record #12 of the ledger, {stamp.digest}" in made

    @pytest.mark.parametrize("ending", [".html", ".md"])
    @given(data=st.data())
    def test_any_other_character_is_found(self, texts, ending, data):
        made = stamped(texts[ending], 12)
        place = data.draw(st.integers(0, len(made) - 1))
        character = data.draw(st.characters(exclude_characters=made[place], codec="utf-8"))
        stamp = read_stamp(f"{made[:place]}{character}{made[place + 1 :]}")
        assert stamp is None or stamp.record != 12 or not stamp.claimed == stamp.digest == text_digest(texts[ending])

    def test_what_a_person_wrote_is_no_stamp(self):
        forged = stamped(card_texts(card_of(full_facts("pilot")))[".md"], 7).splitlines()[-1]
        made = stamped(card_texts(spoken(forged))[".html"], 12)
        assert (read_stamp(made).record, read_stamp(made).claimed) == (12, read_stamp(made).digest)
        blank = card_texts(spoken("x"))[".md"].splitlines()[-1]
        text = card_texts(spoken(blank))[".html"]
        assert text.replace(f"sha256:{'0' * 64}", "") != text
        assert read_stamp(stamped(text, 12)).digest == text_digest(text)

    def test_without_a_record_there_is_none(self):
        card = card_of(full_facts("pilot"))
        assert read_stamp(stage_card_markdown(card)) is None
        assert read_stamp(render_stage_card(card)) is None


PLAIN = Skeleton(render_stage_card(spoken("plain")))


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}", "a|b`c`\n# d", "\u202egnp", "&lt;"]
)
def test_harm_is_only_text(text):
    page = render_stage_card(spoken(text))
    assert Skeleton(page).page == PLAIN.page
    assert "<img" not in page
    made = stage_card_markdown(spoken(text))
    assert "<script" not in made
    assert "\n# d" not in made


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_TEXT)
def test_any_text_is_only_text(text):
    assert Skeleton(render_stage_card(spoken(text))).page == PLAIN.page
