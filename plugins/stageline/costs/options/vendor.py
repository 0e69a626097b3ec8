"""Somebody else's model behind an API, paid for by the prediction."""

from stageline.costs.plan import Plan
from stageline.costs.state import Served, State
from stageline.costs.usage import VENDOR, Usage


def use(plan: Plan, state: State, served: Served) -> Usage:  # noqa: ARG001 - one signature for all options
    """Return the predictions that are bought; what is not sampled or comes from a cache is not."""
    return {(VENDOR, "vendor_request"): served.rows}


def misfit(plan: Plan) -> str | None:  # noqa: ARG001 - one signature for all options
    """Return nothing: whether a vendor's model is good enough and quick enough, only a trial tells."""
    return None
