"""What a table's columns hold: the counts and small statistics that checks and later bands rest on."""

import difflib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.quality.wording import as_text

if TYPE_CHECKING:
    import pandas as pd

_MAX_COLUMNS = 50
_MAX_BYTES = 40_000


@dataclass(frozen=True)
class ColumnFacts:
    """Small statistics of one column; infinite values count as values, but not for min, max and mean.

    :param type: The engine's name of the column's type.
    :param count: Number of values that are not null.
    :param distinct: Number of different values; none where they cannot be compared, e.g. lists.
    :param min: Least number, or the first time as ISO 8601; none for other types.
    :param max: Greatest number, or the last time as ISO 8601; none for other types.
    """

    type: str
    count: int
    nulls: int
    infinite: int
    distinct: int | None
    min: float | str | None
    max: float | str | None
    mean: float | None


def require_distinct_names(frame: "pd.DataFrame") -> None:
    """Refuse a table in which a name does not say which column is meant.

    :raises DataError: A name occurs twice, or is not a text.
    """
    seen: set[str] = set()
    for name in frame.columns:
        if not isinstance(name, str):
            raise DataError(f"column name {name!r} is a {type(name).__name__}, not a text; rename the column")
        if name in seen:
            raise DataError(f"column {as_text(name)} occurs twice; give each column a name of its own")
        seen.add(name)


def nearest_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column whose name is closest to a name that does not exist, if any is close."""
    by_folded = {column.casefold(): column for column in columns}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


def describe_columns(frame: "pd.DataFrame", needed: Sequence[str]) -> dict[str, ColumnFacts]:
    """Return the facts of the needed columns, and of others up to 50 columns in all.

    :param needed: Columns that a check names; those that do not exist are left out.
    """
    existing = [name for name in dict.fromkeys(needed) if name in frame.columns]
    room = max(_MAX_COLUMNS - len(existing), 0)
    others = [name for name in frame.columns if name not in set(existing)][:room]
    return {name: _describe(frame[name]) for name in (*existing, *others)}


def as_evidence(facts: Mapping[str, ColumnFacts]) -> dict[str, dict[str, Any]]:
    """Return the facts of at most 50 columns as JSON values; columns past 40 kB are left out."""
    statistics: dict[str, dict[str, Any]] = {}
    size = 0
    for name, column in list(facts.items())[:_MAX_COLUMNS]:
        size += len(json.dumps({name: asdict(column)}))
        if size > _MAX_BYTES:
            break
        statistics[name] = asdict(column)
    return statistics


def _describe(series: "pd.Series[Any]") -> ColumnFacts:
    from pandas.api import types

    values = series.dropna()
    infinite = _count_infinite(values)
    least: float | str | None = None
    most: float | str | None = None
    mean: float | None = None
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        least, most, mean = _span(values, finite_only=infinite > 0)
    elif types.is_datetime64_any_dtype(series.dtype) and len(values):
        least, most = values.min().isoformat(), values.max().isoformat()
    return ColumnFacts(
        type=str(series.dtype),
        count=len(values),
        nulls=len(series) - len(values),
        infinite=infinite,
        distinct=_count_distinct(values),
        min=least,
        max=most,
        mean=mean,
    )


def _count_infinite(values: "pd.Series[Any]") -> int:
    import numpy as np
    from pandas.api import types

    if types.is_float_dtype(values.dtype):
        return int(np.isinf(values.to_numpy(dtype=float)).sum())
    if values.dtype == object:
        numbers = (value for value in values if isinstance(value, (float, np.floating, Decimal)))
        return sum(abs(number) == math.inf for number in numbers)
    return 0


def _count_distinct(values: "pd.Series[Any]") -> int | None:
    try:
        return int(values.nunique())
    except TypeError:  # lists and dicts cannot be hashed
        return None


def _span(values: "pd.Series[Any]", *, finite_only: bool) -> tuple[float | None, float | None, float | None]:
    import numpy as np

    if finite_only:
        values = values[np.isfinite(values.to_numpy(dtype=float))]
    if values.empty:
        return None, None, None
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.to_numpy(dtype=float).mean())
    return _plain(values.min()), _plain(values.max()), mean if math.isfinite(mean) else None


def _plain(number: Any) -> float:
    number = number.item() if hasattr(number, "item") else number
    return number if isinstance(number, int) else float(number)
