"""What holds of every table and every suite: no row is lost, and no failure ever makes things look better."""

import math
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from stageline.quality import Handled, RowCount, check_quality, failed_by_rows, rows_conserved, settle
from stageline.quality.engines import open_arrow
from stageline.spec.models import Expectation
from stageline.tables.row_ids import row_ids
from stageline.verdicts import Mode, Verdict

GRAVITY = [Verdict.PASSED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.FAILED, Verdict.ERRORED]
NUMBERS = st.sampled_from([None, 0.0, 0.5, 1.0, 2.0, -3.0, math.inf, math.nan])
SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.float64()), ("c", pa.string()), ("nothing", pa.float64())])


def law(examples):
    """Try some examples; each takes a fifth of a second, so that one that fails is not made smaller."""
    return settings(max_examples=examples, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def expect(kind, severity="critical", **arguments):
    return Expectation.model_validate({"type": kind, "severity": severity, **arguments})


@st.composite
def tables(draw, least=0):
    rows = st.fixed_dictionaries(
        {
            "a": st.sampled_from([None, 0, 1, 2, 3]),
            "b": NUMBERS,
            "c": st.sampled_from([None, "x", "y", "z"]),
            "nothing": st.none(),
        }
    )
    return pa.Table.from_pylist(draw(st.lists(rows, min_size=least, max_size=8)), SCHEMA)


def _of_one_column(kind, **arguments):
    return st.fixed_dictionaries(
        {"kind": st.just(kind), "severity": st.sampled_from(["critical", "critical", "warning", "info"]), **arguments}
    ).map(lambda given: expect(**given))


MOSTLY = st.sampled_from([1.0, 1.0, 0.6])
ROW_LEVEL = st.one_of(
    _of_one_column(
        "expect_column_values_to_be_between",
        column=st.sampled_from(["a", "b"]), min_value=st.sampled_from([0, 1]), max_value=st.sampled_from([1, 5]),
        mostly=MOSTLY,
    ),
    _of_one_column("expect_column_values_to_not_be_null", column=st.sampled_from(["a", "b", "c"]), mostly=MOSTLY),
    _of_one_column(
        "expect_column_values_to_be_in_set",
        column=st.just("c"), value_set=st.sampled_from([["x"], ["x", "y"], ["x", "y", "z"]]), mostly=MOSTLY,
    ),
    _of_one_column("expect_column_values_to_be_unique", column=st.just("a")),
    _of_one_column(
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A=st.just("a"), column_B=st.just("b"), or_equal=st.just(True),
    ),
)  # fmt: skip
WHOLE = st.one_of(
    _of_one_column("expect_table_row_count_to_be_between", min_value=st.sampled_from([0, 3, 9])),
    _of_one_column("expect_column_mean_to_be_between", column=st.sampled_from(["a", "b"]), max_value=st.just(1)),
    _of_one_column("expect_column_to_exist", column=st.sampled_from(["a", "absent"])),
    # It cannot be evaluated.
    _of_one_column("expect_column_mean_to_be_between", column=st.just("c"), max_value=st.just(1)),
)
# Of a suite that is only shown nothing counts: it says no more than an empty one.
SUITES = st.lists(ROW_LEVEL | WHOLE, min_size=1, max_size=4).filter(
    lambda suite: any(expectation.severity != "info" for expectation in suite)
)
SHARES = st.sampled_from([0.0, 0.3, 0.9])


@dataclass(frozen=True)
class Conclusion:
    """What a table's report says, and which of its rows were put aside."""

    report: object
    put_aside: list[int]
    count: RowCount

    @property
    def gravity(self):
        return GRAVITY.index(self.report.verdict)

    @property
    def by_expectation(self):
        about = [check for check in self.report.checks if check.name.startswith("expect")]
        return sorted((check.name.partition("#")[0], check.verdict, check.value or 0, check.n) for check in about)


def judge(table, suite):
    with open_arrow(table) as engine:
        report = check_quality(engine, suite, mode=Mode.ENABLED)
        failed = failed_by_rows(report, suite)
        return report, list(failed), engine.failing_rows(list(failed.values()))


def conclude(table, suite, *shares):
    """Return what is concluded, once for each share of rows that may be left out."""
    report, failed, failing = judge(table, suite)
    put_aside = failing.positions.tolist()
    # The very rows of the table, and no others.
    assert row_ids(failing.rows) == row_ids(table.take(pa.array(failing.positions)))
    kept = table.filter(pa.array([at not in put_aside for at in range(table.num_rows)], pa.bool_()))
    count = RowCount(rows_in=table.num_rows, passed=kept.num_rows, quarantined=failing.rows.num_rows)
    assert rows_conserved(count).verdict is Verdict.PASSED
    handled = {name: Handled(sum(index in each for each in failing.failed)) for index, name in enumerate(failed)}
    found = [
        Conclusion(settle(report, count, handled, max_quarantined=share), put_aside, count)
        for share in shares or (0.0,)
    ]
    return found if len(found) > 1 else found[0]


def is_null(value):
    return value is None or (isinstance(value, float) and math.isnan(value))


def fails(expectation, row, table):
    """Return whether a row fails an expectation, or none where it is not judged."""
    given = expectation.arguments
    values = [row[given[key]] for key in ("column", "column_A", "column_B") if key in given]
    if "not_be_null" in expectation.type:
        return is_null(values[0])
    if all(map(is_null, values)):
        return None
    if any(map(is_null, values)):
        return True  # one of a pair: Great Expectations judges it
    if "between" in expectation.type:
        return not given["min_value"] <= values[0] <= given["max_value"]
    if "in_set" in expectation.type:
        return values[0] not in given["value_set"]
    if "unique" in expectation.type:
        return table.column("a").to_pylist().count(values[0]) > 1
    return values[0] < values[1]


@law(15)
@given(tables(least=1), st.lists(ROW_LEVEL, min_size=1, max_size=3), SHARES)
def test_just_the_rows_that_fail_a_critical_expectation_are_put_aside(table, suite, share):
    conclusion = conclude(table, suite, share)

    expected = set()
    for expectation in suite:
        answers = {at: fails(expectation, row, table) for at, row in enumerate(table.to_pylist())}
        judged = [answer for answer in answers.values() if answer is not None]
        named = [
            expectation.arguments[key] for key in ("column", "column_A", "column_B") if key in expectation.arguments
        ]
        held = [table.column(name).to_pylist() for name in named]
        # An infinite value, or a column of nulls, leaves nothing to judge by rows.
        about_nulls = "null" in expectation.type
        unjudged = not about_nulls and any(math.inf in values or all(map(is_null, values)) for values in held)
        allowed = 1 - expectation.arguments.get("mostly", 1)
        too_many = bool(judged) and sum(judged) / len(judged) > allowed + 1e-9
        if expectation.severity == "critical" and too_many and not unjudged:
            expected |= {at for at, answer in answers.items() if answer}
    assert set(conclusion.put_aside) == expected
    assert len(conclusion.put_aside) == len(expected)
    if len(expected) > share * table.num_rows:
        assert conclusion.report.verdict in (Verdict.FAILED, Verdict.ERRORED)


@law(15)
@given(tables(), SUITES, ROW_LEVEL | WHOLE, SHARES)
@example(
    pa.Table.from_pylist([{"a": 9, "b": 9.0}, {"a": 1, "b": 1.0}], SCHEMA),
    [expect("expect_column_mean_to_be_between", column="a", max_value=1)],
    expect("expect_column_values_to_be_between", column="b", max_value=5),
    0.9,
)
def test_a_further_expectation_never_improves_the_verdict(table, suite, further, share):
    before, after = conclude(table, suite, share), conclude(table, [*suite, further], share)

    assert after.gravity >= before.gravity
    assert set(after.put_aside) >= set(before.put_aside)


@law(15)
@given(tables(), SUITES, SHARES, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_of_expectations_changes_a_verdict(table, suite, share, chance):
    order = chance.sample(range(table.num_rows), table.num_rows)
    there, shuffled = (
        conclude(table, suite, share),
        conclude(table.take(pa.array(order, pa.int64())), chance.sample(suite, len(suite)), share),
    )

    assert shuffled.report.verdict is there.report.verdict
    assert shuffled.by_expectation == there.by_expectation
    assert sorted(order[at] for at in shuffled.put_aside) == sorted(there.put_aside)


@law(8)
@given(tables(), SUITES)
def test_allowing_more_never_makes_it_worse(table, suite):
    gravities = [conclusion.gravity for conclusion in conclude(table, suite, 0.0, 0.4, 0.9)]
    assert gravities == sorted(gravities, reverse=True)


@law(8)
@given(tables(), SHARES)
def test_an_empty_suite_never_goes_forward(table, share):
    assert conclude(table, [], share).report.verdict is Verdict.INCONCLUSIVE


@law(8)
@given(SUITES, SHARES)
def test_an_empty_table_never_goes_forward(suite, share):
    assert not conclude(SCHEMA.empty_table(), suite, share).report.verdict.advances


@pytest.mark.parametrize(
    "about",
    [
        expect("expect_column_values_to_be_between", column="nothing", max_value=5),
        expect("expect_column_values_to_be_between", column="nothing", max_value=5, mostly=0.5),
        expect("expect_column_values_to_not_be_null", column="nothing"),
        expect("expect_column_values_to_be_unique", column="nothing"),
        expect("expect_column_values_to_be_in_set", column="nothing", value_set=[1]),
        expect("expect_column_mean_to_be_between", column="nothing", max_value=5),
        expect("expect_column_max_to_be_between", column="nothing", max_value=5),
        expect("expect_column_distinct_values_to_be_in_set", column="nothing", value_set=[1]),
        expect("expect_column_pair_values_to_be_equal", column_A="nothing", column_B="a"),
        expect("expect_multicolumn_sum_to_equal", column_list=["a", "nothing"], sum_total=1),
        expect("expect_compound_columns_to_be_unique", column_list=["a", "nothing"]),
        expect("expect_column_proportion_of_unique_values_to_be_between", column="nothing", max_value=1),
        expect("expect_column_value_lengths_to_be_between", column="nothing", max_value=5),
    ],
    ids=lambda item: item.type,
)
def test_a_column_of_nulls_never_goes_forward(about):
    table = pa.Table.from_pylist([{"a": 1}, {"a": 2}, {"a": 3}], SCHEMA)
    assert not conclude(table, [about], 0.9).report.verdict.advances


class TestShare:
    """Where rows in, passed and quarantined do not add up, or nothing is left."""

    @pytest.mark.parametrize(("passed", "quarantined"), [(8, 1), (8, 3), (0, 0), (11, 0)])
    def test_rows_that_were_lost_or_doubled_are_an_error(self, passed, quarantined):
        check = rows_conserved(RowCount(rows_in=10, passed=passed, quarantined=quarantined))
        assert check.verdict is Verdict.ERRORED
        assert check.message == f"10 rows in, but {passed} passed + {quarantined} quarantined = {passed + quarantined}"

    def test_of_no_rows_none_are_lost(self):
        assert rows_conserved(RowCount(rows_in=0, passed=0, quarantined=0)).verdict is Verdict.PASSED

    def test_a_run_without_a_row_does_not_go_on_whatever_is_allowed(self):
        table = pa.Table.from_pylist([{"a": 9}], SCHEMA)
        conclusion = conclude(table, [expect("expect_column_values_to_be_between", column="a", max_value=5)], 0.999)
        assert conclusion.report.verdict is Verdict.FAILED
        assert "1 of 1 rows (100 %) is quarantined" in conclusion.report.checks[-1].message

    def test_the_allowed_share_itself_is_allowed(self):
        table = pa.Table.from_pylist([{"a": value} for value in (9, 1, 1, 1, 1, 1, 1, 1, 1, 1)], SCHEMA)
        suite = [expect("expect_column_values_to_be_between", column="a", max_value=5)]
        assert conclude(table, suite, 0.1).report.verdict is Verdict.WARNED
        assert conclude(table, suite, 0.0999).report.verdict is Verdict.FAILED
