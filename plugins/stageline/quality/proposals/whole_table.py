"""Proposals about the table as a whole: its columns, and how many rows it has."""

import math
from collections.abc import Callable, Iterator, Sequence

from stageline.quality.proposals.proposal import ProposedExpectation, critical, warning
from stageline.quality.proposals.row_order import RowOrder

_MICROSECONDS_A_DAY = 86_400_000_000


def about_columns(columns: Sequence[str], needed: Sequence[str]) -> Iterator[ProposedExpectation]:
    """Propose that the needed columns are there, and that no other ones are.

    :param needed: Columns that the pipeline reads.
    """
    if needed:
        yield critical(
            "expect_table_columns_to_match_set",
            f"the {len(needed)} columns seen; critical: a pipeline cannot go on without one of them",
            column_set=[*needed], exact_match=False,
        )  # fmt: skip
    yield warning(
        "expect_table_columns_to_match_set",
        f"the {len(columns)} columns seen; warning: a new column is news, not a fault",
        column_set=[*columns], exact_match=True,
    )  # fmt: skip


def about_rows(rows: int, order: RowOrder) -> Iterator[ProposedExpectation]:
    """Propose a band of half to double the rows: what is cut off or loaded twice leaves it."""
    least, most = max(_two_digits(rows / 2, math.floor), 1), _two_digits(rows * 2, math.ceil)
    yield warning(
        "expect_table_row_count_to_be_between",
        f"seen {rows:,} rows; about half of them to double{_growth(rows, most, order)}; warning: refresh it where "
        "the table grows",
        min_value=least, max_value=most,
    )  # fmt: skip


def _two_digits(number: float, rounding: Callable[[float], int]) -> int:
    # Two digits are enough for a band, and the next refresh will not differ by a few rows.
    step = int(10 ** max(math.floor(math.log10(number)) - 1, 0))
    return rounding(number / step) * step


def _growth(rows: int, most: int, order: RowOrder) -> str:
    """Say when a table that keeps growing at its pace will have left the band."""
    if order.times is None or (days := float(order.times[-1] - order.times[0]) / _MICROSECONDS_A_DAY) < 1:
        return ""
    return f", which {rows / days:,.3g} new rows a day would reach after {(most - rows) * days / rows:,.0f} days"
