"""Conditions on single rows that Great Expectations lacks on Spark, or reads otherwise there than on pandas."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add, and_, or_
from typing import Any

from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
    column_function_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)
from pyspark.sql import functions

from stageline.exceptions import DataError
from stageline.quality.engines.metrics.spark_execution import TableSparkEngine, judged, literal, surely
from stageline.quality.engines.portable_regex import for_java
from stageline.quality.engines.predicates import fits_format, fits_schema, is_json, is_moment

_ROWS = ("row_condition", "condition_parser", "ignore_row_if")
_PAIRS = ("batch_id", "table", "column_A", "column_B")
_Column = Any  # a column of Spark


class Between(ColumnMapMetricProvider):
    """A value lies between limits."""

    condition_metric_name = "column_values.between"
    condition_value_keys = ("min_value", "max_value", "strict_min", "strict_max")

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(
        cls, column: _Column, *, min_value: Any = None, max_value: Any = None, strict_min: Any = None,
        strict_max: Any = None, **_: Any,
    ) -> _Column:  # fmt: skip
        if min_value is not None and max_value is not None and min_value > max_value:
            raise ValueError("min_value cannot be greater than max_value")
        met = functions.lit(True)
        if min_value is not None:
            met &= column > literal(min_value) if strict_min else column >= literal(min_value)
        if max_value is not None:
            met &= column < literal(max_value) if strict_max else column <= literal(max_value)
        return met


class InSet(ColumnMapMetricProvider):
    """A value is one of a set."""

    condition_metric_name = "column_values.in_set"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, value_set: Sequence[Any], **_: Any) -> _Column:
        return column.isin([literal(value) for value in value_set])


class NotInSet(ColumnMapMetricProvider):
    """A value is none of a set."""

    condition_metric_name = "column_values.not_in_set"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, value_set: Sequence[Any], **_: Any) -> _Column:
        return ~column.isin([literal(value) for value in value_set])


class ValueLength(ColumnMapMetricProvider):
    """Length in characters; a whole number's as it is written."""

    function_metric_name = "column_values.value_length"

    @column_function_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, **_: Any) -> _Column:
        return functions.length(column.cast("string"))


class MatchRegex(ColumnMapMetricProvider):
    """A regular expression is found."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, regex: str, **_: Any) -> _Column:
        return _found(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """A regular expression is not found."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, regex: str, **_: Any) -> _Column:
        return ~_found(column, regex)


class MatchRegexList(ColumnMapMetricProvider):
    """Any or all of some regular expressions are found."""

    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")
    default_kwarg_values = {"match_on": "any"}

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, regex_list: Sequence[str], match_on: str, **_: Any) -> _Column:
        return reduce(and_ if match_on == "all" else or_, (_found(column, regex) for regex in regex_list))


class NotMatchRegexList(ColumnMapMetricProvider):
    """None of some regular expressions is found."""

    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, regex_list: Sequence[str], **_: Any) -> _Column:
        return ~reduce(or_, (_found(column, regex) for regex in regex_list))


class JsonParseable(ColumnMapMetricProvider):
    """A text is JSON."""

    condition_metric_name = "column_values.json_parseable"

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, **_: Any) -> _Column:
        return judged(column, is_json)


class MatchJsonSchema(ColumnMapMetricProvider):
    """A text is JSON that fulfils a schema."""

    condition_metric_name = "column_values.match_json_schema"
    condition_value_keys = ("json_schema",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, json_schema: Mapping[str, Any], **_: Any) -> _Column:
        return judged(column, fits_schema(json_schema))


class DateutilParseable(ColumnMapMetricProvider):
    """A text is a date or time to dateutil."""

    condition_metric_name = "column_values.dateutil_parseable"

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, **_: Any) -> _Column:
        return judged(column, is_moment)


class MatchStrftimeFormat(ColumnMapMetricProvider):
    """A text is a time of a format."""

    condition_metric_name = "column_values.match_strftime_format"
    condition_value_keys = ("strftime_format",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column: _Column, strftime_format: str, **_: Any) -> _Column:
        return judged(column, fits_format(strftime_format))


class Increasing(ColumnMapMetricProvider):
    """Spark's rows have no order that lasts."""

    condition_metric_name = "column_values.increasing"
    condition_value_keys = ("strictly",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, *_: Any, **__: Any) -> _Column:
        raise _unordered()


class Decreasing(ColumnMapMetricProvider):
    """Spark's rows have no order that lasts."""

    condition_metric_name = "column_values.decreasing"
    condition_value_keys = ("strictly",)

    @column_condition_partial(engine=TableSparkEngine)
    def _spark(cls, *_: Any, **__: Any) -> _Column:
        raise _unordered()


class PairEqual(ColumnPairMapMetricProvider):
    """Two values are equal; a null equals nothing."""

    condition_metric_name = "column_pair_values.equal"
    condition_domain_keys = (*_PAIRS, *_ROWS)

    @column_pair_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column_A: _Column, column_B: _Column, **_: Any) -> _Column:  # noqa: N803
        return surely(column_A == column_B)


class PairGreater(ColumnPairMapMetricProvider):
    """The first of two values is greater; one beside a null is not."""

    condition_metric_name = "column_pair_values.a_greater_than_b"
    condition_domain_keys = (*_PAIRS, *_ROWS)
    condition_value_keys = ("or_equal",)

    @column_pair_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column_A: _Column, column_B: _Column, *, or_equal: bool | None = None, **_: Any) -> _Column:  # noqa: N803
        return surely(column_A >= column_B if or_equal else column_A > column_B)


class PairInSet(ColumnPairMapMetricProvider):
    """Two values are one of some pairs; a null equals a null."""

    condition_metric_name = "column_pair_values.in_set"
    condition_domain_keys = (*_PAIRS, "ignore_row_if")
    condition_value_keys = ("value_pairs_set",)

    @column_pair_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column_A: _Column, column_B: _Column, *, value_pairs_set: Any, **_: Any) -> _Column:  # noqa: N803
        pairs = ((literal(left), literal(right)) for left, right in value_pairs_set)
        return reduce(or_, (column_A.eqNullSafe(left) & column_B.eqNullSafe(right) for left, right in pairs))


class SumEqual(MulticolumnMapMetricProvider):
    """The sum of several columns is a number; one with a null is none."""

    condition_metric_name = "multicolumn_sum.equal"
    condition_domain_keys = ("batch_id", "table", "column_list", *_ROWS)
    condition_value_keys = ("sum_total",)

    @multicolumn_condition_partial(engine=TableSparkEngine)
    def _spark(cls, column_list: Any, *, sum_total: float, **_: Any) -> _Column:
        return surely(reduce(add, (functions.col(name) for name in column_list.columns)) == functions.lit(sum_total))


def _found(column: _Column, pattern: str) -> _Column:
    return column.cast("string").rlike(for_java(pattern))


def _unordered() -> DataError:
    return DataError(
        "it judges rows in their order, and a table in spark has none that lasts; "
        "use the engine duckdb or pandas on a file"
    )
