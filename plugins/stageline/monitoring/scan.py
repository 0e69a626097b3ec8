"""One pass over a table's rows, batch by batch, that counts all its columns."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.arrow_arrays import are_valid, as_numpy
from stageline.monitoring.bins import Bins, CategoryBins, NumericBins
from stageline.monitoring.counts import ColumnCounts, Counts
from stageline.monitoring.grouping import Grouping

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Groups = Callable[["pa.RecordBatch"], "np.ndarray"]

# NumPy and Arrow let go of Python's lock while they work; one more core is in use by the reader now and then.
_THREADS = 2


def count_rows(
    batches: "Iterable[pa.RecordBatch]",
    bins: Mapping[str, Bins],
    *,
    groups: "Groups | None" = None,
    group_count: int = 1,
) -> Counts:
    """Count the rows of all batches, while further ones are read.

    :param bins: The columns that are counted.
    :param groups: Returns the group of each row of a batch, 0 … group_count - 1; default: all are one.
    :raises DataError: A column is missing, or not of the kind of its bins.
    """
    import numpy as np

    def counted(batch: "pa.RecordBatch") -> Counts:
        return _batch(batch, bins, Grouping(group_count, None if groups is None else groups(batch)))

    counts = Counts(
        np.zeros(group_count, np.int64),
        {name: ColumnCounts.empty(group_count, kind.count) for name, kind in bins.items()},
    )
    waiting: deque[Future[Counts]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for batch in batches:
            waiting.append(pool.submit(counted, batch))
            # Few batches are held at a time.
            if len(waiting) > _THREADS:
                counts += waiting.popleft().result()
        for each in waiting:
            counts += each.result()
    return counts


def _batch(batch: "pa.RecordBatch", bins: Mapping[str, Bins], group: Grouping) -> Counts:
    import pyarrow as pa

    columns, known = {}, batch.schema.names
    for name, kind in bins.items():
        if name not in known:
            raise DataError(f"column {name!r} is missing; there are: {', '.join(known)}")
        column = batch.column(name)
        try:
            columns[name] = (
                _numbers(column, kind, group) if isinstance(kind, NumericBins) else _categories(column, kind, group)
            )
        except pa.ArrowException as error:
            raise DataError(f"column {name!r} is {column.type}: {error}") from error
    return Counts(group.count(batch.num_rows), columns)


def _numbers(column: "pa.Array", bins: NumericBins, group: Grouping) -> ColumnCounts:
    import numpy as np
    import pyarrow as pa

    if not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
        or pa.types.is_null(column.type)
    ):
        raise pa.ArrowTypeError("the reference holds numbers there")
    nulls, column, group = _without_nulls(column, group)
    # Beyond 2^53 the nearest float is as good: bins are coarser.
    values = as_numpy(column.cast(pa.float64(), safe=False))
    finite = np.isfinite(values)
    odd = np.zeros(group.groups, np.int64)
    if not finite.all():
        odd = group.count_where(~finite)
        group, values = group.only(finite), values[finite]
    counted = group.in_bins(bins.index(values), bins.count)
    return ColumnCounts(counted, nulls, odd, *group.ends(values))


def _categories(column: "pa.Array", bins: CategoryBins, group: Grouping) -> ColumnCounts:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type) and column.dictionary.null_count:
        column = column.dictionary_decode()
    nulls, column, group = _without_nulls(column, group)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    places = bins.index(column.dictionary)[as_numpy(column.indices)]
    empty = ColumnCounts.empty(group.groups, bins.count)
    return replace(empty, bins=group.in_bins(places, bins.count), nulls=nulls)


def _without_nulls(column: "pa.Array", group: Grouping) -> "tuple[np.ndarray, pa.Array, Grouping]":
    import numpy as np

    if not column.null_count:
        return np.zeros(group.groups, np.int64), column, group
    if group.places is None:
        return np.array([column.null_count], np.int64), column.drop_null(), group
    valid = are_valid(column)
    return group.count_where(~valid), column.drop_null(), group.only(valid)
