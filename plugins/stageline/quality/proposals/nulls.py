"""Proposals about values that may not be missing, or only seldom."""

from collections.abc import Iterator

from stageline.quality.proposals.column_values import LEAST_VALUES, ColumnValues
from stageline.quality.proposals.proposal import ProposedExpectation, critical, warning
from stageline.quality.proposals.row_order import blocks
from stageline.quality.proposals.tolerance import mostly_for

_NOT_NULL = "expect_column_values_to_not_be_null"


def about_nulls(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose that no value is missing, or where some are, that not many more are."""
    missing = int(column.null.sum())
    if not missing:
        reason = f"critical: it is {column.role}" if column.role else "warning: a gap is unusual, not wrong"
        propose = critical if column.role else warning
        yield propose(_NOT_NULL, f"no null in {column.rows:,} rows; {reason}", column=column.name)
        return
    if column.role in ("a key", "the event time") or column.rows - missing < LEAST_VALUES:
        return
    # Where there is no order in time, blocks are random and only show chance, which is allowed for anyway.
    shares = [float(column.null[block].mean()) for block in blocks(column.rows)] if column.in_time else []
    worst = max(shares, default=0.0)
    mostly = mostly_for(missing, column.rows, worst_share=worst)
    if mostly is None:
        return
    seen = f"{missing:,} of {column.rows:,} values ({100 * missing / column.rows:.2g} %) are null"
    if shares:
        seen += f", at most {100 * worst:.2g} % in a tenth of the time"
    yield warning(_NOT_NULL, f"{seen}; warning: a few gaps are usual, more are not", column=column.name, mostly=mostly)
