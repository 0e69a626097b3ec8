"""`stageline monitor`: what it refuses, each with a sentence. What it shows is in tests/integration/test_bike_monitor.py."""

import pytest
from cli_process import call
from pilot_project import PILOT
from small_project import write_project, write_spec


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path)
    write_spec(tmp_path, **PILOT)
    return tmp_path


def refused(project, start, end):
    done = call(project, "monitor", "small", "--from", start, "--to", end)
    assert done.code == 1
    return done.err


def test_a_day_that_is_none_is_refused(project):
    assert "--to is 'today'; expected ISO 8601, e.g. 2026-03-21" in refused(project, "2026-01-01", "today")


def test_without_a_release_there_is_nothing_to_replay(project):
    assert "pipeline 'small' has no champion" in refused(project, "2026-01-01", "2026-02-01")


def test_without_a_window_there_is_nothing_to_judge(project):
    write_spec(project)
    assert "pipeline 'small' has no section 'monitor'" in refused(project, "2026-01-01", "2026-02-01")
