"""Spark as an execution engine: neutral names, times in UTC, nothing cached."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.row_conditions import deserialize_row_condition

from stageline.quality.engines.kinds import Column, Kind
from stageline.quality.engines.metrics.comparing import COMPARED

_BATCH = "table"


class TableSparkEngine(SparkDFExecutionEngine):
    """Great Expectations on a Spark DataFrame.

    :param frame: Holds the columns by their neutral names; others are not shown to Great Expectations.
    :param named: The same rows by their own names, for queries.
    """

    def __init__(self, frame: Any, columns: Sequence[Column], named: Any) -> None:
        super().__init__(spark=frame.sparkSession, persist=False)
        self.shown = {column.shown: column for column in columns}
        self.table = frame
        self.named = named
        self.load_batch_data(_BATCH, frame)

    def kind_of(self, shown: str) -> Kind:
        """Return what a column holds, by its neutral name."""
        return self.shown[shown].kind

    def unexpected(self, condition: tuple[Any, Mapping[str, Any], Mapping[str, Any]]) -> Any:
        """Return which of all rows are unexpected by a resolved condition; those that are ignored are not."""
        from pyspark.sql import functions

        unexpected, compute, accessor = condition
        kept = [functions.expr(filtered.condition) for filtered in compute.get("filter_conditions", ())]
        if chosen := compute.get("row_condition"):
            kept.append(self.condition_to_filter_clause(deserialize_row_condition(chosen)))
        ignored = compute.get("ignore_row_if")
        names = accessor.get("column_list") or [accessor[key] for key in ("column_A", "column_B") if key in accessor]
        missing = [functions.col(name).isNull() for name in names]
        if ignored in ("both_values_are_missing", "all_values_are_missing"):
            kept.append(~reduce(and_, missing))
        if ignored in ("either_value_is_missing", "any_value_is_missing"):
            kept.append(~reduce(or_, missing))
        return reduce(and_, kept, unexpected)

    def _comparison_condition_to_filter_clause(self, condition: Any) -> Any:
        """Return a comparison as a column; Great Expectations would write it as a text of SQL."""
        from pyspark.sql import functions

        column, given = functions.col(condition.column.name), condition.parameter
        if condition.operator in ("IN", "NOT_IN"):
            return column.isin(given) if condition.operator == "IN" else ~column.isin(given)
        return COMPARED[condition.operator](column, literal(given))

    def _nullity_condition_to_filter_clause(self, condition: Any) -> Any:
        from pyspark.sql import functions

        column = functions.col(condition.column.name)
        return column.isNull() if condition.is_null else column.isNotNull()

    def _and_condition_to_filter_clause(self, condition: Any) -> Any:
        return reduce(and_, map(self.condition_to_filter_clause, condition.conditions))

    def _or_condition_to_filter_clause(self, condition: Any) -> Any:
        return reduce(or_, map(self.condition_to_filter_clause, condition.conditions))


def numbers(execution_engine: TableSparkEngine, shown: str) -> Any:
    """Return a column as doubles; a boolean counts as 0 or 1."""
    from pyspark.sql import functions

    column = functions.col(shown)
    return (column.cast("int") if execution_engine.kind_of(shown) is Kind.BOOLEAN else column).cast("double")


def literal(value: Any) -> Any:
    """Return a value for a comparison; a time as one without a zone, which no setting of the session can move."""
    from pyspark.sql import functions

    if isinstance(value, datetime):
        return functions.lit(value.isoformat(sep=" ")).cast("timestamp_ntz")
    return functions.lit(value)


def surely(condition: Any) -> Any:
    """Return a condition that a null does not fulfil, instead of one that is neither true nor false."""
    from pyspark.sql import functions

    return functions.coalesce(condition, functions.lit(False))


def judged(column: Any, predicate: Callable[[str], bool]) -> Any:
    """Return whether a Python predicate holds for a text."""
    from pyspark.sql import functions, types

    # Spark asks about nulls too, whatever is filtered.
    return functions.udf(lambda text: text is not None and predicate(text), types.BooleanType())(column)
