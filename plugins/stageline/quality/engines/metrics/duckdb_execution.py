"""DuckDB as an execution engine: regular expressions of RE2, and Python functions inside the database."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from stageline.quality.engines.duckdb_dialect import ReadOnlyConnection, connect
from stageline.quality.engines.kinds import Column

# Their metric providers are registered by being imported.
from stageline.quality.engines.metrics import sql_numbers, sql_queries, sql_rows  # noqa: F401
from stageline.quality.engines.metrics.narrowing import values_at_ranks
from stageline.quality.engines.metrics.sql_execution import TableSqlEngine
from stageline.quality.engines.portable_regex import for_duckdb

# Draws the quantile of a share of 0.005 to about 0.05 percentage points.
_DRAWN = 20_000
_HELD = 500_000


class TableDuckDBEngine(TableSqlEngine):
    """Great Expectations on a table in DuckDB, by the name of its view.

    :param lent: Stays open as long as the table is judged.
    :param named: The view of the same rows by their own names.
    """

    def __init__(self, lent: ReadOnlyConnection, view: str, named: str, columns: Sequence[Column]) -> None:
        self._lent = lent
        self._functions = itertools.count()
        query = sa.select(sa.text("*")).select_from(sa.table(view))
        super().__init__(connect(lent), query, columns, named=named, placed=True)

    def at_ranks(
        self, table: sa.FromClause, values: sa.ColumnElement[float], ranks: Sequence[int], count: int
    ) -> Mapping[int, float]:
        """Return the values at ranks; of a long column without holding it, which DuckDB's own quantile does."""
        if count <= _HELD:
            return super().at_ranks(table, values, ranks, count)
        return values_at_ranks(lambda query: self.execute_query(query).all(), table, values, ranks)

    def matches(self, text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[bool]:
        """Return whether a regular expression is found in a text."""
        return sa.func.regexp_matches(text, for_duckdb(pattern))

    def judged_in_python(
        self, column: sa.ColumnElement[Any], predicate: Callable[[str], bool]
    ) -> sa.ColumnElement[bool]:
        """Return whether a Python predicate holds for a text, by a function of its own in the database."""
        name = f"python_predicate_{next(self._functions)}"
        self._lent.driver.create_function(name, predicate, ["VARCHAR"], "BOOLEAN")
        judged: sa.ColumnElement[bool] = getattr(sa.func, name)(column)
        return judged

    def ends(self, values: sa.ColumnElement[float], share: float) -> tuple[sa.ColumnElement[float], ...]:
        """Return the numbers below and above which about a share lies, from at most 20,000 drawn at random."""
        given = sa.literal_column(repr(share), sa.Double), sa.literal_column(str(_DRAWN), sa.Integer)
        # Taken from above with its sign turned, the upper end is the greatest where there are few.
        return sa.func.reservoir_quantile(values, *given), -sa.func.reservoir_quantile(-values, *given)

    def count_each(self, expressions: Sequence[sa.ColumnElement[Any]]) -> list[dict[int, int]]:
        """Return how often each whole number occurs in each expression, all in one scan; nulls are left out."""
        counted = [sa.func.histogram(sa.cast(expression, sa.SmallInteger)) for expression in expressions]
        row = self.execute_query(sa.select(*counted).select_from(self.table)).one()
        return [dict(counts or {}) for counts in row]
