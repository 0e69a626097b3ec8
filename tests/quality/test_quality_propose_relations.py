import numpy as np
import pandas as pd
import pytest
from proposal_judging import broken

from stageline.quality import propose_expectations, propose_with_notes

ORDER = "expect_column_pair_values_a_to_be_greater_than_b"
SUM = "expect_multicolumn_sum_to_equal"
ROWS = 400


def propose(frame, **roles):
    return propose_expectations(
        pd.DataFrame(frame),
        keys=roles.get("keys", ()),
        event_time=roles.get("event_time"),
        target=roles.get("target"),
        exclude=roles.get("exclude", ()),
    )


def orders(frame, **roles):
    return [
        (item.expectation.arguments["column_A"], item.expectation.arguments["column_B"])
        for item in propose(frame, **roles)
        if item.expectation.type == ORDER
    ]


def sums(frame):
    return [
        (item.expectation.arguments["column_list"], item.expectation.arguments["sum_total"])
        for item in propose(frame)
        if item.expectation.type == SUM
    ]


def draw(seed=0):
    return np.random.default_rng(seed)


def part_and_whole():
    part = draw().integers(0, 100, ROWS)
    return {"part": part, "whole": part + draw(1).integers(0, 60, ROWS)}


def test_a_part_is_at_most_the_whole():
    frame = pd.DataFrame(part_and_whole())
    (proposal,) = [item for item in propose(frame) if item.expectation.type == ORDER]

    assert proposal.expectation.arguments == {
        "column_A": "whole", "column_B": "part", "or_equal": True, "ignore_row_if": "either_value_is_missing",
    }  # fmt: skip
    assert proposal.support.startswith("holds in all 400 rows with both; of unrelated columns, ")
    assert broken(frame, [proposal]) == []
    frame.loc[7, "part"] = 500
    assert "1 of 400 rows" in broken(frame, [proposal])[0]


@pytest.mark.parametrize("kind", ["datetime64[us]", "datetime64[us, UTC]", "date"])
def test_a_start_is_not_after_its_end(kind):
    start = pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(draw().integers(0, 9_000, ROWS), unit="h"))
    end = start + pd.to_timedelta(draw(1).integers(0, 2_000, ROWS), unit="h")
    zone = (lambda times: times.dt.tz_localize("UTC")) if "UTC" in kind else (lambda times: times)
    day = (lambda times: times.dt.date) if kind == "date" else (lambda times: times)
    frame = pd.DataFrame({"start": day(zone(start)), "end": day(zone(end))})
    frame.loc[3, "end"] = None

    assert orders(frame) == [("end", "start")]
    assert broken(frame, propose(frame)) == []


def unrelated():
    return {"a": draw().uniform(0, 1, ROWS), "b": draw(1).uniform(5, 6, ROWS)}


def codes():
    code = draw().integers(0, 5, ROWS)
    return {"a": code, "b": code + draw(1).integers(0, 3, ROWS)}


def almost():
    part = part_and_whole()
    part["part"][5] = 300
    return part


def few():
    return {name: values[:99] for name, values in part_and_whole().items()}


def other_units():
    values = part_and_whole()
    return {**values, "whole": pd.Timestamp("2026-01-01") + pd.to_timedelta(values["whole"], unit="D")}


def mirrored():
    high = draw().uniform(0, 1, ROWS)
    return {"a": 1.05 - high / 2, "b": high / 2}


@pytest.mark.parametrize(
    "frame", [unrelated, codes, almost, few, other_units, mirrored], ids=lambda made: made.__name__
)
def test_no_order_that_is_a_matter_of_course_or_of_chance(frame):
    assert orders(frame()) == []


def test_an_order_that_follows_from_two_others_is_left_out():
    values = part_and_whole()
    found = orders({**values, "all": values["whole"] + draw(2).integers(0, 60, ROWS)})

    assert sorted(found) == [("all", "whole"), ("whole", "part")]


def test_equal_columns_excluded_ones_and_ids_have_no_order():
    values = part_and_whole()

    assert orders({"a": values["part"], "b": values["part"]}) == []
    assert orders(values, exclude=["part"]) == []
    assert orders({"id": np.arange(ROWS), "x": np.maximum(np.arange(ROWS) - 50, 0)}, keys=["id"]) == []


def test_of_many_orders_the_most_telling_are_proposed():
    base = draw().uniform(0, 10, ROWS)
    frame = {}
    for place in range(30):
        frame[f"low{place}"] = base * draw(place).uniform(0.9, 1, ROWS)
        frame[f"high{place}"] = frame[f"low{place}"] * 1.01 + place * 0.001

    assert len(orders(frame)) == 10


def test_shares_that_add_up_to_a_constant():
    first, second = draw().integers(0, 50, ROWS), draw(1).integers(0, 50, ROWS)
    frame = pd.DataFrame({"x": draw(2).integers(0, 9, ROWS), "a": first, "b": second, "c": 100 - first - second})

    assert sums(frame) == [(["a", "b", "c"], 100)]
    assert broken(frame, propose(frame)) == []
    frame.loc[3, "b"] += 1
    assert sums(frame) == []


def test_flags_of_which_one_is_set():
    kind = draw().integers(0, 3, ROWS)
    other = draw(1).integers(0, 2, ROWS)
    frame = {**{f"is_{code}": (kind == code).astype(int) for code in range(3)}, "on": other, "off": 1 - other}

    assert sums(frame) == [(["is_0", "is_1", "is_2"], 1), (["on", "off"], 1)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_sum_that_is_a_column_is_noted_and_not_proposed(place):
    parts = {"casual": draw().integers(0, 90, ROWS), "registered": draw(1).integers(0, 300, ROWS)}
    frame = pd.DataFrame(parts)
    frame.insert(place, "cnt", frame["casual"] + frame["registered"])
    found = propose_with_notes(frame, keys=[], event_time=None, target="cnt")

    assert [item for item in found.expectations if item.expectation.type == SUM] == []
    (note,) = found.notes
    assert note.startswith("cnt = casual + registered in all 400 rows. No core expectation compares a sum")
    assert ("cnt", "registered") in orders(frame, target="cnt")


@pytest.mark.parametrize(
    "made",
    [
        lambda a, b: {"a": a, "b": b, "c": 2 * a + b},
        lambda a, b: {"a": a, "b": b, "c": a + b + 7},
        lambda a, b: {"a": a, "b": b, "c": (a + b) / 2},
        lambda a, _: {"a": a, "c": a},
        lambda a, b: {"a": a[:90], "b": b[:90], "c": 100 - a[:90] - b[:90]},
        lambda a, b: {"a": a, "b": np.where(b > 48, np.nan, b), "c": 100 - a - b},
    ],
    ids=["weighted", "shifted", "a mean", "a copy", "few rows", "gaps"],
)
def test_other_relations_are_neither_proposed_nor_noted(made):
    frame = pd.DataFrame(made(draw().integers(0, 50, ROWS), draw(1).integers(0, 50, ROWS)))

    assert sums(frame) == []
    assert propose_with_notes(frame, keys=[], event_time=None, target=None).notes == ()
