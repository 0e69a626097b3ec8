"""Every expectation about rows, asked of some rows only: the engines still say the same. And queries."""

import itertools

import pytest
from engine_cases import IN_ORDER, SUITE, TEXT, answer, near

from stageline.quality.engines.validation import quiet_imports
from stageline.spec.models import Expectation

with quiet_imports():
    from great_expectations.expectations.row_conditions import Column

CONDITIONS = [
    Column("kind") == "b",
    (Column("n") > 3) | (Column("at") >= "2026-01-02T12:30:00"),
    Column("day").is_not_null() & (Column("id") != 4) & (Column("flag") == True),  # noqa: E712 - builds a condition
    Column(TEXT).is_in(["plain", "it's", "'; DROP TABLE t; --", ""]),
    Column("n").is_not_in([1, 2, 100]),
    Column("price") <= 7.7,
]
NOT_ABOUT_ROWS = ("expect_table_column", "expect_column_to_exist")
ASKED = [
    Expectation.from_python(type=item.type, **item.arguments, row_condition=condition)
    for item, condition in zip(
        (item for item in SUITE if not item.type.startswith(NOT_ABOUT_ROWS) and item.type not in IN_ORDER),
        itertools.cycle(CONDITIONS),
        strict=False,
    )
]
UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def asked_of(table):
    return [item for item in ASKED if table.name != "spark" or item.type not in UNIQUE]


def test_verdicts_counts_and_numbers_are_the_same(judged, reference):
    asked = asked_of(judged)
    expected = reference.evaluate(asked)
    differing = [
        (item.type, dict(item.arguments), answer(theirs), answer(ours))
        for item, theirs, ours in zip(asked, expected, judged.evaluate(asked), strict=True)
        if not near(answer(theirs), answer(ours))
    ]

    assert differing == []
    assert [outcome.error for outcome in expected] == [""] * len(asked)
    assert {outcome.success for outcome in expected} == {True, False}


def test_rows_that_are_not_chosen_change_the_answer(reference):
    whole = reference.evaluate([Expectation(type=item.type, **_without_condition(item)) for item in ASKED])
    chosen = reference.evaluate(ASKED)

    assert sum(not near(answer(one), answer(other)) for one, other in zip(whole, chosen, strict=True)) > len(ASKED) / 2


def test_failing_rows_are_the_same(judged, reference):
    found = [
        {row["id"]: failed for row, failed in zip(rows.rows.to_pylist(), rows.failed, strict=True)}
        for rows in (reference.failing_rows(asked_of(judged)), judged.failing_rows(asked_of(judged)))
    ]

    assert found[1] == found[0]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('SELECT * FROM {batch} WHERE "id" > 8', 3),
        ("SELECT kind, count(*) FROM {batch} GROUP BY kind HAVING count(*) > 4", 1),
        ("SELECT * FROM {batch} AS a JOIN {batch} AS b ON a.id = b.id + 1 WHERE a.id::int < 0;", 0),
    ],
)
def test_a_query_counts_the_same_rows(judged, query, rows):
    # Spark quotes with backticks.
    spelled = query.replace('"', "`") if judged.name == "spark" else query
    asked = Expectation.from_python(type="unexpected_rows_expectation", unexpected_rows_query=spelled)
    (outcome,) = judged.evaluate([asked])

    assert outcome.error == ""
    assert (outcome.success, outcome.result["observed_value"]) == (rows == 0, rows)


def test_which_of_some_rows_are_unique_is_not_asked_of_spark(judged):
    outcomes = judged.evaluate([item for item in ASKED if item.type in UNIQUE])

    assert outcomes
    for outcome in outcomes:
        assert ("use the engine duckdb" in outcome.error) == (judged.name == "spark")


def _without_condition(item):
    return {name: value for name, value in item.arguments.items() if name != "row_condition"}
