"""A table in PostgreSQL, judged where it lies within one read-only transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SourceError
from stageline.quality.engines.kinds import Column
from stageline.quality.engines.postgresql_types import arrow_type, handed_out, kind_of, shown_as
from stageline.quality.engines.sql_table import SqlTable
from stageline.quality.engines.validation import Condition, conditions_of, found_together, quiet_imports
from stageline.quality.table_engine import FailingRows
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

_DRIVER = "postgresql+psycopg"
_COLUMNS = """
    SELECT attribute.attname, format_type(attribute.atttypid, attribute.atttypmod), type.typtype = 'e'
    FROM pg_catalog.pg_attribute AS attribute
    JOIN pg_catalog.pg_class AS class ON class.oid = attribute.attrelid
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
    WHERE class.relname = :table AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_catalog.pg_table_is_visible(class.oid)
            ELSE namespace.nspname = :schema END
        AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ORDER BY attribute.attnum
"""


class PostgreSQLTable(SqlTable):
    """A table in PostgreSQL; its rows have no order, and thus no positions."""

    name = "postgresql"

    def __init__(self, connection: "sa.Connection", table: "sa.TableClause", columns: Sequence[Column]) -> None:
        import sqlalchemy as sa

        with quiet_imports():
            from stageline.quality.engines.metrics.postgresql_execution import TablePostgreSQLEngine

            query = sa.select(
                *(shown_as(table.c[item.name], item.kind, item.type).label(item.shown) for item in columns),
                *(handed_out(table.c[item.name], item.kind).label(_own(item)) for item in columns),
            )
            named = connection.dialect.identifier_preparer.format_table(table)
            execution = TablePostgreSQLEngine(connection, query, columns, named=named, placed=False)
        super().__init__(execution, columns)

    def failing_rows(self, expectations: Sequence[Expectation]) -> FailingRows:
        """Return the rows that fail any of the expectations, in no order; a type Arrow lacks comes as text."""
        import sqlalchemy as sa

        columns = list(self.known.values())
        known = conditions_of(self, expectations)
        conditions, rows = found_together(known, self._flagged, self, (sa.exc.DBAPIError,))
        return FailingRows(
            rows=_as_arrow(columns, [row[: len(columns)] for row in rows]),
            positions=None,
            failed=tuple(
                tuple(place for place, hit in zip(conditions, row[len(columns) :], strict=True) if hit) for row in rows
            ),
        )

    def _flagged(self, conditions: Mapping[int, Condition]) -> Sequence[Any]:
        """Return the rows that meet any condition: their own values, then a flag for each condition."""
        import sqlalchemy as sa

        own: list[sa.ColumnClause[Any]] = [sa.column(_own(column)) for column in self.known.values()]
        flags = self._flags(conditions)
        judged = sa.select(*own, *flags).select_from(self.execution.table).subquery()
        failing = sa.or_(sa.false(), *(judged.c[flag.name] for flag in flags))
        rows: Sequence[Any] = self.execution.execute_query(sa.select(judged).where(failing)).all()
        return rows


@contextmanager
def open_table(url: str, table: str, schema: str | None = None) -> Iterator[PostgreSQLTable]:
    """Open a table, and roll back and close the connection at the end.

    :raises SourceError: The database cannot be reached, or has no such table.
    """
    import sqlalchemy as sa

    address = sa.make_url(url)
    if address.drivername not in ("postgresql", _DRIVER):
        raise SourceError(f"the URL of table {table!r} is for {address.drivername!r}; expected {_DRIVER}://…")
    engine = sa.create_engine(address.set(drivername=_DRIVER), poolclass=sa.NullPool)
    shown = address.render_as_string(hide_password=True)
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as error:
        words = str(error.orig).strip().splitlines()
        raise SourceError(f"{shown}: cannot be reached: {words[0] if words else 'no answer'}; check the URL") from error
    with connection:
        # One picture of the table for all queries, and none of them can write.
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        found = connection.execute(sa.text(_COLUMNS), {"table": table, "schema": schema}).all()
        if not found:
            where = f"schema {schema!r} has" if schema else "the schemas of the search path have"
            raise SourceError(f"{shown}: {where} no table {table!r}; check its name")
        columns = [
            Column(name, f"column_{place}", kind_of(type_, enum=enum), type_)
            for place, (name, type_, enum) in enumerate(found)
        ]
        clause = sa.table(table, *(sa.column(column.name) for column in columns), schema=schema)
        yield PostgreSQLTable(connection, clause, columns)


def _own(column: Column) -> str:
    return f"own_{column.shown}"


def _as_arrow(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> "pa.Table":
    import pyarrow as pa

    held = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table(
        {
            column.name: pa.array(values, arrow_type(column.kind, column.type))
            for column, values in zip(columns, held, strict=True)
        }
    )
