"""Single columns that nearly give the target away: copies, transforms, recodings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stageline.leakage.held_out import held_out_accuracy, held_out_r2
from stageline.tables.floats import as_floats, holds_numbers, holds_text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

# At or above these a column is no longer a good feature but the target in other clothes.
MIN_R2 = 0.98
MIN_BALANCED_ACCURACY = 0.98
MIN_RANK_CORRELATION = 0.99  # for normal values the same as an R² of 0.98
# A good feature can be right in every one of a few rows; below this many rows one mistake clears it.
ROWS_FOR_MISTAKES = 500
_ROWS_PER_CLASS = 5
_MODE_SHARE = 0.2
_MAX_WITHOUT_NUMBER = 0.05
_MIN_ROWS = 20


@dataclass(frozen=True)
class Likeness:
    """How well one column gives the target, and how that was measured."""

    strength: float
    measure: Literal["rank correlation", "R²", "balanced accuracy"]


@dataclass(frozen=True)
class TargetValues:
    """The target on the rows looked at.

    :param numbers: Its values, where it is a number.
    :param classes: Its class codes from 0, where it is a class; -1 for classes too rare to judge.
    """

    numbers: "Floats | None"
    classes: "Codes | None"


def target_values(values: "pa.ChunkedArray", *, classification: bool) -> TargetValues:
    """Return the target as the measures take it.

    :param values: Without nulls.
    """
    import numpy as np

    numbers = as_floats(values) if holds_numbers(values.type) else None
    if not classification:
        return TargetValues(numbers, None)
    codes = _codes(values)
    counts = np.bincount(codes)
    kept = np.flatnonzero(counts >= _ROWS_PER_CLASS)
    renumbered = np.full(len(counts), -1)
    renumbered[kept] = np.arange(len(kept))
    return TargetValues(numbers, renumbered[codes])


def likeness(values: "pa.ChunkedArray", target: TargetValues) -> Likeness | None:
    """Return how a column gives the target away, or None if it does not.

    Everything is judged on rows that the rule was not made from, so an id that a tree could learn by heart
    scores nothing.

    :param values: The column, on the same rows as the target.
    """
    numbers = as_floats(values) if holds_numbers(values.type) else _numbers_in_text(values)
    if numbers is not None and _is_counter(numbers):
        return None
    groups = _codes(values) if holds_numbers(values.type) or holds_text(values.type) else None
    if target.classes is not None:
        return _like_classes(numbers, groups, target.classes)
    return None if target.numbers is None else _like_numbers(numbers, groups, target.numbers)


def _like_numbers(numbers: "Floats | None", groups: "Codes | None", target: "Floats") -> Likeness | None:
    import numpy as np

    known = np.isfinite(target)
    target = target[known]
    if len(target) < _MIN_ROWS or np.ptp(target) == 0:
        return None
    if numbers is not None:
        ranked = _rank_correlation(numbers[known], target)
        if ranked >= MIN_RANK_CORRELATION:
            return Likeness(ranked, "rank correlation")
    score = held_out_r2(None if numbers is None else numbers[known], None if groups is None else groups[known], target)
    return Likeness(score, "R²") if score >= MIN_R2 else None


def _like_classes(numbers: "Floats | None", groups: "Codes | None", target: "Codes") -> Likeness | None:
    known = target >= 0
    target = target[known]
    if len(target) < _MIN_ROWS or target.max() == 0:
        return None
    score = held_out_accuracy(
        None if numbers is None else numbers[known], None if groups is None else groups[known], target
    )
    limit = MIN_BALANCED_ACCURACY if len(target) >= ROWS_FOR_MISTAKES else 1.0
    return Likeness(score, "balanced accuracy") if score >= limit else None


def _rank_correlation(numbers: "Floats", target: "Floats") -> float:
    """Return |Spearman's rho|, the smaller of two: over all rows, and over those off the commonest value.

    A column that only tells zeros from the rest orders a mostly-zero target well, and says little about it.
    """
    import numpy as np
    from scipy.stats import rankdata

    both = np.isfinite(numbers)
    if both.sum() < max(_MIN_ROWS, len(both) / 2):
        return 0.0
    numbers, target = numbers[both], target[both]
    values, counts = np.unique(target, return_counts=True)
    selections = [np.ones(len(target), dtype=bool)]
    if counts.max() > _MODE_SHARE * len(target):
        selections.append(target != values[counts.argmax()])
    lowest = 1.0
    for rows in selections:
        first, second = numbers[rows], target[rows]
        if len(first) < _MIN_ROWS or np.ptp(first) == 0 or np.ptp(second) == 0:
            return 0.0
        lowest = min(lowest, abs(float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])), 1.0)
    return lowest


def _is_counter(numbers: "Floats") -> bool:
    """Return whether the column numbers the rows: such a one follows whatever changes over time."""
    import numpy as np

    if np.isnan(numbers).any() or np.any(numbers != np.round(numbers)):
        return False
    steps = np.diff(numbers)
    return bool(np.all(steps > 0) or np.all(steps < 0))


def _numbers_in_text(values: "pa.ChunkedArray") -> "Floats | None":
    """Return the numbers of texts such as `12.5`, `EUR 1,200` or `7 pcs`, or None if they hold none."""
    import pandas as pd
    import pyarrow.compute as pc

    if not holds_text(values.type) or values.null_count == len(values):
        return None
    plain = pc.replace_substring(values, ",", "")
    found = pc.struct_field(pc.extract_regex(plain, r"^[^0-9]*?(?P<number>[-+]?[0-9]+(?:\.[0-9]+)?)[^0-9]*$"), 0)
    if found.null_count - values.null_count > _MAX_WITHOUT_NUMBER * len(values):
        return None
    numbers: Floats = pd.to_numeric(found.to_pandas(), errors="coerce").to_numpy(dtype=float)
    return numbers


def _codes(values: "pa.ChunkedArray") -> "Codes":
    """Return a code from 0 for each different value; null is a value of its own."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(values.combine_chunks(), null_encoding="encode")
    codes: Codes = encoded.indices.to_numpy().astype(np.int64)
    return codes
