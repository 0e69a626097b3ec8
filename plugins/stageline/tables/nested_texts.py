"""Lists, maps and structs as JSON of their parts' texts, and back."""

import json
from collections.abc import Callable
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def is_nested(kind: "pa.DataType") -> bool:
    """Whether values of a type have parts that this module knows how to take apart."""
    import pyarrow as pa

    return bool(_is_list(kind) or pa.types.is_struct(kind))


def as_texts(values: "pa.Array", name: str, of_parts: Callable[["pa.Array", str], "pa.Array"]) -> "pa.Array":
    """Return each value as a JSON array of texts and nulls: of a list its values, of a struct its fields.

    :param name: How errors call the column.
    :param of_parts: Turns an array of parts into texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_struct(values.type):
        fields = [of_parts(field, name).to_pylist() for field in values.flatten()]
        rows = zip(*fields, strict=True) if fields else [()] * len(values)
        return pa.array((_dump(row) for row in rows), pa.large_string(), mask=values.is_null())
    if pa.types.is_map(values.type):
        entries = pa.StructArray.from_arrays([values.keys, values.items], fields=list(_part(values.type).fields))
        ends = values.offsets.to_pylist()
    else:
        # Without what lies under nulls.
        entries = values.flatten()
        lengths = pc.list_value_length(values).to_pylist()
        ends = list(accumulate((length or 0 for length in lengths), initial=0))
    parts = of_parts(entries, name).to_pylist()
    dumped = (_dump(parts[begin:end]) for begin, end in pairwise(ends))
    return pa.array(dumped, pa.large_string(), mask=values.is_null())


def from_texts(
    texts: "pa.Array", kind: "pa.DataType", of_parts: Callable[["pa.Array", "pa.DataType"], "pa.Array"]
) -> "pa.Array":
    """Return values from the texts of `as_texts`.

    :param of_parts: Turns an array of texts into parts of a type.
    :raises ValueError: A text is no such JSON, or has another number of parts.
    """
    import pyarrow as pa

    rows = [None if text is None else _load(text) for text in texts.to_pylist()]
    missing = texts.is_null()
    if pa.types.is_struct(kind):
        if any(row is not None and len(row) != kind.num_fields for row in rows):
            raise ValueError(f"a struct has another number of fields than {kind}")
        columns = [[None if row is None else row[index] for row in rows] for index in range(kind.num_fields)]
        parts = [
            of_parts(pa.array(column, pa.large_string()), field.type)
            for column, field in zip(columns, kind.fields, strict=True)
        ]
        if not parts:
            return pa.array([None if row is None else {} for row in rows], kind)
        return pa.StructArray.from_arrays(parts, fields=kind.fields, mask=missing)
    fixed = pa.types.is_fixed_size_list(kind)
    if fixed and any(row is not None and len(row) != kind.list_size for row in rows):
        raise ValueError(f"a list has another number of values than {kind}")
    full = [(row or [None] * (kind.list_size if fixed else 0)) for row in rows]
    inner = of_parts(pa.array(chain.from_iterable(full), pa.large_string()), _part(kind))
    # Never by a cast between lists: Arrow's loses the values of a list of nulls.
    if fixed:
        return pa.FixedSizeListArray.from_arrays(inner, type=kind, mask=missing)
    large = pa.types.is_large_list(kind)
    offsets = pa.array(accumulate(map(len, full), initial=0), pa.int64() if large else pa.int32())
    if pa.types.is_map(kind):
        return pa.MapArray.from_arrays(offsets, *inner.flatten(), type=kind, mask=missing)
    return (pa.LargeListArray if large else pa.ListArray).from_arrays(offsets, inner, type=kind, mask=missing)


def _is_list(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    types = pa.types
    of_any_length = types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind)
    return bool(of_any_length or types.is_fixed_size_list(kind))


def _part(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    return pa.struct([kind.key_field, kind.item_field]) if pa.types.is_map(kind) else kind.value_type


def _dump(parts: object) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> list[str | None]:
    loaded = json.loads(text)
    if not isinstance(loaded, list) or any(not isinstance(part, (str, type(None))) for part in loaded):
        raise ValueError("a list of texts is expected")
    return loaded
