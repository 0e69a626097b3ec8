"""The same counts of a table that is a Spark DataFrame: each task counts its own rows, and none are collected."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.bins import Bins
from stageline.monitoring.counts import ColumnCounts, Counts
from stageline.monitoring.scan import count_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_TOLD = "counts string, refused string"


def count_rows_spark(frame: "DataFrame", bins: Mapping[str, Bins]) -> Counts:
    """Count the rows of a DataFrame in one job, with the code that counts those of a file.

    Executors need the package with its libraries.

    :param bins: The columns that are counted; no others are read.
    :raises DataError: A column is missing, or not of the kind of its bins, or Spark fails.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    missing = [name for name in bins if name not in frame.columns]
    if missing:
        raise DataError(f"column {missing[0]!r} is missing; there are: {', '.join(frame.columns)}")
    # Renamed by their place, columns need no quotes.
    own = frame.toDF(*(f"column_{place}" for place in range(len(frame.columns))))
    wanted = own.select([f"column_{frame.columns.index(name)}" for name in bins])
    try:
        told = wanted.mapInArrow(_Errand(dict(bins)).run, _TOLD).collect()
    except (Py4JError, PySparkException) as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"Spark could not count the rows: {words}; Spark's own log tells more") from error
    if refused := [row["refused"] for row in told if row["refused"]]:
        raise DataError(refused[0])
    return reduce(add, (_counts(row["counts"]) for row in told), count_rows([], bins))


@dataclass(frozen=True)
class _Errand:
    bins: Mapping[str, Bins]

    def run(self, batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Yield one row with the counts of a task's rows; an error is returned, since Spark would try it again."""
        import pyarrow as pa

        told = {"counts": "", "refused": ""}
        try:
            named = (batch.rename_columns(list(self.bins)) for batch in batches)
            told["counts"] = _as_json(count_rows(named, self.bins))
        except DataError as error:
            told["refused"] = str(error)
            # Spark waits for whoever does not read to the end.
            for _ in batches:
                pass
        yield pa.RecordBatch.from_pylist([told])


def _as_json(counts: Counts) -> str:
    columns = {
        name: {part.name: getattr(column, part.name).tolist() for part in fields(column)}
        for name, column in counts.columns.items()
    }
    return json.dumps({"rows": counts.rows.tolist(), "columns": columns})


def _counts(text: str) -> Counts:
    import numpy as np

    told = json.loads(text)
    columns = {
        name: ColumnCounts(**{part: np.array(values) for part, values in parts.items()})
        for name, parts in told["columns"].items()
    }
    return Counts(np.array(told["rows"]), columns)
