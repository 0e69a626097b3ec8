"""The facts of columns in a database: one scan for counts and spans, one for the bins of numbers."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.engines import bins
from stageline.quality.engines.kinds import MOMENTS, NUMBERS, Column, Kind

if TYPE_CHECKING:
    import sqlalchemy as sa

    from stageline.quality.engines.metrics.sql_execution import TableSqlEngine

_PARTS = ("count", "infinite", "min", "max", "mean", "low", "high")


def describe(
    execution: "TableSqlEngine", columns: Sequence[Column], like: Mapping[str, Histogram]
) -> dict[str, ColumnFacts]:
    """Return the facts of columns.

    :param like: Histograms whose bins the new ones take over.
    """
    rows, spans = _spans(execution, columns)
    numbers = {column: _edges(column, spans[column], bins.taken_over(column, like)) for column in columns}
    binned = _count_bins(execution, {column: edges for column, edges in numbers.items() if edges})
    facts = {}
    for column in columns:
        span = spans[column]
        edges = numbers[column]
        histogram = bins.as_bins(edges, binned[column], span["count"] - span["infinite"]) if edges else None
        if bins.has_values(column) and span["count"]:
            histogram = _top_values(execution, column, span["count"], bins.taken_over(column, like))
        facts[column.name] = ColumnFacts(
            type=column.type,
            count=span["count"],
            nulls=rows - span["count"],
            infinite=span["infinite"],
            min=_plain(span["min"]),
            max=_plain(span["max"]),
            mean=_finite(span["mean"]),
            histogram=histogram,
        )
    return facts


def _spans(execution: "TableSqlEngine", columns: Sequence[Column]) -> tuple[int, dict[Column, dict[str, Any]]]:
    import sqlalchemy as sa

    asked: list[sa.ColumnElement[Any]] = [sa.func.count()]
    for column in columns:
        asked += _span(execution, column)
    found = execution.execute_query(sa.select(*asked).select_from(execution.table)).one()
    parts = len(_PARTS)
    return found[0], {
        column: dict(zip(_PARTS, found[1 + parts * place : 1 + parts * (place + 1)], strict=True))
        for place, column in enumerate(columns)
    }


def _span(execution: "TableSqlEngine", column: Column) -> "list[sa.ColumnElement[Any]]":
    """Return what is asked about one column, in the order of `_PARTS`."""
    import sqlalchemy as sa

    from stageline.quality.engines.metrics.sql_execution import mean, number

    values: sa.ColumnElement[Any] = sa.column(column.shown)
    nothing = [sa.null()] * 5
    count, none_infinite = sa.func.count(values), sa.literal_column("0", sa.Integer)
    if column.kind in MOMENTS:
        return [count, none_infinite, sa.func.min(values), sa.func.max(values), *nothing[:3]]
    if column.kind is Kind.BOOLEAN:
        share = number(execution, column.shown)
        least, most = (sa.cast(edge(share), sa.Integer) for edge in (sa.func.min, sa.func.max))
        return [count, none_infinite, least, most, mean(share), *nothing[:2]]
    if column.kind not in NUMBERS:
        return [count, none_infinite, *nothing]
    infinite: sa.ColumnElement[int] = none_infinite
    if column.kind in (Kind.REAL, Kind.DECIMAL):
        beyond = sa.func.abs(values) == sa.literal(math.inf, sa.Double)
        infinite = sa.func.count(sa.case((beyond, 1)))
        values = sa.case((beyond, None), else_=values)
    doubles = sa.cast(values, sa.Double)
    ends = execution.ends(doubles, bins.BEYOND)
    return [count, infinite, sa.func.min(values), sa.func.max(values), mean(doubles), *ends]


def _edges(column: Column, span: Mapping[str, Any], earlier: Histogram | None) -> tuple[float, ...]:
    if span["low"] is None:  # no number, or no column of numbers
        return ()
    return earlier.edges if earlier else bins.edges_of(column, float(span["low"]), float(span["high"]))


def _count_bins(
    execution: "TableSqlEngine", edges: Mapping[Column, Sequence[float]]
) -> dict[Column, Mapping[int, int]]:
    import sqlalchemy as sa

    expressions = []
    for column, bounds in edges.items():
        value = sa.cast(sa.column(column.shown), sa.Double)
        low, width, last = (sa.literal(part, sa.Double) for part in (bounds[0], bins.width_of(bounds), len(bounds) - 2))
        place = sa.func.least(sa.func.floor((value - low) / width), last)
        expressions.append(sa.case((value.between(low, sa.literal(bounds[-1], sa.Double)), place)))
    counted = execution.count_each(expressions) if expressions else []
    return dict(zip(edges, counted, strict=True))


def _top_values(execution: "TableSqlEngine", column: Column, count: int, earlier: Histogram | None) -> Histogram:
    import sqlalchemy as sa

    value: sa.ColumnElement[Any] = sa.column(column.shown)
    if column.kind is Kind.BOOLEAN:
        value = sa.case((value, "true"), else_="false")
    present = sa.select(value.label("value")).select_from(execution.table).where(sa.column(column.shown).is_not(None))
    each = present.subquery()
    query = sa.select(each.c.value, sa.func.count()).group_by(each.c.value)
    if earlier:
        counted = execution.execute_query(query.where(each.c.value.in_(earlier.values)))
        found: dict[str, int] = dict(tuple(row) for row in counted)
        return bins.as_values([(text, found.get(text, 0)) for text in earlier.values], count)
    query = query.where(sa.func.length(each.c.value) <= bins.LONGEST_VALUE)
    query = query.order_by(sa.func.count().desc(), each.c.value).limit(bins.TOP_VALUES)
    return bins.as_values([(text, occurs) for text, occurs in execution.execute_query(query)], count)


def _plain(value: Any) -> float | str | None:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
