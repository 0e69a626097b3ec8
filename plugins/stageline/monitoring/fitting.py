"""Values of one table in the type that another table has them in, where nothing is lost by it."""

from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import pyarrow as pa

_WHOLE = r"^[+-]?[0-9]+(\.0*)?$"


def fitting(values: "pa.Array | pa.ChunkedArray", kind: "pa.DataType", what: str) -> "tuple[pa.Array, pa.Array]":
    """Return values in a type, and which of them were NaN or infinite: these, and empty texts, become null.

    Times become microseconds since 1970-01-01, of other integers and floats the widest; texts are read as numbers,
    as a CSV file has them, but numbers never become texts: `007` is not `7`.

    :param kind: The other table's type.
    :param what: How errors call the column.
    :raises DataError: A value does not fit, or the types have nothing in common.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _plain(values)
    wanted = kind.value_type if pa.types.is_dictionary(kind) else kind
    none = pa.repeat(pa.scalar(False), len(values))
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), stored(wanted)), none
    if pa.types.is_temporal(wanted):
        return _times(values, wanted, what), none
    if _is_text(values.type):
        values = pc.utf8_trim_whitespace(values) if not _is_text(wanted) else values
        if not _is_text(wanted):
            values = pc.if_else(pc.equal(values, ""), pa.scalar(None, values.type), values)
    odd = none
    if pa.types.is_floating(wanted) and _is_text(values.type):
        values = _cast(values, pa.float64(), wanted, what)
    if pa.types.is_floating(values.type):
        odd = pc.invert(pc.is_finite(values)).fill_null(False)
        values = pc.if_else(odd, pa.scalar(None, values.type), values)
    if pa.types.is_integer(wanted) and _is_text(values.type):
        if not pc.all(pc.match_substring_regex(values, _WHOLE)).as_py() and values.null_count < len(values):
            raise _unfit(what, values.type, wanted)
        values = pc.replace_substring_regex(values, r"^\+|\.0*$", "")
    if _unlike(values.type, wanted):
        raise _unfit(what, values.type, wanted)
    return _cast(values, stored(wanted), wanted, what), odd


def stored(kind: "pa.DataType") -> "pa.DataType":
    """Return the type in which `fitting` gives values of a kind."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    return pa.string() if _is_text(kind) else kind


def _plain(values: "pa.Array | pa.ChunkedArray") -> "pa.Array":
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _times(values: "pa.Array", wanted: "pa.DataType", what: str) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = values.drop_null()
    if not len(kept):
        return pa.nulls(len(values), pa.int64())
    try:
        times = parse_event_time(pa.table({what: kept}), what)
    except DataError as error:
        raise DataError(f"{error}; the predictions have {wanted} there") from error
    if bool(times.type.tz) != bool(getattr(wanted, "tz", None)):
        have, others = ("a", "none") if times.type.tz else ("no", "one")
        raise DataError(
            f"column {what!r}: the labels' times have {have} time zone, the predictions' {others}; write both the same"
        )
    # Where each value stands among those that are not null.
    places = pc.subtract(pc.cumulative_sum(values.is_valid().cast(pa.int64())), 1)
    return times.cast(pa.int64()).combine_chunks().take(pc.if_else(values.is_valid(), places, None))


def _unlike(given: "pa.DataType", wanted: "pa.DataType") -> bool:
    """Whether two types have nothing in common; texts that are numbers are converted by now."""
    import pyarrow as pa

    if _is_text(wanted) or pa.types.is_binary(wanted):
        return bool(not _is_text(given) and given != wanted)
    if pa.types.is_boolean(wanted):
        return not (pa.types.is_boolean(given) or _is_text(given))
    # A truth value is no number, though Arrow takes it for 0 or 1.
    return bool(
        pa.types.is_boolean(given)
        or pa.types.is_temporal(given)
        or pa.types.is_nested(given)
        or pa.types.is_binary(given)
    )


def _cast(values: "pa.Array", kind: "pa.DataType", wanted: "pa.DataType", what: str) -> "pa.Array":
    import pyarrow as pa

    try:
        return values.cast(kind)
    except pa.ArrowException:
        # Arrow's own words quote a value, which may be private.
        raise _unfit(what, values.type, wanted) from None


def _unfit(what: str, given: "pa.DataType", wanted: "pa.DataType") -> DataError:
    return DataError(
        f"column {what!r} is {given} in the labels and {wanted} in the predictions, and not all of its values are "
        "the same in both; write both in one type"
    )


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
