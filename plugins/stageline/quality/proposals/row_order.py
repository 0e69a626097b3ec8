"""The order in which rows are looked at: by event time, or shuffled where there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables import parse_event_time

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCKS = 10
LEAST_IN_BLOCK = 30


@dataclass(frozen=True)
class RowOrder:
    """Rows in the order of their event time, or, where there is none, in an order that means nothing.

    A file without an event time may be sorted by anything, its target too: its two halves show nothing about
    the rows to come, two random halves do.

    :param positions: Positions of the rows in the table, shape (rows,).
    :param times: Event times in that order, as microseconds; none where the order means nothing.
    :param in_utc: Whether the times have a zone, and so are in UTC; others are as the source has them.
    :param fault: Why the event time orders no rows, if it does not.
    """

    positions: "NDArray[np.int64]"
    times: "NDArray[np.int64] | None"
    in_utc: bool = False
    fault: str = ""

    @property
    def in_time(self) -> bool:
        """Whether the rows stand in the order in which they happened."""
        return self.times is not None


def order_rows(frame: "pd.DataFrame", event_time: str | None) -> RowOrder:
    """Return the order of a table's rows."""
    import numpy as np
    import pyarrow as pa

    fault = ""
    if event_time is not None:
        series = frame[event_time]
        zone = getattr(series.dtype, "tz", None)
        try:
            # Without its zone: Arrow takes it in a way that pandas warns about.
            values = pa.Array.from_pandas(series.dt.tz_convert("UTC").dt.tz_localize(None) if zone else series)
            times = parse_event_time(pa.table({event_time: pa.chunked_array([values])}), event_time)
        except (DataError, pa.ArrowException) as error:
            fault = str(error)
        else:
            moments = times.cast(pa.int64()).to_numpy()
            positions = np.argsort(moments, kind="stable")
            return RowOrder(positions, moments[positions], in_utc=bool(zone or times.type.tz))
    # The seed keeps proposals the same from one look to the next.
    return RowOrder(np.random.default_rng(0).permutation(len(frame)), None, fault=fault)


def blocks(count: int) -> list[slice]:
    """Return ten blocks of consecutive values, as equal as can be; none where they would be too small."""
    if count < BLOCKS * LEAST_IN_BLOCK:
        return []
    return [slice(count * block // BLOCKS, count * (block + 1) // BLOCKS) for block in range(BLOCKS)]


def rank_correlation(first: "Sequence[float] | Floats", second: "Sequence[float] | Floats") -> float:
    """Return Spearman's rank correlation, equal values with their mean rank; 0 where one does not vary."""
    import numpy as np

    one, other = _mean_ranks(first), _mean_ranks(second)
    return float(np.corrcoef(one, other)[0, 1]) if np.ptp(one) and np.ptp(other) else 0.0


def _mean_ranks(values: "Sequence[float] | Floats") -> "Floats":
    import numpy as np

    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks
