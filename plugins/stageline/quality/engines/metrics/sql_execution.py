"""The execution engine behind tables in a database: one connection, neutral names, nothing looked up."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

from stageline.quality.engines.kinds import Column, Kind
from stageline.quality.engines.ranks import share_of

_BATCH = "table"
POSITION = "row_position"


class TableSqlEngine(SqlAlchemyExecutionEngine):
    """Great Expectations' SQL engine on one connection that stays open.

    :param shown: The columns by the names the queries use.
    :param query: Selects these columns.
    :param named: The same rows by their own names, as it stands after FROM, for queries.
    :param placed: Whether the query also selects each row's position, as `row_position`.
    """

    def __init__(
        self, connection: sa.Connection, query: sa.Select[Any], columns: Sequence[Column], *, named: str, placed: bool
    ) -> None:
        self._kept = connection
        super().__init__(engine=connection.engine)
        self.shown = {column.shown: column for column in columns}
        self.named = named
        self.placed = placed
        batch = SqlAlchemyBatchData(execution_engine=self, selectable=query, create_temp_table=False)
        self.table = batch.selectable
        self.load_batch_data(_BATCH, batch)

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Lend the one connection."""
        yield self._kept

    def close(self) -> None:
        """Leave the connection to who opened it; this also runs when the object is collected."""

    def rows(self, compute: Mapping[str, Any], accessor: Mapping[str, Any]) -> sa.FromClause:
        """Return the rows a metric is about: all, or those that Great Expectations does not ignore."""
        records = self.get_domain_records({**compute, **accessor})
        return records.subquery() if isinstance(records, sa.Select) else records

    def unexpected(self, condition: tuple[Any, Mapping[str, Any], Mapping[str, Any]]) -> sa.ColumnElement[bool]:
        """Return which of all rows are unexpected by a resolved condition; those that are ignored are not."""
        unexpected, compute, accessor = condition
        records: Any = self.get_domain_records({**compute, **accessor})
        judged: sa.ColumnElement[bool] = sa.true()
        while records is not self.table:
            # Each thing that is ignored is a filter around what lies below.
            query: Any = records.element if isinstance(records, sa.Subquery) else records
            judged = sa.and_(query.whereclause, judged)
            (records,) = query.get_final_froms()

        def among_judged(part: Any, **_: Any) -> Any:
            # What is counted together, e.g. equal values, are only rows that are judged.
            if not isinstance(part, sa.Over):
                return None
            window: Any = part
            apart = sa.func.coalesce(judged, sa.false())
            return sa.over(window.element, partition_by=[*window.partition_by, apart], order_by=window.order_by)

        traverse: Any = sa.sql.visitors.replacement_traverse
        return sa.and_(judged, traverse(unexpected, {}, among_judged))

    def kind_of(self, shown: str) -> Kind:
        """Return what a column holds, by its neutral name."""
        return self.shown[shown].kind

    def at_ranks(
        self, table: sa.FromClause, values: sa.ColumnElement[float], ranks: Sequence[int], count: int
    ) -> Mapping[int, float]:
        """Return the values at ranks, from 0 for the least.

        :param count: How many values there are.
        """
        shares = (sa.literal_column(repr(share_of(rank, count)), sa.Double) for rank in ranks)
        picked = [sa.func.percentile_disc(share).within_group(values) for share in shares]
        found = self.execute_query(sa.select(*picked).select_from(table)).one()
        return dict(zip(ranks, found, strict=True))

    @abstractmethod
    def matches(self, text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[bool]:
        """Return whether a regular expression is found in a text."""

    @abstractmethod
    def judged_in_python(
        self, column: sa.ColumnElement[Any], predicate: Callable[[str], bool]
    ) -> sa.ColumnElement[bool]:
        """Return whether a Python predicate holds for a text."""

    @abstractmethod
    def ends(self, values: sa.ColumnElement[float], share: float) -> tuple[sa.ColumnElement[float], ...]:
        """Return the numbers below and above which about a share of the numbers lies."""

    @abstractmethod
    def count_each(self, expressions: Sequence[sa.ColumnElement[Any]]) -> list[dict[int, int]]:
        """Return how often each whole number occurs in each expression, all in one scan; nulls are left out."""


def number(execution_engine: TableSqlEngine, shown: str) -> sa.ColumnElement[Any]:
    """Return a column as doubles; a boolean counts as 0 or 1."""
    column: sa.ColumnElement[Any] = sa.column(shown)
    if execution_engine.kind_of(shown) is Kind.BOOLEAN:
        column = sa.cast(column, sa.Integer)
    return sa.cast(column, sa.Double)


def mean(values: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the mean of doubles; PostgreSQL's own sums up squares on the way, which overflow early."""
    return sa.func.sum(values) / sa.cast(sa.func.nullif(sa.func.count(values), 0), sa.Double)
