"""pandas as an execution engine: neutral names, and only the columns that a metric is about."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.pandas_batch_data import PandasBatchData

from stageline.quality.engines.kinds import Column, Kind

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


def numbers(column: Any) -> Any:
    """Return a column of numbers or booleans as doubles."""
    return column.astype("float64")
