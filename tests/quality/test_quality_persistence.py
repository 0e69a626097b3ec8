from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.persistence import EarlierRun, check_persistence
from stageline.quality.over_time import RunMetrics, check_bands, quality_persistence
from stageline.verdicts import Check, Report, Severity, Verdict

START = datetime(2026, 11, 18, 6, tzinfo=UTC)
NAME = "expect_column_mean_to_be_between(hum)"


def check(verdict=Verdict.FAILED, severity=Severity.WARNING, code="SL-Q001", name=NAME, **known):
    return Check(code=code, name=name, verdict=verdict, severity=severity, message="hum: mean is 0.9", **known)


WARNED = (check(),)
CLEAN = (check(Verdict.PASSED),)
ERRORED = (check(Verdict.ERRORED),)
UNDECLARED = (check(Verdict.PASSED, name="expect_table_columns_to_match_set"),)
REFUSED = (Check(code="SL-S001", name="quality", verdict=Verdict.ERRORED, message="the source is empty"),)


def as_recorded(checks):
    return Report(step="quality", checks=tuple(checks)).as_json()["checks"]


def earlier(*runs):
    """Return runs of one day each, oldest first."""
    return [
        EarlierRun(START + timedelta(days=index), f"run {index}", as_recorded(checks))
        for index, checks in enumerate(runs)
    ]


def persistent(now, runs, k=2, n=3, **known):
    return [found.name for found in check_persistence(now, runs, quality_persistence(k, n), **known)]


def test_a_warning_that_comes_back_is_a_critical_failure_that_says_how_often():
    (found,) = check_persistence(WARNED, earlier(CLEAN, WARNED, CLEAN), quality_persistence(2, 3))

    assert (found.code, found.name) == ("SL-Q014", f"persistent({NAME})")
    assert (found.verdict, found.severity, found.effect) == (Verdict.FAILED, Severity.CRITICAL, Verdict.FAILED)
    assert found.message == (
        "expect_column_mean_to_be_between(hum) warned in 2 of the last 3 runs (persist: k = 2, n = 3); "
        "first on 2026-11-19"
    )
    assert (found.value, found.limit, found.n) == (2, 2, 3)
    assert found.details["warned"] == ["2026-11-19T06:00:00+00:00"]


@pytest.mark.parametrize(
    ("runs", "k", "n", "persists"),
    [
        ((), 2, 3, False),
        ((WARNED,), 2, 3, True),
        ((CLEAN, CLEAN), 2, 3, False),
        ((WARNED, CLEAN), 2, 3, True),
        ((WARNED, CLEAN, CLEAN), 2, 3, False),
        ((CLEAN, WARNED, WARNED), 3, 3, True),
        ((WARNED, CLEAN, WARNED), 3, 3, False),
        ((WARNED, CLEAN, WARNED), 3, 4, True),
        ((CLEAN, CLEAN, CLEAN), 1, 3, True),
        ((), 1, 1, True),
    ],
)
def test_k_of_the_last_n_runs_have_to_warn(runs, k, n, persists):
    assert bool(persistent(WARNED, earlier(*runs), k, n)) == persists


def test_a_first_warning_with_k_of_one_says_so():
    (found,) = check_persistence(WARNED, [], quality_persistence(1, 3))

    assert found.message == f"{NAME} warned in this run (persist: k = 1, n = 3)"


@pytest.mark.parametrize(
    "now",
    [
        CLEAN,
        (check(severity=Severity.CRITICAL),),  # fails on its own
        (check(severity=Severity.INFO),),
        ERRORED,
        (check(name="another"),),
        (check(code="SL-Q003"),),
        (),
    ],
)
def test_only_a_warning_of_this_run_persists(now):
    assert persistent(now, earlier(WARNED, WARNED, WARNED)) == []


def test_an_inconclusive_check_that_warns_persists():
    nothing = (check(Verdict.INCONCLUSIVE, code="SL-Q003"),)

    assert persistent(nothing, earlier(nothing)) == [f"persistent({NAME})"]


@pytest.mark.parametrize("unknown", [ERRORED, REFUSED, UNDECLARED, (), (check(severity=Severity.INFO),)])
def test_a_run_that_does_not_tell_is_neither_clean_nor_a_warning(unknown):
    assert persistent(WARNED, earlier(WARNED, unknown, unknown, unknown)) == [f"persistent({NAME})"]
    assert persistent(WARNED, earlier(unknown, unknown)) == []
    assert persistent(WARNED, earlier(WARNED, CLEAN, unknown, CLEAN)) == []


def test_a_failure_of_an_earlier_run_counts_against_the_check():
    assert persistent(WARNED, earlier((check(severity=Severity.CRITICAL),))) == [f"persistent({NAME})"]


@pytest.mark.parametrize("twice", [WARNED + CLEAN, CLEAN + WARNED])
def test_a_run_that_has_a_check_twice_warned_if_either_did(twice):
    assert persistent(WARNED, earlier(twice)) == [f"persistent({NAME})"]


def test_a_retry_and_a_cleared_run_count_once_by_their_newest_look():
    day = timedelta(days=1)
    looks = [
        EarlierRun(START, "a", as_recorded(WARNED)),
        EarlierRun(START + day, "a", as_recorded(WARNED)),
        EarlierRun(START + 2 * day, "b", as_recorded(WARNED)),
        EarlierRun(START + 3 * day, "b", as_recorded(CLEAN)),
    ]

    assert persistent(WARNED, looks, k=3, n=3) == []
    assert persistent(WARNED, looks, k=2, n=3) == [f"persistent({NAME})"]
    assert persistent(WARNED, looks[2:], k=2, n=3) == []


def test_of_two_looks_at_one_time_the_first_given_is_the_newer():
    clean, warned = (EarlierRun(START, "a", as_recorded(checks)) for checks in (CLEAN, WARNED))

    assert persistent(WARNED, [clean, warned]) == []
    assert persistent(WARNED, [warned, clean]) == [f"persistent({NAME})"]


def test_an_earlier_look_of_this_run_does_not_count():
    looks = earlier(WARNED)

    assert persistent(WARNED, looks, run_id="run 0") == []
    assert persistent(WARNED, looks, run_id="run 1") == [f"persistent({NAME})"]


def test_runs_without_an_id_are_runs_of_their_own_and_plain_tuples_will_do():
    looks = [(START + timedelta(days=day), "", as_recorded(WARNED)) for day in (2, 0, 1)]

    assert persistent(WARNED, looks, k=4, n=4) == [f"persistent({NAME})"]


def test_records_of_other_versions_are_read_as_far_as_they_can_be():
    (known,) = as_recorded(WARNED)
    strange = [{}, {"code": 7}, known | {"verdict": "shrugged"}, known | {"details": None}, known | {"colour": "red"}]

    assert persistent(WARNED, [(START, "a", strange)]) == [f"persistent({NAME})"]
    assert persistent(WARNED, [(START, "a", strange[:-1])]) == []


# --- bands


def table(day, rows, *columns):
    facts = {"count": 1000, "nulls": 0, "mean": None}
    return RunMetrics(START + timedelta(days=day), rows, dict.fromkeys(columns, facts), run_id=f"run {day}")


def judged(days, now):
    """Judge runs one after the other, each with the records of those before."""
    metrics, records, found = [], [], []
    for day, rows in enumerate((*days, now)):
        this = table(day, rows)
        checks = check_bands(this, metrics)
        found = check_persistence(checks, records, quality_persistence(2, 3), run_id=this.run_id)
        metrics.append(this)
        records.append(EarlierRun(this.at, this.run_id, as_recorded([*checks, *found])))
    return [check.message for check in found]


def test_a_band_that_is_left_again_says_it_in_its_own_words():
    assert judged([1000] * 20 + [500, 1000], 500) == [
        "rows left its band in 2 of the last 3 runs (persist: k = 2, n = 3); first on 2026-12-08"
    ]


def test_runs_inside_the_band_are_clean_although_they_have_no_check_of_their_own():
    assert judged([1000] * 20 + [500, 1000, 1000], 500) == []


def test_a_run_without_a_band_does_not_tell():
    alarm = check_bands(table(9, 500), [table(day, 1000) for day in range(9)])
    no_band = check_bands(table(10, 500), [])

    assert persistent(alarm, earlier(alarm, no_band, no_band, no_band)) == ["persistent(band(rows))"]


# --- laws

outcomes = st.sampled_from([WARNED, CLEAN, ERRORED, UNDECLARED, ()])


@given(st.lists(st.tuples(outcomes, st.booleans()), max_size=12), st.integers(1, 6), st.integers(0, 6))
def test_more_warnings_never_make_a_persistent_one_go_away(runs, k, more):
    before = earlier(*(outcome for outcome, _ in runs))
    after = earlier(*(WARNED if worse else outcome for outcome, worse in runs))

    assert set(persistent(WARNED, before, k, k + more)) <= set(persistent(WARNED, after, k, k + more))


@given(st.lists(outcomes, max_size=12), st.integers(1, 6), st.integers(0, 6), st.randoms())
def test_a_wider_window_and_a_smaller_k_never_find_less(runs, k, more, chance):
    history = earlier(*runs)
    shuffled = chance.sample(history, len(history))
    found = check_persistence(WARNED, history, quality_persistence(k, k + more))

    assert check_persistence(WARNED, shuffled, quality_persistence(k, k + more)) == found
    assert len(persistent(WARNED, history, k, k + more + 1)) >= len(found)
    assert len(persistent(WARNED, history, max(k - 1, 1), k + more)) >= len(found)


def test_by_a_rule_for_which_the_inconclusive_is_no_warning_it_neither_persists_nor_counts():
    rule = replace(quality_persistence(2, 3), undecided_warns=False)
    undecided = (check(Verdict.INCONCLUSIVE),)

    assert check_persistence(undecided, earlier(undecided, undecided), rule) == []
    assert check_persistence(WARNED, earlier(undecided, undecided), rule) == []
    # Where nothing was measured it is left out, as a run that errored is: the warning before it is the last that tells.
    assert [each.name for each in check_persistence(WARNED, earlier(WARNED, undecided, undecided), rule)] == [
        f"persistent({NAME})"
    ]
    measured = (check(Verdict.INCONCLUSIVE, value=0.3),)
    assert check_persistence(WARNED, earlier(WARNED, measured, measured), rule) == []
