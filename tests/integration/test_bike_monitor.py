"""Real rides: the weeks of 2012 as a model of 2011 would have watched them, a replay of history."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from bike_pilot import BIKE_PILOT, BIKES, needs_bikes
from cli_process import call
from small_project import write_spec

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    TrainOperator,
)

pytestmark = needs_bikes


@pytest.fixture
def weeks(stores, execute):
    """Release a model of 2011, and replay both years; returns each week's line by its first day."""
    rides = pd.read_csv(BIKES)
    rides[rides["dteday"] < "2012"].to_csv(stores.project / "data/small.csv", index=False)
    write_spec(stores.project, **BIKE_PILOT)
    trained = (
        DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
        ModelValidationOperator, ReleaseOperator,
    )  # fmt: skip
    for kind in trained:
        given = {"needs_approval": False} if kind is ReleaseOperator else {}
        execute(
            kind(task_id=kind.step, pipeline="small", **given),
            run_id="2011", run_after=datetime(2012, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    rides.to_csv(stores.project / "data/small.csv", index=False)
    done = call(
        stores.project, "monitor", "small", "--from", "2011-01-01", "--to", "2012-12-31",
        AIRFLOW__STAGELINE__HOME=str(stores.home),
        AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI=f"sqlite:///{stores.home / 'mlflow.db'}",
    )  # fmt: skip
    assert done.code == 0, done.err
    return {line[:10]: line for line in done.out.splitlines() if line.startswith("201")}


def test_a_year_is_replayed_and_what_it_finds_has_happened(weeks):
    assert len(weeks) == 104
    alarms = {day: line for day, line in weeks.items() if " alarm " in line}
    # No week of the year that the model was trained on, in whatever season.
    assert not [day for day in alarms if day < "2012"]
    # The warmest March on record, and the two days that the service was closed for hurricane Sandy.
    assert "temp" in alarms["2012-03-17"]
    assert "weekday" in alarms["2012-10-27"]
    # A warm winter moved the predictions; the growth of that year moved no column for good.
    assert len([day for day in alarms if day >= "2012-04"]) <= 5
    assert len(alarms) <= 12
