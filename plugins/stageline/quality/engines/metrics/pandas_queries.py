"""Queries of a DAG's author: pandas runs none, and says where they run."""

from typing import Any

from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from stageline.exceptions import DataError
from stageline.quality.engines.metrics.pandas_execution import TablePandasEngine

_ARGUMENT = "unexpected_rows_query"


class UnexpectedRowCount(QueryMetricProvider):
    """How many rows a query returns."""

    metric_name = "unexpected_rows_query.row_count"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TablePandasEngine)
    def _pandas(cls, **_: Any) -> int:
        raise DataError("a query cannot run in the engine pandas; use the engine duckdb")


class UnexpectedRows(QueryMetricProvider):
    """The rows themselves."""

    metric_name = "unexpected_rows_query.table"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TablePandasEngine)
    def _pandas(cls, **_: Any) -> list[dict[str, Any]]:
        return []
