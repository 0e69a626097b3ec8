"""Two columns whose product or ratio is the target."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stageline.leakage.formula import EXACT_WITHIN, HOLDS_IN_SHARE, Formula
from stageline.tables.floats import rounding_step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# All pairs are tried, on few rows: what survives is checked on all of them.
MAX_COLUMNS = 60
SCREENED_ROWS = 256
_MIN_TELLING = 10


def find_products(target: "Floats", columns: Mapping[str, "Floats"]) -> Iterator[Formula]:
    """Yield the products and ratios of two columns that give the target on the rows looked at.

    :param target: Values of a sample of rows, NaN where missing.
    :param columns: The same rows of every column of numbers.
    """
    import numpy as np

    rows = np.flatnonzero(np.isfinite(target) & (target != 0))
    rows = rows[np.linspace(0, len(rows) - 1, min(SCREENED_ROWS, len(rows))).astype(int)]
    if len(rows) < _MIN_TELLING:
        return
    truth = target[rows]
    names = [name for name, values in columns.items() if _varies(values[rows])][:MAX_COLUMNS]
    if len(names) < 2:  # noqa: PLR2004 - a pair
        return
    matrix = np.column_stack([columns[name][rows] for name in names])
    for first, name in enumerate(names):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            products, ratios = matrix[:, [first]] * matrix, matrix[:, [first]] / matrix
        for other, factor in _matching(truth, products):
            if other > first:
                yield Formula((name, names[other]), "product", (factor,))
        for other, factor in _matching(truth, ratios):
            if other != first:
                yield Formula((name, names[other]), "ratio", (factor,))


def _varies(values: "Floats") -> bool:
    import numpy as np

    known = values[np.isfinite(values)]
    return len(known) * 2 >= len(values) and bool(np.ptp(known) > 0)


def _matching(truth: "Floats", candidates: "Floats") -> list[tuple[int, float]]:
    """Return the positions of the candidates that are the target up to a factor, with the factor."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        usable = np.isfinite(candidates) & (candidates != 0)
        factors = np.where(usable, truth[:, None] / candidates, np.nan)
    found = []
    for position in np.flatnonzero(usable.sum(axis=0) >= max(_MIN_TELLING, len(truth) // 2)):
        # Small values were rounded most: the factor is read where the candidate is large.
        sizes = np.where(usable[:, position], np.abs(candidates[:, position]), -1)
        factor = float(np.nanmedian(factors[np.argsort(sizes)[-len(truth) // 4 :], position]))
        if not np.isfinite(factor) or factor == 0:
            continue
        error = np.abs(truth - factor * candidates[:, position])[usable[:, position]]
        slack = rounding_step(truth) + 1e3 * EXACT_WITHIN * np.abs(truth[usable[:, position]])
        if np.mean(error <= slack) >= HOLDS_IN_SHARE:
            found.append((int(position), factor))
    return found
