"""Columns as float arrays, and the step to which their values were rounded."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_DECIMALS = 6
_CLOSE = 1e-6
_ROWS_LOOKED_AT = 5_000


def holds_numbers(kind: "pa.DataType") -> bool:
    """Return whether values of this type can be calculated with."""
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def holds_text(kind: "pa.DataType") -> bool:
    """Return whether the type is one of the text types that estimators get encoded."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def as_floats(values: "pa.ChunkedArray") -> "Floats":
    """Return a column of numbers as floats; nulls and what is not finite become NaN."""
    import numpy as np
    import pyarrow as pa

    kind = values.type
    if pa.types.is_boolean(kind):
        values = values.cast(pa.int8())
    floats: Floats = values.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    floats[~np.isfinite(floats)] = np.nan
    return floats


def rounding_step(values: "Floats") -> float:
    """Return the decimal step of which all values are multiples (1, 0.1, …), or 0 if there is none."""
    import numpy as np

    looked_at = values[np.isfinite(values)][:_ROWS_LOOKED_AT]
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = looked_at * 10.0**decimals
        if np.all(np.abs(scaled - np.round(scaled)) <= _CLOSE):
            return float(10.0**-decimals)
    return 0.0
