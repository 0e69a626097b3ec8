"""Values as texts that lose nothing, and back: a row that is put aside can come back exactly as it was."""

import base64
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables import nested_texts

if TYPE_CHECKING:
    import pyarrow as pa

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
# The years 1 to 9999, in seconds from 1970: Arrow reads no other year from a text.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


def as_texts(values: "pa.Array", name: str) -> "pa.Array":
    """Return each value as text; null stays null.

    Numbers, booleans, dates and times read as everywhere, a time zone is turned into UTC, bytes are base64,
    lists, maps and structs JSON of their parts' texts. A time outside the years 1 to 9999 is its count of units
    since 1970, e.g. `4000000 days`. The same value has the same text in every run.

    :param name: How errors call the column.
    :returns: Large strings, shape (n,).
    :raises DataError: A type that has no such text.
    """
    import pyarrow as pa

    kind, types = values.type, pa.types
    if types.is_dictionary(kind):
        return as_texts(values.cast(kind.value_type), name)
    if nested_texts.is_nested(kind):
        return nested_texts.as_texts(values, name, as_texts)
    if types.is_timestamp(kind) or types.is_date(kind):
        return _time_texts(values)
    if types.is_duration(kind):
        return values.cast(pa.int64()).cast(pa.large_string())
    if _is_bytes(kind):
        encoded = (None if value is None else base64.b64encode(value).decode() for value in values.to_pylist())
        return pa.array(encoded, pa.large_string())
    try:
        return values.cast(pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise DataError(
            f"column {name!r} has type {kind}, whose values quarantine cannot keep; "
            "write it as text or number in the source"
        ) from error


def from_texts(texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return values from the texts of `as_texts`.

    :param texts: Large strings, shape (n,).
    :raises ValueError: A text is no value of the type (Arrow's own errors are such).
    """
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return from_texts(texts, kind.value_type).dictionary_encode().cast(kind)
    if nested_texts.is_nested(kind):
        return nested_texts.from_texts(texts, kind, from_texts)
    if types.is_timestamp(kind) or types.is_date(kind):
        return _times(texts, kind)
    if _is_bytes(kind):
        decoded = (None if text is None else base64.b64decode(text, validate=True) for text in texts.to_pylist())
        return pa.array(decoded, kind)
    return _between(texts, kind).cast(kind)


def _between(texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return texts as values from which Arrow knows the way to a type: mostly as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_time(kind):
        of_a_day = pc.binary_join_element_wise("1970-01-01", texts.cast(pa.string()), " ")
        return of_a_day.cast(pa.timestamp(kind.unit))
    if pa.types.is_duration(kind):
        return texts.cast(pa.int64())
    if pa.types.is_null(kind):
        if texts.null_count < len(texts):
            raise ValueError("a value stands where all are null")
        return pa.nulls(len(texts))
    return texts


def _is_bytes(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    types = pa.types
    plain = types.is_binary(kind) or types.is_large_binary(kind)
    return bool(plain or types.is_fixed_size_binary(kind) or types.is_binary_view(kind))


def _time_texts(values: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    plain = values.cast(pa.timestamp(kind.unit, "UTC")) if pa.types.is_timestamp(kind) and kind.tz else values
    counts = _counts(values)
    counted = pc.binary_join_element_wise(counts.cast(pa.string()), f" {_unit(kind)}", "")
    return pc.if_else(_readable(counts, kind), plain.cast(pa.large_string()), counted.cast(pa.large_string()))


def _times(texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    in_utc = pa.timestamp(kind.unit, "UTC") if pa.types.is_timestamp(kind) and kind.tz else kind
    unit = f" {_unit(kind)}"
    counted = pc.ends_with(texts, unit)
    nothing = pa.scalar(None, texts.type)
    # Zeros at the end are no more than a coarser unit, or a date, can hold.
    short = pc.replace_substring_regex(texts, r"(\.\d*[1-9])0*(Z?)$|\.0*(Z?)$", r"\1\2\3")
    if pa.types.is_date(kind):
        short = pc.replace_substring_regex(short, " 00:00:00$", "")
    times = pc.if_else(counted, nothing, short).cast(in_utc)
    counts = pc.replace_substring(pc.if_else(counted, texts, nothing), unit, "").cast(pa.int64())
    by_count = counts.cast(pa.int32()) if pa.types.is_date32(kind) else counts
    return pc.coalesce(times, by_count.cast(in_utc)).cast(kind)


def _unit(kind: "pa.DataType") -> str:
    import pyarrow as pa

    return "days" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else str(kind.unit)


def _counts(values: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    # Only 32-bit dates know no way to 64 bits but over 32.
    narrow = values.cast(pa.int32()) if pa.types.is_date32(values.type) else values
    return narrow.cast(pa.int64())


def _readable(counts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return whether each time has a text that reads back as the same time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date32(kind):
        first, last = _FIRST_SECOND // _DAY, _LAST_SECOND // _DAY
    else:
        unit = _PER_SECOND[_unit(kind)]
        # 64 bits of nanoseconds reach neither year; of the seconds they cut off at the ends, Arrow reads none.
        first = max(_FIRST_SECOND * unit, -(2**63 // unit) * unit)
        last = min((_LAST_SECOND + 1) * unit, 2**63 // unit * unit) - 1
    return pc.and_(pc.greater_equal(counts, first), pc.less_equal(counts, last))
