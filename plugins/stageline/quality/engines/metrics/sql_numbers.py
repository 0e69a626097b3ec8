"""Numbers about whole columns that Great Expectations lacks in SQL, or computes otherwise there than on pandas."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
    OutlierStatistics,
    validate_method,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from stageline.quality.engines.kinds import Kind
from stageline.quality.engines.metrics.sql_execution import TableSqlEngine, mean, number
from stageline.quality.engines.ranks import places, ranks, values_at

_SHOWN = 20
_together = metric_partial(
    engine=TableSqlEngine,
    partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
    domain_type=MetricDomainTypes.COLUMN,
)
_Parts = tuple[sa.ColumnElement[Any], dict[str, Any], dict[str, Any]]


class Columns(TableMetricProvider):
    """The neutral names; the row's position is none of them."""

    metric_name = "table.columns"

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, **_: Any) -> list[str]:
        return list(execution_engine.shown)


class ColumnTypes(TableMetricProvider):
    """No types: what a column holds is known before Great Expectations is asked."""

    metric_name = "table.column_types"
    value_keys = ("include_nested",)
    default_kwarg_values = {"include_nested": True}

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, **_: Any) -> list[dict[str, str]]:
        return [{"name": name, "type": ""} for name in execution_engine.shown]


class Mean(ColumnAggregateMetricProvider):
    """Mean; the share of true ones for booleans."""

    metric_name = "column.mean"

    @_together
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, mean)


class Sum(ColumnAggregateMetricProvider):
    """Sum; the number of true ones for booleans."""

    metric_name = "column.sum"

    @_together
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, sa.func.sum)


class StandardDeviation(ColumnAggregateMetricProvider):
    """Standard deviation of a sample; none where a value is infinite."""

    metric_name = "column.standard_deviation"

    @_together
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, _deviation)


class DistinctCount(ColumnAggregateMetricProvider):
    """Number of different values."""

    metric_name = "column.distinct_values.count"

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> int:
        table, column = _column(execution_engine, metric_domain_kwargs)
        # Grouped, a database can put the values aside on disk; counted as distinct, it holds them in memory.
        groups = sa.select(column).select_from(table).where(column.is_not(None)).group_by(column).subquery()
        return int(execution_engine.execute_query(sa.select(sa.func.count()).select_from(groups)).scalar_one())


class Median(ColumnAggregateMetricProvider):
    """Middle value, or the mean of the two in the middle."""

    metric_name = "column.median"

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> float | None:
        return _quantiles(execution_engine, metric_domain_kwargs, [0.5], "midpoint")[0]


class QuantileValues(ColumnAggregateMetricProvider):
    """Quantiles as pandas defines them."""

    metric_name = "column.quantile_values"
    value_keys = ("quantiles", "allow_relative_error")

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[float | None]:
        given = metric_value_kwargs
        return _quantiles(execution_engine, metric_domain_kwargs, given["quantiles"], given["allow_relative_error"])


class OutlierWindow(ColumnAggregateMetricProvider):
    """What outliers are measured against: the quartiles, or the mean and the deviation."""

    metric_name = "column.outlier_statistics"
    value_keys = ("method",)

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> OutlierStatistics:
        validate_method(metric_value_kwargs["method"])
        if metric_value_kwargs["method"] == "iqr":
            low, high = _quantiles(execution_engine, metric_domain_kwargs, [0.25, 0.75], "linear")
            low, high = _finite(low), _finite(high)
            return OutlierStatistics(low, high, None if low is None or high is None else high - low)
        table, column = _column(execution_engine, metric_domain_kwargs)
        values = number(execution_engine, column.name)
        query = sa.select(mean(values), _deviation(values)).select_from(table)
        center, deviation = execution_engine.execute_query(query).one()
        return OutlierStatistics.symmetric(_finite(center), _finite(deviation))


class MostCommonValue(ColumnAggregateMetricProvider):
    """The most frequent value, or values; dates and times as ISO 8601."""

    metric_name = "column.most_common_value"

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, **_: Any) -> list[Any]:
        table, column = _column(execution_engine, metric_domain_kwargs)
        counted = (
            sa.select(column.label("value"), sa.func.count().label("occurs"))
            .select_from(table)
            .where(column.is_not(None))
            .group_by(column)
            .cte()
        )
        most = sa.select(sa.func.max(counted.c.occurs)).scalar_subquery()
        query = sa.select(counted.c.value).where(counted.c.occurs == most).order_by(counted.c.value)
        return [
            value.isoformat() if isinstance(value, date) else value
            for value in execution_engine.execute_query(query).scalars()
        ]


class NotInSetCount(ColumnAggregateMetricProvider):
    """Number of different values beyond a set."""

    metric_name = "column.distinct_values.not_in_set.count"
    value_keys = ("value_set",)

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> int:
        beyond = _beyond(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"]).subquery()
        return int(execution_engine.execute_query(sa.select(sa.func.count()).select_from(beyond)).scalar_one())


class NotInSet(ColumnAggregateMetricProvider):
    """The first different values beyond a set."""

    metric_name = "column.distinct_values.not_in_set"
    value_keys = ("value_set", "limit")

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[Any]:
        beyond = _beyond(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"])
        return list(execution_engine.execute_query(beyond.order_by(sa.text("1")).limit(_SHOWN)).scalars())


class MissingFromColumnCount(ColumnAggregateMetricProvider):
    """Number of a set's values that do not occur."""

    metric_name = "column.distinct_values.missing_from_column.count"
    value_keys = ("value_set",)

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> int:
        return len(_missing(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"]))


class MissingFromColumn(ColumnAggregateMetricProvider):
    """The first of a set's values that do not occur."""

    metric_name = "column.distinct_values.missing_from_column"
    value_keys = ("value_set", "limit")

    @metric_value(engine=TableSqlEngine)
    def _sql(
        cls, *, execution_engine: TableSqlEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[Any]:
        return _missing(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"])[:_SHOWN]


def _column(execution_engine: TableSqlEngine, domain: Mapping[str, Any]) -> tuple[Any, sa.ColumnClause[Any]]:
    table, _, accessor = execution_engine.get_compute_domain(domain, MetricDomainTypes.COLUMN)
    return table, sa.column(accessor["column"])


def _aggregate(execution_engine: TableSqlEngine, domain: Mapping[str, Any], function: Any) -> _Parts:
    _, compute, accessor = execution_engine.get_compute_domain(domain, MetricDomainTypes.COLUMN)
    return function(number(execution_engine, accessor["column"])), compute, accessor


def _deviation(values: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # Databases refuse a deviation of infinite values, and with it all else that the query asks.
    infinite = sa.func.abs(values) == sa.literal(math.inf, sa.Double)
    finite = sa.func.stddev_samp(sa.case((infinite, None), else_=values))
    return sa.case((sa.func.count(sa.case((infinite, 1))) == 0, finite))


def _quantiles(
    execution_engine: TableSqlEngine, domain: Mapping[str, Any], quantiles: Sequence[float], interpolation: Any
) -> list[float | None]:
    table, column = _column(execution_engine, domain)
    values = number(execution_engine, column.name)
    count = execution_engine.execute_query(sa.select(sa.func.count(column)).select_from(table)).scalar_one()
    if not count:
        return [None] * len(quantiles)
    wanted = places(quantiles, count, interpolation)
    needed = ranks(wanted)
    return [*values_at(wanted, execution_engine.at_ranks(table, values, needed, count))]


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _beyond(execution_engine: TableSqlEngine, domain: Mapping[str, Any], value_set: Sequence[Any]) -> Any:
    table, column = _column(execution_engine, domain)
    return sa.select(column).select_from(table).where(column.is_not(None), column.not_in(value_set)).group_by(column)


def _missing(execution_engine: TableSqlEngine, domain: Mapping[str, Any], value_set: Sequence[Any]) -> list[Any]:
    table, column = _column(execution_engine, domain)
    query = sa.select(column).select_from(table).where(column.in_(value_set)).group_by(column)
    found = set(execution_engine.execute_query(query).scalars())
    if execution_engine.kind_of(column.name) is Kind.DATE:
        found = {datetime.combine(value, time()) for value in found}
    return [value for value in value_set if value not in found]
