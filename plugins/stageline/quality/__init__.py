"""Expectations about the data: run them, and propose them from a table."""

from stageline.quality.propose import ProposedExpectation, propose_expectations
from stageline.quality.suite import check_quality

__all__ = ["ProposedExpectation", "check_quality", "propose_expectations"]
