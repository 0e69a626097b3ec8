"""The facts of the columns of a pandas table."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.engines import bins
from stageline.quality.engines.kinds import MOMENTS, NUMBERS, Column, Kind

if TYPE_CHECKING:
    import pandas as pd


def describe(column: Column, series: "pd.Series[Any]", like: Mapping[str, Histogram]) -> ColumnFacts:
    """Return the facts of one column.

    :param series: Its values as they are judged.
    :param like: Histograms whose bins the new one takes over.
    """
    import numpy as np

    values = series.dropna()
    earlier = bins.taken_over(column, like)
    least: float | str | None = None
    most: float | str | None = None
    infinite, mean, histogram = 0, None, None
    if column.kind in MOMENTS and len(values):
        least, most = (_as_text(edge, column.kind) for edge in (values.min(), values.max()))
    elif column.kind in NUMBERS or column.kind is Kind.BOOLEAN:
        numbers = values.astype("float64").to_numpy()
        finite = np.isfinite(numbers)
        infinite = int((~finite).sum())
        if finite.any():
            exact = values if not infinite else values[finite]
            least, most, mean = _plain(exact.min()), _plain(exact.max()), _mean(numbers[finite])
            histogram = _bins(column, numbers[finite], earlier) if column.kind in NUMBERS else None
    if bins.has_values(column) and len(values):
        histogram = _top_values(values, column.kind, earlier)
    return ColumnFacts(
        type=column.type,
        count=len(values),
        nulls=len(series) - len(values),
        infinite=infinite,
        min=least,
        max=most,
        mean=mean,
        histogram=histogram,
    )


def _bins(column: Column, numbers: Any, earlier: Histogram | None) -> Histogram:
    import numpy as np

    if earlier:
        edges = earlier.edges
    else:
        low = float(np.quantile(numbers, bins.BEYOND, method="lower"))
        high = float(np.quantile(numbers, 1 - bins.BEYOND, method="higher"))
        edges = bins.edges_of(column, low, high)
    within = numbers[(numbers >= edges[0]) & (numbers <= edges[-1])]
    if len(edges) == 2:  # noqa: PLR2004 - one bin, whose width may be more than a float holds
        return bins.as_bins(edges, {0: len(within)}, len(numbers))
    places = np.minimum(np.floor((within - edges[0]) / bins.width_of(edges)), len(edges) - 2)
    counts = np.bincount(places.astype(int), minlength=len(edges) - 1)
    return bins.as_bins(edges, dict(enumerate(counts.tolist())), len(numbers))


def _top_values(values: "pd.Series[Any]", kind: Kind, earlier: Histogram | None) -> Histogram:
    texts = values.map({True: "true", False: "false"}) if kind is Kind.BOOLEAN else values.astype(str)
    counted = texts.value_counts()
    if earlier:
        return bins.as_values([(text, int(counted.get(text, 0))) for text in earlier.values], len(values))  # noqa: PD011
    frequent = sorted(
        ((str(text), int(occurs)) for text, occurs in counted.items() if len(str(text)) <= bins.LONGEST_VALUE),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return bins.as_values(frequent[: bins.TOP_VALUES], len(values))


def _mean(numbers: Any) -> float | None:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(numbers.mean())
    return mean if math.isfinite(mean) else None


def _plain(number: Any) -> float:
    number = number.item() if hasattr(number, "item") else number
    return int(number) if isinstance(number, int) else float(number)


def _as_text(moment: Any, kind: Kind) -> str:
    plain = moment.to_pydatetime(warn=False)
    return str(plain.date().isoformat() if kind is Kind.DATE else plain.isoformat())
