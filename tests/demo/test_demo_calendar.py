import numpy as np
import pytest

from stageline.demo import read_demo
from stageline.demo.calendar import CALENDARS, Window, read_window, write_window
from stageline.exceptions import SourceError

TABLE = "hourly_demand_so_far"


@pytest.fixture
def calendars(tmp_path, monkeypatch):
    monkeypatch.setenv(CALENDARS, str(tmp_path))
    return tmp_path


def test_without_a_calendar_all_has_happened(monkeypatch):
    monkeypatch.delenv(CALENDARS, raising=False)
    assert read_window(TABLE) is None
    assert read_demo(TABLE).equals(read_demo("hourly_demand"))


def test_a_window_keeps_its_first_hour_and_leaves_out_its_end(calendars):
    write_window(calendars, TABLE, Window("2024-03-01", "2024-03-03"))
    hours = read_demo(TABLE)["ride_hour"]
    assert (len(hours), str(hours.min()), str(hours.max())) == (48, "2024-03-01 00:00:00", "2024-03-02 23:00:00")


def test_the_newest_window_counts(calendars):
    write_window(calendars, TABLE, Window("2024-03-01", "2024-03-03"))
    write_window(calendars, TABLE, Window("2024-03-01", "2024-04-01"))
    assert read_window(TABLE) == Window("2024-03-01", "2024-04-01")


def test_incidents_come_in_where_the_window_lets_them(calendars):
    days = ("2025-05-20", "2025-06-10")
    for incidents, table in ((False, "hourly_demand"), (True, "hourly_demand_incidents")):
        write_window(calendars, TABLE, Window(*days, incidents=incidents))
        so_far, all_of_it = read_demo(TABLE), read_demo(table)
        hours = all_of_it["ride_hour"]
        assert so_far.equals(all_of_it[(hours >= days[0]) & (hours < days[1])])
        assert (so_far["temperature_c"].max() > 50) == incidents


def test_the_join_counts_three_rides_in_ten_twice_and_changes_nothing_else(calendars):
    days = ("2024-03-01", "2025-03-01")
    write_window(calendars, TABLE, Window(*days))
    right = read_demo(TABLE)
    write_window(calendars, TABLE, Window(*days, counted_twice=True))
    joined = read_demo(TABLE)
    assert joined.drop(columns="rides").equals(right.drop(columns="rides"))
    assert ((joined["rides"] >= right["rides"]) & (joined["rides"] <= 2 * right["rides"])).all()
    assert joined["rides"].sum() / right["rides"].sum() == pytest.approx(1.3, abs=0.01)
    # In every kind of hour alike: no column tells which hours it changed.
    for column in ("is_workday", "weather"):
        more = joined.groupby(column)["rides"].sum() / right.groupby(column)["rides"].sum()
        assert np.allclose(more, 1.3, atol=0.02)


def test_an_hour_is_counted_alike_in_every_window(calendars):
    write_window(calendars, TABLE, Window("2024-01-01", "2025-01-01", counted_twice=True))
    later = read_demo(TABLE).iloc[-100:].reset_index(drop=True)
    write_window(calendars, TABLE, Window("2024-12-01", "2025-06-01", counted_twice=True))
    earlier = read_demo(TABLE)
    assert earlier[earlier["ride_hour"].isin(later["ride_hour"])].reset_index(drop=True).equals(later)


def test_each_table_has_a_time_of_its_own(calendars):
    write_window(calendars, TABLE, Window("2024-03-01", "2024-03-03"))
    assert len(read_demo("hourly_demand_in_production")) == len(read_demo("hourly_demand"))
    write_window(calendars, "hourly_demand_in_production", Window("2024-03-01", "2024-04-01"))
    assert len(read_demo("hourly_demand_in_production")) == 31 * 24
    assert len(read_demo(TABLE)) == 2 * 24


def test_a_window_that_does_not_speak_of_incidents_has_none(calendars):
    (calendars / f"{TABLE}.json").write_text('{"start": "2025-05-20", "end": "2025-06-10"}', encoding="utf-8")
    assert read_window(TABLE) == Window("2025-05-20", "2025-06-10", incidents=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"start": "2024"}',
        '{"start": "soon", "end": "2025-01-01"}',
        '{"start": "2025-01-01", "end": "2024-01-01"}',
        '{"start": "2024-01-01", "end": "2025-01-01", "incidents": "no"}',
        '{"start": "2024-01-01", "end": "2025-01-01", "counted_twice": 1}',
    ],
)
def test_a_calendar_that_holds_no_window_is_named(calendars, text):
    (calendars / f"{TABLE}.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"hourly_demand_so_far\.json' holds no window"):
        read_demo(TABLE)
