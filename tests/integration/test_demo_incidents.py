"""The demo's scripted year as a model of the year before would have watched it: what is found, when, and nothing else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from own_airflow import ROOT
from small_project import Stores

from stageline.demo.calendar import CALENDARS, write_window
from stageline.demo.calendar import Window as Hours
from stageline.demo.incidents import SCRIPTED_INCIDENTS, Finder
from stageline.monitoring.performance_checks import LOSS
from stageline.monitoring.windows import windows
from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    TrainOperator,
)
from stageline.operators.aliases import tracking_of
from stageline.operators.champion import Champion
from stageline.operators.configuration import load_settings
from stageline.operators.performance_history import PastPerformance, performance_history
from stageline.operators.run_context import RunContext
from stageline.operators.watched_history import judge_history
from stageline.operators.watched_window import WatchedWindow
from stageline.spec import load_pipeline
from stageline.verdicts import Verdict

pytestmark = pytest.mark.xdist_group("demo_incidents")

TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator, ReleaseOperator,
)  # fmt: skip
# A Monday.
START, END = datetime(2025, 1, 6, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKS = [window for window in windows(START, END, WEEK) if window.end <= END]


@dataclass(frozen=True)
class Replay:
    """What was found of a year, by week.

    :param drifted: The columns that moved.
    :param worse: Whether the model was shown to be worse than it may be.
    :param set_aside: Event times of rows that the quality step put aside.
    """

    drifted: list[set[str]]
    worse: list[bool]
    set_aside: list[datetime]

    def found(self, finder: Finder, number: int, columns: tuple[str, ...]) -> bool:
        """Return whether something was found in a week, in one of some columns where columns are told apart."""
        week = WEEKS[number]
        if finder is Finder.DRIFT:
            return bool(self.drifted[number] & set(columns))
        if finder is Finder.PERFORMANCE:
            return self.worse[number]
        return any(week.start <= at < week.end for at in self.set_aside)


@pytest.fixture(scope="module")
def kept():
    """Give a place for what takes a minute to make."""
    return {}


@pytest.fixture
def replays(kept, stores, execute, tmp_path, monkeypatch):
    """Release a model of 2024, and replay 2025 without and with the incidents; only once."""
    if True in kept:
        return kept
    monkeypatch.setenv(CALENDARS, str(tmp_path))
    # What each column is worth is asked in other tests.
    monkeypatch.setattr("stageline.evaluation.permutation_importance", lambda *_, **__: {})
    spec = (ROOT / "config/pipelines/hourly_demand_pilot.yaml").read_text("utf-8")
    named = re.sub("^pipeline: .*$", "pipeline: small", spec, flags=re.MULTILINE)
    (stores.project / "config/pipelines/small.yaml").write_text(named, encoding="utf-8")
    write_window(tmp_path, "hourly_demand_so_far", Hours("2024-01-01", "2025-01-01"))
    for kind in TRAINED:
        given = {"needs_approval": False} if kind is ReleaseOperator else {}
        step = kind(task_id=kind.step, pipeline="small", **given)
        execute(step, run_id="2024", run_after=datetime(2025, 1, 1, tzinfo=UTC))
    for incidents in (False, True):
        write_window(tmp_path, "hourly_demand_so_far", Hours("2024-01-01", "2026-01-01", incidents=incidents))
        with _watched(stores) as watched:
            judged = judge_history(watched, START, END)
            assert [each.window for each in judged] == WEEKS
            kept[incidents] = Replay(
                [{column for column, _ in each.failed} for each in judged],
                [_is_worse(each) for each in performance_history(watched, START, END)],
                _set_aside(watched, execute),
            )
    return kept


def test_each_incident_is_found_as_soon_as_is_promised(replays):
    found = replays[True]
    for incident in SCRIPTED_INCIDENTS:
        first = _weeks(incident)[0]
        for finder, within in incident.found_within.items():
            weeks = [number for number in _weeks(incident) if found.found(finder, number, incident.columns)]
            assert weeks, f"{incident.name}: not found by {finder}"
            assert weeks[0] - first < within, f"{incident.name}: found by {finder} in week {weeks[0] - first + 1}"


def test_nothing_is_found_in_a_week_without_an_incident(replays):
    found = replays[True]
    quiet = set(range(len(WEEKS))) - {number for incident in SCRIPTED_INCIDENTS for number in _weeks(incident)}
    assert len(quiet) >= 20
    assert [WEEKS[number] for number in sorted(quiet) if found.drifted[number] or found.worse[number]] == []
    # A row is put aside in the hours of an incident, and nowhere else.
    days = {at.date() for at in found.set_aside}
    assert all(any(one.start.date() <= day <= one.end.date() for one in SCRIPTED_INCIDENTS) for day in days)


def test_a_year_without_incidents_is_quiet(replays):
    year = replays[False]
    assert year.set_aside == []
    assert not any(year.worse)
    # One week in March was wetter than any of the year before: one of 51 windows, below the 5 % that are borne.
    moved = [number for number, columns in enumerate(year.drifted) if columns]
    assert len(moved) <= 1
    assert all(year.drifted[number] <= {"humidity", "weather", "model.reconstruction"} for number in moved)


def _weeks(incident):
    """Return the numbers of the weeks that hold hours of an incident."""
    start, end = incident.start.replace(tzinfo=UTC), incident.end.replace(tzinfo=UTC)
    return [number for number, week in enumerate(WEEKS) if start < week.end and week.start < end]


@contextmanager
def _watched(stores: Stores) -> Iterator[WatchedWindow]:
    settings = load_settings()
    loaded = load_pipeline("small", stores.project / "config/pipelines")
    with stores.ledger() as ledger:
        run = RunContext(
            name="small", loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
            tracking=tracking_of(settings), dag_id="small", run_id="2024", task_id="monitor", map_index=-1,
            try_number=1, run_after=datetime(2026, 1, 2, tzinfo=UTC),
        )  # fmt: skip
        yield WatchedWindow(run, Champion.of(run), WEEKS[0])


def _is_worse(past: PastPerformance) -> bool:
    """Return whether the labels show a loss beyond what is borne."""
    return any(check.code == LOSS and check.verdict is Verdict.FAILED for check in past.checks)


def _set_aside(watched: WatchedWindow, execute) -> list[datetime]:
    """Return when the rows happened that the pilot's quality step puts aside."""
    store = watched.run.quarantine
    before = {row.id for row in store.listing()}
    with suppress(GateFailed):
        execute(DataQualityOperator, run_id="2025")
    rows = store.find([row.id for row in store.listing() if row.id not in before])
    return sorted(datetime.fromisoformat(str(row.values["ride_hour"])).replace(tzinfo=UTC) for row in rows)
