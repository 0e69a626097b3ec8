"""A table that is a pandas DataFrame."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram, require_distinct_names
from stageline.quality.engines.kinds import Column, Kind
from stageline.quality.engines.pandas_columns import shown
from stageline.quality.engines.validation import Condition, conditions_of, evaluate, quiet_imports
from stageline.quality.outcome import Outcome
from stageline.quality.table_engine import FailingRows
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class PandasTable:
    """A table in pandas, whole in memory; rows have positions.

    :param frame: Is not changed.
    """

    name = "pandas"

    def __init__(self, frame: "pd.DataFrame") -> None:
        import pandas as pd

        require_distinct_names(frame)
        with quiet_imports():
            # Their metric providers are registered by being imported.
            from stageline.quality.engines.metrics import pandas_numbers, pandas_queries, pandas_rows  # noqa: F401
            from stageline.quality.engines.metrics.pandas_execution import TablePandasEngine

        self._frame = frame
        whole = frame.reset_index(drop=True)
        judged, columns = {}, []
        for place, name in enumerate(frame.columns):
            kind, judged[f"column_{place}"] = shown(whole[name])
            columns.append(Column(name, f"column_{place}", kind, str(frame[name].dtype)))
        self._judged = pd.DataFrame(judged, index=whole.index, copy=False)
        self.execution = TablePandasEngine(self._judged, columns)
        self.known: Mapping[str, Column] = {column.name: column for column in columns}
        self.columns = tuple(self.known)

    def count_rows(self) -> int:
        """Return the number of rows."""
        return len(self._frame)

    def describe(self, columns: Sequence[str], like: Mapping[str, Histogram]) -> dict[str, ColumnFacts]:
        """Return the facts of existing columns."""
        from stageline.quality.engines.pandas_facts import describe

        wanted = [self.known[name] for name in columns]
        return {column.name: describe(column, self._judged[column.shown], like) for column in wanted}

    def evaluate(self, expectations: Sequence[Expectation]) -> list[Outcome]:
        """Evaluate expectations with Great Expectations, and return an outcome for each, in their order."""
        return evaluate(self, expectations)

    def examples(self, condition: Condition, columns: Sequence[Column], count: int) -> list[tuple[Any, ...]]:
        """Return the values of the first rows that a condition calls unexpected."""
        first = _positions(condition)[:count]
        shown_values = [_values(self._judged[column.shown].iloc[first], column) for column in columns]
        return list(zip(*shown_values, strict=True))

    def failing_rows(self, expectations: Sequence[Expectation]) -> FailingRows:
        """Return the rows that fail any of the expectations, in their order.

        A column of mixed objects, which Arrow has no type for, comes as texts.
        """
        import numpy as np

        masks = {}
        for place, condition in conditions_of(self, expectations).items():
            masks[place] = np.zeros(len(self._frame), dtype=bool)
            masks[place][_positions(condition)] = True
        places = np.array(list(masks), dtype=int)
        table = np.column_stack(list(masks.values())) if masks else np.zeros((len(self._frame), 0), dtype=bool)
        positions = np.flatnonzero(table.any(axis=1))
        return FailingRows(
            rows=_as_arrow(self._frame.iloc[positions]),
            positions=positions,
            failed=tuple(tuple(places[row].tolist()) for row in table[positions]),
        )


def _positions(condition: Condition) -> Any:
    unexpected = condition[0]
    return unexpected.index.to_numpy()[unexpected.to_numpy(dtype=bool)]


def _values(series: "pd.Series[Any]", column: Column) -> list[Any]:
    import pandas as pd

    values = [None if pd.isna(value) else value for value in series.tolist()]
    if column.kind is Kind.DATE:
        return [None if value is None else value.date() for value in values]
    if column.kind is Kind.TIME:
        return [None if value is None else value.to_pydatetime(warn=False) for value in values]
    return values


def _as_arrow(frame: "pd.DataFrame") -> "pa.Table":
    import pyarrow as pa

    columns = {}
    for name in frame.columns:
        try:
            columns[name] = _one_as_arrow(frame[name])
        except pa.ArrowException:
            columns[name] = pa.array(frame[name].map(str, na_action="ignore"), pa.string(), from_pandas=True)
    return pa.table(columns)


def _one_as_arrow(series: "pd.Series[Any]") -> "pa.Array":
    import pandas as pd
    import pyarrow as pa

    dtype: Any = series.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        # Arrow reads such a column in a way that pandas has deprecated.
        naive = pa.array(series.dt.tz_convert(None), from_pandas=True)
        return naive.cast(pa.timestamp(dtype.unit, str(dtype.tz)))
    return pa.array(series, from_pandas=True)
