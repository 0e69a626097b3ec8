"""Numbers that would not survive the way into a model: infinite ones, and ones with too many digits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_EXACT_IN_FLOAT = 2**53
_DIGITS_IN_FLOAT = 15


def first_infinite(values: "pa.ChunkedArray") -> str | None:
    """Say how many values are infinite or NaN, and where the first one is; none if all are finite or null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(values.type):
        return None
    bad = pc.invert(pc.is_finite(values)).fill_null(False)
    row = bad.index(True).as_py()
    if row < 0:
        return None
    return f"holds {pc.sum(bad).as_py():,} value(s) that are not finite, first in row {row + 1:,}"


def lost_digits(values: "pa.ChunkedArray") -> str | None:
    """Say which number is longer than a float is exact; none if there is none such."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(values.type):
        ends = pc.min_max(values).as_py().values()
        largest = max((end for end in ends if end is not None), key=abs, default=0)
        if abs(largest) > _EXACT_IN_FLOAT:
            return f"holds {largest:,}, above 2^53: as a number it would lose digits"
    elif pa.types.is_decimal(values.type):
        # A decimal's significant digits: without sign, point, exponent and the zeros at both ends.
        digits = pc.utf8_trim(pc.replace_substring_regex(values.cast(pa.string()), r"E.*$|[-.]", ""), "0")
        length = pc.utf8_length(digits)
        most = pc.max(length).as_py() or 0
        if most > _DIGITS_IN_FLOAT:
            example = values[pc.index(length, most).as_py()].as_py()
            return f"holds {example} with {most} digits: as a number it would lose all after {_DIGITS_IN_FLOAT}"
    return None
