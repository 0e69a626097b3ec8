"""Numbers about whole columns that pandas computes otherwise than the databases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)
from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
    OutlierStatistics,
    validate_method,
)
from great_expectations.expectations.metrics.metric_provider import metric_value

from stageline.quality.engines.kinds import Kind
from stageline.quality.engines.metrics.pandas_execution import TablePandasEngine, numbers
from stageline.quality.engines.ranks import places, ranks, values_at

_Series = Any  # a pandas Series


class Mean(ColumnAggregateMetricProvider):
    """Mean; the share of true ones for booleans."""

    metric_name = "column.mean"

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> float:
        return float(numbers(column).mean())


class Sum(ColumnAggregateMetricProvider):
    """Sum; the number of true ones for booleans, and none of no value."""

    metric_name = "column.sum"

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> float | None:
        return float(numbers(column).sum()) if column.notna().any() else None


class StandardDeviation(ColumnAggregateMetricProvider):
    """Standard deviation of a sample; none where a value is infinite."""

    metric_name = "column.standard_deviation"

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> float | None:
        return _deviation(column)


class Median(ColumnAggregateMetricProvider):
    """Middle value, or the mean of the two in the middle."""

    metric_name = "column.median"

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> float | None:
        return _quantiles(column, [0.5], "midpoint")[0]


class QuantileValues(ColumnAggregateMetricProvider):
    """Quantiles, of booleans too."""

    metric_name = "column.quantile_values"
    value_keys = ("quantiles", "allow_relative_error")

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(
        cls, column: _Series, quantiles: Sequence[float], allow_relative_error: Any, **_: Any
    ) -> list[float | None]:
        return _quantiles(column, quantiles, allow_relative_error)


class OutlierWindow(ColumnAggregateMetricProvider):
    """What outliers are measured against: the quartiles, or the mean and the deviation."""

    metric_name = "column.outlier_statistics"
    value_keys = ("method",)

    @column_aggregate_value(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, method: str, **_: Any) -> OutlierStatistics:
        validate_method(method)
        if method == "iqr":
            low, high = (_finite(value) for value in _quantiles(column, [0.25, 0.75], "linear"))
            return OutlierStatistics(low, high, None if low is None or high is None else high - low)
        return OutlierStatistics.symmetric(_finite(numbers(column).mean()), _deviation(column))


class MostCommonValue(ColumnAggregateMetricProvider):
    """The most frequent value, or values; dates and times as ISO 8601."""

    metric_name = "column.most_common_value"

    @metric_value(engine=TablePandasEngine)
    def _pandas(cls, *, execution_engine: TablePandasEngine, metric_domain_kwargs: Any, **_: Any) -> list[Any]:
        frame, _compute, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        values = frame[accessor["column"]].mode().tolist()
        kind = execution_engine.kind_of(accessor["column"])
        if kind is Kind.DATE:
            return [value.date().isoformat() for value in values]
        return [value.isoformat() for value in values] if kind is Kind.TIME else values


def _deviation(column: _Series) -> float | None:
    values = numbers(column).dropna()
    return _finite(values.std()) if np.isfinite(values).all() else None


def _quantiles(column: _Series, quantiles: Sequence[float], interpolation: Any) -> list[float | None]:
    values = np.sort(numbers(column).dropna().to_numpy())
    if not len(values):
        return [None] * len(quantiles)
    wanted = places(quantiles, len(values), interpolation)
    return [*values_at(wanted, {rank: float(values[rank]) for rank in ranks(wanted)})]


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
