import dataclasses
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from stageline.demo.incidents import SCRIPTED_INCIDENTS, FailureReason, Finder
from stageline.demo.randomness import stream
from stageline.demo.simulator import simulate_demand

BY_NAME = {incident.name: incident for incident in SCRIPTED_INCIDENTS}
TRAINED_UNTIL = datetime.fromisoformat("2025-03-01")
each_incident = pytest.mark.parametrize("incident", SCRIPTED_INCIDENTS, ids=lambda incident: incident.name)


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return simulate_demand()


@pytest.fixture(scope="module")
def scripted() -> pd.DataFrame:
    return simulate_demand(incidents=SCRIPTED_INCIDENTS)


@pytest.fixture(scope="module")
def champion(clean):
    train = clean[clean["ride_hour"] < TRAINED_UNTIL]
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["weather"]),
            remainder="passthrough",
        ),
        HistGradientBoostingRegressor(max_iter=200, random_state=0),
    )
    return model.fit(_features(train), train["rides"])


@cache
def _without_incidents(seed: int) -> pd.DataFrame:
    return simulate_demand(seed)


def _features(frame: pd.DataFrame) -> pd.DataFrame:
    hours = frame["ride_hour"].dt
    return frame.drop(columns=["ride_hour", "rides"]).assign(
        hour=hours.hour, weekday=hours.day_of_week, month=hours.month
    )


def _differs(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    return ~((left == right) | (left.isna() & right.isna()))


def test_the_script_covers_all_six_reasons():
    assert {incident.reason for incident in SCRIPTED_INCIDENTS} == set(FailureReason)
    assert len(FailureReason) == 6
    assert 8 <= len(SCRIPTED_INCIDENTS) == len(BY_NAME) <= 12


def test_windows_come_after_fourteen_clean_months_one_by_one(clean):
    assert SCRIPTED_INCIDENTS[0].start >= TRAINED_UNTIL
    for earlier, later in pairwise(SCRIPTED_INCIDENTS):
        assert earlier.end + timedelta(days=1) <= later.start
    assert SCRIPTED_INCIDENTS[-1].end <= clean["ride_hour"].iloc[-1] + pd.Timedelta(hours=1)


@each_incident
def test_its_truth_is_one_sentence(incident):
    assert incident.truth.endswith(".")
    assert ". " not in incident.truth
    assert incident.description.endswith(".")


@each_incident
def test_it_is_promised_to_be_found_while_it_lasts(incident):
    monday = incident.start.date() - timedelta(days=incident.start.weekday())
    weeks = -(-(incident.end - datetime.combine(monday, datetime.min.time())) // timedelta(days=7))
    assert max(incident.found_within.values()) <= weeks


def test_everything_that_finds_incidents_finds_one_that_nothing_else_does():
    alone = [set(incident.found_within) for incident in SCRIPTED_INCIDENTS if len(incident.found_within) == 1]
    assert all({finder} in alone for finder in Finder)


@pytest.mark.parametrize("seed", [3, 7])
@pytest.mark.parametrize("incident", [one for one in SCRIPTED_INCIDENTS if one.columns], ids=lambda one: one.name)
def test_changes_what_it_says_and_nothing_else(incident, seed):
    before = _without_incidents(seed)
    after = incident.apply(before, stream(seed, incident.name))
    assert len(after) == len(before)
    assert incident.added_rows == 0
    assert after.dtypes.equals(before.dtypes)
    changed = _differs(before, after)
    assert set(changed.columns[changed.any()]) == set(incident.columns)
    assert not changed[~incident.exposed(before)].to_numpy().any()
    share = changed[incident.window(before)].any(axis=1).mean()
    assert share == pytest.approx(incident.share, abs=0.08)


def test_the_double_delivery_repeats_its_day_after_it(clean):
    incident = BY_NAME["double_delivery"]
    after = incident.apply(clean, stream(7, incident.name))
    day = np.flatnonzero(incident.window(clean))
    copies = np.arange(day[-1] + 1, day[-1] + 1 + incident.added_rows)
    pd.testing.assert_frame_equal(after.drop(index=copies).reset_index(drop=True), clean, check_exact=True)
    repeated = after.iloc[copies].reset_index(drop=True)
    pd.testing.assert_frame_equal(repeated, clean.iloc[day].reset_index(drop=True), check_exact=True)


def test_the_simulator_applies_an_incident_with_a_stream_of_its_own(clean):
    incident = BY_NAME["transit_strike"]
    expected = incident.apply(clean, stream(7, incident.name))
    pd.testing.assert_frame_equal(simulate_demand(7, incidents=[incident]), expected, check_exact=True)


def test_all_together_leave_every_other_hour_as_it_was(clean, scripted):
    added = sum(incident.added_rows for incident in SCRIPTED_INCIDENTS)
    assert len(scripted) == len(clean) + added
    doubled = BY_NAME["double_delivery"]
    first_copy = int(np.flatnonzero(doubled.window(clean))[-1]) + 1
    without = scripted.drop(index=range(first_copy, first_copy + added)).reset_index(drop=True)
    quiet = ~np.any([incident.exposed(clean) for incident in SCRIPTED_INCIDENTS], axis=0)
    assert 0.7 < quiet.mean() < 0.95
    pd.testing.assert_frame_equal(without[quiet], clean[quiet], check_exact=True)


@each_incident
def test_does_not_depend_on_the_others(incident, clean, scripted):
    alone = incident.apply(clean, stream(7, incident.name))

    def window(frame):
        inside = (frame["ride_hour"] > incident.start) & (frame["ride_hour"] < incident.end)
        return frame[inside].reset_index(drop=True)

    pd.testing.assert_frame_equal(window(alone), window(scripted), check_exact=True)


@each_incident
def test_leaves_the_frame_it_is_given_alone(incident, clean):
    copy = clean.copy()
    incident.apply(clean, stream(7, incident.name))
    pd.testing.assert_frame_equal(clean, copy, check_exact=True)


@each_incident
def test_does_nothing_outside_its_window(incident, clean):
    early = clean[clean["ride_hour"] < TRAINED_UNTIL]
    pd.testing.assert_frame_equal(incident.apply(early, stream(7, "any")), early, check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end": BY_NAME["heat_wave"].start}, "'heat_wave': start .* is not before end"),
        ({"share": 0.0}, "share = 0.0; expected above 0"),
        ({"share": 1.5}, "share = 1.5"),
        ({"found_within": {}}, "found_within = {}; expected 1 or more"),
        ({"found_within": {Finder.DRIFT: 0}}, "expected 1 or more"),
    ],
)
def test_refuses_a_contradiction(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(BY_NAME["heat_wave"], **change)


# Evidence: what a capability that looks in the right place will see.


def test_evidence_wind_gauge_dropout(scripted):
    inside = BY_NAME["wind_gauge_dropout"].window(scripted)
    assert scripted.loc[inside, "wind_speed_mps"].isna().mean() == pytest.approx(0.55, abs=0.005)
    assert scripted[~inside].notna().to_numpy().all()


def test_evidence_summer_time_clock(scripted):
    hours = scripted["ride_hour"]
    every = pd.date_range(hours.min(), hours.max(), freq="h")
    assert every.difference(hours).tolist() == [pd.Timestamp("2025-03-30T01:00")]
    assert (hours == pd.Timestamp("2025-04-13")).sum() == 2


def test_evidence_double_delivery(scripted):
    twice = scripted[scripted.duplicated(keep="first")]
    assert len(twice) == 24
    assert (twice["ride_hour"].dt.strftime("%Y-%m-%d") == "2025-08-12").all()


def test_evidence_fahrenheit_feed(clean, scripted):
    inside = BY_NAME["fahrenheit_feed"].window(scripted)
    assert scripted.loc[inside, "temperature_c"].min() > clean["temperature_c"].max()


def test_evidence_stuck_humidity_sensor(clean, scripted):
    inside = BY_NAME["stuck_humidity_sensor"].window(scripted)
    values = scripted.loc[inside, "humidity"]
    assert set(values) == {values.iloc[0]}
    assert clean["humidity"].quantile(0.05) < values.iloc[0] < clean["humidity"].quantile(0.95)


def test_evidence_heat_wave(clean, scripted):
    trained = clean.loc[clean["ride_hour"] < TRAINED_UNTIL, "temperature_c"].max()
    inside = BY_NAME["heat_wave"].window(scripted)
    assert (scripted.loc[inside, "temperature_c"] > trained).mean() > 0.15
    assert scripted.loc[inside, "temperature_c"].max() < 46


def test_evidence_morning_fog(scripted):
    inside = BY_NAME["morning_fog"].window(scripted)
    assert (scripted.loc[inside, "weather"] == "fog").mean() == pytest.approx(7 / 24)
    assert "fog" not in set(scripted.loc[~inside, "weather"])


def test_evidence_warm_november_lies_inside_every_range_but_not_in_the_combination(clean, scripted):
    trained = clean[clean["ride_hour"] < TRAINED_UNTIL]
    rows = scripted[BY_NAME["warm_november"].window(scripted)]
    for column in ("temperature_c", "humidity", "wind_speed_mps", "price_per_ride", "events_nearby"):
        assert rows[column].between(trained[column].min(), trained[column].max()).all(), column
    assert set(rows["weather"]) <= set(trained["weather"])
    november = trained[trained["ride_hour"].dt.month == 11]
    assert (rows["temperature_c"] > november["temperature_c"].max()).mean() > 0.2


@pytest.mark.parametrize(
    ("name", "grows_at_least", "direction"),
    [
        ("summer_time_clock", 1.5, 0),
        ("transit_strike", 4, -1),
        ("fahrenheit_feed", 1.3, -1),
        ("heat_wave", 1.8, 1),
        ("free_ride_campaign", 1.8, -1),
        ("fleet_recall", 1.8, 1),
        ("morning_fog", 1.5, 1),
        ("warm_november", 1.8, -1),
        ("night_bus_launch", 2, 1),
    ],
)
def test_evidence_the_trained_model_errs_more_inside_the_window(champion, clean, name, grows_at_least, direction):
    incident = BY_NAME[name]
    faulty = incident.apply(clean, stream(7, incident.name))[incident.exposed(clean)]
    usual = clean[incident.exposed(clean)]
    residual = champion.predict(_features(faulty)) - faulty["rides"]
    usual_residual = champion.predict(_features(usual)) - usual["rides"]
    assert residual.abs().mean() > grows_at_least * usual_residual.abs().mean()
    if direction:
        assert np.sign(residual.mean()) == direction
        assert abs(residual.mean()) > 0.5 * residual.abs().mean()
