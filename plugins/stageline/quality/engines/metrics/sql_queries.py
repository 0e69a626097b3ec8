"""Queries of a DAG's author, by the table's own column names instead of the neutral ones."""

from typing import Any

import sqlalchemy as sa
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from stageline.quality.engines.metrics.sql_execution import TableSqlEngine

_ARGUMENT = "unexpected_rows_query"


class UnexpectedRowCount(QueryMetricProvider):
    """How many rows a query returns."""

    metric_name = "unexpected_rows_query.row_count"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, *, execution_engine: TableSqlEngine, metric_value_kwargs: Any, **_: Any) -> int:
        query = metric_value_kwargs[_ARGUMENT].format(batch=execution_engine.named)
        # As text, a colon would begin a parameter.
        counted = f"SELECT count(*) FROM ({query}) AS unexpected".replace(":", r"\:")  # noqa: S608 - what it is for
        return int(execution_engine.execute_query(sa.text(counted)).scalar_one())


class UnexpectedRows(QueryMetricProvider):
    """The rows themselves, which no verdict needs: a message with rows of any shape would help nobody."""

    metric_name = "unexpected_rows_query.table"
    value_keys = (_ARGUMENT,)

    @metric_value(engine=TableSqlEngine)
    def _sql(cls, **_: Any) -> list[dict[str, Any]]:
        return []
