"""Whether a pipeline can work with a table at all: asked once, before anything is written anywhere."""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.spec.models import PipelineSpec
from stageline.tables.event_time import parse_event_time
from stageline.tables.kept_types import case_clash
from stageline.tables.numbers import first_infinite, lost_digits
from stageline.tables.target import target_problems

if TYPE_CHECKING:
    import pyarrow as pa

MIN_ROWS = 20


def feature_columns(table: "pa.Table", spec: PipelineSpec) -> list[str]:
    """Return the columns the model may see, in the table's order."""
    apart = {spec.target.column, spec.source.event_time, *spec.source.keys, *spec.features.exclude}
    return [column for column in table.column_names if column not in apart]


def left_out(spec: PipelineSpec) -> set[str]:
    """Return the columns that no snapshot keeps: the excluded ones, but for keys and event time."""
    return set(spec.features.exclude) - {spec.source.event_time, *spec.source.keys}


def require_usable(table: "pa.Table", spec: PipelineSpec, *, name: str) -> None:
    """Refuse a table on which the pipeline cannot train or judge a model, naming all that is wrong.

    :param name: How errors call the table.
    :raises DataError: One sentence per problem.
    """
    problems = list(_missing_columns(table, spec))
    if not problems:
        problems = [
            *_row_problems(table),
            *_name_problems(table, spec),
            *_key_problems(table, spec),
            *target_problems(table, spec),
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
        "source.private": spec.source.private,
        "features.exclude": spec.features.exclude,
        "features.known_before": spec.features.known_before,
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


def _event_time_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    if spec.source.event_time is None:
        return
    private = spec.source.event_time in spec.source.private
    try:
        times = parse_event_time(table, spec.source.event_time)
    except DataError as error:
        yield (
            str(error)
            if not private
            else (
                f"event time {spec.source.event_time!r}: a null, no time, or times with and without a zone; "
                "none is shown: the column is private"
            )
        )
        return
    if len(times.unique()) == 1 and private:
        yield f"event time {spec.source.event_time!r} is the same in every row; it is private, so it is not shown"
    elif len(times.unique()) == 1:
        yield f"event time {spec.source.event_time!r} is the same in every row: {times[0].as_py()}"


def _name_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    kept = [column for column in table.column_names if column not in left_out(spec)]
    if clash := case_clash(kept):
        yield (
            f"columns {clash[0]!r} and {clash[1]!r} differ only in case, and a snapshot can keep one of them; "
            "list one in features.exclude or rename it"
        )


def _key_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    import pyarrow as pa

    for key in spec.source.keys:
        if pa.types.is_nested(table[key].type):
            yield f"key {key!r} has type {table[key].type}, which has no order; name columns of single values"


def _feature_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    columns = feature_columns(table, spec)
    if not columns and not (spec.source.event_time and spec.features.calendar):
        yield "no feature is left after keys, target, event time and features.exclude"
    for column in columns:
        values = table[column]
        if values.null_count == len(values):
            yield f"column {column!r} is null in every row; list it in features.exclude or mend the source"
        elif not _is_feature(values.type):
            yield (
                f"column {column!r} has type {values.type}, which no estimator takes; list it in features.exclude "
                "or name it as source.event_time"
            )
        elif problem := first_infinite(values):
            yield f"column {column!r} {problem}"
        elif problem := lost_digits(values):
            yield f"column {column!r} {problem}; name it in source.keys or features.exclude"


def _is_feature(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    types = pa.types
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)
    return bool(number or types.is_string(kind) or types.is_large_string(kind))
