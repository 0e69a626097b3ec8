"""Quarantined rows as rows of the source again, each value exactly what it was, or a sentence why not."""

import re
from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from stageline.tables.value_texts import as_texts, from_texts

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.tables.quarantined_rows import QuarantinedRow

_INFINITE = ("inf", "-inf")
_FLOATS = ("halffloat", "float", "double")
_NESTED = ("list", "large_list", "fixed_size_list", "struct", "map")


def release_problem(row: "QuarantinedRow", *, finite: Collection[str] = ()) -> str | None:
    """Say why a row cannot be let in, whatever the source holds; none if it can.

    :param finite: Columns in which an infinite value would end the run: the features and the target.
    """
    if row.line is not None:
        return f"line {row.line:,} {'; '.join(row.reasons)}, so it is no row; mend the line in the source"
    for column in finite:
        if row.values.get(column) in _INFINITE and row.types.get(column) in _FLOATS:
            return f"column {column!r} is infinite; mend it in the source"
    return None


def restore(
    rows: Sequence["QuarantinedRow"], schema: "pa.Schema", *, finite: Collection[str] = ()
) -> tuple["pa.Table", list[str | None]]:
    """Return rows with a source's columns and types, and of each row why it cannot be restored.

    A column that is new in the source is null. A row that cannot be restored is null where its value is missing.

    :param finite: Columns in which an infinite value would end the run.
    :returns: The rows in their order, and a sentence or none for each.
    """
    import pyarrow as pa

    problems = [release_problem(row, finite=finite) or _lost_column(row, schema) for row in rows]
    columns = []
    for field in schema:
        texts = [
            row.values.get(field.name) if problem is None else None for row, problem in zip(rows, problems, strict=True)
        ]
        types = [row.types.get(field.name, "") for row in rows]
        values, wrong = _cast(texts, types, field)
        columns.append(values)
        problems = [known or new for known, new in zip(problems, wrong, strict=True)]
    return pa.table(columns, schema=schema), problems


def _lost_column(row: "QuarantinedRow", schema: "pa.Schema") -> str | None:
    for column, text in row.values.items():
        if text is not None and column not in schema.names:
            return f"its column {column!r} is no longer in the source"
    return None


def _cast(texts: Sequence[str | None], types: Sequence[str], field: "pa.Field") -> "tuple[pa.Array, list[str | None]]":
    """Return a column's values, null where one cannot be read, and a sentence for each such one."""
    import pyarrow as pa

    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    problems = [
        _no_null(field) if text is None else None if _family(was) == _family(str(kind)) else _misfit(field, was)
        for text, was in zip(texts, types, strict=True)
    ]
    known = [text if problem is None else None for text, problem in zip(texts, problems, strict=True)]
    values = _read(known, field.type)
    if values is None:
        for at, text in enumerate(known):
            if text is not None and _read([text], field.type) is None:
                known[at], problems[at] = None, _misfit(field, types[at])
        values = _read(known, field.type)
    changed = [at for at, text in enumerate(known) if text is not None and types[at] != str(kind)]
    again = as_texts(values.take(pa.array(changed, pa.int64())), field.name).to_pylist()
    for at, text in zip(changed, again, strict=True):
        if not _means_the_same(str(known[at]), text, kind):
            problems[at] = _misfit(field, types[at])
    return values, problems


def _read(texts: Sequence[str | None], kind: "pa.DataType") -> Any:
    import pyarrow as pa

    if all(text is None for text in texts):
        return pa.nulls(len(texts), kind)
    try:
        return from_texts(pa.array(texts, pa.large_string()), kind)
    except (ValueError, pa.ArrowException):
        return None


def _family(kind: str) -> str:
    """Return what the text of a value is: base64, JSON, or the value as it reads."""
    head = re.split(r"[<\[(]", kind, maxsplit=1)[0]
    return "bytes" if "binary" in head else "parts" if head in _NESTED else "plain"


def _means_the_same(text: str, again: str, kind: "pa.DataType") -> bool:
    """Whether a text of another type lost nothing on its way through a type."""
    import pyarrow as pa

    if pa.types.is_nested(kind):
        return text == again
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return True
    try:
        return Decimal(text) == Decimal(again)
    except InvalidOperation:
        return False


def _misfit(field: "pa.Field", was: str) -> str:
    # Without the value: the column may be private.
    return f"its column {field.name!r} was {was} and is {field.type} now, which does not hold its value"


def _no_null(field: "pa.Field") -> str | None:
    return None if field.nullable else f"its column {field.name!r} is null, which the source does not allow"
