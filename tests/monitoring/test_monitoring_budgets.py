"""Error budgets and burn rates: the published table, the laws, and what is said of them."""

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.monitoring.budget_checks import budget_check, budget_evidence, budget_values, burn_checks, in_words
from stageline.monitoring.budgets import (
    PAIRS,
    UNITS,
    Bucket,
    Count,
    bucket_start,
    budget_of,
    burn_rate,
    burns_of,
    start_of,
    unit_of,
)
from stageline.spec import Task
from stageline.spec.operating import Objective

END = datetime(2026, 11, 21, tzinfo=UTC)
MONTH = timedelta(days=30)
MINUTES = timedelta(minutes=1)


def objective(sli="quality", **given):
    return Objective(**{"sli": sli, "target": 0.999, "min_events": 100, **given})


def minutes_of(rate, total=1_000_000, *, every=5, last=30 * 24 * 60):
    """Return buckets of a constant share of errors, one for each five minutes of the last so many minutes."""
    bad = round(rate * total)
    return [Bucket(END - minute * MINUTES, total - bad, total) for minute in range(every, last + 1, every)]


# --- the published table: SRE Workbook, chapter 5


@pytest.mark.parametrize(
    ("urgency", "long", "short", "limit", "consumed"),
    [
        ("page", timedelta(hours=1), timedelta(minutes=5), 14.4, 0.02),
        ("page", timedelta(hours=6), timedelta(minutes=30), 6, 0.05),
        ("ticket", timedelta(days=3), timedelta(hours=6), 1, 0.10),
    ],
)
def test_the_pairs_are_those_that_are_published(urgency, long, short, limit, consumed):
    unit = unit_of(MONTH)
    (pair,) = [each for each in PAIRS if each.long * unit == long]
    assert (pair.urgency, pair.short * unit, float(pair.limit)) == (urgency, short, limit)
    # What such a rate has used of the budget by the end of the long window.
    assert pair.limit * Fraction(pair.long, UNITS) == Fraction(str(consumed))


@pytest.mark.parametrize(("rate", "burn", "days"), [(0.001, 1, 30), (0.002, 2, 15), (0.01, 10, 3), (1, 1_000, 0.03)])
def test_a_burn_rate_says_how_long_the_budget_lasts(rate, burn, days):
    total = 10_000
    found = burn_rate(Count(total - round(rate * total), total), 0.999)
    assert found == burn
    assert MONTH / float(found) == timedelta(days=days)


@pytest.mark.parametrize(
    ("rate", "pair", "minutes"),
    # Of 99.9 %, once errors begin at this rate: (1 - target) / rate * long window * limit.
    [(1.0, 0, 0.864), (0.1, 0, 8.64), (0.0144, 0, 60), (0.1, 1, 21.6), (0.01, 1, 216), (0.01, 2, 432), (0.001, 2, 4_320)],
)  # fmt: skip
def test_an_alarm_comes_when_the_published_formula_says(rate, pair, minutes):
    asked, chosen = objective(), (PAIRS[pair],)
    events = 1_000_000

    def alarms(after):
        # A minute's events each; the errors began so many minutes ago, and before it all was well.
        last = PAIRS[pair].long * 5
        buckets = [
            Bucket(END - minute * MINUTES, events - (round(rate * events) if minute <= after else 0), events)
            for minute in range(1, last + 1)
        ]
        return burns_of(buckets, asked, END, chosen)[0].alarms

    expected = math.ceil(round(minutes, 9))
    # The short window has to be full of errors, too, as far as its own rate asks for it.
    assert alarms(expected)
    assert expected == 1 or not alarms(expected - 1)


def test_an_alarm_ends_soon_after_the_errors_do():
    def alarms(quiet):
        buckets = [
            Bucket(END - minute * MINUTES, 1_000 if minute <= quiet else 0, 1_000) for minute in range(1, 24 * 60)
        ]
        return burns_of(buckets, objective(), END, PAIRS[:1])[0].alarms

    assert alarms(4)
    assert not alarms(5)


def test_other_periods_have_windows_of_the_same_parts():
    week = objective(period=timedelta(days=7))
    (found, *_) = burns_of([Bucket(END - timedelta(seconds=70), 0, 500)], week, END)
    assert (found.long, found.short) == (Count(0, 500), Count(0, 500))
    assert budget_evidence(budget_of([], week, END), [found])["burns"][0] == {
        "long": "PT14M", "short": "PT1M10S", "rate_long": 1_000, "rate_short": 1_000, "limit": 14.4,
        "severity": "page", "alarms": True,
    }  # fmt: skip


# --- laws

COUNTS = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda both: Count(both[0], sum(both)))
TARGETS = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999, 0.9999])


def placed(counts):
    """Return buckets of the last so many units, the newest first."""
    return [Bucket(END - (place + 1) * unit_of(MONTH), *count) for place, count in enumerate(counts)]


@given(st.lists(COUNTS, min_size=1, max_size=100), TARGETS, st.data())
def test_one_more_bad_event_never_makes_it_better(counts, target, data):
    asked = objective(target=target, min_events=1)
    place = data.draw(st.integers(0, len(counts) - 1))
    worse = [Count(max(count.good - (each == place), 0), count.total) for each, count in enumerate(counts)]
    before, after = (budget_of(placed(each), asked, END) for each in (counts, worse))
    assert (after.used or 0) >= (before.used or 0)
    assert after.exhausted or not before.exhausted
    for old, new in zip(burns_of(placed(counts), asked, END), burns_of(placed(worse), asked, END), strict=True):
        assert (old.alarms is None) == (new.alarms is None)
        assert new.alarms or not old.alarms
        assert (new.rate_long or 0) >= (old.rate_long or 0)


@given(st.lists(COUNTS, max_size=100), TARGETS, st.integers(2, 1_000))
def test_the_same_shares_of_more_events_say_the_same(counts, target, times):
    asked = objective(target=target, min_events=1)
    many = [Count(count.good * times, count.total * times) for count in counts]
    few_budget, many_budget = (budget_of(placed(each), asked, END) for each in (counts, many))
    assert (few_budget.used, few_budget.exhausted) == (many_budget.used, many_budget.exhausted)
    for few, more in zip(burns_of(placed(counts), asked, END), burns_of(placed(many), asked, END), strict=True):
        assert (few.rate_long, few.rate_short, few.alarms) == (more.rate_long, more.rate_short, more.alarms)


@given(st.lists(COUNTS, max_size=100), TARGETS, st.integers(1, 2_000))
def test_too_few_events_are_neither_good_nor_bad(counts, target, min_events):
    asked = objective(target=target, min_events=min_events)
    budget, burns = budget_of(placed(counts), asked, END), burns_of(placed(counts), asked, END)
    assert (budget.exhausted is None) == (budget.count.total < min_events)
    for burn in burns:
        assert (burn.alarms is None) == (min(burn.long.total, burn.short.total) < min_events)
    few = budget.count.total < min_events
    for check in (budget_check(budget, Task.REGRESSION), *burn_checks(burns, asked)):
        assert not (few and check.verdict.advances), check


@given(st.lists(st.tuples(st.integers(0, UNITS - 1), COUNTS), max_size=50))
def test_every_event_of_the_period_is_in_the_budget_once(placed_counts):
    unit = unit_of(MONTH)
    buckets = [Bucket(END - (place + 1) * unit, *count) for place, count in placed_counts]
    found = budget_of(buckets, objective(), END).count
    assert found.total == sum(count.total for _, count in placed_counts)
    outside = [Bucket(END, 0, 7), Bucket(start_of(MONTH, END) - unit, 0, 7)]
    assert budget_of([*buckets, *outside], objective(), END).count == found


@given(
    st.integers(1, 400).flatmap(lambda days: st.tuples(st.just(days), st.integers(1, days * 86_400 * 10**6))),
    st.integers(0, 86_399),
)
def test_a_bucket_holds_its_event_and_begins_whole_units_before_the_end(days_and_ago, more):
    days, ago = days_and_ago
    period = timedelta(days=days, seconds=more)
    end = END + timedelta(microseconds=more)
    at, unit = end - timedelta(microseconds=ago), unit_of(period)
    start = bucket_start(at, period, end)
    assert start <= at < start + unit
    assert (end - start) % unit == timedelta(0)


def test_no_events_are_never_a_pass():
    budget, burns = budget_of([], objective(), END), burns_of([], objective(), END)
    assert (budget.used, budget.exhausted) == (None, None)
    assert [burn.alarms for burn in burns] == [None, None, None]
    checks = (budget_check(budget, Task.REGRESSION), *burn_checks(burns, objective()))
    assert [check.verdict for check in checks] == ["inconclusive"] * 3
    assert [check.severity for check in checks] == ["warning", "info", "info"]
    assert checks[0].message == "quality: no rows in 30 days: nothing is known"


# --- what is said


@pytest.mark.parametrize(
    ("bad", "exhausted"), [(9, False), (10, False), (11, True)]
)  # 1 - 0.9 as a binary fraction is below a tenth: ten of a hundred are allowed all the same.
def test_a_budget_used_to_its_last_event_is_not_used_up(bad, exhausted):
    asked = objective(target=0.9)
    found = budget_of([Bucket(END - MINUTES, 100 - bad, 100)], asked, END)
    assert found.exhausted is exhausted
    check = budget_check(found, Task.REGRESSION)
    assert (check.code, check.verdict, check.severity) == ("SL-O001", "failed" if exhausted else "passed", "critical")
    assert f"{bad * 10} % of the error budget of 30 days (target 0.9) is used" in check.message


@pytest.mark.parametrize(
    ("asked", "task", "words"),
    [
        (
            objective("freshness", target=0.99, max_age=timedelta(hours=2)),
            Task.REGRESSION,
            "freshness: 312 of 17,280 predictions were late (1.8 %), 181 % of the error budget of 30 days (target 0.99) "
            "is used",
        ),
        (
            objective("kpi", target=0.99, max_error=1_500.0),
            Task.REGRESSION,
            "kpi: 312 of 17,280 labelled predictions were off by more than 1,500 (1.8 %), 181 % of",
        ),
        (
            objective("kpi", target=0.99),
            Task.CLASSIFICATION,
            "kpi: 312 of 17,280 labelled predictions were of a wrong class",
        ),
        (objective("quality", target=0.99), Task.REGRESSION, "quality: 312 of 17,280 rows were not delivered (1.8 %)"),
        (
            objective("latency", target=0.99, max_latency_ms=2.0, period=timedelta(days=7)),
            Task.REGRESSION,
            "latency: 312 of 17,280 scoring runs were too slow (1.8 %), 181 % of the error budget of 7 days",
        ),
    ],
)
def test_a_sentence_quotes_the_numbers(asked, task, words):
    found = budget_of([Bucket(END - MINUTES, 17_280 - 312, 17_280)], asked, END)
    assert budget_check(found, task).message.startswith(words)
    assert budget_check(found, task, "and more").message.endswith("is used; and more")


def test_too_few_events_are_told_with_their_number():
    found = budget_of([Bucket(END - MINUTES, 28, 40)], objective(), END)
    assert budget_check(found, Task.REGRESSION).message == (
        "quality: 12 of 40 rows were not delivered; 40 are too few to judge 30 days by (min_events = 100)"
    )


def test_fast_errors_page_and_slow_ones_are_a_ticket():
    fast, slow = (burn_checks(burns_of(minutes_of(rate), objective(), END), objective()) for rate in (0.02, 0.002))
    assert [(check.code, check.verdict, check.severity) for check in fast] == [
        ("SL-O002", "failed", "critical"), ("SL-O003", "failed", "warning"),
    ]  # fmt: skip
    assert [(check.code, check.verdict) for check in slow] == [("SL-O002", "passed"), ("SL-O003", "failed")]
    assert fast[0].message.startswith(
        "quality: the error budget burns 20 times as fast as it lasts over 1 hour (240,000 of 12,000,000 bad) and 20 "
        "times as fast as it lasts over 5 minutes (20,000 of 1,000,000 bad), limit 14.4 and 20 times"
    )
    assert slow[0].message.startswith(
        "quality: the error budget does not burn too fast: 2 times as fast as it lasts over"
    )


def test_a_pair_whose_short_window_is_nearly_empty_decides_nothing():
    lump = [Bucket(END - 40 * MINUTES, 0, 5_000), Bucket(END - 5 * MINUTES, 0, 99)]
    page, ticket = burn_checks(burns_of(lump, objective(), END), objective())
    assert (page.verdict, page.severity) == ("inconclusive", "info")
    assert page.message.startswith("quality: too few events to judge by (min_events = 100): ")
    assert ticket.verdict == "failed"


def test_the_charts_get_what_is_known():
    found = budget_evidence(
        budget_of(minutes_of(0.002), objective(), END), burns_of(minutes_of(0.002), objective(), END)
    )
    assert budget_values(found) == {
        "budget/quality": 2, "good/quality": 0.998, "burn/quality_page_PT1H": 2,
        "burn/quality_page_PT6H": 2, "burn/quality_ticket_P3D": 2,
    }  # fmt: skip
    assert budget_values(budget_evidence(budget_of([], objective(), END), burns_of([], objective(), END))) == {}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(86_400, "1 day"), (90_000, "25 hours"), (300, "5 minutes"), (70, "70 seconds"), (10.5, "10.5 seconds")],
)
def test_lengths_are_told_in_whole_units(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
