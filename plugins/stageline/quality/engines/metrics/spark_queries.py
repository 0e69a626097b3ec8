"""Queries of a DAG's author in Spark, by the table's own column names instead of the neutral ones."""

from typing import Any

from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from stageline.quality.engines.metrics.spark_execution import TableSparkEngine

_ARGUMENT = "unexpected_rows_query"
_VIEW = "stageline_named_rows"


class UnexpectedRowCount(QueryMetricProvider):
    """How many rows a query returns."""

    metric_name = "unexpected_rows_query.row_count"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TableSparkEngine)
    def _spark(cls, *, execution_engine: TableSparkEngine, metric_value_kwargs: Any, **_: Any) -> int:
        execution_engine.named.createOrReplaceTempView(_VIEW)
        session = execution_engine.named.sparkSession
        try:
            return int(session.sql(metric_value_kwargs[_ARGUMENT].format(batch=_VIEW)).count())
        finally:
            session.catalog.dropTempView(_VIEW)


class UnexpectedRows(QueryMetricProvider):
    """The rows themselves, which no verdict needs."""

    metric_name = "unexpected_rows_query.table"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TableSparkEngine)
    def _spark(cls, **_: Any) -> list[dict[str, Any]]:
        return []
