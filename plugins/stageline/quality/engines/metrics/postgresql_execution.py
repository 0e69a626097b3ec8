"""PostgreSQL as an execution engine: each query in a savepoint, Python predicates on the different values."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from stageline.exceptions import DataError

# Their metric providers are registered by being imported.
from stageline.quality.engines.metrics import sql_numbers, sql_queries, sql_rows  # noqa: F401
from stageline.quality.engines.metrics.sql_execution import TableSqlEngine
from stageline.quality.engines.portable_regex import for_postgresql

_AT_ONCE = 10_000
# Different values that are sent back to the database: some megabytes.
_MOST_SENT = 100_000


class TablePostgreSQLEngine(TableSqlEngine):
    """Great Expectations on a table in PostgreSQL."""

    def execute_query(self, query: Any) -> Any:
        """Run a query; one that fails leaves the transaction as it was."""
        with self._kept.begin_nested():
            return self._kept.execute(query)

    def matches(self, text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[bool]:
        """Return whether a regular expression is found in a text."""
        return text.op("~", is_comparison=True)(for_postgresql(pattern))

    def judged_in_python(
        self, column: sa.ColumnElement[Any], predicate: Callable[[str], bool]
    ) -> sa.ColumnElement[bool]:
        """Return whether a Python predicate holds for a text, by asking it once for each different value.

        :raises DataError: More different values than can be sent back hold, and as many do not.
        """
        held: list[str] = []
        refused: list[str] = []
        query = sa.select(column).select_from(self.table).where(column.is_not(None)).distinct()
        with self._kept.begin_nested():
            found = self._kept.execute(query, execution_options={"yield_per": _AT_ONCE}).scalars()
            for value in found:
                side = held if predicate(value) else refused
                # One more than allowed is enough to know that there are too many.
                if len(side) <= _MOST_SENT:
                    side.append(value)
        fewer = min(held, refused, key=len)
        if len(fewer) > _MOST_SENT:
            raise DataError(
                f"more than {_MOST_SENT:,} different values fulfil it and as many do not, which are too many to judge "
                "in the engine postgresql; use the engine duckdb on a file of the table"
            )
        values = sa.literal(fewer, ARRAY(sa.Text))
        return column == sa.any_(values) if fewer is held else column != sa.all_(values)

    def ends(self, values: sa.ColumnElement[float], share: float) -> tuple[sa.ColumnElement[float], ...]:
        """Return the numbers below and above which a share of the numbers lies."""
        low, high = (sa.literal_column(repr(part), sa.Double) for part in (share, 1 - share))
        return (
            sa.func.percentile_disc(low).within_group(values),
            sa.func.percentile_disc(high).within_group(values),
        )

    def count_each(self, expressions: Sequence[sa.ColumnElement[Any]]) -> list[dict[int, int]]:
        """Return how often each whole number occurs in each expression, all in one scan; nulls are left out."""
        each = (
            sa.values(sa.column("place", sa.Integer), sa.column("value", sa.Double), name="each")
            .data([(sa.literal(place), expression) for place, expression in enumerate(expressions)])
            .lateral()
        )
        query = (
            sa.select(each.c.place, each.c.value, sa.func.count())
            .select_from(self.table.join(each, sa.true()))
            .where(each.c.value.is_not(None))
            .group_by(each.c.place, each.c.value)
        )
        counted: list[dict[int, int]] = [{} for _ in expressions]
        for place, value, count in self.execute_query(query):
            counted[place][int(value)] = count
        return counted
