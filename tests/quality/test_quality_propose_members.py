import pandas as pd
import pytest
from proposal_judging import broken

from stageline.quality import propose_expectations
from stageline.verdicts import Severity

IN_SET = "expect_column_values_to_be_in_set"
DAYS = pd.date_range("2026-01-01", periods=80)


def sets(values, target=None, timed=False):
    frame = pd.DataFrame({"x": values})
    if timed:
        frame["at"] = DAYS[: len(frame)]
    found = propose_expectations(frame, keys=[], event_time="at" if timed else None, target=target)
    return [proposal for proposal in found if proposal.expectation.type == IN_SET]


@pytest.mark.parametrize(
    ("values", "members"),
    [
        (["b", "a"], ["a", "b"]),
        ([3, 1], [1, 3]),
        ([3.0, None], [3]),
        ([10, 20, 40, 30], [10, 20, 30, 40]),
        ([True, False], [False, True]),
        ([True, None, False], [False, True]),
        (["<b>", "it's"], ["<b>", "it's"]),
        (["1", "0"], ["0", "1"]),
        ([1, 2, 3, 4], [1, 2, 3, 4]),
    ],
    ids=str,
)
def test_few_stable_values_become_a_set(values, members):
    (proposal,) = sets(values * 40)

    assert proposal.expectation.arguments["value_set"] == members
    assert [type(member) for member in proposal.expectation.arguments["value_set"]] == [type(members[0])] * len(members)
    assert proposal.expectation.severity is Severity.WARNING


@pytest.mark.parametrize(
    "values",
    [
        [f"name {number % 21}" for number in range(210)],
        ["x" * 81, "y"] * 40,
        ["a", 1] * 40,
        ["a", "b"] * 10,
        list(range(13)) * 40,
        [0] * 60 + [1] * 15 + [2] * 5,
        [1.5, 2.5] * 40,
        [2**60, 2**60 + 1] * 40,
    ],
    ids=["many", "long", "mixed", "few rows", "many numbers", "counts", "reals", "large"],
)
def test_no_set_without_support(values):
    assert sets(values) == []


def test_a_set_must_be_shared_by_both_halves_of_the_time():
    assert sets(["a"] * 40 + ["b"] * 40, timed=True) == []
    assert sets([1] * 40 + [2] * 40, timed=True) == []
    assert len(sets(["a", "b"] * 40, timed=True)) == 1


def test_without_an_event_time_a_sorted_file_is_no_history():
    assert len(sets(["a"] * 40 + ["b"] * 40)) == 1


def test_rare_spellings_are_left_outside_as_long_as_they_stay_rare():
    values = ["rain", "snow"] * 500 + ["Rain", "rian"]
    (proposal,) = sets(values)

    assert proposal.expectation.arguments == {"column": "x", "value_set": ["rain", "snow"], "mostly": 0.991}
    assert "and 2 rare ones beside" in proposal.support
    assert broken(pd.DataFrame({"x": values}), [proposal]) == []
    assert len(broken(pd.DataFrame({"x": values + ["hail"] * 20}), [proposal])) == 1
    assert sets(["rain", "snow"] * 50 + ["Rain", "rian"]) == []


@pytest.mark.parametrize(
    ("values", "members", "severity"),
    [
        (["yes", "no"] * 40, ["no", "yes"], "critical"),
        ([0, 1] * 40, [0, 1], "critical"),
        ([True, False] * 40, [False, True], "critical"),
        (["a"] * 40 + ["b"] * 39 + ["c"], ["a", "b", "c"], "critical"),
        ([1, 2, 3, 4] * 20, [1, 2, 3, 4], "warning"),
    ],
    ids=str,
)
def test_the_classes_of_a_target_are_all_there_and_critical(values, members, severity):
    (proposal,) = sets(values, target="x", timed=True)

    assert proposal.expectation.arguments == {"column": "x", "value_set": members}
    assert proposal.expectation.severity == severity
