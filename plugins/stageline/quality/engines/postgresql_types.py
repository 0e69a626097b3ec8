"""What PostgreSQL's types hold, and how a column of each is shown to Great Expectations."""

from typing import TYPE_CHECKING, Any

from stageline.quality.engines.kinds import MOMENTS, Kind

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

_KINDS = {
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("smallint", "integer", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("real", "double precision"), Kind.REAL),
    "numeric": Kind.DECIMAL,
    **dict.fromkeys(("text", "character varying", "character", "uuid", "citext", "name"), Kind.TEXT),
    "date": Kind.DATE,
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone"), Kind.TIME),
}


def kind_of(type_: str, *, enum: bool = False) -> Kind:
    """Return what a type holds.

    :param type_: As `format_type` writes it, e.g. `numeric(10,2)` or `timestamp(3) with time zone`.
    """
    return Kind.TEXT if enum else _KINDS.get(plain_name(type_), Kind.OTHER)


def plain_name(type_: str) -> str:
    """Return a type's name without its length or precision."""
    before, _, rest = type_.partition("(")
    return f"{before}{rest.partition(')')[2]}"


def shown_as(column: "sa.ColumnElement[Any]", kind: Kind, type_: str) -> "sa.ColumnElement[Any]":
    """Return the expression by which a column is judged: no NaN, times in UTC, texts compared by code point."""
    import sqlalchemy as sa

    if kind is Kind.REAL:
        return sa.func.nullif(sa.cast(column, sa.Double), sa.cast(sa.literal("NaN"), sa.Double))
    if kind is Kind.DECIMAL:
        return sa.func.nullif(column, sa.cast(sa.literal("NaN"), sa.Numeric))
    if kind is Kind.TEXT:
        return sa.collate(sa.cast(column, sa.Text), "C")
    if kind in MOMENTS:
        finite = _finite(column)
        return sa.func.timezone("UTC", finite) if plain_name(type_).endswith("with time zone") else finite
    return column


def handed_out(column: "sa.ColumnElement[Any]", kind: Kind) -> "sa.ColumnElement[Any]":
    """Return the expression by which a row's own value is fetched; one that Arrow's type lacks comes as null."""
    import sqlalchemy as sa

    if kind in MOMENTS:
        return _finite(column)
    if kind is Kind.DECIMAL:
        infinite = sa.cast(column, sa.Text).in_(("NaN", "Infinity", "-Infinity"))
        return sa.case((sa.not_(infinite), column))
    return sa.cast(column, sa.Text) if kind in (Kind.TEXT, Kind.OTHER) else column


def arrow_type(kind: Kind, type_: str) -> "pa.DataType | None":
    """Return the Arrow type of what is handed out; none where it follows from the values."""
    import pyarrow as pa

    zone = "UTC" if plain_name(type_).endswith("with time zone") else None
    return {
        Kind.BOOLEAN: pa.bool_(),
        Kind.INTEGER: pa.int64(),
        Kind.REAL: pa.float64(),
        Kind.DATE: pa.date32(),
        Kind.TIME: pa.timestamp("us", zone),
        Kind.TEXT: pa.string(),
        Kind.OTHER: pa.string(),
    }.get(kind)


def _finite(column: "sa.ColumnElement[Any]") -> "sa.ColumnElement[Any]":
    """Return a date or time; one of `infinity`, which no other engine and no Python has, counts as null."""
    import sqlalchemy as sa

    return sa.case((sa.func.isfinite(column), column))
