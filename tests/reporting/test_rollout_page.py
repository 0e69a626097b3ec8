"""The page of a rollout: the verdict comes first, nothing known is left unsaid, and no text is more than text."""

import math
import re
from datetime import timedelta
from html import unescape

import pytest
import report_samples
import rollout_samples as samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_skeleton import ANY_TEXT, Skeleton
from pydantic import ValidationError
from rollout_samples import BEGAN, HOUR

from stageline.reporting.charts.axes import Axis, decimals_of, tick_text, time_ticks
from stageline.reporting.charts.rollout_metric import thinned
from stageline.reporting.charts.rollout_share import MOST_MARKS, shown_looks
from stageline.reporting.formats import NOTHING
from stageline.reporting.rollout_content import TriedModel
from stageline.reporting.rollout_headline import headline, lasting
from stageline.reporting.rollout_metrics import metric_cards
from stageline.reporting.rollout_metrics import test_card as card_of_test
from stageline.reporting.rollout_page import MOST_LOOKS, render_rollout_page

SECTIONS = ["share", "metrics", "traffic", "looks", "run"]


def section(page, name):
    return page[page.index(f'<section id="{name}"') :].partition("</section>")[0]


def words(markup):
    inline = re.sub(r"</?(?:code|strong|span|wbr)\b[^>]*>", "", markup)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inline)).replace("\u00a0", " ").split())


def sections(page):
    return re.findall(r'<section id="([\w-]+)"', page)


def paths(page, kind):
    return re.findall(rf'<path class="{kind}" d="([^"]*)"', page)


@pytest.fixture(scope="module")
def full_page():
    return render_rollout_page(samples.full())


@pytest.fixture(scope="module")
def minimal_page():
    return render_rollout_page(samples.minimal())


class TestThePage:
    def test_the_verdict_comes_first_then_the_sections_in_order(self, full_page, minimal_page):
        assert sections(full_page) == ["share", "ab-test", *SECTIONS[1:]]
        assert sections(minimal_page) == SECTIONS
        top = words(full_page.partition("<main>")[2].partition('id="share"')[0])
        assert "promoted Version 2 is the champion, in the place of version 1" in top
        assert "<title>mo: rollout promoted</title>" in full_page

    def test_it_runs_nothing_and_loads_nothing(self, full_page, minimal_page):
        for page in (full_page, minimal_page):
            assert "<script" not in page
            assert re.findall(r'(?:src|href)="(?!http://127\.0\.0\.1:)[^"]*"', page) == []
            assert re.findall(r"url\(|@import", page) == []
            assert "default-src 'none'" in page
            opened = [tag for tag, _ in Skeleton(page).page]
            for tag in ("section", "article", "table", "div", "dl", "header", "figure"):
                assert opened.count(tag) == opened.count(f"/{tag}")

    def test_the_same_content_gives_the_same_characters(self, full_page):
        assert render_rollout_page(samples.full()) == full_page

    def test_before_the_first_look_it_says_so_everywhere(self, minimal_page):
        assert "nothing is known of the canary" in words(section(minimal_page, "metrics"))
        assert words(section(minimal_page, "looks")) == "Looks Nobody has looked yet."
        assert "not known" in words(section(minimal_page, "traffic"))
        assert "nobody: no approval was asked for" in words(section(minimal_page, "run"))
        assert "not on record" in words(section(minimal_page, "run"))

    def test_the_newest_look_comes_first_with_its_decision(self, full_page):
        rows = re.findall(r"<tr>(.*?)</tr>", section(full_page, "looks"), flags=re.DOTALL)[1:]
        assert words(rows[0]) == "8 2026-11-22 04:00 UTC 50 % promoted mo #18"
        assert words(rows[-1]) == "1 2026-11-21 21:00 UTC 5 % hold mo #11"

    def test_of_very_many_looks_the_newest_are_listed(self):
        many = tuple(samples.look(8, action="hold").model_copy(update={"number": n}) for n in range(1, 501))
        page = render_rollout_page(samples.minimal(looks=many))
        assert section(page, "looks").count("<tr>") == 1 + MOST_LOOKS
        assert f"{500 - MOST_LOOKS} more looks before these are not shown." in words(section(page, "looks"))

    def test_rows_and_errors_stand_by_step(self, full_page):
        told = words(section(full_page, "traffic"))
        assert "5 % 2026-11-21 20:00 UTC 2026-11-21 23:00 UTC 3 1,200 4 (0.3 %)" in told
        assert "1 \N{MULTIPLICATION SIGN} not finite" in told

    def test_who_approved_and_which_models_with_their_runs(self, full_page):
        told = words(section(full_page, "run"))
        assert "Canary version 2 · MLflow run" in told
        assert "Champion version 1 · MLflow run" in told
        assert "Approved by mo 2026-11-21 20:00 UTC, #2 failed mo" in told

    def test_no_link_leads_elsewhere(self):
        with pytest.raises(ValidationError, match="must start with http"):
            TriedModel(version=2, link="javascript:alert(1)")


@pytest.mark.parametrize(
    ("changes", "tone", "sentence"),
    [
        ({}, "inconclusive", "Version 2 is held at 5 % of the traffic, beside the champion"),
        ({"looks": (samples.look(1, action="advance"),), "deadline": BEGAN, "reason": "no harm"}, "inconclusive",
         "Version 2 goes on from 5 % of the traffic to its next step, beside the champion: no harm"),
        ({"looks": (samples.look(1, action="promote"),), "deadline": BEGAN}, "inconclusive",
         "Version 2 is about to be promoted from 5 % of the traffic, beside the champion"),
        ({"looks": (samples.look(1, action="roll_back"),), "deadline": BEGAN, "reason": "harm"}, "inconclusive",
         "Version 2 is about to leave the traffic, of which it has 5 %, beside the champion: harm"),
        (
            {"looks": (samples.look(1),), "reason": "too few", "deadline": BEGAN + 24 * HOUR}, "inconclusive",
            "Version 2 is held at 5 % of the traffic, beside the champion: too few; undecided, it is undone at "
            "2026-11-22 20:00 UTC",
        ),
        ({"state": "promoted", "reason": "good"}, "passed", "Version 2 is the champion, in the place of the champion: good"),
        (
            {"state": "undone", "reason": "harm", "champion": TriedModel(version=1)}, "failed",
            "Version 2 was taken out of the traffic at 5 %; version 1 stays the champion: harm",
        ),
        (
            {"state": "undone", "reason": "complaints", "actor": "mo"}, "failed",
            "Version 2 was taken out of the traffic at 5 % by mo; the champion stays the champion: complaints",
        ),
        ({"state": "taken_back", "reason": "x"}, "failed", "Version 2 became the champion, and was rolled back: x"),
        ({"state": "superseded"}, "warned", "Version 2 left the traffic at 5 %, as the champion was changed"),
    ],
)  # fmt: skip
def test_one_sentence_says_what_became_of_it_and_why(changes, tone, sentence):
    found = headline(samples.minimal(**changes))
    assert (found.tone.value, found.sentence.replace("\u00a0", " ")) == (tone, sentence)
    assert "<svg" in render_rollout_page(samples.minimal(**changes))


class TestTheShare:
    def test_it_ends_where_the_traffic_went(self):
        def tail(**changes):
            page = render_rollout_page(samples.minimal(ended=BEGAN + HOUR, as_of=BEGAN + HOUR, **changes))
            (wide, _) = re.findall(r'<path class="share-end \w+" d="([^"]*)"', page)
            return float(wide.rpartition(" ")[2])

        assert tail(state="promoted") < tail(state="undone")
        assert tail(state="taken_back") == tail(state="promoted")
        assert tail(state="superseded") == tail(state="undone")

    def test_each_look_is_a_mark_of_its_decision(self, full_page):
        wide = section(full_page, "share").partition('<div class="narrow">')[0].partition("<figure")[2]
        assert [wide.count(f'class="mark {action}"') for action in ("hold", "advance", "promote", "roll_back")] == [
            5,
            2,
            1,
            0,
        ]
        assert "<title>look 3, 2026-11-21\u00a023:00\u00a0UTC" in wide or "<title>look 3, 2026-11-21 23:00" in wide
        assert words(section(full_page, "share")).startswith("Share of the traffic hold next step promoted Times")

    def test_of_very_many_each_that_decided_something_is_drawn(self):
        looks = [samples.look(8, action="hold")] * 999 + [samples.look(8, action="roll_back")]
        kept = shown_looks(looks)
        assert kept[-1].action == "roll_back"
        assert len(kept) <= MOST_MARKS + 1

    def test_marks_and_lines_stay_in_the_picture(self, full_page):
        for width, svg in re.findall(r'<svg class="panel" width="([\d.]+)"(.*?)</svg>', full_page, flags=re.DOTALL):
            drawn = re.sub(r'<path class="mark [^>]*>', "", svg)
            places = re.findall(r"[ML](-?[\d.]+) ", "".join(re.findall(r' d="(M.*?)"', drawn)))
            places += re.findall(r"translate\((-?[\d.]+) ", svg)
            assert all(0 <= float(x) <= float(width) for x in places)


class TestTheMetrics:
    def test_each_limit_is_a_card_with_its_newest_numbers(self):
        cards = {card.title: card for card in metric_cards(samples.full(metrics=samples.metrics("95 %")))}
        errors, latency = cards["Errors"], cards["Latency, 95 % quantile"]
        assert [*cards] == [
            "Errors", "Errors of the canary alone", "Latency, 95 % quantile", "Slow answers of the canary alone",
            "Predictions", "KPI: mean loss",
        ]  # fmt: skip
        shown = (errors.canary, errors.champion, errors.value, errors.bounds, errors.limit)
        assert [text.replace("\u00a0", " ") for text in shown] == [
            "0.6 %", "0.4 %", "+0.2 points", "\N{MINUS SIGN}0.5 to 0.625 points", "1 point",
        ]  # fmt: skip
        assert latency.canary.replace("\u00a0", " ") == "24 ms"
        assert (len(errors.arms), len(errors.against)) == (2, 2)
        assert cards["Errors of the canary alone"].arms == []

    def test_what_no_look_measured_has_no_picture(self):
        unknown = samples.metric(value=None, low=None, high=None, canary=None, champion=None)
        (card,) = metric_cards(samples.full(metrics=(unknown,)))
        assert (card.arms, card.against, card.value, card.bounds) == ([], [], NOTHING, "no bounds yet")
        assert "No look could measure it yet." in render_rollout_page(samples.full(metrics=(unknown,)))

    @pytest.mark.parametrize(
        ("low", "high", "told"),
        [
            (None, 0.02, "at most 2 points"),
            (-0.01, None, "at least \N{MINUS SIGN}1 points"),
            (None, None, "no bounds yet"),
        ],
    )
    def test_a_bound_that_is_not_known_is_none(self, low, high, told):
        (card,) = metric_cards(samples.full(metrics=(samples.metric(low=low, high=high),)))
        assert card.bounds.replace("\u00a0", " ") == told
        (_, svg), _ = card.against
        # The band reaches the end of the axis.
        assert len(paths(svg, "bounds")) == 1

    def test_odd_numbers_do_not_break_it(self):
        for odd in (math.nan, math.inf, -1e300, 0.0, 5e-324):
            content = samples.full(metrics=(samples.metric(value=odd, high=odd, canary=odd, limit=0.01),))
            page = render_rollout_page(content)
            assert "nan" not in "".join(re.findall(r' d="([^"]*)"', page))

    def test_classes_are_told_as_shares(self):
        view = samples.metric("predictions", "SL-R014", "predictions", canary=0.4, champion=0.35)
        (card,) = metric_cards(samples.full(metrics=(view.model_copy(update={"by_class": "class 3"}),)))
        assert (card.about, card.canary.replace("\u00a0", " ")) == ("share of class 3, which differs most", "40 %")

    @given(st.integers(0, 2_000))
    def test_a_long_line_keeps_its_end_and_stays_short(self, looks):
        points = samples.metric(looks=2).points * (looks // 2)
        kept = thinned(points)
        assert len(kept) <= 200
        assert kept[-1:] == list(points[-1:])


class TestTheTest:
    def test_effect_rows_decision_and_planned_end(self, full_page):
        told = words(section(full_page, "ab-test"))
        assert told.startswith("A/B test: mo the canary is better 17.0 % with the canary and 11.8 %")
        assert "+5 points 0.5 to 11.2 points; 2 points matter" in told
        assert "canary 1,497, champion 1,495" in told
        assert "planned end 2026-11-22 13:00 UTC" in told
        assert section(full_page, "ab-test").count('class="until"') == 2

    def test_without_an_effect_it_says_so(self):
        test = samples.ab_test(points=(), outcome="undecided", stop=False, rows=(0, 0))
        page = render_rollout_page(samples.full(ab_test=test))
        assert "No effect is known yet." in page
        assert "it may be decided before" in page

    @pytest.mark.parametrize("outcome", ["better", "worse", "no_difference", "undecided"])
    def test_each_outcome_has_its_word(self, outcome):
        card = card_of_test(samples.ab_test(outcome=outcome, unit="share"), samples.full())
        assert card.least.replace("\u00a0", " ") == "2 %"
        assert card.word in render_rollout_page(samples.full(ab_test=samples.ab_test(outcome=outcome)))


class TestHostileNames:
    # A text may cut the plain page's parts in other places, but it makes no tag of its own.
    PLAIN = Skeleton(render_rollout_page(samples.full("plain")))

    def check(self, text):
        page = render_rollout_page(samples.full(text))
        skeleton = Skeleton(page)
        assert skeleton.page == self.PLAIN.page
        assert skeleton.drawn == {"svg", "path", "circle", "text", "title"}
        assert not any(control in page for control in ("\x00", "\x1b", "\x7f", "\u202e", "\u2067"))
        page.encode()

    @pytest.mark.parametrize(
        "text", [*(text for text in report_samples.HARM if text), "javascript:alert(1)", "</title></svg><script>x"],
        ids=report_samples.short_id,
    )  # fmt: skip
    def test_known_harm_is_only_text(self, text):
        self.check(text)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(ANY_TEXT)
    def test_any_text_is_only_text(self, text):
        self.check(text)

    def test_texts_of_a_megabyte_stay_small(self):
        assert len(render_rollout_page(samples.full("<&'\"\N{PILE OF POO}" * 100_000)).encode()) < 400_000


class TestAxes:
    @given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(2, 8))
    def test_ticks_are_on_the_axis_and_tell_themselves_apart(self, low, length, most):
        axis = Axis(low, low + length, 100.0, 0.0)
        ticks = axis.ticks(most)
        assert all(low - 1e-6 * length <= tick <= low + length * (1 + 1e-6) for tick in ticks)
        assert 1 <= len(ticks) <= 2 * most + 1
        assert len({tick_text(tick, decimals_of(ticks)) for tick in ticks}) == len(ticks)

    @given(st.floats(1e9, 4e9), st.floats(1, 6e7), st.integers(2, 12))
    def test_times_are_on_the_axis_and_tell_themselves_apart(self, first, length, most):
        axis = Axis(first, first + length, 0.0, 100.0)
        found = list(time_ticks(axis, most))
        assert all(first <= second <= first + length for second, _, _ in found)
        assert len(found) <= most + 1
        named, day = [], ""
        for _, clock, new in found:
            day = new or day
            named.append((clock, day))
        assert len(set(named)) == len(named)

    def test_what_lies_beyond_is_at_the_end(self):
        axis = Axis(0.0, 1.0, 100.0, 0.0)
        assert [axis.place(value) for value in (-5, 0.5, math.inf)] == [100.0, 50.0, 0.0]

    @pytest.mark.parametrize(
        ("seconds", "told"),
        [(0, "0 s"), (59, "59 s"), (3_660, "1 h 1 min"), (86_400, "1 d"), (90_061, "1 d 1 h"), (86_461, "1 d")],
    )
    def test_a_length_of_time_has_its_two_largest_units(self, seconds, told):
        assert lasting(timedelta(seconds=seconds)).replace("\u00a0", " ") == told
