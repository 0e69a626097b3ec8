"""Numbers about whole columns that Great Expectations lacks on Spark, or computes otherwise there than on pandas."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
    OutlierStatistics,
    validate_method,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from pyspark.sql import functions

from stageline.quality.engines.kinds import Kind
from stageline.quality.engines.metrics.spark_execution import TableSparkEngine, literal, numbers
from stageline.quality.engines.ranks import places, ranks, share_of, values_at

_SHOWN = 20
_together = metric_partial(
    engine=TableSparkEngine,
    partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
    domain_type=MetricDomainTypes.COLUMN,
)
_Parts = tuple[Any, dict[str, Any], dict[str, Any]]


class Columns(TableMetricProvider):
    """The neutral names; a row's own values are none of them."""

    metric_name = "table.columns"

    @metric_value(engine=TableSparkEngine)
    def _spark(cls, *, execution_engine: TableSparkEngine, **_: Any) -> list[str]:
        return list(execution_engine.shown)


class Mean(ColumnAggregateMetricProvider):
    """Mean; the share of true ones for booleans."""

    metric_name = "column.mean"

    @_together
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, functions.avg)


class Sum(ColumnAggregateMetricProvider):
    """Sum; the number of true ones for booleans."""

    metric_name = "column.sum"

    @_together
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, functions.sum)


class StandardDeviation(ColumnAggregateMetricProvider):
    """Standard deviation of a sample; none where a value is infinite."""

    metric_name = "column.standard_deviation"

    @_together
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, **_: Any) -> _Parts:
        return _aggregate(execution_engine, metric_domain_kwargs, functions.stddev_samp)


class Median(ColumnAggregateMetricProvider):
    """Middle value, or the mean of the two in the middle."""

    metric_name = "column.median"

    @metric_value(engine=TableSparkEngine)
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, **_: Any) -> float | None:
        return _quantiles(execution_engine, metric_domain_kwargs, [0.5], "midpoint")[0]


class QuantileValues(ColumnAggregateMetricProvider):
    """Quantiles as pandas defines them."""

    metric_name = "column.quantile_values"
    value_keys = ("quantiles", "allow_relative_error")

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[float | None]:
        given = metric_value_kwargs
        return _quantiles(execution_engine, metric_domain_kwargs, given["quantiles"], given["allow_relative_error"])


class OutlierWindow(ColumnAggregateMetricProvider):
    """What outliers are measured against: the quartiles, or the mean and the deviation."""

    metric_name = "column.outlier_statistics"
    value_keys = ("method",)

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> OutlierStatistics:
        validate_method(metric_value_kwargs["method"])
        if metric_value_kwargs["method"] == "iqr":
            low, high = _quantiles(execution_engine, metric_domain_kwargs, [0.25, 0.75], "linear")
            low, high = _finite(low), _finite(high)
            return OutlierStatistics(low, high, None if low is None or high is None else high - low)
        frame, name = _column(execution_engine, metric_domain_kwargs)
        values = numbers(execution_engine, name)
        mean, deviation = frame.agg(functions.avg(values), functions.stddev_samp(values)).first()
        return OutlierStatistics.symmetric(_finite(mean), _finite(deviation))


class MostCommonValue(ColumnAggregateMetricProvider):
    """The most frequent value, or values; dates and times as ISO 8601."""

    metric_name = "column.most_common_value"

    @metric_value(engine=TableSparkEngine)
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, **_: Any) -> list[Any]:
        frame, name = _column(execution_engine, metric_domain_kwargs)
        counted = frame.where(functions.col(name).isNotNull()).groupBy(name).agg(functions.count("*").alias("occurs"))
        most = counted.agg(functions.max("occurs")).first()[0]
        rows = counted.where(functions.col("occurs") == functions.lit(most)).orderBy(name).collect()
        return [row[0].isoformat() if isinstance(row[0], date) else row[0] for row in rows]


class NotInSetCount(ColumnAggregateMetricProvider):
    """Number of different values beyond a set."""

    metric_name = "column.distinct_values.not_in_set.count"
    value_keys = ("value_set",)

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> int:
        return int(_beyond(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"]).count())


class NotInSet(ColumnAggregateMetricProvider):
    """The first different values beyond a set."""

    metric_name = "column.distinct_values.not_in_set"
    value_keys = ("value_set", "limit")

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[Any]:
        beyond = _beyond(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"])
        return [row[0] for row in beyond.orderBy(beyond.columns[0]).limit(_SHOWN).collect()]


class MissingFromColumnCount(ColumnAggregateMetricProvider):
    """Number of a set's values that do not occur."""

    metric_name = "column.distinct_values.missing_from_column.count"
    value_keys = ("value_set",)

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> int:
        return len(_missing(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"]))


class MissingFromColumn(ColumnAggregateMetricProvider):
    """The first of a set's values that do not occur."""

    metric_name = "column.distinct_values.missing_from_column"
    value_keys = ("value_set", "limit")

    @metric_value(engine=TableSparkEngine)
    def _spark(
        cls, *, execution_engine: TableSparkEngine, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any
    ) -> list[Any]:
        return _missing(execution_engine, metric_domain_kwargs, metric_value_kwargs["value_set"])[:_SHOWN]


def _column(execution_engine: TableSparkEngine, domain: Mapping[str, Any]) -> tuple[Any, str]:
    frame, _, accessor = execution_engine.get_compute_domain(domain, MetricDomainTypes.COLUMN)
    return frame, accessor["column"]


def _aggregate(execution_engine: TableSparkEngine, domain: Mapping[str, Any], function: Any) -> _Parts:
    _, compute, accessor = execution_engine.get_compute_domain(domain, MetricDomainTypes.COLUMN)
    return function(numbers(execution_engine, accessor["column"])), compute, accessor


def _quantiles(
    execution_engine: TableSparkEngine, domain: Mapping[str, Any], quantiles: Sequence[float], interpolation: Any
) -> list[float | None]:
    frame, name = _column(execution_engine, domain)
    frame = frame.select(numbers(execution_engine, name).alias("value")).where(functions.col("value").isNotNull())
    count = frame.count()
    if not count:
        return [None] * len(quantiles)
    wanted = places(quantiles, count, interpolation)
    needed = ranks(wanted)
    picked = (
        functions.expr(f"percentile_disc(CAST({share_of(rank, count)!r} AS DOUBLE)) WITHIN GROUP (ORDER BY value)")
        for rank in needed
    )
    return [*values_at(wanted, dict(zip(needed, frame.agg(*picked).first(), strict=True)))]


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _beyond(execution_engine: TableSparkEngine, domain: Mapping[str, Any], value_set: Sequence[Any]) -> Any:
    frame, name = _column(execution_engine, domain)
    column = functions.col(name)
    return frame.select(name).where(column.isNotNull() & ~column.isin([literal(each) for each in value_set])).distinct()


def _missing(execution_engine: TableSparkEngine, domain: Mapping[str, Any], value_set: Sequence[Any]) -> list[Any]:
    frame, name = _column(execution_engine, domain)
    held = frame.select(name).where(functions.col(name).isin([literal(each) for each in value_set])).distinct()
    found = {row[0] for row in held.collect()}
    if execution_engine.kind_of(name) is Kind.DATE:
        found = {datetime.combine(value, time()) for value in found}
    return [value for value in value_set if value not in found]
