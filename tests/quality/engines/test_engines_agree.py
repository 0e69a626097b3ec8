import pytest
from engine_cases import IN_ORDER, SUITE, TABLE, TYPES, answer, near

from stageline.spec.expectations import catalogue


def asked_of(table):
    if table.name in ("pandas", "duckdb"):
        return SUITE
    return [item for item in SUITE if item.type not in IN_ORDER]


@pytest.fixture(scope="module")
def outcomes(judged):
    return judged.evaluate(asked_of(judged))


@pytest.fixture(scope="module")
def failing(judged):
    return judged.failing_rows(asked_of(judged))


def test_the_suite_asks_every_expectation_of_the_catalogue():
    assert {item.type for item in (*SUITE, *TYPES)} == set(catalogue())


def test_pandas_can_answer_all_of_them(reference):
    outcomes = reference.evaluate(SUITE)

    assert [outcome.error for outcome in outcomes] == [""] * len(SUITE)
    assert {outcome.success for outcome in outcomes} == {True, False}


def test_verdicts_counts_and_numbers_are_the_same(judged, reference, outcomes):
    asked = asked_of(judged)
    expected = reference.evaluate(asked)
    differing = [
        (item.type, dict(item.arguments), answer(theirs), answer(ours))
        for item, theirs, ours in zip(asked, expected, outcomes, strict=True)
        if not near(answer(theirs), answer(ours))
    ]

    assert differing == []


def test_failing_rows_are_the_same(judged, reference, failing):
    found = [
        {row["id"]: failed for row, failed in zip(rows.rows.to_pylist(), rows.failed, strict=True)}
        for rows in (reference.failing_rows(asked_of(judged)), failing)
    ]

    assert found[1] == found[0]
    assert len(found[0]) == TABLE.num_rows


def test_failing_rows_agree_with_the_counts(outcomes, failing):
    failed = failing.failed
    # An expectation about whole columns counts different values, and no rows.
    about_rows = [
        (place, outcome.result["unexpected_count"])
        for place, outcome in enumerate(outcomes)
        if "element_count" in outcome.result
    ]

    assert [(place, sum(place in row for row in failed)) for place, _ in about_rows] == about_rows
    assert {place for row in failed for place in row} <= {place for place, _ in about_rows}


def test_examples_are_values_that_failed(judged, outcomes, failing):
    rows = failing.rows.to_pylist()
    for place, (item, outcome) in enumerate(zip(asked_of(judged), outcomes, strict=True)):
        name = item.arguments.get("column")
        if name in ("zoned", None) or "element_count" not in outcome.result:
            continue  # times with a zone are shown in UTC, without it
        values = [row[name] for row, failed in zip(rows, failing.failed, strict=True) if place in failed]
        shown = outcome.result["partial_unexpected_list"]
        nulls = [value is None or value != value for value in values]  # noqa: PLR0124 - NaN
        assert len(shown) == len(values), item
        assert sum(value is None for value in shown) == sum(nulls)
        held = {str(value) for value in values} | {str(float(value)) for value in values if name == "price"}
        assert {str(value) for value in shown if value is not None} <= held, item


def test_a_failing_row_is_handed_out_as_it_came(failing):
    rows = sorted(failing.rows.to_pylist(), key=lambda row: row["id"])

    for row, own in zip(rows, TABLE.to_pylist(), strict=True):
        assert list(row) == TABLE.column_names
        same = [name for name in own if row[name] == own[name] or (row[name] != row[name] and own[name] != own[name])]
        assert same == TABLE.column_names


def test_rows_have_positions_where_the_table_has_an_order(judged, failing):
    if judged.name == "duckdb":
        assert failing.positions.tolist() == failing.rows["id"].to_pylist()
    else:
        assert failing.positions is None


def test_facts_are_the_same(judged, reference):
    ours, theirs = judged.describe(judged.columns, {}), reference.describe(reference.columns, {})
    small = ("count", "nulls", "infinite", "min", "max", "mean")

    for name in TABLE.column_names:
        assert near(
            {key: getattr(ours[name], key) for key in small}, {key: getattr(theirs[name], key) for key in small}
        ), name


def test_bins_of_an_earlier_table_are_taken_over_alike(judged, reference):
    earlier = {name: facts.histogram for name, facts in reference.describe(reference.columns, {}).items()}
    earlier = {name: histogram for name, histogram in earlier.items() if histogram}
    ours, theirs = judged.describe(judged.columns, earlier), reference.describe(reference.columns, earlier)

    assert len(earlier) > 8
    for name, histogram in earlier.items():
        assert ours[name].histogram == histogram, name
        assert theirs[name].histogram == histogram


def test_rows_are_counted(judged):
    assert judged.count_rows() == TABLE.num_rows
    assert judged.columns == tuple(TABLE.column_names)


def test_a_type_is_known_by_its_names_in_any_engine(judged, reference):
    successes = [outcome.success for outcome in judged.evaluate(TYPES)]

    assert successes == [True, True, False, True, True, True, True, False]
    assert [outcome.success for outcome in reference.evaluate(TYPES)] == successes
    own = {column.type for column in judged.known.values()}
    assert {outcome.result["observed_value"] for outcome in judged.evaluate(TYPES)} <= own


def test_a_table_without_an_order_says_so(judged):
    asked = [item for item in SUITE if item.type in IN_ORDER]

    for outcome in judged.evaluate(asked):
        if judged.name == "duckdb":
            assert not outcome.error
        else:
            assert outcome.error.startswith(f"it judges rows in their order, and a table in {judged.name} has none")
            assert "use the engine duckdb or pandas" in outcome.error
