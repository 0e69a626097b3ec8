"""The facts of the columns of a Spark DataFrame: one job for counts and spans, one for the bins of numbers."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.engines import bins
from stageline.quality.engines.kinds import MOMENTS, NUMBERS, Column, Kind

if TYPE_CHECKING:
    from stageline.quality.engines.metrics.spark_execution import TableSparkEngine

_PARTS = ("count", "infinite", "min", "max", "mean", "ends")
# One part in so many is how far an end of the bins may lie from its share.
_ACCURACY = 10_000


def describe(
    execution: "TableSparkEngine", columns: Sequence[Column], like: Mapping[str, Histogram]
) -> dict[str, ColumnFacts]:
    """Return the facts of columns.

    :param like: Histograms whose bins the new ones take over.
    """
    from pyspark.sql import functions

    asked = [functions.count("*"), *(part for column in columns for part in _span(execution, column))]
    found = execution.table.agg(*asked).first()
    width = len(_PARTS)
    spans = {
        column: dict(zip(_PARTS, found[1 + width * place : 1 + width * (place + 1)], strict=True))
        for place, column in enumerate(columns)
    }
    edges = {column: _edges(column, spans[column], bins.taken_over(column, like)) for column in columns}
    binned = _count_bins(execution, {column: bounds for column, bounds in edges.items() if bounds})
    facts = {}
    for column, span in spans.items():
        bounds = edges[column]
        histogram = bins.as_bins(bounds, binned[column], span["count"] - span["infinite"]) if bounds else None
        if bins.has_values(column) and span["count"]:
            histogram = _top_values(execution, column, span["count"], bins.taken_over(column, like))
        facts[column.name] = ColumnFacts(
            type=column.type,
            count=span["count"],
            nulls=found[0] - span["count"],
            infinite=span["infinite"],
            min=_plain(span["min"]),
            max=_plain(span["max"]),
            mean=_finite(span["mean"]),
            histogram=histogram,
        )
    return facts


def _span(execution: "TableSparkEngine", column: Column) -> list[Any]:
    """Return what is asked about one column, in the order of `_PARTS`."""
    from pyspark.sql import functions

    from stageline.quality.engines.metrics.spark_execution import numbers

    values = functions.col(column.shown)
    nothing = functions.lit(None)
    count, none_infinite = functions.count(values), functions.lit(0)
    if column.kind in MOMENTS:
        return [count, none_infinite, functions.min(values), functions.max(values), nothing, nothing]
    if column.kind is Kind.BOOLEAN:
        share = numbers(execution, column.shown)
        least, most = (edge(share).cast("int") for edge in (functions.min, functions.max))
        return [count, none_infinite, least, most, functions.avg(share), nothing]
    if column.kind not in NUMBERS:
        return [count, none_infinite, *[nothing] * 4]
    infinite = none_infinite
    if column.kind is Kind.REAL:
        beyond = functions.abs(values) == functions.lit(math.inf)
        infinite = functions.count(functions.when(beyond, 1))
        values = functions.when(~beyond, values)
    doubles = values.cast("double")
    ends = functions.percentile_approx(doubles, [bins.BEYOND, 1 - bins.BEYOND], _ACCURACY)
    return [count, infinite, functions.min(values), functions.max(values), functions.avg(doubles), ends]


def _edges(column: Column, span: Mapping[str, Any], earlier: Histogram | None) -> tuple[float, ...]:
    if not span["ends"]:  # no number, or no column of numbers
        return ()
    return earlier.edges if earlier else bins.edges_of(column, *span["ends"])


def _count_bins(execution: "TableSparkEngine", edges: Mapping[Column, Sequence[float]]) -> dict[Column, dict[int, int]]:
    from pyspark.sql import functions

    counted: dict[Column, dict[int, int]] = {column: {} for column in edges}
    if not edges:
        return counted
    placed = []
    for number, (column, bounds) in enumerate(edges.items()):
        value = functions.col(column.shown).cast("double")
        place = functions.least(
            functions.floor((value - functions.lit(bounds[0])) / functions.lit(bins.width_of(bounds))),
            functions.lit(len(bounds) - 2).cast("bigint"),
        )
        within = (value >= functions.lit(bounds[0])) & (value <= functions.lit(bounds[-1]))
        filled = functions.when(within, place).alias("bin")
        placed.append(functions.struct(functions.lit(number).alias("column"), filled))
    each = execution.table.select(functions.inline(functions.array(*placed)))
    by_number = list(edges)
    for row in each.where(functions.col("bin").isNotNull()).groupBy("column", "bin").count().collect():
        counted[by_number[row["column"]]][row["bin"]] = row["count"]
    return counted


def _top_values(execution: "TableSparkEngine", column: Column, count: int, earlier: Histogram | None) -> Histogram:
    from pyspark.sql import functions

    value = functions.col(column.shown).cast("string")
    counted = execution.table.select(value.alias("value")).where(functions.col("value").isNotNull())
    counted = counted.groupBy("value").agg(functions.count("*").alias("occurs"))
    if earlier:
        found = {row[0]: row[1] for row in counted.where(functions.col("value").isin(list(earlier.values))).collect()}
        return bins.as_values([(text, found.get(text, 0)) for text in earlier.values], count)
    short = counted.where(functions.length("value") <= bins.LONGEST_VALUE)
    top = short.orderBy(functions.desc("occurs"), "value").limit(bins.TOP_VALUES).collect()
    return bins.as_values([(row[0], row[1]) for row in top], count)


def _plain(value: Any) -> float | str | None:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
