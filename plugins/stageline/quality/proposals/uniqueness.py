"""Proposals about values that occur once: what names a row, and steps of time that do not repeat."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stageline.quality.proposals.column_values import LEAST_VALUES, ColumnValues
from stageline.quality.proposals.patterns import pattern_of
from stageline.quality.proposals.proposal import ProposedExpectation, critical, warning
from stageline.quality.proposals.row_order import RowOrder
from stageline.quality.proposals.wording import as_duration

if TYPE_CHECKING:
    import pandas as pd

_UNIQUE = "expect_column_values_to_be_unique"
# Times are a grid if nearly all steps between them are the same.
_EVEN_SHARE = 0.9


def about_keys(frame: "pd.DataFrame", keys: Sequence[str]) -> Iterator[ProposedExpectation]:
    """Propose that the keys name a row, if they do."""
    if not keys or frame[[*keys]].isna().to_numpy().any() or not _are_unique(frame[[*keys]]):
        return
    seen = f"unique on all {len(frame):,} rows; critical:"
    if len(keys) == 1:
        yield critical(_UNIQUE, f"{seen} it is a key", column=keys[0])
    else:
        yield critical(
            "expect_compound_columns_to_be_unique", f"{seen} together they name a row", column_list=[*keys]
        )  # fmt: skip


def about_even_times(column: ColumnValues, order: RowOrder) -> Iterator[ProposedExpectation]:
    """Propose that each time occurs once, if the times are an even grid such as one row an hour.

    Other times may well be unique by chance.
    """
    import numpy as np

    if order.times is None or len(order.times) < LEAST_VALUES:
        return
    steps = np.diff(order.times)
    step = int(np.median(steps))
    even = int((steps == step).sum())
    if steps.min() > 0 and even >= _EVEN_SHARE * len(steps):
        yield warning(
            _UNIQUE,
            f"{even:,} of {len(steps):,} steps are {as_duration(step)}, and no time occurs twice; warning: a repeated "
            "one may be a row loaded twice",
            column=column.name,
        )  # fmt: skip


def about_names(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose that a column nobody declared as a key names rows: texts of one shape, or numbers without a gap.

    Measured numbers and prose may well be unique by chance.
    """
    count = len(column.known)
    if column.role or count < LEAST_VALUES or not _are_unique(column.known):
        return
    if column.kind == "integer":
        numbers = column.numbers()
        named = float(numbers.max() - numbers.min()) == count - 1
        seen = "are different and leave no gap"
    else:
        named = pattern_of(column) is not None
        seen = "are different and of one shape"
    if named:
        yield warning(
            _UNIQUE,
            f"all {count:,} values {seen}; warning: it seems to name rows, and if it does belongs to source.keys",
            column=column.name,
        )  # fmt: skip


def _are_unique(values: "pd.Series[Any] | pd.DataFrame") -> bool:
    try:
        return not bool(values.duplicated().any())
    except TypeError:  # lists and dicts cannot be hashed
        return False
