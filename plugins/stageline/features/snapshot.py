"""The feature table of a run: keys, event time, features, target and split, in one deterministic order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.features import split
from stageline.features.calendar import calendar_features
from stageline.spec.models import PipelineSpec, Task
from stageline.tables.event_time import parse_event_time
from stageline.tables.usable import feature_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

SPLIT = "stageline_split"
MIN_PART = 5


@dataclass(frozen=True)
class FeatureSet:
    """A feature table and what its columns are.

    :param table: Keys, event time, features, target and `stageline_split`.
    :param numeric: Features that are numbers (booleans and calendar parts too).
    :param categorical: Features that are texts.
    :param parts: Rows per part of the split.
    :param split: How the rows were split, as a sentence.
    """

    table: "pa.Table"
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    parts: dict[str, int]
    split: str


def build_features(source: "pa.Table", spec: PipelineSpec) -> FeatureSet:
    """Turn a usable source table into the pipeline's feature table.

    Rows are ordered by event time, then keys, so that the same rows give the same table whatever order
    they came in.

    :raises DataError: A calendar feature clashes with a column, or the split leaves a part too small.
    """
    import pyarrow as pa

    source = source.select([column for column in source.column_names if column not in spec.features.exclude])
    features = feature_columns(source, spec)
    columns = {column: source[column] for column in source.column_names}
    if SPLIT in columns:
        raise DataError(f"column {SPLIT!r} is the name of Stageline's own column; rename it in the source")
    times = None
    if spec.source.event_time:
        times = columns[spec.source.event_time] = parse_event_time(source, spec.source.event_time)
        if spec.features.calendar:
            derived = calendar_features(times)
            for name in derived:
                if name in columns:
                    raise DataError(
                        f"column {name!r} clashes with the calendar feature of that name; rename it in the "
                        "source, or set features.calendar: false"
                    )
            columns |= derived
            features += list(derived)
    parts = _split(source, times, spec)
    split.require_both_parts(parts, least=MIN_PART)
    table = pa.table({**columns, SPLIT: pa.array(parts.tolist(), pa.string())})
    order = [name for name in (spec.source.event_time, *spec.source.keys) if name]
    if order:
        # Arrow's sort is stable: rows that tie keep the source's order.
        table = table.sort_by([(name, "ascending") for name in order])
    texts = {name for name in features if _is_text(table[name].type)}
    return FeatureSet(
        table=table,
        numeric=tuple(name for name in features if name not in texts),
        categorical=tuple(name for name in features if name in texts),
        parts={part: int((parts == part).sum()) for part in sorted(set(parts.tolist()))},
        split=_describe(spec, table),
    )


def model_frame(table: "pa.Table", numeric: "list[str]", categorical: "list[str]") -> "pd.DataFrame":
    """Return the features as the model takes them: numbers as float64, texts as objects, nulls as NaN.

    :returns: Frame of shape (rows, features), in the order numeric, then categorical.
    """
    import pandas as pd

    columns: dict[str, Any] = {name: _as_floats(table[name]) for name in numeric}
    for name in categorical:
        values = pd.Series(table[name].to_pylist(), dtype=object)
        columns[name] = values.where(values.notna(), None)
    return pd.DataFrame(columns)


def _as_floats(values: "pa.ChunkedArray") -> "np.ndarray":
    import pyarrow as pa

    kind = pa.int8() if pa.types.is_boolean(values.type) else values.type
    return values.cast(kind).cast(pa.float64(), safe=False).to_numpy()


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _split(source: "pa.Table", times: "pa.ChunkedArray | None", spec: PipelineSpec) -> "np.ndarray":
    import numpy as np

    target = source[spec.target.column]
    labelled = np.asarray(target.is_valid())
    if times is not None:
        return split.split_by_time(times, labelled, holdout=spec.train.holdout, label_delay=spec.target.label_delay)
    return split.split_at_random(
        target,
        labelled,
        holdout=spec.train.holdout,
        seed=spec.train.seed,
        stratify=spec.target.task is Task.CLASSIFICATION,
    )


def _describe(spec: PipelineSpec, table: "pa.Table") -> str:
    import pyarrow.compute as pc

    if not spec.source.event_time:
        stratified = ", stratified by class" if spec.target.task is Task.CLASSIFICATION else ""
        return f"random {spec.train.holdout:.0%} of rows held out (seed {spec.train.seed}){stratified}"
    held_out = table.filter(pc.equal(table[SPLIT], split.HOLDOUT))[spec.source.event_time]
    return (
        f"latest {spec.train.holdout:.0%} of rows held out: {spec.source.event_time} from "
        f"{held_out[0].as_py():%Y-%m-%d %H:%M} to {held_out[-1].as_py():%Y-%m-%d %H:%M}"
    )
