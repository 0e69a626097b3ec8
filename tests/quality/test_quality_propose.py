import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proposal_judging import broken

from stageline.exceptions import DataError
from stageline.quality import propose_expectations, propose_with_notes
from stageline.verdicts import Severity

NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"


def propose(frame, *, keys=(), event_time=None, target=None, exclude=(), private=()):
    return propose_expectations(
        pd.DataFrame(frame), keys=keys, event_time=event_time, target=target, exclude=exclude, private=private
    )


def kinds(proposals, column):
    return [
        proposal.expectation.type for proposal in proposals if proposal.expectation.arguments.get("column") == column
    ]


def one(proposals, kind, column=None):
    (proposal,) = [
        proposal
        for proposal in proposals
        if proposal.expectation.type == kind and column in (None, proposal.expectation.arguments.get("column"))
    ]
    return proposal


def test_the_table_comes_first():
    frame = {"id": range(40), "x": [1.5] * 40, "leak": [2.5] * 40}
    columns, exact, rows = propose(frame, keys=["id"], exclude=["leak"])[:3]

    assert columns.expectation.severity is Severity.CRITICAL
    assert columns.expectation.arguments == {"column_set": ["id", "x"], "exact_match": False}
    assert exact.expectation.severity is Severity.WARNING
    assert exact.expectation.arguments == {"column_set": ["id", "x", "leak"], "exact_match": True}
    assert rows.expectation.arguments == {"min_value": 20, "max_value": 80}
    assert rows.support.startswith("seen 40 rows; about half of them to double; ")


@pytest.mark.parametrize(("rows", "least", "most"), [(1, 1, 2), (3, 1, 6), (569, 280, 1_200), (17_379, 8_600, 35_000)])
def test_the_band_of_rows_is_round(rows, least, most):
    found = one(propose({"x": np.zeros(rows)}), "expect_table_row_count_to_be_between")

    assert found.expectation.arguments == {"min_value": least, "max_value": most}


def test_the_band_of_rows_says_when_a_table_outgrows_it():
    frame = {"at": pd.date_range("2026-01-01", periods=1_000, freq="h")}
    found = one(propose(frame, event_time="at"), "expect_table_row_count_to_be_between")

    assert "which 24 new rows a day would reach after 42 days" in found.support


def test_keys_times_and_target_are_there_and_the_key_is_unique_but_has_no_range():
    frame = {"id": range(40), "at": pd.date_range("2026-01-01", periods=20).repeat(2), "y": [1.5, 2.5] * 20}
    proposals = propose(frame, keys=["id"], event_time="at", target="y")

    assert kinds(proposals, "id") == [UNIQUE, NOT_NULL]
    assert kinds(proposals, "at") == [NOT_NULL]
    assert one(proposals, UNIQUE, "id").expectation.severity is Severity.CRITICAL
    for column in ("id", "at", "y"):
        proposal = one(proposals, NOT_NULL, column)
        assert proposal.expectation.severity is Severity.CRITICAL
        assert "critical: it is" in proposal.support


def test_several_keys_are_unique_together():
    frame = {"day": [1, 1, 2, 2], "hour": [1, 2, 1, 2]}
    compound = one(propose(frame, keys=["day", "hour"]), "expect_compound_columns_to_be_unique")

    assert compound.expectation.arguments == {"column_list": ["day", "hour"]}
    assert kinds(propose(frame, keys=["day", "hour"]), "day") == [NOT_NULL]


@pytest.mark.parametrize(
    "frame",
    [
        {"day": [1, 1, 2], "hour": [1, 1, 1]},
        {"day": [1, 2, 3], "hour": [1, None, 2]},
        {"day": [["a"], ["b"]], "hour": [1, 2]},
    ],
    ids=["repeated", "with a gap", "not comparable"],
)
def test_keys_that_do_not_name_rows_are_not_called_unique(frame):
    proposals = propose(frame, keys=["day", "hour"])

    assert not [proposal for proposal in proposals if "unique" in proposal.expectation.type]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([f"T-{number:04d}" for number in range(40)], True),
        ([*range(7, 47)][::-1], True),
        ([number * number for number in range(40)], False),
        ([f"a remark, number {number * 'x'}" for number in range(40)], False),
        ([number + 0.5 for number in range(40)], False),
        ([*range(39), 0], False),
    ],
    ids=["ids", "row numbers", "squares", "prose", "measured", "repeated"],
)
def test_what_seems_to_name_rows_is_unique_and_only_a_warning(values, found):
    proposals = propose({"x": values})

    assert (UNIQUE in kinds(proposals, "x")) is found
    if found:
        assert one(proposals, UNIQUE).expectation.severity is Severity.WARNING
        assert "expect_column_values_to_be_between" not in kinds(proposals, "x")


def test_excluded_columns_get_none_of_their_own_but_a_key_does():
    frame = {"x": [1.5] * 40, "leak": [2.5] * 40, "id": range(40)}
    proposals = propose(frame, exclude=["leak", "id"], keys=["id"])

    assert kinds(proposals, "leak") == []
    assert kinds(proposals, "id") == [UNIQUE, NOT_NULL]


def test_nothing_about_the_values_of_a_private_column_is_proposed():
    rows = 400
    frame = {
        "name": ["Ada", "Grace"] * (rows // 2),
        "salary": np.linspace(1_234.5, 9_876.5, rows),
        "paid": np.linspace(1_000.5, 9_000.5, rows),
        "at": pd.date_range("2026-01-01", periods=rows),
        "id": [f"secret{number:04d}" for number in range(rows)],
    }
    found = propose_with_notes(
        pd.DataFrame(frame), keys=["id"], event_time="at", target="paid", private=["name", "salary", "at", "id"]
    )

    for column in ("name", "salary"):
        assert kinds(found.expectations, column) == [NOT_NULL]
    assert kinds(found.expectations, "id") == [UNIQUE, NOT_NULL]
    everything = " ".join([*found.notes, *(f"{item.support} {item.expectation}" for item in found.expectations)])
    for value in ("Ada", "1234", "1,234", "9876", "secret0", "2026", "secret"):
        assert value not in everything


def test_an_empty_table_supports_nothing():
    assert propose({"x": []}) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keys": ["idd"]}, "'idd' is declared as a key, but the table has no such column; did you mean 'id'"),
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
    named = [item.expectation.arguments["column"] for item in propose(frame) if "column" in item.expectation.arguments]
    assert named == ["b", "b", "a", "a"]


COLUMNS = st.sampled_from(
    [
        st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True),
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(0, 1),
        st.floats(-100, 100),
        st.floats(width=32, allow_nan=True),
        st.integers(-(2**62), 2**62),
        st.integers(-(2**53), 2**53),
        st.integers(0, 5),
        st.booleans(),
        st.one_of(st.none(), st.booleans()),
        st.sampled_from(["", "a", "0", "1", "nan", "2026-01-01", "<b>", "é", "null"]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.one_of(st.none(), st.text(max_size=3)),
        st.one_of(st.none(), st.dates().map(str)),
        st.integers(0, 9_999).map("a.b+{}$ [c]\\^".format),
        st.decimals(-1_000, 1_000, places=2),
        st.datetimes(),
    ]
)
NAMES = st.text(min_size=1, max_size=5).filter(str.strip)


@st.composite
def frames(draw):
    count = draw(st.integers(30, 50))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    return pd.DataFrame({name: draw(st.lists(draw(COLUMNS), min_size=count, max_size=count)) for name in names})


@settings(max_examples=40, deadline=None)
@given(frame=frames(), data=st.data())
def test_proposals_hold_on_the_table_they_come_from(frame, data):
    keys = data.draw(st.lists(st.sampled_from(list(frame.columns)), unique=True, max_size=2))
    target = data.draw(st.sampled_from([None, *frame.columns]))
    proposals = propose_expectations(frame, keys=keys, event_time=None, target=target)

    assert broken(frame, proposals) == []
    for column in frame.columns:
        assert len(kinds(proposals, column)) <= 3
    assert all(proposal.support for proposal in proposals)


@st.composite
def histories(draw):
    """Draw a few hundred rows with an event time, of columns that drift, jump, repeat and depend on each other."""
    rows = draw(st.integers(300, 600))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = np.arange(rows)
    base = random.normal(size=rows)
    made = {
        "steady": base,
        "trend": base + steps / draw(st.floats(1, 1_000)),
        "season": np.sin(steps / draw(st.floats(5, 100))) * draw(st.floats(0.1, 10)) + base,
        "jump": base + (steps > draw(st.integers(0, rows))) * draw(st.floats(-20, 20)),
        "skewed": np.exp(base * draw(st.floats(0.1, 3))),
        "wild": np.where(steps == draw(st.integers(0, rows - 1)), draw(st.sampled_from([-999, 1e9])), base),
        "count": random.poisson(draw(st.floats(0.05, 50)), rows),
        "code": random.integers(0, draw(st.integers(1, 40)), rows),
        "gaps": np.where(random.random(rows) < draw(st.floats(0, 0.9)), np.nan, base),
        "burst": np.where((steps > rows * 0.4) & (steps < rows * draw(st.floats(0.4, 1))), np.nan, base),
        "year": 2_000 + steps // draw(st.integers(50, 400)),
    }
    made["part"] = made["count"] // 2
    made["rest"] = made["count"] - made["part"]
    made["hundred"] = 100 - made["count"]
    made["above"] = made["skewed"] + np.abs(base)
    chosen = draw(st.lists(st.sampled_from(sorted(made)), min_size=2, max_size=6, unique=True))
    frame = pd.DataFrame({name: made[name] for name in chosen})
    frame["at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(
        steps if draw(st.booleans()) else random.integers(0, 1_000, rows), unit="h"
    )
    order = random.permutation(rows) if draw(st.booleans()) else steps
    return frame.iloc[order].reset_index(drop=True)


@settings(max_examples=30, deadline=None)
@given(frame=histories(), timed=st.booleans())
def test_proposals_about_time_and_about_several_columns_hold_too(frame, timed):
    target = frame.columns[0]
    proposals = propose_expectations(frame, keys=[], event_time="at" if timed else None, target=target)

    assert broken(frame, proposals) == []
    for column in frame.columns:
        assert len(kinds(proposals, column)) <= 4
