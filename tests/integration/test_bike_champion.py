"""Real rides: a champion of 2011, and a candidate that knows the first quarter of 2012 only, judged by season."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from bike_pilot import BIKE_PILOT, BIKES, needs_bikes
from small_project import write_spec

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReleaseOperator,
    ReportOperator,
    TrainOperator,
)

pytestmark = needs_bikes
FOREST = "estimator: sklearn.ensemble.HistGradientBoostingRegressor"


def steps(execute, *kinds, run_id, year):
    for kind in kinds:
        execute(kind, run_id=run_id, run_after=datetime(year, 12, 31, tzinfo=UTC))


@pytest.fixture
def story(stores, execute, monkeypatch):
    """Release the model of 2011, then judge the one of the first quarter of 2012 on the rest of that year."""
    rides = pd.read_csv(BIKES)
    year = rides["dteday"].str[:4]
    rides[year == "2011"].to_csv(stores.project / "data/small.csv", index=False)
    write_spec(stores.project, **BIKE_PILOT)
    trained = (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ModelValidationOperator)
    steps(execute, *trained, run_id="2011", year=2011)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id="2011")

    rides[year == "2012"].to_csv(stores.project / "data/small.csv", index=False)
    write_spec(stores.project, **{**BIKE_PILOT, "train": f"{{{FOREST}, holdout: 0.75}}"})
    steps(execute, *trained[:3], run_id="2012", year=2012)
    with pytest.raises(GateFailed) as stopped:
        steps(execute, EvaluateOperator, run_id="2012", year=2012)
    with pytest.raises(GateFailed):
        steps(execute, ReportOperator, run_id="2012", year=2012)
    record = stores.records("evaluate")[-1]
    checks = {check["name"]: check for check in record.evidence["checks"]}
    (mlflow_run,) = [run for run in stores.mlflow_runs() if run.info.run_name == "2012"]
    page = Path(stores.mlflow().download_artifacts(mlflow_run.info.run_id, "report.html")).read_text("utf-8")
    return SimpleNamespace(checks=checks, page=page, stopped=str(stopped.value), stores=stores)


def test_it_is_judged_by_season_and_the_page_says_where_it_is_better_and_worse(story):
    seasons = {part["slice"]: part for part in story.checks["slices(season)"]["details"]["slices"]}

    assert {"season = 2", "season = 3", "season = 4"} <= set(seasons)
    assert sum(part["n"] for part in seasons.values()) == story.checks["improves_on_champion"]["n"] > 6_000
    # A quarter of growth is worth more than three seasons of the year before, but not everywhere.
    better = {words for words, part in seasons.items() if part["improvement"]["low"] > 0}
    worse = {words for words, part in seasons.items() if part["improvement"]["high"] < 0}
    assert better | worse
    assert story.checks["slices(season)"]["verdict"] == ("failed" if worse else "passed")
    for words in seasons:
        assert words in story.page
    assert "Against the champion" in story.page
    assert "The champion is version 1." in story.page
    with story.stores.ledger() as ledger:
        assert ledger.head("small").champion.dag_run == "small/2011"
