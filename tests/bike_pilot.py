"""The pipeline `small` as a pilot on real rides, by hour, of 2011 and 2012."""

from pathlib import Path

import pytest

BIKES = Path(__file__).resolve().parents[2] / "shared" / "data" / "bike_sharing_hour.csv"

needs_bikes = pytest.mark.skipif(not BIKES.is_file(), reason="the UCI bike sharing data is not beside the repository")

BIKE_PILOT = {
    "stage": "pilot",
    "owners": "{business: dana, model: mo, data: di}",
    "source": "{uri: data/small.csv, keys: [instant], event_time: dteday}",
    "features": "{exclude: [casual, registered]}",
    "target": "{column: cnt, task: regression}",
    "quality": "[{type: expect_column_values_to_be_between, column: hum, min_value: 0, max_value: 1}]",
    "train": "{estimator: sklearn.ensemble.HistGradientBoostingRegressor}",
    "kpi": "{metric: mean_absolute_error, max: 200}",
    "gates": "{slices: [season, workingday]}",
    "release": "{target: batch, approvers: [model]}",
    "monitor": "{window: P7D, drift: {fail_above: 0.1}}",
    "readiness": "{enforce: tell}",
}
