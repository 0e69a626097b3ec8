"""Where a model fails, and what that costs."""

from stageline.diagnosis.failures import FailureGroup, costliest_groups, costliest_rows, row_costs

__all__ = ["FailureGroup", "costliest_groups", "costliest_rows", "row_costs"]
