"""Columns whose sum, with factors, is the target: least squares, then as few columns as will do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stageline.leakage.formula import Formula

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Where all columns together explain less of the rows that agree best, no sum of some of them is the target.
FIRST_R2 = 0.98
# With fewer rows a column, least squares fits anything.
ROWS_PER_COLUMN = 5
MAX_COLUMNS = 300
MAX_TERMS = 40
_MAX_MISSING = 0.5
_KEPT_SHARE = 0.95
_REFITS = 3
_EXACT_RMS = 1e-7
_SLACK = 1.5


def find_sum(target: "Floats", columns: Mapping[str, "Floats"]) -> Formula | None:
    """Return the shortest sum of columns that gives the target in nearly every row, or None.

    Columns are taken one by one, each time the one that explains most of what is left (orthogonal matching
    pursuit; Pati, Rezaiifar and Krishnaprasad 1993), then those that turn out not to be needed are dropped.

    :param target: Values of a sample of rows, NaN where missing.
    :param columns: The same rows of every column of numbers.
    """
    import numpy as np

    names, rows = _complete(target, columns)
    if not names or len(rows) < 2 * ROWS_PER_COLUMN:
        return None
    matrix = np.column_stack([columns[name][rows] for name in names])
    truth = target[rows]
    scales, centres = matrix.std(axis=0), matrix.mean(axis=0)
    matrix = (matrix - centres) / scales
    height, middle = truth.std(), truth.mean()
    truth = (truth - middle) / height
    strongest = np.argsort(-np.abs(matrix.T @ truth))[: min(MAX_COLUMNS, len(rows) // ROWS_PER_COLUMN)]
    kept = _agreeing_rows(matrix[:, strongest], truth)
    if kept is None:
        return None
    limit = max(_EXACT_RMS, _SLACK * _rms(matrix[kept][:, strongest], truth[kept]))
    chosen = _pursue(matrix[kept], truth[kept], list(map(int, strongest)), limit)
    if chosen is None:
        return None
    # Fitted again where the rows agree, with the intercept that the means of all rows do not give.
    raw = np.column_stack([matrix[kept][:, chosen], np.ones(int(kept.sum()))])
    solved = np.linalg.lstsq(raw, truth[kept], rcond=None)[0]
    weights = solved[:-1] * height / scales[chosen]
    constant = middle + solved[-1] * height - float(weights @ centres[chosen])
    order = sorted(range(len(chosen)), key=lambda position: chosen[position])
    return Formula(
        tuple(names[chosen[position]] for position in order),
        "sum",
        tuple(float(weights[position]) for position in order),
        float(constant),
    )


def _complete(target: "Floats", columns: Mapping[str, "Floats"]) -> "tuple[list[str], NDArray[np.int64]]":
    """Return the columns that vary and the rows in which none is missing; sparse columns are left aside."""
    import numpy as np

    known = np.isfinite(target)
    missing = {name: float(np.isnan(values[known]).mean()) for name, values in columns.items()}
    names = [name for name, share in missing.items() if share <= _MAX_MISSING]
    while names:
        rows = np.flatnonzero(known & np.all([np.isfinite(columns[name]) for name in names], axis=0))
        if len(rows) * 2 >= known.sum():
            varying = [name for name in names if np.std(columns[name][rows]) > 0]
            return (varying if len(rows) and np.std(target[rows]) > 0 else []), rows
        names.remove(max(names, key=missing.__getitem__))
    return [], np.empty(0, dtype=np.int64)


def _agreeing_rows(matrix: "Floats", truth: "Floats") -> "NDArray[np.bool_] | None":
    """Return the rows on which a linear fit agrees best, so that a few wrong rows do not hide a formula."""
    import numpy as np

    kept = np.ones(len(truth), dtype=bool)
    design = np.column_stack([matrix, np.ones(len(truth))])
    for _ in range(_REFITS):
        solved = np.linalg.lstsq(design[kept], truth[kept], rcond=None)[0]
        error = np.abs(truth - design @ solved)
        kept = error <= np.quantile(error, _KEPT_SHARE)
    spread = float(np.var(truth[kept]))
    return kept if spread and 1 - float(np.mean(error[kept] ** 2)) / spread >= FIRST_R2 else None


def _pursue(matrix: "Floats", truth: "Floats", pool: list[int], limit: float) -> list[int] | None:
    import numpy as np

    chosen: list[int] = []
    left = truth - truth.mean()
    while len(chosen) < min(MAX_TERMS, len(pool)):
        gains = np.abs(matrix[:, pool].T @ left)
        gains[[pool.index(column) for column in chosen]] = -1
        chosen.append(pool[int(np.argmax(gains))])
        left = _left(matrix[:, chosen], truth)
        if np.sqrt(np.mean(left**2)) <= limit:
            break
    else:
        return None
    for column in sorted(chosen, key=lambda column: abs(float(matrix[:, column] @ truth))):
        fewer = [other for other in chosen if other != column]
        if fewer and _rms(matrix[:, fewer], truth) <= limit:
            chosen = fewer
    return chosen


def _rms(matrix: "Floats", truth: "Floats") -> float:
    import numpy as np

    return float(np.sqrt(np.mean(_left(matrix, truth) ** 2)))


def _left(matrix: "Floats", truth: "Floats") -> "Floats":
    import numpy as np

    design = np.column_stack([matrix, np.ones(len(truth))])
    left: Floats = truth - design @ np.linalg.lstsq(design, truth, rcond=None)[0]
    return left
