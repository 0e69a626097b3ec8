import re

import cost_samples as samples
import pytest
from hypothesis import given, settings
from page_skeleton import ANY_TEXT, DRAWN, Skeleton

from stageline.reporting.cost_content import PartView, SavingView
from stageline.reporting.cost_page import render_cost_page
from stageline.verdicts import Verdict


def words(html):
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def page():
    return render_cost_page(samples.content())


@pytest.fixture(scope="module")
def read(page):
    return words(page[page.index("<body>") :])


def test_the_recommendation_comes_first_then_the_three_figures(read):
    order = [
        "Use an own http server: it is the cheapest.",
        "Total over 36 months",
        "1,000 predictions, everything",
        "A month today",
    ]
    assert sorted(order, key=read.index) == order
    assert "EUR 50,000" in read
    assert "60 % of it fixed" in read


@pytest.mark.parametrize("verdict", ["passed", "warned", "failed"])
def test_a_limit_colours_the_top(verdict):
    drawn = render_cost_page(samples.undrawn(gate=samples.gate(Verdict(verdict))))
    assert f'<section class="verdict {verdict}"' in drawn
    assert f"{verdict} : 1,000 predictions cost EUR 1.40" in words(drawn)


def test_without_a_limit_nothing_is_judged():
    drawn = render_cost_page(samples.undrawn(gate=None))
    assert '<section class="verdict inconclusive"' in drawn
    assert "1,000 predictions cost EUR" not in words(drawn)


def test_what_fits_is_ranked_and_what_does_not_says_why(read):
    assert "an own http server EUR 50,000 (40,000 to 60,000) EUR 1.40 70 %" in read
    assert "batches : too late" in read
    assert "In 2 % of the draws the model becomes too slow" in read


def test_break_evens_and_building_are_sentences(read):
    assert "From 862,000 requests a month on, an own http server is cheaper than a vendor" in read
    assert "From 5,000,000 requests a month on, y takes the place of x: 200 are the most" in read
    assert "in half of the draws from 900,000 requests a month on, in 80 % of them from 2,000,000" in read


def test_the_turn_and_what_dominates_are_told(read):
    assert "rises from EUR 0.01 at 100,000 requests a month to EUR 0.2 at 10,000,000 , and falls from there on" in read
    assert "from 1,000,000 requests a month on: compute" in read


def test_forecast_and_actual_are_counted(read):
    assert "Forecast and actual 1 of 2 months lie inside the band." in read
    assert "The first month, with what it takes to build, costs EUR 20,000" in read


def test_what_was_spent_is_told_by_month_purpose_and_run(read):
    assert "2026-11 so far EUR 12.50 EUR 1,000 EUR 1,012" in read
    assert "2026-10 EUR 12.50 EUR 1,000 EUR 1,012 EUR 0 EUR 800.00 EUR 12.00 EUR 200.50 50,000 EUR 20.25" in read
    assert "bikes.score r7 2026-11-03 00:00 UTC 1 EUR 0.002" in read


def test_nothing_spent_leaves_no_section():
    assert "What was spent" not in render_cost_page(samples.undrawn(spent_months=(), spent_runs=()))


def test_a_month_is_shared_among_those_who_bear_and_earn_it(read):
    assert "EUR 8.50 a customer. 3 % of the revenue. Cost centre mobility." in read


def test_grounds_name_what_was_measured_and_assumed(read):
    assert "Measured one row 4 ms Assumed a peak of 3 times the mean" in read
    assert "vcpu_hour: 0.04 EUR per vCPU-hour (a page)" in read
    assert "the prices are old" in read


def test_every_chart_is_there_for_a_screen_and_for_a_phone(page):
    assert page.count('<figure role="img"') == 4
    assert page.count('<div class="wide"><svg') == page.count('<div class="narrow"><svg') == 4


def test_the_page_runs_nothing_and_loads_nothing(page):
    assert "<script" not in page
    assert set(re.findall(r"https?://[^\"' )]+", page)) <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
    }  # fmt: skip


def test_the_same_content_gives_the_same_page(page):
    assert render_cost_page(samples.content()) == page


def test_without_figures_each_section_says_so():
    empty = samples.content(
        options=(), rivals=(), turn=None, break_evens=(), building=None, swings=(), savings=(), forecast=(), measured=(),
        assumed=(), parts=(), first_month=None, warning=None, curve=samples.curve("x", 0.5, fits_until=0),
    )  # fmt: skip
    read = words(render_cost_page(empty))
    for part in (
        "None fits.", "Nothing to draw.", "No factor moves the total.", "All are pulled.", "No month has been metered yet.",
        "The marginal cost does not rise before it falls.", "Measured nothing Assumed nothing", "Nothing is used.",
    ):  # fmt: skip
        assert part in read


def test_building_that_never_pays_is_said():
    never = samples.content().building.model_copy(update={"pays_from": None, "pays_surely_from": None})
    assert "At none of the loads looked at is a model of one's own cheaper" in words(
        render_cost_page(samples.undrawn(building=never))
    ).replace("&#39;", "'")


def test_a_number_that_is_none_is_a_dash():
    odd = samples.undrawn(parts=(PartView(name="compute", amount=float("nan"), share=1.0, fixed=False),))
    assert "compute \N{EN DASH}" in words(render_cost_page(odd))


@settings(max_examples=30)
@given(text=ANY_TEXT)
def test_whatever_texts_hold_the_page_keeps_its_shape(text):
    plain = Skeleton(render_cost_page(samples.undrawn(lambda _: "plain")))
    assert Skeleton(render_cost_page(samples.undrawn(lambda _: text))).page == plain.page


def test_markup_in_names_is_only_text_in_the_charts():
    text = "</text><script>alert(1)</script><image href=x> & 'q' \"q\" `c`"
    plain = Skeleton(render_cost_page(samples.content(lambda _: "plain")))
    odd = Skeleton(render_cost_page(samples.content(lambda _: text)))
    assert odd.page == plain.page
    assert odd.drawn <= plain.drawn | DRAWN


def test_what_saves_less_than_a_cent_says_so():
    read = words(render_cost_page(samples.undrawn(savings=(SavingView(lever="cache", saved=1.6e-5, share=1e-9),))))
    assert "cache under EUR 0.01 &lt; 0.1 %" in read
