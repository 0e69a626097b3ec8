from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.quality import check_freshness
from stageline.verdicts import Verdict

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def fresh(newest, *, max_age=DAY, now=NOW, column="at", **known):
    return check_freshness(newest, column=column, now=now, max_age=max_age, **known)


@pytest.mark.parametrize(
    ("age", "verdict", "words"),
    [
        (timedelta(0), "passed", "0.0 hours old"),
        (timedelta(minutes=90), "passed", "1.5 hours old"),
        (DAY, "passed", "24.0 hours old"),
        (DAY + timedelta(seconds=1), "failed", "24.0 hours old"),
        (timedelta(hours=47), "failed", "47.0 hours old"),
        (timedelta(hours=48), "failed", "2.0 days old"),
        (timedelta(days=2000), "failed", "2,000.0 days old"),
        (timedelta(hours=-3), "passed", "0.0 hours old"),
    ],
)
def test_the_newest_row_may_be_as_old_as_allowed_and_no_older(age, verdict, words):
    check = fresh(NOW - age)

    assert (check.code, check.name, check.severity) == ("SL-Q016", "fresh(at)", "critical")
    assert check.verdict == verdict
    assert words in check.message
    assert (check.value, check.limit) == (age.total_seconds() / 3600, 24)


def test_the_message_names_column_time_age_and_limit():
    assert fresh(datetime(2026, 11, 17, 9, 30, tzinfo=UTC)).message == (
        "at: the newest row is of 2026-11-17 09:30 UTC, 3.1 days old; max_age = P1D"
    )


def test_a_column_whose_name_would_break_the_line_is_quoted():
    assert fresh(NOW, column="a\nb").message.startswith(r"'a\nb': ")


@pytest.mark.parametrize(
    "newest",
    [
        datetime(2026, 11, 19, 11, 0, 0),  # noqa: DTZ001 - one without a zone counts as UTC
        datetime(2026, 11, 19, 13, 0, 0, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 11, 19, 1, 0, 0, tzinfo=timezone(timedelta(hours=-10))),
    ],
)
def test_zones_are_heeded(newest):
    check = fresh(newest)
    assert check.value == 25
    assert check.message.startswith("at: the newest row is of 2026-11-19 11:00 UTC, 25.0 hours old")


@pytest.mark.parametrize(("age", "words"), [(DAY, "recent enough"), (2 * DAY, "too old")])
def test_a_private_time_stands_nowhere(age, words):
    check = fresh(NOW - age, private=True)

    assert check.verdict is fresh(NOW - age).verdict
    assert check.value is None
    assert check.message == f"at: the newest row is {words}, no time is shown: it is private; max_age = P1D"


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2026, 11, 20)),  # noqa: DTZ001 - hypothesis wants them so
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
)
def test_older_data_are_never_fresher(newest, older, max_age):
    now, then = fresh(newest, max_age=max_age), fresh(newest - older, max_age=max_age)
    assert not (now.verdict is Verdict.FAILED and then.verdict is Verdict.PASSED)
    assert (now.verdict is Verdict.PASSED) == (now.value <= now.limit)
