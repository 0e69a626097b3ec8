"""A table that DuckDB reads where it lies: in memory, or in files."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SourceError
from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.engines.duckdb_dialect import ReadOnlyConnection
from stageline.quality.engines.duckdb_types import kind_of, shown_as
from stageline.quality.engines.kinds import Column
from stageline.quality.engines.sql_table import SqlTable
from stageline.quality.engines.validation import Condition, conditions_of, found_together, quiet_imports
from stageline.quality.table_engine import FailingRows
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_VIEW = "judged"
_OWN_VIEW = "handed_out"
_NAMED_VIEW = "own_names"
# What grows with the rows, e.g. counts of different values, is put aside on disk beyond this.
_MEMORY = "1GB"
_MOST_THREADS = 8


@dataclass(frozen=True)
class Source:
    """Rows that DuckDB can read.

    :param relation: What stands after FROM; its columns come in the order of `columns`, then the row's position.
    :param columns: The table's own names.
    :param name: What errors call it.
    :param files: The only files that may be opened, and the patterns the relation has for them.
    :param tables: Tables in memory by the names the relation uses.
    """

    relation: str
    columns: tuple[str, ...]
    name: str
    files: tuple[str, ...] = ()
    tables: dict[str, "pa.Table"] = field(default_factory=dict)


class DuckDBTable(SqlTable):
    """A table in DuckDB; rows have positions."""

    name = "duckdb"

    def __init__(self, lent: ReadOnlyConnection, source: Source, columns: Sequence[Column]) -> None:
        with quiet_imports():
            from stageline.quality.engines.metrics.duckdb_execution import TableDuckDBEngine

            execution = TableDuckDBEngine(lent, _VIEW, _NAMED_VIEW, columns)
        super().__init__(execution, columns)
        self._lent = lent
        self._source = source

    def count_rows(self) -> int:
        """Return the number of rows.

        :raises SourceError: The file cannot be read to its end.
        """
        with naming(self._source.name):
            return super().count_rows()

    def describe(self, columns: Sequence[str], like: Mapping[str, Histogram]) -> dict[str, ColumnFacts]:
        """Return the facts of existing columns: counts and spans in one scan, histograms in further ones.

        :raises SourceError: The file cannot be read to its end.
        """
        with naming(self._source.name):
            return super().describe(columns, like)

    def failing_rows(self, expectations: Sequence[Expectation]) -> FailingRows:
        """Return the rows that fail any of the expectations, in their order.

        A first scan reads the columns that are judged, a second one the rows that failed.

        :raises SourceError: The file cannot be read to its end.
        """
        import duckdb
        import numpy as np

        from stageline.quality.engines.metrics.sql_execution import POSITION

        known = conditions_of(self, expectations)
        with naming(self._source.name):
            conditions, found = found_together(known, self._flagged, self, (duckdb.Error,))
            rows = self._rows_at(found[POSITION])
        masks = np.array([found[f"failed_{place}"].to_numpy() for place in conditions], dtype=bool)
        places = np.array(list(conditions), dtype=int)
        return FailingRows(
            rows=rows,
            positions=found[POSITION].to_numpy(),
            failed=tuple(tuple(places[masks[:, row]].tolist()) for row in range(found.num_rows)),
        )

    def _flagged(self, conditions: Mapping[int, Condition]) -> "pa.Table":
        """Return the positions of the rows that meet any condition, with a flag for each."""
        import sqlalchemy as sa

        flags = self._flags(conditions)
        flagged = sa.select(*self._placed(), *flags).select_from(self.execution.table).subquery()
        failing = sa.or_(sa.false(), *(flagged.c[flag.name] for flag in flags))
        query = sa.select(flagged).where(failing).order_by(*(flagged.c[column.name] for column in self._placed()))
        return self._fetch(query)

    def _rows_at(self, positions: "pa.ChunkedArray") -> "pa.Table":
        import pyarrow as pa

        from stageline.quality.engines.metrics.sql_execution import POSITION

        # Registered in memory, the positions are no file that the locked database would refuse.
        self._lent.driver.register("failing", pa.table({POSITION: positions}))
        try:
            own = ", ".join(f"own_{place}" for place in range(len(self.columns)))
            rows = self._lent.driver.sql(
                f"SELECT {own} FROM {_OWN_VIEW} SEMI JOIN failing USING ({POSITION}) ORDER BY {POSITION}"  # noqa: S608 - our own names
            ).to_arrow_table()
        finally:
            self._lent.driver.unregister("failing")
        return rows.rename_columns(list(self.columns))

    def _fetch(self, query: Any) -> "pa.Table":
        compiled = query.compile(dialect=self.execution.dialect, compile_kwargs={"render_postcompile": True})
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        return self._lent.driver.sql(compiled.string, params=values).to_arrow_table()


@contextmanager
def open_source(source: Source) -> Iterator[DuckDBTable]:
    """Attach rows to a database in memory that can open nothing else, and close it at the end.

    :raises SourceError: They cannot be read as a table.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="stageline-duckdb-") as folder:
        connection = duckdb.connect(
            config={
                "threads": str(min(os.cpu_count() or 1, _MOST_THREADS)),
                "memory_limit": _MEMORY,
                "temp_directory": folder,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        lent = ReadOnlyConnection(connection)
        del connection
        try:
            with naming(source.name):
                columns = _attach(lent.driver, source)
            yield DuckDBTable(lent, source, columns)
        finally:
            lent.release()


def _attach(connection: "duckdb.DuckDBPyConnection", source: Source) -> list[Column]:
    """Create the view that is judged, then lock the database in."""
    for name, table in source.tables.items():
        connection.register(name, table)
    own = [f"own_{place}" for place in range(len(source.columns))]
    named = f"(FROM {source.relation}) AS source({', '.join([*own, 'row_position'])})"
    described = connection.execute(f"DESCRIBE SELECT {', '.join(own)} FROM {named}").fetchall() if own else []  # noqa: S608 - our own names
    columns = [
        Column(name=name, shown=f"column_{place}", kind=kind_of(row[1]), type=row[1])
        for place, (name, row) in enumerate(zip(source.columns, described, strict=True))
    ]
    shown = [f"{shown_as(f'own_{place}', column.type)} AS {column.shown}" for place, column in enumerate(columns)]
    # Several views, because each query reads a view's whole definition.
    for view, selected in ((_VIEW, shown), (_OWN_VIEW, own)):
        connection.execute(f"CREATE TEMP VIEW {view} AS SELECT {', '.join([*selected, 'row_position'])} FROM {named}")  # noqa: S608
    if own:
        # Of names that differ only in case, DuckDB renames the later ones.
        called = ", ".join(f"{name} AS {identifier(column.name)}" for name, column in zip(own, columns, strict=True))
        connection.execute(f"CREATE TEMP VIEW {_NAMED_VIEW} AS SELECT {called} FROM {named}")  # noqa: S608
    allowed = ", ".join(literal(path) for path in source.files)
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return columns


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Turn what DuckDB or Arrow says about a file into an error that names it.

    :raises SourceError: In place of theirs.
    """
    import duckdb
    import pyarrow as pa
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (duckdb.Error, pa.ArrowException, DBAPIError, OSError) as error:
        words = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        raise SourceError(f"{source!r}: cannot be read as a table: {words[0]}; mend or replace the file") from error


def identifier(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
