import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from stageline.demo.demand import expected_rides
from stageline.demo.simulator import TWO_YEARS, simulate_demand

COLUMNS = {
    "ride_hour": "datetime64[us]",
    "temperature_c": "float64",
    "humidity": "float64",
    "wind_speed_mps": "float64",
    "weather": "str",
    "is_holiday": "bool",
    "is_workday": "bool",
    "events_nearby": "int64",
    "active_members_7d": "int64",
    "price_per_ride": "float64",
    "rides": "int64",
}


@pytest.fixture(scope="module")
def two_years() -> pd.DataFrame:
    return simulate_demand()


def _features(frame: pd.DataFrame) -> pd.DataFrame:
    hours = frame["ride_hour"].dt
    return frame.drop(columns=["ride_hour", "rides"]).assign(
        hour=hours.hour, weekday=hours.day_of_week, month=hours.month
    )


def test_has_one_row_an_hour_of_two_years_and_nothing_is_null(two_years):
    assert {column: str(kind) for column, kind in two_years.dtypes.items()} == COLUMNS
    assert len(two_years) == TWO_YEARS
    assert two_years["ride_hour"].iloc[[0, -1]].tolist() == [
        pd.Timestamp("2024-01-01"),
        pd.Timestamp("2025-12-31T23:00"),
    ]
    assert (two_years["ride_hour"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert not two_years.isna().to_numpy().any()


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        ("temperature_c", -25, 38),
        ("humidity", 0.15, 1),
        ("wind_speed_mps", 0, 30),
        ("events_nearby", 0, 12),
        ("active_members_7d", 10_000, 80_000),
        ("price_per_ride", 1.4, 2.6),
        ("rides", 0, 3_500),
    ],
)
@pytest.mark.parametrize("seed", [0, 7, 2**32])
def test_values_are_plausible(seed, column, low, high):
    assert simulate_demand(seed)[column].between(low, high).all()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(two_years):
    pd.testing.assert_frame_equal(two_years, simulate_demand(seed=7), check_exact=True)
    assert (two_years["rides"] != simulate_demand(seed=8)["rides"]).mean() > 0.9


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    start=st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2060-01-01")).map(
        lambda moment: moment.replace(minute=0, second=0, microsecond=0)
    ),
    hours=st.integers(1, 500),
    more=st.integers(0, 500),
)
def test_a_shorter_simulation_is_the_beginning_of_a_longer_one(seed, start, hours, more):
    short = simulate_demand(seed, start.isoformat(), hours)
    longer = simulate_demand(seed, start.isoformat(), hours + more)
    assert len(short) == hours
    pd.testing.assert_frame_equal(short, longer.iloc[:hours], check_exact=True)


def test_the_first_year_does_not_depend_on_the_second(two_years):
    pd.testing.assert_frame_equal(simulate_demand(hours=8_784), two_years.iloc[:8_784], check_exact=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hours": 0}, "hours = 0; expected at least 1"),
        ({"start": "2024-01-01T00:30"}, "expected a full hour"),
        ({"start": "2024-01-01T00:00Z"}, "without a time zone"),
        ({"seed": -1}, "seed = -1; expected 0 or more"),
    ],
)
def test_refuses_what_it_cannot_simulate(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_demand(**arguments)


def test_the_weather_hangs_together(two_years):
    by_weather = two_years.groupby("weather")
    assert set(by_weather.groups) == {"clear", "cloudy", "rain", "snow"}
    assert by_weather["humidity"].mean()["rain"] > by_weather["humidity"].mean()["clear"] + 0.1
    assert by_weather["temperature_c"].max()["snow"] < 1
    assert by_weather["temperature_c"].min()["rain"] > 0
    share = two_years["weather"].value_counts(normalize=True)
    assert share["clear"] > share["cloudy"] > share["rain"] > share["snow"] > 0.01
    assert two_years["temperature_c"].autocorr(1) > 0.95
    month = two_years.groupby(two_years["ride_hour"].dt.month)["temperature_c"].mean()
    assert month[7] - month[1] > 15


def test_free_days_are_free(two_years):
    free = two_years.loc[two_years["is_holiday"], "ride_hour"].dt.strftime("%m-%d").unique()
    assert {"01-01", "05-01", "12-25", "12-26"} <= set(free)
    assert two_years["is_holiday"].sum() == 2 * 11 * 24
    assert not (two_years["is_holiday"] & two_years["is_workday"]).any()
    assert not two_years.loc[two_years["ride_hour"].dt.day_of_week >= 5, "is_workday"].any()


def test_workdays_have_two_peaks_and_free_days_one(two_years):
    profile = two_years.groupby(["is_workday", two_years["ride_hour"].dt.hour])["rides"].mean()
    workday, free = profile[True], profile[False]
    assert workday[8] > 2 * workday[11] < workday[17]
    assert free.idxmax() in range(13, 18)
    assert free[8] < 0.5 * free[14]


def test_comfortable_hours_have_most_rides(two_years):
    afternoon = two_years[(two_years["ride_hour"].dt.hour == 14) & ~two_years["is_workday"]]
    rides = afternoon.groupby(pd.cut(afternoon["temperature_c"], [-30, 5, 18, 26, 40]))["rides"].mean()
    assert rides.idxmax() == pd.Interval(18, 26)
    wet = two_years["weather"].isin(["rain", "snow"])
    assert two_years.loc[wet, "rides"].mean() < 0.6 * two_years.loc[~wet, "rides"].mean()


def test_growth_is_nearly_over(two_years):
    members = two_years.set_index("ride_hour")["active_members_7d"].resample("YS").mean()
    assert 1.02 < members.iloc[1] / members.iloc[0] < 1.08


def test_the_price_list_stays_and_only_discounts_come_and_go(two_years):
    by_year = two_years.groupby(two_years["ride_hour"].dt.year)["price_per_ride"]
    for shares in (year.value_counts(normalize=True) for _, year in by_year):
        assert set(shares.index) == {1.4, 1.8, 2.2}
        assert shares[2.2] == pytest.approx(0.78, abs=0.07)


def test_the_noise_is_unbiased_and_wider_than_poisson(two_years):
    mean, rides = expected_rides(two_years), two_years["rides"].to_numpy()
    assert rides.sum() / mean.sum() == pytest.approx(1, abs=0.01)
    busy = mean > 300
    assert np.mean((rides[busy] - mean[busy]) ** 2 / mean[busy]) > 5
    assert mean_absolute_error(rides, mean) < 0.15 * rides.mean()


def test_no_column_gives_the_target_away(two_years):
    ranks = two_years.select_dtypes(["number", "bool"]).corr("spearman")["rides"].drop("rides")
    assert ranks.abs().max() < 0.7
    train, last = two_years.iloc[: int(0.8 * TWO_YEARS)], two_years.iloc[int(0.8 * TWO_YEARS) :]
    for column in ranks.index:
        alone = HistGradientBoostingRegressor(max_iter=30).fit(train[[column]], train["rides"])
        assert alone.score(last[[column]], last["rides"]) < 0.4, column


def test_trees_beat_a_line_beats_a_constant_and_none_beats_the_truth(two_years):
    train, last = two_years.iloc[: int(0.8 * TWO_YEARS)], two_years.iloc[int(0.8 * TWO_YEARS) :]
    one_hot = (OneHotEncoder(sparse_output=False), ["weather"])
    models = {
        "constant": DummyRegressor(),
        "line": make_pipeline(make_column_transformer(one_hot, remainder=StandardScaler()), Ridge()),
        "trees": make_pipeline(
            make_column_transformer(one_hot, remainder="passthrough"),
            HistGradientBoostingRegressor(max_iter=150, random_state=0),
        ),
    }
    error = {
        name: mean_absolute_error(last["rides"], model.fit(_features(train), train["rides"]).predict(_features(last)))
        for name, model in models.items()
    }
    truth = mean_absolute_error(last["rides"], expected_rides(last))
    assert error["trees"] < 0.5 * error["line"]
    assert error["line"] < 0.85 * error["constant"]
    assert error["trees"] > truth
