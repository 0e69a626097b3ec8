"""What Spark's types hold, and how a column of each is shown to Great Expectations."""

from typing import Any

from stageline.quality.engines.kinds import Kind

_KINDS = {
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("float", "double"), Kind.REAL),
    "decimal": Kind.DECIMAL,
    **dict.fromkeys(("string", "varchar", "char"), Kind.TEXT),
    "date": Kind.DATE,
    "void": Kind.NOTHING,
    **dict.fromkeys(("timestamp", "timestamp_ntz"), Kind.TIME),
}


def kind_of(type_: str) -> Kind:
    """Return what a type holds.

    :param type_: As `simpleString` writes it, e.g. `decimal(10,2)`.
    """
    return _KINDS.get(type_.partition("(")[0], Kind.OTHER)


def shown_as(name: str, type_: str) -> Any:
    """Return the expression by which a column is judged: no NaN, times in UTC without a zone."""
    from pyspark.sql import functions

    column = functions.col(name)
    if type_ in ("float", "double"):
        return functions.when(~functions.isnan(column), column.cast("double"))
    if type_ == "timestamp":
        # Counted from the epoch: a cast would go by the session's zone, where an hour can come twice.
        return functions.expr(f"timestampadd(MICROSECOND, unix_micros({name}), TIMESTAMP_NTZ'1970-01-01 00:00:00')")
    return column
