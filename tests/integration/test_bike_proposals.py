"""What is proposed from a year of real data, held against the next one."""

from pathlib import Path

import pandas as pd
import pytest
from proposal_judging import broken

from stageline.quality import propose_expectations

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "bike_sharing_hour.csv"

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the UCI bike sharing data is not beside the repository")

# Rides grew by two thirds from 2011 to 2012, those of registered riders most; nothing else of the data moved.
MOVED = {
    "cnt: mean is 235.382, expected 50 to 235",
    "cnt: stdev is 209.129, expected 65 to 200",
    "registered: mean is 192.592, expected 50 to 180",
    "registered: stdev is 175.677, expected 55 to 165",
}


@pytest.fixture(scope="module")
def halves():
    bikes = pd.read_csv(DATA).sort_values(["dteday", "hr"], ignore_index=True)
    half = len(bikes) // 2
    return bikes[:half], bikes[half:].reset_index(drop=True)


def propose(frame, exclude=()):
    return propose_expectations(frame, keys=["instant"], event_time="dteday", target="cnt", exclude=exclude)


@pytest.mark.parametrize("exclude", [(), ("casual", "registered")], ids=["all columns", "as init proposes"])
def test_the_first_half_is_held_by_the_second_but_where_rides_grew(halves, exclude):
    first, second = halves
    proposals = propose(first, exclude)

    assert broken(first, proposals) == []
    assert set(broken(second, proposals)) == {message for message in MOVED if message.split(":")[0] not in exclude}


@pytest.mark.parametrize(
    ("damage", "noticed"),
    [
        ({"temp": lambda rows: rows * 41}, "temp: "),
        ({"hum": lambda rows: rows.where(rows.index % 50 > 0, -1)}, "hum: "),
        ({"windspeed": lambda rows: rows.where(rows.index % 3 > 0)}, "windspeed: "),
        ({"windspeed": lambda rows: rows * 0 + 0.1}, "windspeed: "),
        ({"weekday": lambda rows: rows + 1}, "weekday: "),
        ({"hr": lambda rows: rows + 1}, "hr: "),
        ({"mnth": lambda rows: rows - 1}, "mnth: "),
        ({"cnt": lambda rows: rows * 10}, "cnt: "),
        ({"cnt": lambda rows: rows - 100}, "cnt: "),
        ({"casual": lambda rows: rows * 3}, "cnt, casual: "),
        ({"instant": lambda rows: rows // 2}, "instant: "),
        ({"dteday": lambda rows: rows.str.replace("-", "/")}, "dteday: "),
        ({"weathersit": lambda rows: rows.map({1: 0, 2: 1, 3: 2, 4: 3})}, "weathersit: "),
    ],
    ids=["unit", "below zero", "gaps", "stuck", "weekdays from 1", "hours from 1", "months from 0", "tenfold", "shifted",
         "part above whole", "repeated key", "other dates", "codes from 0"],
)  # fmt: skip
def test_what_goes_wrong_in_practice_is_noticed(halves, damage, noticed):
    first, _ = halves
    messages = broken(first.assign(**{name: change(first[name]) for name, change in damage.items()}), propose(first))

    assert any(message.startswith(noticed) for message in messages), messages


def test_proposals_are_few_and_seldom_critical(halves):
    proposals = propose(halves[0])
    critical = {
        (proposal.expectation.type, proposal.expectation.arguments.get("column"))
        for proposal in proposals
        if proposal.expectation.severity == "critical"
    }

    assert len(proposals) <= 3 * len(halves[0].columns)
    assert critical == {
        ("expect_table_columns_to_match_set", None),
        ("expect_column_values_to_be_unique", "instant"),
        *(("expect_column_values_to_not_be_null", column) for column in ("instant", "dteday", "cnt")),
    }
