"""pandas as an execution engine: neutral names, and only the columns that a metric is about."""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
from great_expectations.expectations.row_conditions import deserialize_row_condition

from stageline.quality.engines.kinds import Column, Kind
from stageline.quality.engines.metrics.comparing import COMPARED

_BATCH = "table"


class TablePandasEngine(PandasExecutionEngine):
    """Great Expectations on a pandas table; a metric is given the columns it is about, instead of all."""

    def __init__(self, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
        super().__init__()
        self.shown = {column.shown: column for column in columns}
        self.load_batch_data(_BATCH, PandasBatchData(execution_engine=self, dataframe=frame))

    def kind_of(self, shown: str) -> Kind:
        """Return what a column holds, by its neutral name."""
        return self.shown[shown].kind

    def get_compute_domain(self, domain_kwargs: Any, domain_type: Any, accessor_keys: Any = None) -> Any:
        """Return the rows and columns a metric is about."""
        frame, compute, accessor = super().get_compute_domain(domain_kwargs, domain_type, accessor_keys)
        columns = {
            MetricDomainTypes.COLUMN: lambda: [accessor["column"]],
            MetricDomainTypes.COLUMN_PAIR: lambda: list(dict.fromkeys([accessor["column_A"], accessor["column_B"]])),
            MetricDomainTypes.MULTICOLUMN: lambda: list(accessor["column_list"]),
        }.get(MetricDomainTypes(domain_type))
        return (frame[columns()] if columns else frame), compute, accessor

    def _apply_row_condition_filter(self, data: Any, row_condition: Any, domain_kwargs: Any) -> Any:  # noqa: ARG002
        """Return the rows that meet a condition; Great Expectations would run it as a query's text."""
        return data[self.condition_to_filter_clause(deserialize_row_condition(row_condition)).to_numpy(dtype=bool)]

    def _comparison_condition_to_filter_clause(self, condition: Any) -> Any:
        column = self._column(condition)
        if condition.operator in ("IN", "NOT_IN"):
            met = column.isin(condition.parameter) == (condition.operator == "IN")
        else:
            met = COMPARED[condition.operator](column, condition.parameter)
        # A null fulfils no comparison, as in a database.
        return met.fillna(False).astype(bool) & column.notna()

    def _nullity_condition_to_filter_clause(self, condition: Any) -> Any:
        column = self._column(condition)
        return column.isna() if condition.is_null else column.notna()

    def _and_condition_to_filter_clause(self, condition: Any) -> Any:
        return reduce(and_, map(self.condition_to_filter_clause, condition.conditions))

    def _or_condition_to_filter_clause(self, condition: Any) -> Any:
        return reduce(or_, map(self.condition_to_filter_clause, condition.conditions))

    def _column(self, condition: Any) -> Any:
        return self.batch_manager.active_batch_data.dataframe[condition.column.name]


def numbers(column: Any) -> Any:
    """Return a column of numbers or booleans as doubles."""
    return column.astype("float64")
