"""What each model first said of a key: servers are asked about the same one again and again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_PLACE = "stageline.place"
_TIME = "scored_at"


@dataclass
class FirstAnswers:
    """The first answers since a moment, by key and arm; the log is read on from where it was read to.

    :param read: Returns the rows of a stretch of the log, `arm` and `scored_at` among their columns; none: there is
        no log.
    :param keys: What tells rows apart.
    :param since: With a time zone.
    """

    read: "Callable[[datetime, datetime], pa.Table | None]"
    keys: Sequence[str]
    since: datetime
    _until: datetime = field(init=False)
    _found: "pa.Table | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Begin where nothing is read."""
        self._until = self.since

    def between(self, start: datetime, end: datetime) -> "pa.Table | None":
        """Return the rows of keys whose first answer is from `start` to before `end`; none: there is no log.

        :raises DataError: The log lacks a key.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if end > self._until:
            self._add(self.read(self._until, end))
            self._until = end
        if self._found is None:
            return None
        kind = pa.timestamp("us", "UTC")
        times = self._found[_TIME].cast(kind)
        inside = pc.and_(pc.greater_equal(times, pa.scalar(start, kind)), pc.less(times, pa.scalar(end, kind)))
        return self._found.filter(inside)

    def _add(self, rows: "pa.Table | None") -> None:
        import pyarrow as pa

        if rows is None:
            return
        if missing := [name for name in (*self.keys, "arm", _TIME) if name not in rows.column_names]:
            raise DataError(
                f"the servers' log has no column {missing[0]!r}: nothing can be found that came of its rows"
            )
        # A request may lack its keys, and an error has no prediction: nothing can be found that came of either.
        rows = rows.drop_null().sort_by(_TIME)
        together = rows if self._found is None else pa.concat_tables([self._found, rows], promote_options="default")
        numbered = together.append_column(_PLACE, pa.array(range(together.num_rows), pa.int64()))
        own = list(dict.fromkeys((*self.keys, "arm")))
        first = numbered.group_by(own).aggregate([(_PLACE, "min")])[f"{_PLACE}_min"]
        self._found = together.take(first.combine_chunks().sort())
