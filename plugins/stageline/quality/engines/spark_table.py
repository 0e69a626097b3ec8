"""A table that is a Spark DataFrame, judged where Spark runs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram, require_distinct_names
from stageline.quality.engines.kinds import Column
from stageline.quality.engines.spark_types import kind_of, shown_as
from stageline.quality.engines.validation import Condition, conditions_of, evaluate, found_together, quiet_imports
from stageline.quality.outcome import Outcome
from stageline.quality.table_engine import FailingRows
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


class SparkTable:
    """A table in Spark; its rows have no order that lasts, and thus no positions.

    :param frame: Is read anew for each question: cache it where that is dear.
    """

    name = "spark"

    def __init__(self, frame: "DataFrame") -> None:
        require_distinct_names(frame.columns)
        columns = [
            Column(field.name, f"column_{place}", kind_of(type_), type_)
            for place, field in enumerate(frame.schema.fields)
            for type_ in [field.dataType.simpleString()]
        ]
        with quiet_imports():
            # Their metric providers are registered by being imported.
            from stageline.quality.engines.metrics import spark_numbers, spark_queries, spark_rows  # noqa: F401
            from stageline.quality.engines.metrics.spark_execution import TableSparkEngine

            # Renamed by their place, columns need no quotes.
            own = frame.toDF(*map(_own, columns))
            shown = [shown_as(_own(column), column.type).alias(column.shown) for column in columns]
            self.execution = TableSparkEngine(own.select("*", *shown), columns, frame)
        self.known: Mapping[str, Column] = {column.name: column for column in columns}
        self.columns = tuple(self.known)

    def count_rows(self) -> int:
        """Return the number of rows."""
        return int(self.execution.table.count())

    def describe(self, columns: Sequence[str], like: Mapping[str, Histogram]) -> dict[str, ColumnFacts]:
        """Return the facts of existing columns: counts and spans in one job, histograms in further ones."""
        from stageline.quality.engines.spark_facts import describe

        return describe(self.execution, [self.known[name] for name in columns], like)

    def evaluate(self, expectations: Sequence[Expectation]) -> list[Outcome]:
        """Evaluate expectations with Great Expectations, and return an outcome for each, in their order."""
        return evaluate(self, expectations)

    def examples(self, condition: Condition, columns: Sequence[Column], count: int) -> list[tuple[Any, ...]]:
        """Return the values of some rows that a condition calls unexpected."""
        flagged = self.execution.table.withColumn("unexpected", self.execution.unexpected(condition))
        rows = flagged.where("unexpected").select(*(column.shown for column in columns)).limit(count).collect()
        return [tuple(row) for row in rows]

    def failing_rows(self, expectations: Sequence[Expectation]) -> FailingRows:
        """Return the rows that fail any of the expectations, in no order."""
        from pyspark.errors import PySparkException

        known = conditions_of(self, expectations)
        conditions, table = found_together(known, self._flagged, self, (PySparkException,))
        hits = [table.column(f"failed_{place}").to_pylist() for place in conditions]
        return FailingRows(
            rows=table.select(list(map(_own, self.known.values()))).rename_columns(list(self.columns)),
            positions=None,
            failed=tuple(
                tuple(place for place, hit in zip(conditions, row, strict=True) if hit)
                for row in zip(*hits, strict=True)
            ),
        )

    def _flagged(self, conditions: Mapping[int, Condition]) -> "pa.Table":
        """Return the rows that meet any condition: their own values, then a flag for each condition."""
        from pyspark.sql import functions

        never = functions.lit(False)
        flags = [
            functions.coalesce(self.execution.unexpected(condition), never).alias(f"failed_{place}")
            for place, condition in conditions.items()
        ]
        judged = self.execution.table.select(*map(_own, self.known.values()), *flags)
        failing = functions.greatest(never, never, *(functions.col(f"failed_{place}") for place in conditions))
        return judged.where(failing).toArrow()


def _own(column: Column) -> str:
    return f"own_{column.shown}"
