from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.quality import check_quality, propose_expectations
from stageline.verdicts import Mode, Severity, Verdict

BIKES = Path(__file__).resolve().parents[2].parent / "shared/data/bike_sharing_hour.csv"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"


def propose(frame, keys=(), event_time=None, target=None, exclude=()):
    return propose_expectations(pd.DataFrame(frame), keys=keys, event_time=event_time, target=target, exclude=exclude)


def about(proposals, column, kind=None):
    return [
        proposal
        for proposal in proposals
        if proposal.expectation.arguments.get("column") == column and kind in (None, proposal.expectation.type)
    ]


def one(proposals, column, kind):
    (proposal,) = about(proposals, column, kind)
    return proposal


def test_the_table_comes_first():
    frame = {"id": range(40), "x": [1.5] * 40, "leak": [2.5] * 40}
    columns, exact, rows = propose(frame, keys=["id"], exclude=["leak"])[:3]

    assert columns.expectation.severity is Severity.CRITICAL
    assert columns.expectation.arguments == {"column_set": ["id", "x"], "exact_match": False}
    assert exact.expectation.severity is Severity.WARNING
    assert exact.expectation.arguments == {"column_set": ["id", "x", "leak"], "exact_match": True}
    assert rows.expectation.arguments == {"min_value": 20, "max_value": 80}
    assert rows.support.startswith("seen 40 rows; half of them to double")


def test_keys_and_times_are_there_and_keys_unique_but_have_no_range():
    frame = {"id": range(40), "at": pd.date_range("2026-01-01", periods=40), "y": [1.0, 2.0] * 20}
    proposals = propose(frame, keys=["id"], event_time="at", target="y")

    assert [proposal.expectation.type for proposal in about(proposals, "id")] == [NOT_NULL, UNIQUE]
    assert [proposal.expectation.type for proposal in about(proposals, "at")] == [NOT_NULL]
    for column in ("id", "at", "y"):
        proposal = one(proposals, column, NOT_NULL)
        assert proposal.expectation.severity is Severity.CRITICAL
        assert "critical: it is" in proposal.support


def test_several_keys_are_unique_together():
    frame = {"day": [1, 1, 2, 2], "hour": [1, 2, 1, 2]}
    (compound,) = [p for p in propose(frame, keys=["day", "hour"]) if "compound" in p.expectation.type]

    assert compound.expectation.arguments == {"column_list": ["day", "hour"]}
    assert about(propose(frame, keys=["day", "hour"]), "day", UNIQUE) == []


@pytest.mark.parametrize("keys", [["day"], ["day", "hour"]])
def test_keys_that_repeat_are_not_called_unique(keys):
    proposals = propose({"day": [1, 1, 2], "hour": [1, 1, 1]}, keys=keys)

    assert not [proposal for proposal in proposals if "unique" in proposal.expectation.type]


def test_keys_that_cannot_be_compared_are_not_called_unique():
    proposals = propose({"tags": [["a"], ["b"]], "id": [1, 2]}, keys=["tags", "id"])

    assert not [proposal for proposal in proposals if "unique" in proposal.expectation.type]


def test_a_column_with_a_gap_may_have_gaps():
    assert about(propose({"x": [1.5, None] * 40}), "x", NOT_NULL) == []


@pytest.mark.parametrize(
    ("values", "limits", "words"),
    [
        ([0.1, 0.5, 0.9, 0.25], (0, 1), "read as a share of 0 to 1"),
        ([0.001, 0.002, 0.004, 0.0035], (0.0007, 0.0043), "room of 10 % of the 5-95 % range"),
        ([10.5, 20.5, 30.5, 40.5], (7.5, 43.5), "seen 10.5 to 40.5 on 100 rows"),
        ([-10.5, -20.5, -30.5, -40.5], (-43.5, -7.5), "seen -40.5 to -10.5"),
        ([0.5, 100.5, 7.5, 200.5], (0, 221), "but never negative"),
        (list(range(25)), (0, 27), "but never negative"),
        ([2.5, 2.5, 2.5, 2.5], (2.5, 2.5), "seen 2.5 to 2.5"),
    ],
)
def test_ranges_keep_room_and_natural_bounds(values, limits, words):
    proposal = one(propose({"x": values * (100 // len(values))}), "x", BETWEEN)

    found = (proposal.expectation.arguments["min_value"], proposal.expectation.arguments["max_value"])
    assert found == pytest.approx(limits)
    assert words in proposal.support
    assert proposal.expectation.severity is Severity.WARNING


def test_a_value_far_out_is_pointed_at():
    proposal = one(propose({"x": [*(number / 7 for number in range(99)), 9_999.0]}), "x", BETWEEN)

    assert "look at it" in proposal.support
    assert proposal.expectation.arguments["max_value"] > 9_999


@pytest.mark.parametrize(
    ("values", "members"),
    [
        (["b", "a"], ["a", "b"]),
        ([3, 1], [1, 3]),
        ([3.0, None], [3]),
        ([True, False], [False, True]),
        (["<b>", "it's"], ["<b>", "it's"]),
        (["1", "0"], ["0", "1"]),
    ],
)
def test_few_stable_values_become_a_set(values, members):
    frame = pd.DataFrame({"x": values * 40})
    proposal = one(propose(frame), "x", IN_SET)

    assert proposal.expectation.arguments["value_set"] == members
    assert about(propose(frame), "x", BETWEEN) == []


@pytest.mark.parametrize(
    "values",
    [
        ["a"] * 20 + ["b"] * 20,
        [f"name {number % 21}" for number in range(210)],
        ["x" * 81, "y"] * 40,
        ["a", 1] * 40,
        ["a", "b"] * 10,
    ],
    ids=["unstable", "many", "long", "mixed", "few rows"],
)
def test_no_set_without_support(values):
    assert [p.expectation.type for p in about(propose({"x": values}), "x")] == [NOT_NULL]


def test_the_classes_of_a_target_are_critical():
    frame = {"x": ["a", "b"] * 20, "y": ["yes", "no"] * 20, "z": [0, 1] * 20, "rating": [1, 2, 3, 4] * 10}

    for target, severity in (("y", "critical"), ("z", "critical"), ("rating", "warning"), (None, "warning")):
        proposal = one(propose(frame, target=target), target or "x", IN_SET)
        assert proposal.expectation.severity == severity


@pytest.mark.parametrize("values", [[float("inf"), 1.5] * 40, [2**60, 2**60 + 1] * 40, [1 + 1j] * 80])
def test_no_range_that_could_not_be_checked(values):
    assert about(propose({"x": values}), "x", BETWEEN) == []


def test_excluded_columns_get_none_of_their_own():
    assert about(propose({"x": [1.5] * 40, "leak": [2.5] * 40}, exclude=["leak"]), "leak") == []


def test_an_empty_table_supports_nothing():
    assert propose({"x": []}) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"keys": ["idd"]},
            "'idd' is declared as a key, but the table has no such column; did you mean 'id'",
        ),
        ({"target": "count"}, "'count' is declared as the target"),
        ({"event_time": "when"}, "'when' is declared as the event time"),
    ],
)
def test_a_declared_column_must_exist(options, message):
    with pytest.raises(DataError, match=message):
        propose({"id": [1], "x": [2]}, **options)


def test_a_blank_name_is_refused():
    with pytest.raises(DataError, match="blank name"):
        propose({" ": [1]})


def test_the_order_is_the_same_every_time():
    frame = {"b": ["y", "x"] * 20, "a": [1.5, 2.5] * 20}

    assert propose(frame) == propose(frame)
    named = [p.expectation.arguments["column"] for p in propose(frame) if "column" in p.expectation.arguments]
    assert named == ["b", "b", "a", "a"]


COLUMNS = st.sampled_from(
    [
        st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True),
        st.floats(0, 1),
        st.floats(width=32, allow_nan=True),
        st.integers(-(2**62), 2**62),
        st.integers(0, 5),
        st.booleans(),
        st.sampled_from(["", "a", "0", "1", "nan", "2026-01-01", "<b>", "é", "null"]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.one_of(st.none(), st.text(max_size=3)),
        st.datetimes(),
    ]
)
NAMES = st.text(min_size=1, max_size=5).filter(str.strip)


@st.composite
def frames(draw):
    rows = draw(st.integers(30, 50))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    return pd.DataFrame({name: draw(st.lists(draw(COLUMNS), min_size=rows, max_size=rows)) for name in names})


@settings(max_examples=40, deadline=None)
@given(frame=frames(), data=st.data())
def test_proposals_hold_on_the_table_they_come_from(frame, data):
    keys = data.draw(st.lists(st.sampled_from(list(frame.columns)), unique=True, max_size=2))
    proposals = propose_expectations(frame, keys=keys, event_time=None, target=None)
    report = check_quality(frame, [proposal.expectation for proposal in proposals], mode=Mode.ENABLED)

    assert [check.message for check in report.checks if check.verdict is not Verdict.PASSED] == []
    for column in frame.columns:
        assert len(about(proposals, column)) <= 3
    assert all(proposal.support for proposal in proposals)


@pytest.mark.skipif(not BIKES.exists(), reason="the bike sharing data are not at hand")
def test_the_bikes_first_half_against_the_second():
    bikes = pd.read_csv(BIKES)
    half = len(bikes) // 2
    proposals = propose(
        bikes[:half], keys=["instant"], event_time="dteday", target="cnt", exclude=["casual", "registered"]
    )
    expectations = [proposal.expectation for proposal in proposals]

    assert check_quality(bikes[:half], expectations, mode=Mode.ENABLED).verdict is Verdict.PASSED
    second = check_quality(bikes[half:], expectations, mode=Mode.ENABLED)
    assert second.verdict is Verdict.WARNED
    assert [check.name for check in second.checks if check.verdict is Verdict.FAILED] == [f"{BETWEEN}(cnt)"]
