import numpy as np
import pandas as pd
import pytest
from proposal_judging import broken

from stageline.quality import propose_expectations, propose_with_notes
from stageline.quality.proposals.tolerance import mostly_for

ROWS = 3_000
HOURS = pd.date_range("2026-01-01", periods=ROWS, freq="h")
NOT_NULL = "expect_column_values_to_not_be_null"
MEAN, STDEV = "expect_column_mean_to_be_between", "expect_column_stdev_to_be_between"
UNIQUE = "expect_column_values_to_be_unique"


def propose(values, times=HOURS, *, timed=True):
    frame = pd.DataFrame({"x": values, "at": times})
    return propose_expectations(frame, keys=[], event_time="at" if timed else None, target=None)


def about(proposals, kind, column="x"):
    return [
        item for item in proposals if item.expectation.type == kind and item.expectation.arguments["column"] == column
    ]


def noise(seed=0, rows=ROWS):
    return np.random.default_rng(seed).normal(10, 2, rows)


def with_gaps(share, where=slice(None)):
    values = noise()
    gaps = np.zeros(ROWS, dtype=bool)
    gaps[where] = np.random.default_rng(1).random(len(gaps[where])) < share
    return np.where(gaps, np.nan, values)


def test_a_few_gaps_may_be_twice_as_many():
    values = with_gaps(0.03)
    (proposal,) = about(propose(values), NOT_NULL)

    assert proposal.expectation.arguments["mostly"] == 0.94
    assert proposal.support.startswith(f"{np.isnan(values).sum()} of 3,000 values (2.8 %)")
    assert "in a tenth of the time" in proposal.support
    assert broken(pd.DataFrame({"x": with_gaps(0.05)}), [proposal]) == []
    assert len(broken(pd.DataFrame({"x": with_gaps(0.2)}), [proposal])) == 1


def test_gaps_that_come_together_get_the_room_of_the_worst_time():
    (proposal,) = about(propose(with_gaps(0.3, slice(0, 300))), NOT_NULL)

    assert proposal.expectation.arguments["mostly"] == 0.6
    assert about(propose(with_gaps(1, slice(0, 300))), NOT_NULL) == []
    (shuffled,) = about(propose(with_gaps(1, slice(0, 300)), timed=False), NOT_NULL)
    assert shuffled.expectation.arguments["mostly"] == 0.7


@pytest.mark.parametrize("values", [[1.5, None] * 1_500, [1.5] * 20 + [None] * 2_980], ids=["half", "few values"])
def test_a_column_of_gaps_may_have_gaps(values):
    assert about(propose(values), NOT_NULL) == []


@pytest.mark.parametrize("role", ["key", "event_time"])
def test_keys_and_times_with_gaps_are_not_excused(role):
    frame = pd.DataFrame({"x": [*range(99), None], "y": range(100)})
    found = propose_expectations(
        frame, keys=["x"] if role == "key" else [], event_time="x" if role == "event_time" else None, target=None
    )

    assert about(found, NOT_NULL) == []


@pytest.mark.parametrize(
    ("seen", "total", "worst", "mostly"),
    [(0, 1_000, 0, 0.995), (1, 100_000, 0, 0.99993), (30, 1_000, 0, 0.93), (30, 1_000, 0.2, 0.8), (30, 100, 0, None)],
)
def test_the_exceptions_allowed_leave_room(seen, total, worst, mostly):
    assert mostly_for(seen, total, worst_share=worst) == mostly


@pytest.mark.parametrize("seen", [0, 1, 5, 40])
def test_chance_alone_seldom_uses_up_the_room_for_exceptions(seen):
    allowed = (1 - mostly_for(seen, 10_000)) * 10_000
    again = np.random.default_rng(0).poisson(seen, 10_000)

    assert (again > allowed).mean() < 0.01


def test_a_steady_mean_and_deviation_get_a_band():
    values = noise()
    proposals = propose(values)
    (mean,), (stdev,) = about(proposals, MEAN), about(proposals, STDEV)

    assert mean.expectation.arguments["min_value"] < values.mean() < mean.expectation.arguments["max_value"]
    assert stdev.expectation.arguments["min_value"] < values.std() < stdev.expectation.arguments["max_value"]
    assert "in 10 blocks of time; room: 4 standard errors of the difference" in mean.support
    assert broken(pd.DataFrame({"x": values}), [mean, stdev]) == []
    assert broken(pd.DataFrame({"x": noise(1)}), [mean, stdev]) == []
    assert len(broken(pd.DataFrame({"x": noise(1) + 1}), [mean, stdev])) == 1
    assert len(broken(pd.DataFrame({"x": (noise(1) - 10) * 1.3 + 10}), [mean, stdev])) == 1


def test_bands_are_seldom_left_by_chance():
    left = 0
    for seed in range(40):
        (mean,), (stdev,) = (about(propose(noise(seed)), kind) for kind in (MEAN, STDEV))
        fresh = noise(seed + 1_000)
        for proposal, value in ((mean, fresh.mean()), (stdev, fresh.std(ddof=1))):
            given = proposal.expectation.arguments
            left += not given["min_value"] <= value <= given["max_value"]
    assert left <= 2


@pytest.mark.parametrize(
    "values",
    [
        noise() + np.arange(ROWS) / 500,
        noise() + 8 * np.sin(np.arange(ROWS) / 400),
        np.where(np.arange(ROWS) > 1_500, 20, 0) + noise(),
        np.arange(ROWS) % 24,
        np.tile([1.5, 2.5, 3.5], 1_000),
        np.full(ROWS, 2.5),
        np.where(np.arange(ROWS) % 2, np.inf, noise()),
    ],
    ids=["a trend", "a season", "a jump", "codes", "few values", "constant", "infinite"],
)
def test_no_band_where_nothing_is_steady_or_worth_it(values):
    proposals = propose(values)

    assert about(proposals, MEAN) == []
    assert about(proposals, STDEV) == []


def test_no_band_without_time_or_with_too_little_of_it():
    assert about(propose(noise(), timed=False), MEAN) == []
    assert about(propose(noise(rows=299), HOURS[:299]), MEAN) == []
    assert len(about(propose(noise(rows=300), HOURS[:300]), MEAN)) == 1


def test_the_order_of_the_file_does_not_matter_where_there_is_time():
    shuffled = np.random.default_rng(0).permutation(ROWS)
    values = noise() + np.arange(ROWS) / 500

    assert propose(values) == propose(values[shuffled], HOURS[shuffled])


@pytest.mark.parametrize(
    ("times", "unique"),
    [
        (HOURS, True),
        (HOURS.delete(range(0, ROWS, 50)), True),
        (HOURS.astype(str), True),
        (HOURS.repeat(2)[:ROWS], False),
        (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.random.default_rng(0).random(ROWS) * 1e6, unit="s"), False),
    ],
    ids=["hours", "a few left out", "as text", "twice", "whenever"],
)
def test_times_of_an_even_grid_occur_once(times, unique):
    found = about(propose(noise(rows=len(times)), times), UNIQUE, "at")

    assert bool(found) is unique
    if unique:
        assert "steps are 1 hour, and no time occurs twice" in found[0].support


def test_how_new_the_newest_row_is_can_only_be_noted():
    frame = pd.DataFrame({"x": noise(), "at": HOURS})
    options = {"keys": [], "event_time": "at", "target": None}

    (note,) = propose_with_notes(frame, **options).notes
    assert note.startswith("Freshness of at: the newest row is of 2026-05-05 23:00, rows come at most 1 hour apart. ")
    assert "set quality_gate.max_age" in note
    assert propose_with_notes(frame, **options, age_watched=True).notes == ()
    (hidden,) = propose_with_notes(frame, **options, private=["at"]).notes
    assert "2026" not in hidden
    assert propose_with_notes(frame, keys=[], event_time=None, target=None).notes == ()


@pytest.mark.parametrize(
    ("times", "newest"),
    [
        (HOURS.tz_localize("Europe/Berlin", nonexistent="shift_forward", ambiguous=True), "2026-05-05 21:00 UTC"),
        (HOURS.astype("datetime64[s]"), "2026-05-05 23:00"),
        (HOURS.strftime("%Y-%m-%dT%H:%M:%S+02:00"), "2026-05-05 21:00 UTC"),
        (HOURS.date, "2026-05-05 00:00"),
    ],
    ids=["a zone", "seconds", "texts with an offset", "days"],
)
def test_times_of_every_kind_order_the_rows(times, newest):
    found = propose_with_notes(pd.DataFrame({"x": noise(), "at": times}), keys=[], event_time="at", target=None)

    assert f"the newest row is of {newest}, rows" in found.notes[0]
    assert len(about(found.expectations, MEAN)) == 1


def test_an_event_time_that_orders_nothing_is_said():
    frame = pd.DataFrame({"x": noise(rows=400), "at": ["soon", "later"] * 200})
    found = propose_with_notes(frame, keys=[], event_time="at", target=None)

    assert "at puts the rows in no order (event time 'at': row 1 has 'soon'" in found.notes[0]
    assert about(found.expectations, MEAN) == []
    assert "soon" not in propose_with_notes(frame, keys=[], event_time="at", target=None, private=["at"]).notes[0]
