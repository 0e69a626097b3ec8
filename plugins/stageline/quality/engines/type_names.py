"""Which names mean a column's type: its engine's own, and what the other engines call the same type."""

from stageline.quality.engines.kinds import Column, Kind

# One row a type: whatever engine a suite was written for, its type names keep their meaning on the others.
_SYNONYMS = (
    (Kind.BOOLEAN, ("bool", "bool_", "boolean", "booleantype")),
    (Kind.INTEGER, ("int8", "tinyint", "bytetype")),
    (Kind.INTEGER, ("int16", "smallint", "int2", "shorttype")),
    (Kind.INTEGER, ("int32", "int", "integer", "int4", "integertype")),
    (Kind.INTEGER, ("int64", "bigint", "long", "longtype")),
    (Kind.INTEGER, ("uint8", "utinyint")),
    (Kind.INTEGER, ("uint16", "usmallint")),
    (Kind.INTEGER, ("uint32", "uinteger")),
    (Kind.INTEGER, ("uint64", "ubigint")),
    (Kind.REAL, ("float32", "float", "real", "float4", "floattype")),
    (Kind.REAL, ("float64", "double", "double precision", "double_precision", "float8", "doubletype")),
)
# Names that say what is held, but not how widely.
_KIND_NAMES = {
    Kind.INTEGER: ("int",),
    Kind.REAL: ("float",),
    Kind.DECIMAL: ("decimal", "numeric", "decimaltype"),
    Kind.TEXT: ("str", "string", "object", "object_", "varchar", "text", "char", "stringtype", "unicode"),
    Kind.DATE: ("date", "date32", "datetype"),
    Kind.TIME: (
        "datetime", "datetime64", "datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]",
        "timestamp", "timestamptype", "timestampntztype",
    ),
}  # fmt: skip


def is_type(column: Column, name: str) -> bool:
    """Whether a name, of this engine or another, means the column's type; case does not matter."""
    own, asked = column.type.casefold(), name.casefold()
    plain = own.partition("(")[0].strip()  # DECIMAL(18,3), VARCHAR(20)
    if asked in (own, plain) or asked in _KIND_NAMES.get(column.kind, ()):
        return True
    return any(kind == column.kind and plain in names and asked in names for kind, names in _SYNONYMS)
