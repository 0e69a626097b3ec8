"""What the columns of a pandas table hold, and how each is shown to Great Expectations: few types, and NaN for null."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stageline.quality.engines.kinds import Kind

if TYPE_CHECKING:
    import pandas as pd

# What pandas calls the values of an object column.
_INFERRED = {
    "string": Kind.TEXT,
    "boolean": Kind.BOOLEAN,
    "integer": Kind.INTEGER,
    "floating": Kind.REAL,
    "mixed-integer-float": Kind.REAL,
    "decimal": Kind.DECIMAL,
    "date": Kind.DATE,
    "datetime": Kind.TIME,
    "datetime64": Kind.TIME,
    "empty": Kind.NOTHING,
}


def shown(series: "pd.Series[Any]") -> "tuple[Kind, pd.Series[Any]]":  # noqa: PLR0911 - one for each type
    """Return what a column holds, and its values as they are judged.

    Times come in UTC, dates as times at midnight, decimals of up to 15 digits as doubles, which hold them exactly.
    """
    import pandas as pd
    from pandas.api import types

    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return shown(series.astype(dtype.categories.dtype))
    if types.is_bool_dtype(dtype):
        return Kind.BOOLEAN, _plain(series, bool)
    if types.is_integer_dtype(dtype):
        return Kind.INTEGER, _plain(series, str(dtype).lower().removesuffix("[pyarrow]"))
    if types.is_float_dtype(dtype):
        return Kind.REAL, series.astype("float64")
    if types.is_datetime64_any_dtype(dtype):
        return Kind.TIME, _in_utc(series)
    if isinstance(dtype, pd.StringDtype):
        return Kind.TEXT, series
    return _from_objects(series.astype(object))


def _from_objects(series: "pd.Series[Any]") -> "tuple[Kind, pd.Series[Any]]":
    import numpy as np
    import pandas as pd
    from pandas.api import types

    kind = _INFERRED.get(types.infer_dtype(series, skipna=True), Kind.OTHER)
    # One null instead of several: None and NaN are two values to some of pandas.
    series = series.where(series.notna(), np.nan)
    if kind is Kind.REAL:
        return kind, series.astype("float64")
    if kind is Kind.DECIMAL:
        numbers = series.astype("float64")
        pairs = zip(series.dropna(), numbers.dropna(), strict=True)
        exact = all(value == Decimal(repr(number)) for value, number in pairs)
        return (kind, numbers) if exact else (Kind.LONG_DECIMAL, series)
    if kind in (Kind.DATE, Kind.TIME):
        try:
            return kind, _in_utc(pd.to_datetime(series))
        except (TypeError, ValueError, OverflowError):  # times with and without an offset, or beyond what pandas holds
            return Kind.OTHER, series
    return kind, series


def _plain(series: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    import numpy as np

    if not series.isna().any():
        return series.astype(dtype)
    return series.astype(object).where(series.notna(), np.nan)


def _in_utc(series: "pd.Series[Any]") -> "pd.Series[Any]":
    import pandas as pd

    dtype: Any = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        series = pd.Series(series.array.__arrow_array__().to_pandas(), index=series.index)
        dtype = series.dtype
    return series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else series
