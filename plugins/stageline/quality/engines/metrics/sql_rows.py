"""Conditions on single rows that Great Expectations lacks in SQL, or reads otherwise there than on pandas."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_function_types import MetricFunctionTypes, MetricPartialFunctionTypes
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
from great_expectations.expectations.registry import register_metric

from stageline.exceptions import DataError
from stageline.quality.engines.metrics.sql_execution import POSITION, TableSqlEngine
from stageline.quality.engines.predicates import fits_format, fits_schema, is_json, is_moment

_WINDOW = MetricPartialFunctionTypes.WINDOW_CONDITION_FN
_Column = sa.ColumnElement[Any]
_Condition = sa.ColumnElement[bool]


class ValueLength(ColumnMapMetricProvider):
    """Length in characters; a whole number's as it is written."""

    function_metric_name = "column_values.value_length"

    @column_function_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, **_: Any) -> _Column:
        return sa.func.length(sa.cast(column, sa.String))


class MatchRegex(ColumnMapMetricProvider):
    """A regular expression is found."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, regex: str, *, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        return _execution_engine.matches(sa.cast(column, sa.String), regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """A regular expression is not found."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, regex: str, *, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        return sa.not_(_execution_engine.matches(sa.cast(column, sa.String), regex))


class MatchRegexList(ColumnMapMetricProvider):
    """Any or all of some regular expressions are found."""

    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")
    default_kwarg_values = {"match_on": "any"}

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(
        cls, column: _Column, regex_list: Sequence[str], match_on: str, *, _execution_engine: TableSqlEngine, **_: Any
    ) -> _Condition:
        found = [_execution_engine.matches(sa.cast(column, sa.String), regex) for regex in regex_list]
        return sa.and_(*found) if match_on == "all" else sa.or_(*found)


class NotMatchRegexList(ColumnMapMetricProvider):
    """None of some regular expressions is found."""

    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(
        cls, column: _Column, regex_list: Sequence[str], *, _execution_engine: TableSqlEngine, **_: Any
    ) -> _Condition:
        return sa.not_(sa.or_(*(_execution_engine.matches(sa.cast(column, sa.String), regex) for regex in regex_list)))


class JsonParseable(ColumnMapMetricProvider):
    """A text is JSON."""

    condition_metric_name = "column_values.json_parseable"

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, *, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        return _execution_engine.judged_in_python(column, is_json)


class MatchJsonSchema(ColumnMapMetricProvider):
    """A text is JSON that fulfils a schema."""

    condition_metric_name = "column_values.match_json_schema"
    condition_value_keys = ("json_schema",)

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(
        cls, column: _Column, json_schema: Mapping[str, Any], *, _execution_engine: TableSqlEngine, **_: Any
    ) -> _Condition:
        return _execution_engine.judged_in_python(column, fits_schema(json_schema))


class DateutilParseable(ColumnMapMetricProvider):
    """A text is a date or time to dateutil."""

    condition_metric_name = "column_values.dateutil_parseable"

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, *, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        return _execution_engine.judged_in_python(column, is_moment)


class MatchStrftimeFormat(ColumnMapMetricProvider):
    """A text is a time of a format."""

    condition_metric_name = "column_values.match_strftime_format"
    condition_value_keys = ("strftime_format",)

    @column_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column: _Column, strftime_format: str, *, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        return _execution_engine.judged_in_python(column, fits_format(strftime_format))


class Unique(ColumnMapMetricProvider):
    """A value occurs once."""

    condition_metric_name = "column_values.unique"

    @column_condition_partial(engine=TableSqlEngine, partial_fn_type=_WINDOW)
    def _sql(cls, column: _Column, **_: Any) -> _Condition:
        return sa.func.count().over(partition_by=column) == 1


class Increasing(ColumnMapMetricProvider):
    """A value is not below the one before it, nulls left out."""

    condition_metric_name = "column_values.increasing"
    condition_value_keys = ("strictly",)
    default_kwarg_values = {"strictly": False}

    @column_condition_partial(engine=TableSqlEngine, partial_fn_type=_WINDOW)
    def _sql(cls, column: _Column, *, strictly: bool, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        before = _value_before(column, _execution_engine)
        return column > before if strictly else column >= before


class Decreasing(ColumnMapMetricProvider):
    """A value is not above the one before it, nulls left out."""

    condition_metric_name = "column_values.decreasing"
    condition_value_keys = ("strictly",)
    default_kwarg_values = {"strictly": False}

    @column_condition_partial(engine=TableSqlEngine, partial_fn_type=_WINDOW)
    def _sql(cls, column: _Column, *, strictly: bool, _execution_engine: TableSqlEngine, **_: Any) -> _Condition:
        before = _value_before(column, _execution_engine)
        return column < before if strictly else column <= before


class PairGreater(ColumnPairMapMetricProvider):
    """The first of two values is greater; one beside a null is not."""

    condition_metric_name = "column_pair_values.a_greater_than_b"
    condition_domain_keys = (
        "batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if"
    )  # fmt: skip
    condition_value_keys = ("or_equal",)

    @column_pair_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column_A: _Column, column_B: _Column, *, or_equal: bool | None = None, **_: Any) -> _Condition:  # noqa: N803
        return _surely(column_A >= column_B if or_equal else column_A > column_B)


class PairInSet(ColumnPairMapMetricProvider):
    """Two values are one of some pairs; a null equals a null."""

    condition_metric_name = "column_pair_values.in_set"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "ignore_row_if")
    condition_value_keys = ("value_pairs_set",)

    @column_pair_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column_A: _Column, column_B: _Column, *, value_pairs_set: Any, **_: Any) -> _Condition:  # noqa: N803
        # SQLAlchemy turns a comparison with none into `is null`.
        return _surely(sa.or_(*(sa.and_(column_A == left, column_B == right) for left, right in value_pairs_set)))


class CompoundUnique(MulticolumnMapMetricProvider):
    """The values of several columns occur together once; a null equals a null."""

    condition_metric_name = "compound_columns.unique"
    condition_domain_keys = (
        "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if"
    )  # fmt: skip

    @multicolumn_condition_partial(engine=TableSqlEngine, partial_fn_type=_WINDOW)
    def _sql(cls, column_list: Sequence[_Column], **_: Any) -> _Condition:
        return sa.func.count().over(partition_by=list(column_list)) == 1


class SumEqual(MulticolumnMapMetricProvider):
    """The sum of several columns is a number; one with a null is none."""

    condition_metric_name = "multicolumn_sum.equal"
    condition_domain_keys = (
        "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if"
    )  # fmt: skip
    condition_value_keys = ("sum_total",)

    @multicolumn_condition_partial(engine=TableSqlEngine)
    def _sql(cls, column_list: Sequence[_Column], *, sum_total: float, **_: Any) -> _Condition:
        total = column_list[0]
        for column in column_list[1:]:
            total += column
        return _surely(total == sum_total)


def _surely(condition: _Condition) -> _Condition:
    """Return a condition that a null does not fulfil, instead of one that is neither true nor false."""
    return sa.func.coalesce(condition, sa.false())


def _value_before(column: _Column, execution_engine: TableSqlEngine) -> _Column:
    if not execution_engine.placed:
        raise DataError(
            f"it judges rows in their order, and a table in {execution_engine.dialect_name} has none; "
            "use the engine duckdb or pandas on a file"
        )
    # Nulls are a partition of their own, so that the value before is never one of them.
    return sa.func.lag(column).over(partition_by=column.is_(None), order_by=sa.column(POSITION))


def _count_in_windows(
    cls: type,  # noqa: ARG001 - Great Expectations passes it by this name
    execution_engine: TableSqlEngine,
    metric_domain_kwargs: Mapping[str, Any],  # noqa: ARG001
    metric_value_kwargs: Mapping[str, Any],  # noqa: ARG001
    metrics: Mapping[str, Any],
    **_: Any,
) -> int:
    condition, compute, accessor = metrics["unexpected_condition"]
    rows = execution_engine.rows(compute, accessor)
    judged = sa.select(condition.label("unexpected")).select_from(rows).subquery()
    query = sa.select(sa.func.count()).select_from(judged).where(judged.c.unexpected)
    return int(execution_engine.execute_query(query).scalar_one())


for _provider in (Unique, Increasing, Decreasing, CompoundUnique):
    # A window stands neither in a sum nor in a filter: it is counted around a subquery.
    register_metric(
        metric_name=f"{_provider.condition_metric_name}.unexpected_count",
        metric_domain_keys=_provider.condition_domain_keys,
        metric_value_keys=_provider.condition_value_keys,
        execution_engine=TableSqlEngine,
        metric_class=_provider,
        metric_provider=_count_in_windows,
        metric_fn_type=MetricFunctionTypes.VALUE,
    )
