"""The columns of a logged answer: which they are, and how rows and answers become them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.serving.features import Columns, FeatureRows

DAY = "day"
FEATURE = "feature_"


@dataclass(frozen=True)
class Told:
    """What is told of each of some rows beside features and answers.

    :param arms: `champion`, `canary` or `shadow`.
    :param sequences: Record that began the rollout; 0: none is under way.
    :param percents: Share of the traffic that its canary gets.
    :param requests: Ids of the requests.
    :param places: Positions of the rows in their requests, from 0.
    :param error: Kind, as in `stageline.traffic.Arm`; none: it was answered.
    :param latency_ms: From the moment that a row was handed to its model to the answer.
    """

    version: int
    digest: str
    arms: Sequence[str]
    sequences: Sequence[int]
    percents: Sequence[int]
    requests: Sequence[str]
    places: Sequence[int]
    latency_ms: Sequence[float]
    error: str | None = None


@dataclass(frozen=True)
class LogColumns:
    """The columns of a model's answers in the log.

    :param names: Of keys, event time and features that are logged, with their names in the log.
    """

    schema: "pa.Schema"
    names: Mapping[str, str]

    @classmethod
    def of(
        cls, columns: "Columns", key_types: "Mapping[str, pa.DataType]", kinds: "Mapping[str, pa.DataType]",
        private: frozenset[str],
    ) -> "LogColumns":  # fmt: skip
        """Return the columns of a model's answers.

        :param kinds: The columns of an answer and their types.
        :param private: Features that are not logged.
        :raises DataError: A key, or the event time, has the name of one of the log's own columns.
        """
        import pyarrow as pa

        own = {
            **kinds, "error": pa.string(), "model_version": pa.int64(), "model_digest": pa.string(),
            "arm": pa.string(), "sequence": pa.int64(), "percent": pa.int64(), "latency_ms": pa.float64(),
            "scored_at": pa.timestamp("us", "UTC"), "request_id": pa.string(), "row": pa.int64(), DAY: pa.string(),
        }  # fmt: skip
        taken = {name.lower() for name in own}
        given = {name: _kept(key_types[name]) for name in columns.keys}
        if columns.event_time:
            given[columns.event_time] = pa.timestamp("us", "UTC" if columns.zoned else None)
        for name in given:
            if name.lower() in taken:
                raise DataError(
                    f"column {name!r} has the name of a column of the log; rename it in the source (taken: "
                    f"{', '.join(sorted(taken))})"
                )
        names = {name: name for name in given}
        taken |= {name.lower() for name in given}
        for name in columns.features:
            if name not in given and name not in private:
                names[name] = f"{FEATURE}{name}" if name.lower() in taken else name
                given[names[name]] = pa.float64() if name in columns.numeric else pa.string()
        return cls(pa.schema([*given.items(), *own.items()]), names)

    def batch(
        self, rows: "FeatureRows | None", answers: "Mapping[str, pa.Array]", told: Told, at: datetime
    ) -> "pa.RecordBatch":
        """Return rows as they are logged.

        :param rows: None where their features could not be made.
        :param answers: Empty where there are none.
        :param at: When they were answered.
        """
        import pyarrow as pa

        count = len(told.arms)
        same = {
            "error": told.error, "model_version": told.version, "model_digest": told.digest, "scored_at": at,
            DAY: f"{at:%Y-%m-%d}",
        }  # fmt: skip
        each = {
            "arm": told.arms, "sequence": told.sequences, "percent": told.percents, "latency_ms": told.latency_ms,
            "request_id": told.requests, "row": told.places,
        }  # fmt: skip
        held = (
            {} if rows is None else {self.names[name]: values for name, values in _columns(rows) if name in self.names}
        )
        arrays = []
        for name, kind in zip(self.schema.names, self.schema.types, strict=True):
            if name in answers:
                arrays.append(answers[name])
            elif name in each:
                arrays.append(pa.array(each[name], kind))
            elif name in same:
                arrays.append(pa.array([same[name]] * count, kind))
            elif name in held:
                arrays.append(_cast(held[name], kind))
            else:
                arrays.append(pa.nulls(count, kind))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _columns(rows: "FeatureRows") -> "Iterator[tuple[str, pa.Array | pa.ChunkedArray]]":
    """Yield keys, event time and features; calendar parts, too."""
    for name, values in zip(rows.table.column_names, rows.table.columns, strict=True):
        yield name, values.chunk(0) if values.num_chunks == 1 else values


def _cast(values: Any, kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    cast = values if values.type.equals(kind) else values.cast(kind)
    return cast.combine_chunks() if isinstance(cast, pa.ChunkedArray) else cast


def _kept(kind: "pa.DataType") -> "pa.DataType":
    """Return a type wide enough that a later snapshot's narrower or wider one fits in it."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _kept(kind.value_type)
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.float64() if pa.types.is_floating(kind) else kind
