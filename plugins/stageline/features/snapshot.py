"""The feature table of a run: keys, event time, features, target and split, in one deterministic order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.features import split
from stageline.features.calendar import calendar_features
from stageline.spec.models import PipelineSpec, Task
from stageline.tables.event_time import parse_event_time
from stageline.tables.usable import feature_columns, left_out

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

    Rows are ordered by event time, then keys, then all else, so that the same rows give the same table
    whatever order they came in.

    :raises DataError: A calendar feature clashes with a column, or the split leaves a part too small.
    """
    import numpy as np
    import pyarrow as pa

    source = source.select([column for column in source.column_names if column not in left_out(spec)])
    features = feature_columns(source, spec)
    columns = {column: source[column] for column in source.column_names}
    if SPLIT in columns:
        raise DataError(f"column {SPLIT!r} is the name of Stageline's own column; rename it in the source")
    if spec.source.event_time:
        times = columns[spec.source.event_time] = parse_event_time(source, spec.source.event_time)
        derived = calendar_features(times) if spec.features.calendar else {}
        _require_no_clash(derived, columns)
        columns |= derived
        features += list(derived)
    table = pa.table(columns)
    table = table.take(pa.array(_row_order(table, spec)))
    parts = _split(table, spec)
    split.require_both_parts(parts, least=MIN_PART)
    table = table.append_column(SPLIT, pa.array(parts.tolist(), pa.string()))
    texts = {name for name in features if _is_text(table[name].type)}
    return FeatureSet(
        table=table,
        numeric=tuple(name for name in features if name not in texts),
        categorical=tuple(name for name in features if name in texts),
        parts={str(part): int(count) for part, count in zip(*np.unique(parts, return_counts=True), strict=True)},
        split=_describe(spec, table),
    )


def split_rows(table: "pa.Table", spec: PipelineSpec) -> "np.ndarray":
    """Return the part that `build_features` gives each row of a table, in the table's own order.

    :returns: One of `train`, `embargo`, `holdout`, `unlabelled` per row, shape (n,).
    """
    import numpy as np
    import pyarrow as pa

    table = table.select([column for column in table.column_names if column not in left_out(spec)])
    if spec.source.event_time:
        at = table.column_names.index(spec.source.event_time)
        table = table.set_column(at, spec.source.event_time, parse_event_time(table, spec.source.event_time))
    order = _row_order(table, spec)
    parts = np.empty(table.num_rows, dtype=object)
    parts[order] = _split(table.take(pa.array(order)), spec)
    return parts


def model_frame(table: "pa.Table", numeric: Sequence[str], categorical: Sequence[str]) -> "pd.DataFrame":
    """Return the features as the model takes them: numbers as float64, nulls NaN; texts as objects, nulls None.

    :returns: Frame of shape (rows, features), in the order numeric, then categorical.
    """
    import pandas as pd

    columns: dict[str, Any] = {name: _as_floats(table[name]) for name in numeric}
    for name in categorical:
        columns[name] = pd.Series(_as_objects(table[name]), dtype=object)
    return pd.DataFrame(columns)


def _as_floats(values: "pa.ChunkedArray") -> "np.ndarray":
    import pyarrow as pa

    kind = pa.int8() if pa.types.is_boolean(values.type) else values.type
    floats: np.ndarray = values.cast(kind).cast(pa.float64(), safe=False).to_numpy()
    return floats


def _as_objects(values: "pa.ChunkedArray") -> "np.ndarray":
    """Return texts as objects, nulls None; each distinct text is made once."""
    import numpy as np
    import pyarrow as pa

    kind = values.type
    encoded = (values if pa.types.is_dictionary(kind) else values.dictionary_encode()).unify_dictionaries()
    dictionary = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    texts = np.array([*dictionary, None], dtype=object)
    codes = [np.asarray(chunk.indices.fill_null(len(dictionary))) for chunk in encoded.chunks]
    objects: np.ndarray = texts[np.concatenate(codes)] if codes else texts[:0]
    return objects


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _require_no_clash(derived: Iterable[str], columns: Collection[str]) -> None:
    for name in derived:
        if name in columns:
            raise DataError(
                f"column {name!r} clashes with the calendar feature of that name; rename it in the source, "
                "or set features.calendar: false"
            )


def _row_order(table: "pa.Table", spec: PipelineSpec) -> "np.ndarray":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    first = [name for name in (spec.source.event_time, *spec.source.keys) if name]
    order = dict.fromkeys([*first, *sorted(table.column_names)])
    # A column that is null in every row orders nothing, and Arrow cannot sort by it.
    names = [name for name in order if not pa.types.is_null(table[name].type)]
    # By position: Arrow takes some names, such as `a.b`, for paths into a column.
    plain = pa.table([table[name] for name in names], names=[f"c{i}" for i in range(len(names))])
    return np.asarray(pc.sort_indices(plain, sort_keys=[(name, "ascending") for name in plain.column_names]))


def _split(table: "pa.Table", spec: PipelineSpec) -> "np.ndarray":
    import numpy as np

    target = table[spec.target.column]
    labelled = np.asarray(target.is_valid())
    if spec.source.event_time:
        times = table[spec.source.event_time]
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
    labelled = table.num_rows - table[spec.target.column].null_count
    zone = " UTC" if held_out.type.tz else ""
    return (
        f"latest {len(held_out) / labelled:.0%} of rows held out: {spec.source.event_time} from "
        f"{held_out[0].as_py():%Y-%m-%d %H:%M} to {held_out[-1].as_py():%Y-%m-%d %H:%M}{zone}"
    )
