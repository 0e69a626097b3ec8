"""Which values a column takes, as far as its values so far support: a few members, or a range with room."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_MAX_SET = 20
_MAX_TEXT = 80
_ROOM = 0.10
_FAR_OUT = 3.0
# Great Expectations reads bounds as doubles, which hold whole numbers only up to here.
_MAX_EXACT = 2**53


def stable_members(values: "pd.Series[Any]") -> list[Any] | None:
    """Return the few different values that both halves of the rows share, sorted; none if there are more."""
    kind = kind_of(values)
    if kind not in ("boolean", "integer", "text"):
        return None
    half = len(values) // 2
    first, second = set(values.iloc[:half].unique()), set(values.iloc[half:].unique())
    if first != second or len(first) > _MAX_SET:
        return None
    cast = {"boolean": bool, "integer": int, "text": str}[kind]
    members = sorted(cast(value) for value in first)
    if kind == "text" and any(len(member) > _MAX_TEXT for member in members):
        return None
    return None if kind == "integer" and max(abs(member) for member in members) > _MAX_EXACT else members


def limits_of(values: "pd.Series[Any]") -> tuple[float, float, str] | None:
    """Return the range of a numeric column with room on both sides, and what it rests on."""
    import numpy as np

    kind = kind_of(values)
    if kind not in ("integer", "real"):
        return None
    numbers = values.to_numpy(dtype=float)
    least, most = float(numbers.min()), float(numbers.max())
    if max(abs(least), abs(most)) > _MAX_EXACT:
        return None
    seen = f"seen {least:.4g} to {most:.4g} on {len(values):,} rows"
    if kind == "real" and least >= 0 and 0.5 < most <= 1:  # noqa: PLR2004 - a share that uses its range
        return 0, 1, f"{seen}; read as a share of 0 to 1"
    low_quantile, high_quantile = (float(bound) for bound in np.quantile(numbers, [0.05, 0.95]))
    spread = (high_quantile - low_quantile) or (most - least)
    room = _ROOM * spread
    step = 1.0 if kind == "integer" else _step(room, max(abs(least), abs(most)))
    low, high = _down(least - room, step), 0 - _down(-(most + room), step)
    support = f"{seen}; room of {100 * _ROOM:.0f} % of the 5-95 % range"
    if least >= 0 > low:
        low, support = 0, f"{support}, but never negative"
    far = max(most - high_quantile, low_quantile - least)
    if spread and far > _FAR_OUT * spread:
        support += f"; an end lies {far / spread:.1f} such ranges beyond it: look at it"
    # Rounding may eat a room that is tiny beside the values.
    return min(low, _exact(least)), max(high, _exact(most)), support


def kind_of(values: "pd.Series[Any]") -> str:
    """Return `boolean`, `integer` (also whole numbers held as floats), `real`, `text` or `other`."""
    import numpy as np
    from pandas.api import types

    dtype = values.dtype
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        numbers = values.to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            return "other"
        return "integer" if (numbers == np.floor(numbers)).all() else "real"
    text = (isinstance(value, str) for value in values)
    return "text" if not types.is_datetime64_any_dtype(dtype) and all(text) else "other"


def _step(room: float, largest: float) -> float:
    """Return the power of ten that keeps two digits of the room, as far as doubles of this size hold them."""
    smallest = max(room, 1e-12 * largest, 1e-300)
    return float(10.0 ** (math.floor(math.log10(smallest)) - 1))


def _down(number: float, step: float) -> float:
    """Round down to a multiple of the step, and free of the digits that binary fractions add."""
    rounded = math.floor(number / step) * step
    return int(rounded) if step == 1.0 else round(rounded, max(-math.floor(math.log10(step)), 0))


def _exact(number: float) -> float:
    return int(number) if number.is_integer() else number
