"""Expectations about the data: run them, propose them from a table, and see whether data move over time."""

from stageline.quality.freshness import check_freshness
from stageline.quality.proposals.proposal import Proposals, ProposedExpectation
from stageline.quality.proposals.propose import propose_expectations, propose_with_notes
from stageline.quality.quarantining import Handled, RowCount, failed_by_rows, rows_conserved, settle
from stageline.quality.suite import check_quality

__all__ = [
    "Handled",
    "Proposals",
    "ProposedExpectation",
    "RowCount",
    "check_freshness",
    "check_quality",
    "failed_by_rows",
    "propose_expectations",
    "propose_with_notes",
    "rows_conserved",
    "settle",
]
