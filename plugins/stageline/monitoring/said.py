"""What the table of predictions says, as evaluations take it."""

from typing import TYPE_CHECKING, Any

from stageline.evaluation import Predictions
from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_BINARY = 2


def predictions_of(table: "pa.Table", classes: tuple[Any, ...], positive: Any) -> Predictions:
    """Return the predictions of a table.

    :param table: With the columns `prediction`, and where the model gives them `probability` (of the positive of two
        classes) or `probabilities` (a map by the class as a text).
    :param classes: The model's classes; none: a regression.
    :param positive: Of two classes, the one whose probability is given.
    :raises DataError: A prediction is null, or is none of the classes.
    """
    import numpy as np

    said = table["prediction"]
    if said.null_count:
        raise DataError(f"{said.null_count:,} of {len(said):,} predictions are null; score the rows again")
    if not classes:
        return Predictions(said.to_numpy().astype(float))
    values = np.empty(len(said), dtype=object)
    values[:] = said.to_pylist()
    return Predictions(values, _probabilities(table, classes, positive), classes)


def truth_of(values: "pa.Array", classes: tuple[Any, ...]) -> "tuple[np.ndarray, np.ndarray]":
    """Return true values as evaluations take them, and which are of a class that the model knows.

    :param values: Without nulls.
    :param classes: The model's classes; none: a regression.
    """
    import numpy as np

    if not classes:
        return values.to_numpy(zero_copy_only=False).astype(float), np.ones(len(values), bool)
    truth = np.empty(len(values), dtype=object)
    truth[:] = values.to_pylist()
    known = set(classes)
    return truth, np.fromiter((label in known for label in truth.tolist()), bool, count=len(truth))


def _probabilities(table: "pa.Table", classes: tuple[Any, ...], positive: Any) -> "np.ndarray | None":
    import numpy as np

    names = table.column_names
    if len(classes) == _BINARY and "probability" in names and not table["probability"].null_count:
        share = table["probability"].to_numpy()
        columns = [share if label == positive else 1 - share for label in classes]
        return np.column_stack(columns)
    if len(classes) == _BINARY or "probabilities" not in names or table["probabilities"].null_count:
        return None
    return _of_maps(table["probabilities"].combine_chunks(), classes)


def _of_maps(maps: "pa.Array", classes: tuple[Any, ...]) -> "np.ndarray":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(maps, pa.ChunkedArray):
        maps = pa.concat_arrays(maps.chunks) if maps.num_chunks else pa.nulls(0, maps.type)
    rows = np.repeat(np.arange(len(maps)), np.diff(maps.offsets.to_numpy()))
    first, last = (maps.offsets[0].as_py(), maps.offsets[-1].as_py()) if len(maps) else (0, 0)
    keys, shares = (each.slice(first, last - first) for each in (maps.keys, maps.items))
    columns = pc.index_in(keys.cast(pa.string()), pa.array([str(label) for label in classes]))
    found = np.full((len(maps), len(classes)), np.nan)
    found[rows, columns.fill_null(-1).to_numpy(zero_copy_only=False)] = shares.to_numpy(zero_copy_only=False)
    if columns.null_count or np.isnan(found).any():
        raise DataError(
            f"the predictions' probabilities are of other classes than the model's: {', '.join(map(str, classes))}"
        )
    return found
