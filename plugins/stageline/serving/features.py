"""From a batch of rows to what the model takes, by the code that training uses; rows no model can take are named."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.features import calendar_parts, model_frame
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_EXACT_IN_FLOAT = 2**53
_MOST_TRIES = 1_000


@dataclass(frozen=True)
class Columns:
    """What the columns of a row are.

    :param numeric: Features that are numbers, in the order the model takes them, calendar parts too.
    :param categorical: Features that are texts.
    :param calendar: Those of the numeric ones that are derived from the event time.
    :param zoned: Whether the event times that training saw have a time zone.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    calendar: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    event_time: str | None = None
    zoned: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """All features, in the order the model takes them."""
        return (*self.numeric, *self.categorical)

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of a source that are read, each once."""
        own = (name for name in self.features if name not in self.calendar)
        return tuple(dict.fromkeys((*self.keys, *((self.event_time,) if self.event_time else ()), *own)))


@dataclass(frozen=True)
class FeatureRows:
    """The rows of a batch that can be scored, and why the others cannot.

    :param frame: What the model takes, shape (scored, features).
    :param table: Keys, event time and text features of the same rows.
    :param left_out: Positions in the batch by reason; each row stands under the first one.
    """

    frame: "pd.DataFrame"
    table: "pa.Table"
    left_out: "dict[str, np.ndarray]"


def feature_rows(batch: "pa.RecordBatch | pa.Table", columns: Columns, integers: frozenset[str]) -> FeatureRows:
    """Make the features of a batch.

    :param integers: Numeric features that training knows as whole numbers.
    """
    import numpy as np
    import pyarrow as pa

    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    left_out: dict[str, np.ndarray] = {}
    places = np.arange(table.num_rows)
    if columns.event_time:
        table, places = _with_times(table, columns, left_out)
    frame = model_frame(_plain(table, columns), columns.numeric, columns.categorical)
    keep = np.ones(len(frame), dtype=bool)
    for reason, bad in _unusable(frame, table, columns, integers):
        if (news := bad & keep).any():
            left_out[reason] = places[news]
            keep &= ~bad
    if not keep.all():
        frame, table = frame[keep].reset_index(drop=True), table.filter(pa.array(keep))
    return FeatureRows(frame, table, left_out)


def _with_times(
    table: "pa.Table", columns: Columns, left_out: "dict[str, np.ndarray]"
) -> "tuple[pa.Table, np.ndarray]":
    """Return the rows whose event time is one, with it parsed and its calendar parts, and where they stood."""
    import numpy as np
    import pyarrow as pa

    name = columns.event_time or ""
    places = np.arange(table.num_rows)
    known = np.asarray(table[name].is_valid())
    if not known.all():
        left_out[f"event time {name!r} is null"] = places[~known]
        table, places = table.filter(pa.array(known)), places[known]
    times: list[pa.ChunkedArray] = []
    usable = np.zeros(table.num_rows, dtype=bool)
    for begin, rows, parsed in _parsed(table.select([name]), name):
        if parsed is not None and bool(parsed.type.tz) == columns.zoned:
            times.append(parsed)
            usable[begin : begin + rows] = True
            continue
        found = "no time" if parsed is None else "without a time zone" if columns.zoned else "with a time zone"
        reason = f"event time {name!r} is {found}" + ("" if parsed is None else ", other than in training")
        news = places[begin : begin + rows]
        left_out[reason] = np.concatenate([left_out.get(reason, news[:0]), news])
    if not usable.all():
        table, places = table.filter(pa.array(usable)), places[usable]
    kind = pa.timestamp("us", "UTC" if columns.zoned else None)
    moments = pa.chunked_array([chunk for part in times for chunk in part.chunks], kind)
    parts = {part: values for part, values in calendar_parts(moments).items() if part in columns.calendar}
    held = dict(zip(table.column_names, table.columns, strict=True))
    return pa.table({**held, name: moments, **parts}), places


def _parsed(table: "pa.Table", name: str) -> "Iterator[tuple[int, int, pa.ChunkedArray | None]]":
    """Yield pieces that can be parsed, and single rows that cannot, found by halves.

    :returns: Where a piece begins, its rows, and its times.
    :raises DataError: There are too many of them for a table that merely holds a few bad times.
    """
    pieces = [(0, table.num_rows)]
    tries = 0
    while pieces:
        begin, rows = pieces.pop()
        tries += 1
        try:
            yield begin, rows, parse_event_time(table.slice(begin, rows), name)
        except DataError:
            if tries > _MOST_TRIES:
                raise
            if rows == 1:
                yield begin, 1, None
            else:
                pieces += [(begin + rows // 2, rows - rows // 2), (begin, rows // 2)]


def _plain(table: "pa.Table", columns: Columns) -> "pa.Table":
    """Return the table with the types that `model_frame` takes: of what a batch holds nulls alone, as such."""
    import pyarrow as pa

    for name in columns.features:
        kind, at = table[name].type, table.column_names.index(name)
        if pa.types.is_dictionary(kind) and name in columns.numeric:
            table = table.set_column(at, name, table[name].cast(kind.value_type))
        elif pa.types.is_null(kind):
            table = table.set_column(
                at, name, table[name].cast(pa.string() if name in columns.categorical else pa.float64())
            )
        elif pa.types.is_float16(kind):
            table = table.set_column(at, name, table[name].cast(pa.float32()))
    return table


def _unusable(
    frame: "pd.DataFrame", table: "pa.Table", columns: Columns, integers: frozenset[str]
) -> "Iterator[tuple[str, np.ndarray]]":
    import numpy as np
    import pyarrow as pa

    for name in columns.numeric:
        values, kind = frame[name].to_numpy(), table[name].type
        if not pa.types.is_integer(kind) and np.isinf(values).any():
            yield f"feature {name!r} is infinite", np.isinf(values)
        if name in integers or pa.types.is_integer(kind):
            with np.errstate(invalid="ignore"):
                long = np.isfinite(values) & (np.abs(values) >= _EXACT_IN_FLOAT)
            if long.any():
                yield f"feature {name!r} reaches 2^53: as a number it would lose digits", long
