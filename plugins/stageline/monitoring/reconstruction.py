"""How badly a row is rebuilt from the main directions of the reference: what no single column shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

LEAST_COLUMNS = 3
_SHARE = 0.8
_ROWS = 100_000
_DIGITS = 6


class Directions(BaseModel):
    """The main directions of a reference's numbers.

    :param names: Its numeric columns.
    :param center: Their means.
    :param spread: Their standard deviations; 1 for a constant.
    :param axes: Unit vectors in standardised columns, each of `len(names)` numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    center: tuple[float, ...]
    spread: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]

    def errors(self, rows: "pa.RecordBatch | pa.Table") -> "np.ndarray":
        """Return the reconstruction error of each row, shape (rows,), in standard deviations a column.

        A row is standardised, projected onto the directions and back; what is lost is its error: the root of the mean
        square over the columns. A missing value stands in the middle. Jolliffe (2002), Principal Component Analysis,
        section 10.1.
        """
        import numpy as np

        values = _standardised(_matrix(rows, self.names), np.array(self.center), np.array(self.spread))
        axes = np.array(self.axes)
        lost = values - (values @ axes.T) @ axes
        found: np.ndarray = np.sqrt((lost**2).mean(axis=1))
        return found


def find_directions(table: "pa.Table", names: Sequence[str], *, seed: int = 0) -> Directions | None:
    """Return the directions that hold 80 % of the variance, or none where fewer than three columns vary.

    :param table: The reference; of more than 100,000 rows so many are drawn.
    :param names: Its numeric columns.
    """
    import numpy as np
    from sklearn.decomposition import PCA

    if table.num_rows > _ROWS:
        drawn = np.sort(np.random.default_rng(seed).choice(table.num_rows, _ROWS, replace=False))
        table = table.take(drawn)
    values = _matrix(table, names)
    held = (column[~np.isnan(column)] for column in values.T)
    known = [place for place, column in enumerate(held) if len(column) and column.std() > 0]
    if len(known) < LEAST_COLUMNS:
        return None
    values = values[:, known]
    center, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    fitted = PCA(n_components=_SHARE, svd_solver="full", random_state=seed).fit(_standardised(values, center, spread))
    return Directions(
        names=tuple(names[place] for place in known),
        center=_short(center),
        spread=_short(spread),
        axes=tuple(_short(axis) for axis in fitted.components_),
    )


def _matrix(rows: "pa.RecordBatch | pa.Table", names: Sequence[str]) -> "np.ndarray":
    """Return the columns side by side, NaN where there is no usable number."""
    import numpy as np
    import pyarrow as pa

    found = np.empty((rows.num_rows, len(names)))
    for place, name in enumerate(names):
        column = rows.column(name).cast(pa.float64())
        found[:, place] = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(False)
    found[~np.isfinite(found)] = np.nan
    return found


def _standardised(values: "np.ndarray", center: "np.ndarray", spread: "np.ndarray") -> "np.ndarray":
    import numpy as np

    found: np.ndarray = np.nan_to_num((values - center) / spread, nan=0.0)
    return found


def _short(values: "np.ndarray") -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values.tolist())
