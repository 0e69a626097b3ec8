import json
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.quality import check_quality
from stageline.quality.engines import open_frame
from stageline.spec.models import Expectation
from stageline.verdicts import Mode, Verdict, worst

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
HOSTILE = [
    "a.b", 'quo"te', "it's", "with space", " padded ", "<b onclick=alert(1)>", "línea", "x;DROP TABLE y",
    "{brace}", "%s", "$PARAMETER", "back\\slash", "select", "new\nline", "column_0",
]  # fmt: skip


def expect(kind, severity="critical", **arguments):
    return Expectation.model_validate({"type": kind, "severity": severity, **arguments})


def report(frame, *expectations, mode=Mode.ENABLED):
    with open_frame(pd.DataFrame(frame)) as engine:
        return check_quality(engine, expectations, mode=mode)


def only(frame, *expectations):
    (check,) = report(frame, *expectations).checks
    return check


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "hum": [0.1, 0.5, 1.7, -3.0, None],
            "kind": ["x", "y", "<b>", "x", None],
            "left": [1, 1, 2, 2, 3],
            "right": [1, 2, 2, 2, 3],
            "nothing": [None] * 5,
            "open": [1.0, math.inf, 2.0, 3.0, 4.0],
            "at": pd.date_range("2026-01-01", periods=5),
        }
    )


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (
            expect(BETWEEN, column="hum", min_value=0, max_value=1),
            (
                "hum: 2 of 4 values (50 %) are outside 0 to 1, e.g. 1.7, -3; allowed at most 0 % "
                "(1 null one was not judged)"
            ),
        ),
        (
            expect(BETWEEN, column="hum", min_value=0, mostly=0.9),
            "hum: 1 of 4 values (25 %) is below 0, e.g. -3; allowed at most 10 % (1 null one was not judged)",
        ),
        (
            expect(BETWEEN, column="at", max_value="2026-01-04"),
            "at: 1 of 5 values (20 %) is above '2026-01-04', e.g. 2026-01-05 00:00:00; allowed at most 0 %",
        ),
        (
            expect(IN_SET, column="kind", value_set=["x", "y"]),
            (
                "kind: 1 of 4 values (25 %) is not in 'x', 'y', e.g. '<b>'; allowed at most 0 % "
                "(1 null one was not judged)"
            ),
        ),
        (expect(NOT_NULL, column="hum"), "hum: 1 of 5 values (20 %) is null; allowed at most 0 %"),
        (
            expect(NOT_NULL, column="nothing"),
            "nothing: 5 of 5 values (100 %) are null; allowed at most 0 %",
        ),
        (
            expect("expect_column_values_to_be_unique", column="left"),
            "left: 4 of 5 values (80 %) are not unique, e.g. 1, 2; allowed at most 0 %",
        ),
        (
            expect("expect_compound_columns_to_be_unique", column_list=["left", "right"]),
            "left, right: 2 of 5 rows (40 %) are not unique, e.g. (2, 2); allowed at most 0 %",
        ),
        (
            expect("expect_column_pair_values_to_be_equal", column_A="left", column_B="right"),
            "left, right: 1 of 5 rows (20 %) is not equal, e.g. (1, 2); allowed at most 0 %",
        ),
        (
            expect("expect_column_values_to_match_strftime_format", column="kind", strftime_format="%Y"),
            (
                "kind: 4 of 4 values (100 %) are unexpected for "
                "expect_column_values_to_match_strftime_format, e.g. 'x', 'y', '<b>'; allowed at most 0 % "
                "(1 null one was not judged)"
            ),
        ),
        (
            expect("expect_column_mean_to_be_between", column="left", min_value=2, max_value=3),
            "left: mean is 1.8, expected 2 to 3",
        ),
        (
            expect("expect_column_unique_value_count_to_be_between", column="left", max_value=2),
            "left: unique value count is 3, expected at most 2",
        ),
        (
            expect("expect_column_values_to_be_of_type", column="hum", type_="int64"),
            "hum: expect_column_values_to_be_of_type does not hold; found 'float64'; type_ = 'int64'",
        ),
        (
            expect("expect_table_row_count_to_be_between", min_value=10, max_value=20),
            "table: row count is 5, expected 10 to 20",
        ),
        (expect("expect_table_row_count_to_equal", value=6), "table: row count is 5, expected 6"),
        (
            expect("expect_table_columns_to_match_set", column_set=["hum", "kind", "wind"], exact_match=False),
            "table: of 3 columns expected: missing 'wind'; new 'left', 'right', 'nothing', 'open', 'at'",
        ),
        (
            expect(BETWEEN, column="humm", min_value=0),
            "humm: the table has no such column; did you mean hum?",
        ),
        (
            expect("expect_column_to_exist", column="HUM"),
            "HUM: the table has no such column; did you mean hum?",
        ),
        (
            expect(NOT_NULL, column="zzzzzz"),
            "zzzzzz: the table has no such column; the table has hum, kind, left, right, nothing, open, at",
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Expectation) else "",
)
def test_q001_fires_with_its_numbers(table, expectation, message):
    check = only(table, expectation)

    assert (check.code, check.verdict, check.message) == ("SL-Q001", Verdict.FAILED, message)
    assert check.details["arguments"] == expectation.arguments


def test_q001_quiet(table):
    answer = report(
        table,
        expect(BETWEEN, column="left", min_value=1, max_value=3),
        expect(BETWEEN, column="hum", min_value=0, max_value=1, mostly=0.5),
        expect(BETWEEN, column="at", min_value="2026-01-01"),
        expect(NOT_NULL, column="left"),
        expect("expect_column_max_to_be_between", column="hum", max_value=2),
        expect("expect_column_to_exist", column="nothing"),
        expect("expect_column_values_to_be_null", column="nothing"),
        expect("expect_table_columns_to_match_ordered_list", column_list=list(table.columns)),
        expect("expect_table_columns_to_match_set", column_set=["hum", "at"], exact_match=False),
    )

    assert answer.verdict is Verdict.PASSED, [check.message for check in answer.checks]
    assert [check.message for check in answer.checks[:2]] == [
        "left: none of 5 values is outside 1 to 3",
        (
            "hum: 2 of 4 values (50 %) are outside 0 to 1, e.g. 1.7, -3; allowed at most 50 % "
            "(1 null one was not judged)"
        ),
    ]
    assert answer.step == "quality"
    assert not answer.blocks


def test_the_numbers_stand_in_the_check(table):
    check = only(table, expect(BETWEEN, column="hum", min_value=0, max_value=1, mostly=0.9))

    assert (check.value, check.limit, check.n) == (50.0, 10.0, 4)
    assert check.name == "expect_column_values_to_be_between(hum)"
    assert check.details["unexpected_count"] == 2
    assert check.details["examples"] == ["1.7", "-3"]


def test_examples_are_few_and_short():
    frame = {"text": ["x" * 1_000_000, *(f"value {number}" for number in range(20))]}
    check = only(frame, expect("expect_column_value_lengths_to_be_between", column="text", max_value=2))

    assert len(check.details["examples"]) == 5
    assert all(len(example) <= 80 for example in check.details["examples"])
    assert len(check.message) < 600


def test_a_repeated_name_is_numbered(table):
    same = expect(BETWEEN, column="left", min_value=0)
    names = [check.name for check in report(table, same, same, expect(NOT_NULL, column="left"), same).checks]

    assert names == [
        f"{BETWEEN}(left)", f"{BETWEEN}(left)#2", f"{NOT_NULL}(left)", f"{BETWEEN}(left)#3",
    ]  # fmt: skip


def test_q002_no_expectation_is_never_a_pass(table):
    answer = report(table)

    assert [check.code for check in answer.checks] == ["SL-Q002"]
    assert answer.verdict is Verdict.INCONCLUSIVE
    assert answer.blocks
    assert not report(table, mode=Mode.DRY_RUN).blocks


def test_q003_an_empty_table_is_inconclusive(table):
    answer = report(
        table.head(0),
        expect(BETWEEN, column="hum", min_value=0),
        expect("expect_column_to_exist", column="hum"),
        expect("expect_table_column_count_to_equal", value=7),
        expect(NOT_NULL, "info", column="hum"),
    )

    assert answer.verdict is Verdict.INCONCLUSIVE
    assert [(check.code, check.verdict.value) for check in answer.checks] == [
        ("SL-Q003", "inconclusive"),
        ("SL-Q003", "inconclusive"),
        ("SL-Q001", "passed"),
        ("SL-Q001", "passed"),
        ("SL-Q003", "inconclusive"),
    ]
    assert answer.sentence.startswith("the table has 7 columns but no rows")


def test_q003_a_shape_that_holds_does_not_pass_an_empty_table(table):
    answer = report(table.head(0), expect("expect_column_to_exist", column="hum"))

    assert answer.verdict is Verdict.INCONCLUSIVE


def test_a_missing_column_fails_an_empty_table_too(table):
    assert report(table.head(0), expect(NOT_NULL, column="gone")).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "expectation",
    [
        expect(BETWEEN, column="nothing", min_value=0),
        expect(IN_SET, column="nothing", value_set=[1]),
        expect("expect_column_values_to_be_unique", column="nothing"),
        expect("expect_column_mean_to_be_between", column="nothing", min_value=0),
        expect("expect_column_distinct_values_to_be_in_set", column="nothing", value_set=[1]),
        expect("expect_column_pair_values_to_be_equal", column_A="left", column_B="nothing"),
        expect("expect_compound_columns_to_be_unique", column_list=["left", "nothing"]),
    ],
    ids=lambda value: value.type,
)
def test_q003_a_column_of_nulls_is_inconclusive(table, expectation):
    check = only(table, expectation)

    assert (check.code, check.verdict) == ("SL-Q003", Verdict.INCONCLUSIVE)
    assert "all 5 values are null" in check.message


def test_q003_no_row_left_to_compare():
    frame = {"a": [1.0, None], "b": [None, 1.0]}
    pair = expect(
        "expect_column_pair_values_to_be_equal", column_A="a", column_B="b",
        ignore_row_if="either_value_is_missing",
    )  # fmt: skip
    check = only(frame, pair)

    assert (check.code, check.verdict, check.n) == ("SL-Q003", Verdict.INCONCLUSIVE, 0)


def test_q003_a_deviation_of_one_value():
    check = only({"a": [1.0]}, expect("expect_column_stdev_to_be_between", column="a", max_value=1))

    assert (check.code, check.verdict) == ("SL-Q003", Verdict.INCONCLUSIVE)
    assert check.message == "a: stdev cannot be computed from 1 of 1 values"


@pytest.mark.parametrize(
    "expectation",
    [
        expect(BETWEEN, column="open", min_value=0),
        expect(BETWEEN, column="open", min_value=0, mostly=0.1),
        expect("expect_column_min_to_be_between", column="open", min_value=0),
        expect("expect_column_mean_to_be_between", column="open", min_value=0),
        expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="open", column_B="left"),
        expect("expect_multicolumn_sum_to_equal", column_list=["left", "open"], sum_total=1),
    ],
    ids=lambda value: value.type,
)
def test_q004_infinite_values_fail_a_bound(table, expectation):
    check = only(table, expectation)

    assert (check.code, check.verdict) == ("SL-Q004", Verdict.FAILED)
    assert "1 of 5 values is infinite" in check.message


def test_q004_infinite_values_hidden_among_objects():
    frame = {"a": pd.Series([1, -math.inf, 2.5], dtype=object)}

    assert only(frame, expect(BETWEEN, column="a", max_value=3)).code == "SL-Q004"


def test_q004_quiet_where_no_size_is_compared(table):
    answer = report(
        table,
        expect(NOT_NULL, column="open"),
        expect("expect_column_values_to_be_unique", column="open"),
        expect("expect_column_unique_value_count_to_be_between", column="open", min_value=1),
    )

    assert answer.verdict is Verdict.PASSED


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_q005_what_raises_is_errored_whatever_its_severity(table, severity):
    answer = report(table, expect(BETWEEN, severity, column="kind", min_value=0))
    (check,) = answer.checks

    assert (check.code, check.verdict) == ("SL-Q005", Verdict.ERRORED)
    assert "kind: expect_column_values_to_be_between could not be evaluated on values of type" in check.message
    assert "but 'kind' holds texts" in check.message
    assert answer.verdict is Verdict.ERRORED


def test_q005_leaves_the_others_alone(table):
    answer = report(
        table,
        expect(BETWEEN, column="left", min_value=0),
        expect("expect_column_mean_to_be_between", column="kind", min_value=0),
        expect(BETWEEN, column="kind", min_value=0),
        expect(BETWEEN, column="right", min_value=2),
        expect(NOT_NULL, column="kind", mostly=0.5),
    )

    assert [check.verdict.value for check in answer.checks] == [
        "passed", "errored", "errored", "failed", "passed",
    ]  # fmt: skip


def test_q005_is_short():
    frame = {"x" * 5_000: ["a"]}
    check = only(frame, expect(BETWEEN, column="x" * 5_000, min_value=0))

    assert check.code == "SL-Q005"
    assert len(check.message) < 700
    assert len(check.name) < 250


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        (["warning"], Verdict.WARNED),
        (["info"], Verdict.INCONCLUSIVE),
        (["warning", "info"], Verdict.WARNED),
        (["critical", "warning", "info"], Verdict.FAILED),
    ],
)
def test_failures_weigh_by_severity(table, severities, verdict):
    answer = report(table, *(expect(NOT_NULL, severity, column="hum") for severity in severities))

    assert {check.verdict for check in answer.checks} == {Verdict.FAILED}
    assert answer.verdict is verdict


def test_a_failing_info_beside_a_pass_does_not_count(table):
    answer = report(table, expect(NOT_NULL, column="left"), expect(NOT_NULL, "info", column="hum"))

    assert answer.verdict is Verdict.PASSED


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_column_names_are_text(name):
    frame = pd.DataFrame({"other": [1, 2, 3, 4], name: [1, 2, 3, 40]})
    answer = report(
        frame,
        expect(BETWEEN, column=name, max_value=3),
        expect("expect_column_max_to_be_between", column=name, max_value=50),
        expect("expect_column_to_exist", column=name),
        expect("expect_compound_columns_to_be_unique", column_list=["other", name]),
        expect("expect_table_columns_to_match_ordered_list", column_list=["other", name]),
        expect("expect_table_columns_to_match_set", column_set=[name, "column_1"]),
    )

    assert [check.verdict.value for check in answer.checks] == [
        "failed", "passed", "passed", "passed", "passed", "failed",
    ]  # fmt: skip
    assert answer.checks[0].details["examples"] == ["40"]
    assert answer.checks[0].details["arguments"]["column"] == name
    assert all(check.message.isprintable() for check in answer.checks)


def test_names_that_differ_only_in_case_are_different_columns():
    frame = {"b": [1, 2, 3], "B": [10, 20, 30]}
    answer = report(
        frame,
        expect(BETWEEN, column="B", min_value=5),
        expect(BETWEEN, column="b", max_value=5),
        expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="B", column_B="b"),
    )

    assert answer.verdict is Verdict.PASSED, [check.message for check in answer.checks]
    assert only({"b": [1]}, expect(NOT_NULL, column="B")).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("columns", "message"),
    [(["a", "a"], "column 'a' occurs twice"), (["a", 1], "column name 1 is a int, not a text")],
)
def test_names_that_do_not_say_which_column_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        report(pd.DataFrame([[1, 2]], columns=columns))


def test_the_table_is_left_as_it_was(table):
    before = table.copy(deep=True)
    report(table, expect(BETWEEN, column="hum", min_value=0), expect(NOT_NULL, column="kind"))

    pd.testing.assert_frame_equal(table, before)


def test_a_report_is_json(table):
    answer = report(
        table,
        expect(BETWEEN, column="at", min_value="2026-01-03"),
        expect("expect_column_most_common_value_to_be_in_set", column="left", value_set=[7]),
        expect("expect_column_max_to_be_between", column="at", min_value="2026-01-01"),
        expect(
            "expect_column_quantile_values_to_be_between", column="hum",
            quantile_ranges={"quantiles": [0.5], "value_ranges": [[5, 6]]},
        ),
        expect("expect_column_pair_values_to_be_equal", column_A="left", column_B="right"),
    )  # fmt: skip

    text = json.dumps(answer.model_dump(mode="json"), allow_nan=False)
    assert json.loads(text)["checks"][1]["details"]["observed_value"] == [1, 2]


POOL = [
    expect(BETWEEN, column="a", min_value=0),
    expect(BETWEEN, "warning", column="a", max_value=3),
    expect(NOT_NULL, "info", column="b"),
    expect(IN_SET, column="b", value_set=["x"]),
    expect("expect_column_mean_to_be_between", "warning", column="b", min_value=0),
]
BADNESS = {verdict: rank for rank, verdict in enumerate(Verdict)}


@settings(max_examples=15, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(-5, 5), st.just(math.inf)), max_size=5),
    chosen=st.lists(st.sampled_from(POOL), max_size=3),
)
def test_a_failing_critical_expectation_never_improves_the_verdict(values, chosen):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=float), "b": pd.Series(["x"] * len(values), dtype=str)})
    failing = expect("expect_table_column_count_to_equal", value=99)
    without = report(frame, *chosen)
    added = report(frame, *chosen, failing)

    assert added.checks[-1].verdict is Verdict.FAILED
    assert BADNESS[added.verdict] >= BADNESS[without.verdict]
    assert added.verdict is worst([added.verdict, Verdict.FAILED])
    assert added.blocks
