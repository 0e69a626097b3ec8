"""What DuckDB's types hold, and how a column of each is shown to Great Expectations."""

import re

from stageline.quality.engines.kinds import Kind

_KINDS = {
    "BOOLEAN": Kind.BOOLEAN,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), Kind.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.REAL),
    **dict.fromkeys(("VARCHAR", "UUID"), Kind.TEXT),
    "DATE": Kind.DATE,
    '"NULL"': Kind.NOTHING,
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), Kind.TIME
    ),
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")


def kind_of(type_: str) -> Kind:
    """Return what a type of DuckDB holds."""
    if _DECIMAL.fullmatch(type_):
        return Kind.DECIMAL
    return Kind.TEXT if _is_enum(type_) else _KINDS.get(type_, Kind.OTHER)


def shown_as(column: str, type_: str) -> str:
    """Return the expression by which a column is judged: no NaN, times in UTC, enums as texts."""
    if type_ in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isnan({column}) THEN NULL ELSE CAST({column} AS DOUBLE) END"
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {column})"
    if type_ == "UUID" or _is_enum(type_):
        return f"CAST({column} AS VARCHAR)"
    return column


def _is_enum(type_: str) -> bool:
    return type_.startswith("ENUM(") and type_.endswith(")")
