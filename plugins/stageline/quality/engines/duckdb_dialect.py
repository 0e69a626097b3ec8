"""How SQLAlchemy speaks to one DuckDB connection that is already open.

The published dialect opens a database of its own for each connection, and it leaves objects of DuckDB in registries
that outlive the interpreter, which then reports dozens of leaks. What is needed here is small: compile a query, pass
its values along, hand back the rows.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.dialects import registry
from sqlalchemy.engine import default
from sqlalchemy.sql import compiler

if TYPE_CHECKING:
    import duckdb

registry.register("stageline_duckdb", __name__, "DuckDBDialect")


class _TypeCompiler(compiler.GenericTypeCompiler):
    """Names of types: a number without a precision is a double, never one of four bytes or of three decimals."""

    def visit_FLOAT(self, type_: Any, **_: Any) -> str:  # noqa: ARG002, N802 - SQLAlchemy's name
        return "DOUBLE"

    def visit_NUMERIC(self, type_: Any, **_: Any) -> str:  # noqa: N802
        return "DOUBLE" if type_.precision is None else f"DECIMAL({type_.precision}, {type_.scale or 0})"


class DuckDBDialect(default.DefaultDialect):
    """Queries for DuckDB: no transactions, and nothing is looked up."""

    name = "duckdb"
    driver = "duckdb"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_sane_rowcount = False
    type_compiler_cls = _TypeCompiler

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return DuckDB's own module, which follows Python's database interface."""
        import duckdb

        return duckdb

    def initialize(self, connection: Connection) -> None:
        """Ask nothing of a new connection."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin no transaction: the database is only read."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit nothing: the database is only read."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll nothing back: the database is only read."""


class ReadOnlyConnection:
    """One connection that runs single SELECT statements only.

    A cursor of DuckDB's own is another connection, which does not see tables in memory.

    :param driver: DuckDB's own connection. Nobody else holds it, so that nothing of DuckDB outlives its closing.
    """

    def __init__(self, driver: "duckdb.DuckDBPyConnection") -> None:
        self.driver = driver

    def cursor(self) -> "BufferedCursor":
        """Return a cursor over the one connection."""
        return BufferedCursor(self)

    def close(self) -> None:
        """Stay open: SQLAlchemy's pool closes what it was lent."""

    def release(self) -> None:
        """Close the connection and forget it."""
        self.driver.close()
        del self.driver


class BufferedCursor:
    """A cursor that takes each answer whole: DuckDB refuses a query while an earlier answer is half read."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: ReadOnlyConnection) -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self.description: Any = None

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        """Run a query.

        :raises PermissionError: It is no SELECT, or several statements.
        """
        import duckdb

        driver = self._connection.driver
        statements = driver.extract_statements(query)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise PermissionError("a check reads a table by one SELECT statement, and this is none")
        driver.execute(statements[0], list(values))
        # The names alone: a type would be an object of DuckDB that lives on with this cursor.
        self.description = [(column[0], *[None] * 6) for column in driver.description]
        self._rows = deque(driver.fetchall())

    def fetchone(self) -> Any:
        """Return the next row, or none."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return self.fetchmany(len(self._rows)) if self._rows else []

    def close(self) -> None:
        """Forget what was not read."""
        self._rows.clear()


def connect(lent: ReadOnlyConnection) -> Connection:
    """Return a SQLAlchemy connection over an open one."""
    return create_engine("stageline_duckdb://", creator=lambda: lent, poolclass=pool.StaticPool).connect()
