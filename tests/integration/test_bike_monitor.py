"""Real rides: history replayed, as the monitoring of a model of 2011 would have told it week by week."""

from datetime import UTC, datetime

import pandas as pd
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


TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator, ReleaseOperator,
)  # fmt: skip
# What comes back counts: of a week without school, or of a storm, the next one knows nothing.
LASTING = {**BIKE_PILOT, "monitor": "{window: P7D, drift: {fail_above: 0.1}, persist: {k: 2, n: 3}}"}


def replay(stores, execute, spec, until, start):
    """Release a model of the rides until a day, then replay; returns the lines of each week by its first day."""
    rides = pd.read_csv(BIKES)
    rides[rides["dteday"] < until].to_csv(stores.project / "data/small.csv", index=False)
    write_spec(stores.project, **spec)
    for kind in TRAINED:
        given = {"needs_approval": False} if kind is ReleaseOperator else {}
        execute(
            kind(task_id=kind.step, pipeline="small", **given),
            run_id="released", run_after=datetime.fromisoformat(until).replace(tzinfo=UTC),
        )  # fmt: skip
    rides.to_csv(stores.project / "data/small.csv", index=False)
    done = call(
        stores.project, "monitor", "small", "--from", start, "--to", "2012-12-31",
        AIRFLOW__STAGELINE__HOME=str(stores.home),
        AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI=f"sqlite:///{stores.home / 'mlflow.db'}",
    )  # fmt: skip
    assert done.code == 0, done.err
    weeks, day = {}, ""
    for line in done.out.splitlines()[:-1]:
        day = line[:10] if line.startswith("201") else day
        weeks.setdefault(day, []).append(line)
    return weeks


def test_two_years_of_a_model_of_the_first(stores, execute):
    weeks = replay(stores, execute, BIKE_PILOT, "2012-01-01", "2011-01-01")
    alarms = {day: lines[0] for day, lines in weeks.items() if " alarm " in lines[0]}

    assert len(weeks) == 104
    # No week of the year that the model was trained on, in whatever season; nor is anything said of its performance.
    assert not [day for day in alarms if day < "2012"]
    assert all(len(lines) == 1 for day, lines in weeks.items() if day < "2011-12-31")
    # The warmest March on record, and the two days that the service was closed for hurricane Sandy.
    assert "temp" in alarms["2012-03-17"]
    assert "weekday" in alarms["2012-10-27"]
    # A warm winter moved the predictions; the growth of that year moved no column for good.
    assert len([day for day in alarms if day >= "2012-04"]) <= 5
    assert len(alarms) <= 12


def test_a_model_of_early_2011_is_not_alarmed_by_the_seasons_but_by_the_growth_it_does_not_know(stores, execute):
    weeks = replay(stores, execute, LASTING, "2011-07-01", "2011-07-02")
    by_rows = [day for day, lines in weeks.items() if " alarm " in lines[0]]
    by_labels = [day for day, lines in weeks.items() if len(lines) > 1 and " alarm " in lines[1]]

    assert len(weeks) == 78
    # Summer, autumn and winter come for the first time: that is no alarm, of rows or of labels.
    assert not [day for day in (*by_rows, *by_labels) if day < "2011-12-24"]
    # In 2012 there are half as many rides again: a loss that stays, and not a matter of columns.
    assert by_labels[0] <= "2012-01-31"
    assert len([day for day in by_labels if day >= "2012-03"]) >= 35
    assert len(by_rows) <= 6
    assert all(int(weeks[day][0].split(" alarm ")[1].split()[0]) <= 3 for day in by_rows)
    assert "that the release leads one to expect of this mix of predictions" in weeks["2012-05-05"][1]
