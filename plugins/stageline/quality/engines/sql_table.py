"""What tables in DuckDB and PostgreSQL have in common: they are judged by queries and never loaded."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.engines.kinds import Column
from stageline.quality.engines.validation import Condition, evaluate
from stageline.quality.outcome import Outcome
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import sqlalchemy as sa

    from stageline.quality.engines.metrics.sql_execution import TableSqlEngine


class SqlTable:
    """A table that a database holds, or reads where it lies.

    :param execution: Great Expectations' engine on the one connection.
    """

    name = "sql"

    def __init__(self, execution: "TableSqlEngine", columns: Sequence[Column]) -> None:
        self.execution = execution
        self.known: Mapping[str, Column] = {column.name: column for column in columns}
        self.columns = tuple(self.known)

    def count_rows(self) -> int:
        """Return the number of rows."""
        import sqlalchemy as sa

        query = sa.select(sa.func.count()).select_from(self.execution.table)
        return int(self.execution.execute_query(query).scalar_one())

    def describe(self, columns: Sequence[str], like: Mapping[str, Histogram]) -> dict[str, ColumnFacts]:
        """Return the facts of existing columns: counts and spans in one scan, histograms in further ones."""
        from stageline.quality.engines.sql_facts import describe

        return describe(self.execution, [self.known[name] for name in columns], like)

    def evaluate(self, expectations: Sequence[Expectation]) -> list[Outcome]:
        """Evaluate expectations with Great Expectations, and return an outcome for each, in their order."""
        return evaluate(self, expectations)

    def examples(self, condition: Condition, columns: Sequence[Column], count: int) -> list[tuple[Any, ...]]:
        """Return the values of the first rows that a condition calls unexpected."""
        import sqlalchemy as sa

        unexpected, compute, accessor = condition
        rows = self.execution.rows(compute, accessor)
        shown: list[sa.ColumnClause[Any]] = [sa.column(column.shown) for column in columns]
        placed = self._placed()
        judged = sa.select(*shown, *placed, unexpected.label("unexpected")).select_from(rows).subquery()
        query = sa.select(*(judged.c[column.name] for column in shown)).where(judged.c.unexpected)
        if any(isinstance(part, sa.Over) for part in sa.sql.visitors.iterate(unexpected)):
            # Without a window, rows come as they lie, and the search ends with the first ones.
            query = query.order_by(*(judged.c[column.name] for column in placed))
        return [tuple(row) for row in self.execution.execute_query(query.limit(count))]

    def _flags(self, conditions: Mapping[int, Condition]) -> "list[sa.Label[bool]]":
        """Return whether a row is unexpected, for each condition by its place."""
        import sqlalchemy as sa

        return [
            sa.func.coalesce(self.execution.unexpected(condition), sa.false()).label(f"failed_{place}")
            for place, condition in conditions.items()
        ]

    def _placed(self) -> "list[sa.ColumnClause[int]]":
        import sqlalchemy as sa

        from stageline.quality.engines.metrics.sql_execution import POSITION

        return [sa.column(POSITION, sa.BigInteger)] if self.execution.placed else []
