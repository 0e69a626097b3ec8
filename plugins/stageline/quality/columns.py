"""What a table's columns hold: the counts and small statistics that checks and later bands rest on."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from stageline.exceptions import DataError
from stageline.quality.wording import as_text


@dataclass(frozen=True)
class Histogram:
    """How a column's values are spread: numbers over bins, texts and booleans over their most frequent values.

    :param edges: Bounds of the bins of numbers, shape (k + 1,); empty for texts. The last bin includes its
        upper bound; a bin of numbers below the first or above the last edge is counted in `outside`.
    :param values: The values counted, as text, where there are no bins.
    :param counts: Values per bin, or per value, shape (k,).
    :param outside: Finite numbers beyond the edges, or texts other than `values`.
    """

    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    outside: int = 0


@dataclass(frozen=True)
class ColumnFacts:
    """Small statistics of one column; infinite values count as values, but not for min, max and mean.

    :param type: The engine's name of the column's type.
    :param count: Number of values that are not null.
    :param min: Least number, or the first time as ISO 8601; none for other types.
    :param max: Greatest number, or the last time as ISO 8601; none for other types.
    """

    type: str
    count: int
    nulls: int
    infinite: int
    min: float | str | None
    max: float | str | None
    mean: float | None
    histogram: Histogram | None = None


def require_distinct_names(names: Iterable[object]) -> None:
    """Refuse a table in which a name does not say which column is meant.

    :param names: The names, or the pandas table that they are of.
    :raises DataError: A name occurs twice, or is not a text.
    """
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"column name {name!r} is a {type(name).__name__}, not a text; rename the column")
        if name in seen:
            raise DataError(f"column {as_text(name)} occurs twice; give each column a name of its own")
        seen.add(name)


def nearest_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column whose name is closest to a name that does not exist, if any is close."""
    by_folded = {column.casefold(): column for column in columns}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None
