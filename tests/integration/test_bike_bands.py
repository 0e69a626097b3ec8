"""Two years of real data, a day or a week at a time: what alarms untouched, and what is found when it is broken."""

from datetime import UTC
from pathlib import Path

import pandas as pd
import pytest

from stageline.quality.over_time import RunMetrics, check_bands
from stageline.verdicts import Verdict

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "bike_sharing_hour.csv"

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the UCI bike sharing data is not beside the repository")

# The other columns are the calendar's, or number the rows.
MEASURED = ["weathersit", "temp", "atemp", "hum", "windspeed", "casual", "registered", "cnt"]
CALENDAR = ["season", "yr", "mnth", "holiday", "weekday", "workingday"]
# Hours are missing in a snowstorm, after power cuts, in the hurricanes Irene and Sandy.
STORMS = {
    "2011-01-18", "2011-01-26", "2011-01-27", "2011-02-22", "2011-02-28",
    "2011-08-27", "2011-08-28", "2012-10-29", "2012-10-30",
}  # fmt: skip


@pytest.fixture(scope="module")
def hours():
    return pd.read_csv(DATA, parse_dates=["dteday"])


def metrics_of(rows, at, columns):
    facts = {}
    for name in columns:
        values = rows[name]
        nulls = int(values.isna().sum())
        facts[name] = {
            "count": len(values) - nulls,
            "nulls": nulls,
            "min": float(values.min()),
            "max": float(values.max()),
            "mean": float(values.mean()),
        }
    return RunMetrics(at.to_pydatetime().replace(hour=6, tzinfo=UTC), len(rows), facts)


def windows(hours, length, columns=MEASURED):
    return [metrics_of(rows, at, columns) for at, rows in hours.groupby(pd.Grouper(key="dteday", freq=length))]


def alarms(runs, known=100):
    """Judge runs one after the other; return the days on which each metric left its band."""
    found = {}
    for index, now in enumerate(runs):
        for check in check_bands(now, runs[max(index - known, 0) : index]):
            if check.effect is Verdict.WARNED:
                found.setdefault(check.details["metric"], set()).add(f"{now.at:%Y-%m-%d}")
    return found


@pytest.fixture(scope="module")
def daily(hours):
    return windows(hours, "D")


def test_untouched_days_alarm_in_storms_and_about_once_in_three_months_otherwise(daily):
    found = alarms(daily)

    assert found.pop("rows") == STORMS
    # The sensed temperature has one value all day: a fault of the data that nobody put there.
    assert found["atemp: mean"] == {"2012-08-17"}
    assert sum(map(len, found.values())) <= 9
    assert set(found) <= {"atemp: mean", "casual: mean", "temp: mean", "weathersit: mean"}


def test_untouched_weeks_alarm_for_the_hurricanes_the_last_half_week_and_christmas(hours):
    found = alarms(windows(hours, "W"))

    assert found == {
        "rows": {"2011-08-28", "2012-11-04", "2013-01-06"},
        "registered: mean": {"2012-12-30"},
    }


def test_a_file_that_grows_week_by_week_alarms_once_in_two_years_until_it_stops(hours):
    ends = [at for at, _ in hours.groupby(pd.Grouper(key="dteday", freq="W"))][:-1]
    runs = [metrics_of(hours[hours["dteday"] <= end], end, MEASURED) for end in ends]

    assert alarms(runs) == {"registered: mean": {"2011-05-15"}}
    stopped = metrics_of(hours[hours["dteday"] <= ends[59]], ends[60], MEASURED)
    assert [check.name for check in check_bands(stopped, runs[:60]) if check.effect] == ["band(rows)"]


def test_the_calendar_s_columns_soon_count_as_names_of_the_run(hours):
    days = windows(hours, "D", CALENDAR)

    (summary,) = [check for check in check_bands(days[600], days[200:600]) if check.name == "bands"]

    assert summary.details["labels"] == [f"{name}: mean" for name in CALENDAR if name != "yr"]
    # It has changed only once in that time.
    assert "band(yr: mean)" in summary.details["inside"]


BROKEN = {
    "half of the hours are missing": (lambda day: day.iloc[::2], "band(rows)", 1),
    "humidity in percent": (lambda day: day.assign(hum=day["hum"] * 100), "band(hum: mean)", 1),
    "humidity never comes": (lambda day: day.assign(hum=day["hum"].where(day.index < 0)), "band(hum: null share)", 1),
    "humidity comes every third hour": (
        lambda day: day.assign(hum=day["hum"].where(day["hr"] % 3 == 0)),
        "band(hum: null share)",
        1,
    ),
    # A rainy day with three times its riders looks like a good one.
    "riders are counted three times": (
        lambda day: day.assign(registered=day["registered"] * 3),
        "band(registered: mean)",
        0.8,
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_day_is_found_at_once(hours, daily, broken):
    change, name, share = BROKEN[broken]
    days = {at: rows for at, rows in hours.groupby("dteday") if len(rows) > 22}
    found = []
    for index in range(60, len(daily), 15):
        at = pd.Timestamp(f"{daily[index].at:%Y-%m-%d}")
        if at in days:
            checks = check_bands(metrics_of(change(days[at]), at, MEASURED), daily[index - 60 : index])
            found.append(name in [check.name for check in checks])
    assert len(found) == 45
    assert sum(found) / len(found) >= share
