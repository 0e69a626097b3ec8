"""The page of a monitored window: what comes first, what is said where something is missing, and what is withheld."""

import re
from html import unescape

import monitor_samples as samples
import pytest
from page_skeleton import Skeleton

from stageline.reporting import render_monitor_page
from stageline.reporting.content import StepLine
from stageline.reporting.formats import NOTHING
from stageline.reporting.monitor_columns import MOST_QUIET, watched_columns
from stageline.reporting.monitor_content import (
    EstimatedView,
    IncidentView,
    LabelsView,
    MoneyView,
    ObjectiveView,
    PerformancePoint,
    ReleaseMark,
    WindowCounts,
)
from stageline.reporting.monitor_headline import headline
from stageline.reporting.monitor_warnings import early_warnings
from stageline.verdicts import Check, Mode, Verdict

SECTIONS = [
    "incidents", "funnel", "columns", "performance", "warnings", "money", "objectives", "steps", "run",
]  # fmt: skip


def sections(page):
    return re.findall(r'<section id="(\w+)"', page)


def section(page, name):
    return page[page.index(f'<section id="{name}"') :].partition("</section>")[0]


def words(markup):
    inline = re.sub(r"</?(?:code|strong|span|wbr)\b[^>]*>", "", markup)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inline)).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def full_page():
    return render_monitor_page(samples.full())


@pytest.fixture(scope="module")
def minimal_page():
    return render_monitor_page(samples.minimal())


def test_the_verdict_comes_first_then_the_sections_in_order(full_page, minimal_page):
    assert sections(full_page) == sections(minimal_page) == SECTIONS
    assert full_page.index('<p class="sentence">Performance: mean_absolute_error lost 33') < full_page.index('id="inci')
    assert "<title>bikes: monitoring failed</title>" in full_page


def test_the_page_runs_nothing_and_loads_nothing(full_page, minimal_page):
    for page in (full_page, minimal_page):
        assert "<script" not in page
        assert re.findall(r'(?:src|href)="(?!http://127\.0\.0\.1:8080/)[^"]*"', page) == []
        assert re.findall(r"url\(|@import", page) == []
        assert "default-src 'none'" in page
        opened = [tag for tag, _ in Skeleton(page).page]
        for tag in ("section", "article", "table", "ul", "ol", "details", "div", "dl"):
            assert opened.count(tag) == opened.count(f"/{tag}")


def test_the_same_content_gives_the_same_characters(full_page):
    assert render_monitor_page(samples.full()) == full_page


def test_a_run_that_left_nothing_says_so_in_every_section(minimal_page):
    assert "<svg" not in minimal_page
    for sentence in (
        "No step of this run left a record: nothing is known of this window.",
        "No model: nothing was released. No step says which window was looked at.",
        "No alert is on record yet: whether an incident is open is not known.",
        "No step of this run counted rows",
        "The step drift left no record in this run. Nothing is known of the columns.",
        "Nothing is known of this window's performance.",
        "Performance was not estimated for this window.",
        "No early warning was looked at in this run.",
        "No value in money is known",
        "No objective was judged in this run",
    ):
        assert sentence in words(minimal_page), sentence


def test_a_step_that_errored_is_quoted_where_its_findings_would_stand():
    steps = tuple(
        StepLine(step=step, verdict=Verdict.ERRORED, sentence=f"{step} found no table")
        for step in ("drift", "performance", "objectives")
    )
    page = render_monitor_page(samples.minimal(steps=steps))
    for name in ("columns", "performance", "objectives"):
        assert "ended errored: " in words(section(page, name))
        assert "found no table" in section(page, name)


# --- the sentence on top


def line(step, verdict, sentence="s"):
    return StepLine(step=step, verdict=verdict, sentence=sentence)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([line("drift", Verdict.PASSED, "none has moved")], (Verdict.PASSED, "Drift: none has moved")),
        (
            [line("drift", Verdict.WARNED), line("performance", Verdict.FAILED, "lost")],
            (Verdict.FAILED, "Performance: lost; drift warned"),
        ),
        (
            [line("drift", Verdict.FAILED), line("performance", Verdict.FAILED, "lost")],
            (Verdict.FAILED, "Performance: lost; drift failed"),
        ),
        ([line("drift", Verdict.INCONCLUSIVE), line("cause", Verdict.PASSED)], (Verdict.INCONCLUSIVE, "Drift: s")),
        ([line("drift", Verdict.ERRORED), line("other", Verdict.FAILED)], (Verdict.FAILED, "Other: s; drift errored")),
    ],
)
def test_the_worst_finding_comes_first(steps, expected):
    assert headline(steps) == expected


def test_more_passed_steps_never_make_the_verdict_better():
    steps = [line("drift", Verdict.FAILED)]
    assert headline([*steps, line("performance", Verdict.PASSED)])[0] is Verdict.FAILED


# --- incidents


def test_an_open_incident_names_its_owner_or_that_nobody_is(full_page):
    told = words(section(full_page, "incidents"))
    assert "inputs bikes-7 temp has moved in 3 windows" in told
    assert "data: di@example.org · open since 2026-05-18 00:00 UTC · 3 windows" in told
    assert "operations: nobody is named" in told


def test_no_open_incident_is_said():
    page = render_monitor_page(samples.minimal(incidents_as_of=samples.MADE))
    assert "Open incidents None." in words(section(page, "incidents"))


def test_incidents_beyond_the_first_are_counted():
    many = tuple(IncidentView(id=str(each), topic="inputs", windows=1) for each in range(15))
    page = render_monitor_page(samples.minimal(incidents=many, incidents_as_of=samples.MADE))
    assert "3 more incidents are not shown." in page
    assert "1 window</p>" in page


# --- columns


def test_what_moved_comes_first_and_what_passed_is_folded(full_page):
    names = re.findall(r'<h3><code title="([^"]*)">', section(full_page, "columns"))
    assert names[:5] == ["temp", "weather", "hum", "model.confidence", "visibility"]
    # What the model does not use comes after all that counts.
    assert names[5] == "unused"
    assert '<details class="folded"><summary>10 columns passed</summary>' in full_page


def test_few_passed_columns_stand_open():
    checks = tuple(samples.measured(f"c{number}") for number in range(MOST_QUIET))
    page = render_monitor_page(samples.minimal(drift=checks))
    assert 'class="folded"' not in page
    assert page.count('<article class="card">') == MOST_QUIET
    assert "No column has moved." in page
    more = (*checks, samples.measured("c"))
    assert f"{MOST_QUIET + 1} columns passed" in render_monitor_page(samples.minimal(drift=more))


def test_a_column_shows_measure_bounds_limit_sentence_and_both_distributions(full_page):
    (card,) = re.findall(
        r'<article class="column failed">\n<div>\n<h3><code title="temp">.*?</article>', full_page, re.DOTALL
    )
    told = words(card)
    assert "jensen shannon 0.41 0.39 to 0.435 limit 0.1" in told
    assert "jensen_shannon(temp) = 0.41 (90% bounds" in told
    assert "was above its limit in 2 of the last 3 runs" in told
    assert 'class="now"' in card
    assert 'class="before"' in card
    assert "of this window lies above 39.2, nothing of the reference." in told


def test_categories_show_the_share_that_the_reference_never_held(full_page):
    told = words(section(full_page, "columns"))
    assert "clear 45 % 65 %" in told
    assert "7.2 % of this window is of categories that the reference never held; their names are not counted." in told


def test_no_value_of_a_private_column_is_shown():
    content = samples.full(private=frozenset({"weather", "temp"}))
    page = render_monitor_page(content)
    assert page.count("Its values are private: no distribution is shown.") == 2
    assert "mist" not in page
    assert "39.2, nothing" not in page.partition('title="hum"')[0]


def test_distributions_that_are_gone_are_said():
    page = render_monitor_page(samples.full(distributions={}, no_distributions="They are gone"))
    assert "They are gone" in page
    assert "Its distribution was not kept." in page
    assert 'class="histogram"' not in page


def test_a_measure_without_a_value_has_no_picture():
    check = samples.measured("x", value=None, verdict=Verdict.INCONCLUSIVE)
    page = render_monitor_page(samples.minimal(drift=(check,)))
    assert "<svg" not in page


def test_a_persistent_finding_is_told_with_its_own_column_only():
    cards = {card.name: card for card in watched_columns(samples.full()).open}
    assert [check.code for check in cards["temp"].persistent] == ["SL-M009"]
    assert cards["weather"].persistent == ()


# --- performance


def test_without_labels_there_is_a_sentence_and_no_chart():
    gap = PerformancePoint(start=samples.window(3).start, end=samples.window(3).end)
    page = render_monitor_page(samples.full(history=(gap,), estimated=None))
    told = words(section(page, "performance"))
    assert "No window has enough labels yet: there is nothing to draw." in told
    assert "<figure" not in section(page, "performance")


def test_the_first_window_has_a_chart_of_one_point():
    page = render_monitor_page(samples.full(history=samples.history(1)))
    assert section(page, "performance").count("<svg") == 4


def test_a_history_without_losses_says_so():
    points = tuple(point.model_copy(update={"loss": samples.BoundsView()}) for point in samples.history(4, gaps=()))
    page = render_monitor_page(samples.full(history=points))
    assert "No window's loss against its release is on record." in words(page)


def test_windows_without_labels_are_counted(full_page):
    assert "A ring at the foot is a window without enough labels (2 of them)" in full_page


def test_labels_that_are_odd_are_told():
    labels = LabelsView(uri="", scored=10, labelled=5, coverage=0.5, repeated=2, contradictory=1)
    page = render_monitor_page(samples.full(labels=labels))
    told = words(section(page, "performance"))
    assert "5 of 10 predictions have a label (50 %); 2 came repeatedly; 1 with contradictory values." in told
    unknown = render_monitor_page(samples.full(labels=LabelsView()))
    assert "How many predictions have a label is not known." in words(section(unknown, "performance"))


def test_an_estimate_is_called_a_warning(full_page):
    told = words(section(full_page, "warnings"))
    assert "55.1 (51 to 59.4)" in told
    assert "A warning, never a proof." in told


def test_early_warnings_come_in_the_order_of_their_worth():
    found = early_warnings((*samples.drift_checks(), samples.measured("y", code="SL-M016")))
    assert [each.name for each in found] == [
        "confidence", "outside and new", "what is predicted", "fit of the rows", "estimated performance",
    ]  # fmt: skip
    assert [each.verdict for each in found] == [
        Verdict.FAILED, Verdict.FAILED, Verdict.PASSED, Verdict.PASSED, Verdict.PASSED,
    ]  # fmt: skip
    assert len(found[1].open) == 2
    assert all(each.verdict is None for each in early_warnings(()))


# --- money and objectives


def test_money_that_is_partly_known_shows_dashes_for_the_rest():
    page = render_monitor_page(samples.full(money=MoneyView(lost=12.5, currency="EUR")))
    assert "EUR 12.50" in words(section(page, "money"))
    assert words(section(page, "money")).count(NOTHING) == 2


def test_a_spent_budget_and_its_burn_rates_are_shown(full_page):
    told = words(section(full_page, "objectives"))
    assert "freshness 99 % good over 30 days 134 % of the budget used: exhausted, promotions are frozen" in told
    assert "6 h and 30 min 16 8 6 page" in told
    assert section(full_page, "objectives").count('class="above"') == 2
    assert "latency 95 % good over 7 days Nothing is known of its budget: no event was counted." in told


def test_too_few_events_are_no_verdict_on_a_budget():
    page = render_monitor_page(samples.full(objectives=(ObjectiveView(sli="kpi", burned=0.2, exhausted=None),)))
    assert "promotions are frozen" not in page


# --- the end


def test_a_dry_run_says_that_nothing_was_stopped():
    steps = (StepLine(step="drift", verdict=Verdict.FAILED, mode=Mode.DRY_RUN, sentence="moved"),)
    assert "Dry run: this did not stop the pipeline." in render_monitor_page(samples.minimal(steps=steps))


def test_what_could_not_be_read_is_named(full_page):
    assert "cause: plain" in section(full_page, "run")
    assert "are recorded in a form that this version cannot read" in full_page


def test_releases_are_listed_the_newest_first(full_page):
    told = words(section(full_page, "run"))
    assert told.index("rolled back") < told.index("version 3 released") < told.index("version 2 released")


def test_counts_alone_make_a_funnel():
    funnel = samples.full().funnel.model_copy(update={"now": WindowCounts(rows=5), "before": WindowCounts()})
    page = render_monitor_page(samples.full(funnel=funnel))
    assert "No scoring run is on record." in page


def test_many_columns_stay_within_bounds():
    checks = tuple(samples.measured(f"column_{number}", value=0.4, verdict=Verdict.FAILED) for number in range(300))
    spread = {f"column_{number}": samples.numbers(0.1) for number in range(300)}
    page = render_monitor_page(samples.minimal(drift=checks, distributions=spread))
    assert "200 more columns that need attention are not shown." in page
    assert len(page) < 600_000


def test_an_estimate_of_another_metric_is_not_drawn_on_the_kpis_axis():
    other = EstimatedView(value=0.9, low=0.8, high=1.0, metric="r2_score", window=samples.window())
    same = other.model_copy(update={"metric": "mean_absolute_error"})
    with_other, with_same = (
        section(render_monitor_page(samples.full(estimated=each, marks=())), "performance") for each in (other, same)
    )
    assert with_other != with_same


def test_a_rollback_is_marked_apart():
    marks = (ReleaseMark(at=samples.window(9).end, version=1, kind="rollback"),)
    page = render_monitor_page(samples.full(marks=marks))
    assert "back to v1" in section(page, "performance")


def test_a_check_without_a_number_still_counts_as_a_finding():
    check = Check(code="SL-M012", name="labels", verdict=Verdict.INCONCLUSIVE, message="no labels came")
    page = render_monitor_page(samples.minimal(performance=(check,)))
    assert "no labels came" in section(page, "performance")
