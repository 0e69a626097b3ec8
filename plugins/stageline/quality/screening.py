"""Decide what Great Expectations would pass vacuously or could not evaluate at all."""

from stageline.quality.checks import (
    EXPECTATION,
    NOT_FINITE,
    NOTHING_TO_JUDGE,
    Table,
    as_names,
    columns_of,
    make_check,
    subject_of,
)
from stageline.quality.columns import nearest_column
from stageline.quality.wording import are, as_name
from stageline.spec.models import Expectation
from stageline.verdicts import Check, Verdict

# They judge whether values are there at all, so a column of nulls is their business.
_ABOUT_NULLS = frozenset(
    {
        "expect_column_values_to_be_null",
        "expect_column_values_to_not_be_null",
        "expect_column_proportion_of_non_null_values_to_be_between",
    }
)

# They compare the size of values with something; an infinite value makes the answer meaningless.
_ABOUT_SIZE = frozenset(
    {
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_between",
        "expect_column_values_to_not_be_outliers",
        "expect_multicolumn_sum_to_equal",
    }
)


def screen(expectation: Expectation, name: str, table: Table) -> Check | None:
    """Return the check of an expectation that need not be evaluated; `None` sends it to the engine."""
    if table.rows and not table.rows_for(expectation):
        message = f"{subject_of(expectation, 'table')}: no row is chosen, so there is nothing to judge"
        return make_check(expectation, name, NOTHING_TO_JUDGE, Verdict.INCONCLUSIVE, message, n=0)
    for column in columns_of(expectation):
        check = _missing(expectation, name, column, table) or _nothing(expectation, name, column, table)
        check = check or _infinite(expectation, name, column, table)
        if check:
            return check
    return None


def _missing(expectation: Expectation, name: str, column: str, table: Table) -> Check | None:
    if column in table.columns:
        return None
    near = nearest_column(column, table.columns)
    hint = f"did you mean {as_name(near)}?" if near else f"the table has {as_names(table.columns) or 'none'}"
    return make_check(
        expectation, name, EXPECTATION, Verdict.FAILED,
        f"{as_name(column)}: the table has no such column; {hint}",
        n=table.rows, details={"missing_column": column, "nearest_column": near},
    )  # fmt: skip


def _nothing(expectation: Expectation, name: str, column: str, table: Table) -> Check | None:
    if expectation.type == "expect_column_to_exist":
        return None
    if table.rows == 0:
        reason = "the table has no rows"
    elif table.facts[column].count == 0 and expectation.type not in _ABOUT_NULLS:
        reason = f"all {table.rows:,} values are null"
    else:
        return None
    message = f"{as_name(column)}: {reason}, so there is nothing to judge"
    return make_check(expectation, name, NOTHING_TO_JUDGE, Verdict.INCONCLUSIVE, message, n=0)


def _infinite(expectation: Expectation, name: str, column: str, table: Table) -> Check | None:
    facts = table.facts[column]
    if not facts.infinite or expectation.type not in _ABOUT_SIZE:
        return None
    counted = f"{facts.infinite:,} of {facts.count:,} values {are(facts.infinite)} infinite"
    return make_check(
        expectation, name, NOT_FINITE, Verdict.FAILED,
        f"{as_name(column)}: {counted}, and a bound means nothing for them; replace or remove them",
        n=facts.count, value=facts.infinite, limit=0, details={"infinite_count": facts.infinite},
    )  # fmt: skip
