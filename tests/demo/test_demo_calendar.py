import pytest

from stageline.demo import read_demo
from stageline.demo.calendar import CALENDAR, Window, read_window, write_window
from stageline.exceptions import SourceError


@pytest.fixture
def calendar(tmp_path, monkeypatch):
    file = tmp_path / "calendar.json"
    monkeypatch.setenv(CALENDAR, str(file))
    return file


def test_without_a_calendar_all_has_happened(monkeypatch):
    monkeypatch.delenv(CALENDAR, raising=False)
    assert read_window() is None
    assert read_demo("hourly_demand_so_far").equals(read_demo("hourly_demand"))


def test_a_window_keeps_its_first_hour_and_leaves_out_its_end(calendar):
    write_window(calendar, Window("2024-03-01", "2024-03-03"))
    hours = read_demo("hourly_demand_so_far")["ride_hour"]
    assert (len(hours), str(hours.min()), str(hours.max())) == (48, "2024-03-01 00:00:00", "2024-03-02 23:00:00")


def test_the_newest_window_counts(calendar):
    write_window(calendar, Window("2024-03-01", "2024-03-03"))
    write_window(calendar, Window("2024-03-01", "2024-04-01"))
    assert read_window() == Window("2024-03-01", "2024-04-01")


def test_incidents_come_in_where_the_window_lets_them(calendar):
    days = ("2025-05-20", "2025-06-10")
    for incidents, table in ((False, "hourly_demand"), (True, "hourly_demand_incidents")):
        write_window(calendar, Window(*days, incidents=incidents))
        so_far, all_of_it = read_demo("hourly_demand_so_far"), read_demo(table)
        hours = all_of_it["ride_hour"]
        assert so_far.equals(all_of_it[(hours >= days[0]) & (hours < days[1])])
        assert (so_far["temperature_c"].max() > 50) == incidents


def test_a_window_that_does_not_speak_of_incidents_has_none(calendar):
    calendar.write_text('{"start": "2025-05-20", "end": "2025-06-10"}', encoding="utf-8")
    assert read_window() == Window("2025-05-20", "2025-06-10", incidents=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"start": "2024"}',
        '{"start": "soon", "end": "2025-01-01"}',
        '{"start": "2025-01-01", "end": "2024-01-01"}',
        '{"start": "2024-01-01", "end": "2025-01-01", "incidents": "no"}',
    ],
)
def test_a_calendar_that_holds_no_window_is_named(calendar, text):
    calendar.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"calendar\.json' holds no window"):
        read_demo("hourly_demand_so_far")
