"""Whether a pipeline can work with a table at all: asked once, before anything is written anywhere."""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.spec.models import PipelineSpec, Task
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import pyarrow as pa

MIN_ROWS = 20
_EXACT_IN_FLOAT = 2**53


def feature_columns(table: "pa.Table", spec: PipelineSpec) -> list[str]:
    """Return the columns the model may see, in the table's order."""
    apart = {spec.target.column, spec.source.event_time, *spec.source.keys, *spec.features.exclude}
    return [column for column in table.column_names if column not in apart]


def require_usable(table: "pa.Table", spec: PipelineSpec, *, name: str) -> None:
    """Refuse a table on which the pipeline cannot train or judge a model, naming all that is wrong.

    :param name: How errors call the table.
    :raises DataError: One sentence per problem.
    """
    problems = list(_missing_columns(table, spec))
    if not problems:
        problems = [
            *_row_problems(table),
            *_target_problems(table, spec),
            *_event_time_problems(table, spec),
            *_feature_problems(table, spec),
        ]
    if problems:
        raise DataError("; ".join(f"{name!r}: {problem}" for problem in problems))


def _missing_columns(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    named = {
        "target.column": (spec.target.column,),
        "source.event_time": (spec.source.event_time,) if spec.source.event_time else (),
        "source.keys": spec.source.keys,
        "features.exclude": spec.features.exclude,
    }
    for key, columns in named.items():
        for column in columns:
            if column not in table.column_names:
                near = difflib.get_close_matches(column, table.column_names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(table.column_names[:20])}"
                yield f"column {column!r} ({key}) is missing; {hint}"


def _row_problems(table: "pa.Table") -> Iterator[str]:
    if table.num_rows < MIN_ROWS:
        yield f"has {table.num_rows:,} row(s); at least {MIN_ROWS} are needed to train and judge a model"


def _target_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    target = spec.target.column
    values = table[target].drop_null()
    if not len(values):
        yield f"target {target!r} is null in every row"
        return
    distinct = values.unique()
    if len(distinct) == 1:
        kind = "a single class" if spec.target.task is Task.CLASSIFICATION else "constant"
        yield f"target {target!r} is {kind}: {distinct[0].as_py()!r} in every row; there is nothing to learn"
        return
    if spec.target.task is Task.REGRESSION:
        if not (
            pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)
        ):
            yield f"target {target!r} has type {values.type}; regression needs numbers"
        elif pa.types.is_floating(values.type) and not pc.all(pc.is_finite(values)).as_py():
            yield f"target {target!r} {_first_infinite(table[target])}"
        return
    if len(distinct) > max(50, table.num_rows // 10):
        yield f"target {target!r} has {len(distinct):,} distinct values; classification needs few classes"
        return
    counts = {pair["values"].as_py(): pair["counts"].as_py() for pair in values.value_counts()}
    rare = min(counts, key=lambda label: counts[label])
    if counts[rare] < 2:  # noqa: PLR2004 - one row can be in training or in the holdout, not in both
        yield f"target {target!r}: class {rare!r} has only {counts[rare]} row; at least 2 are needed"
    positive = spec.target.positive
    if positive is not None and positive not in counts:
        yield f"target.positive {positive!r} is not among the classes {sorted(map(str, counts))}"


def _event_time_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    if spec.source.event_time is None:
        return
    try:
        times = parse_event_time(table, spec.source.event_time)
    except DataError as error:
        yield str(error)
        return
    if len(times.unique()) == 1:
        yield f"event time {spec.source.event_time!r} is the same in every row: {times[0].as_py()}"


def _feature_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = feature_columns(table, spec)
    if not columns and not (spec.source.event_time and spec.features.calendar):
        yield "no feature is left after keys, target, event time and features.exclude"
    for column in columns:
        values, kind = table[column], table[column].type
        if values.null_count == len(values):
            yield f"column {column!r} is null in every row; list it in features.exclude or mend the source"
        elif pa.types.is_floating(kind):
            if not pc.all(pc.is_finite(values.drop_null())).as_py():
                yield f"column {column!r} {_first_infinite(values)}"
        elif pa.types.is_integer(kind):
            largest = pc.max(pc.abs(values.cast(pa.decimal128(20)))).as_py()
            if largest > _EXACT_IN_FLOAT:
                yield (
                    f"column {column!r} holds {largest:,}, above 2^53: as a number it would lose digits; "
                    "name it in source.keys or features.exclude"
                )
        elif not (
            pa.types.is_boolean(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
        ):
            yield (
                f"column {column!r} has type {kind}, which no estimator takes; list it in features.exclude "
                "or name it as source.event_time"
            )


def _first_infinite(values: "pa.ChunkedArray") -> str:
    import pyarrow.compute as pc

    # NaN counts too: Arrow keeps it apart from null, and no estimator takes it as a target.
    bad = pc.invert(pc.is_finite(values)).fill_null(False)
    row = bad.index(True).as_py()
    return f"holds {pc.sum(bad).as_py():,} value(s) that are not finite, first in row {row + 1:,}"
