"""Answers that come with the next run of a job: how long they take, and for whom that is too long."""

from stageline.costs.plan import Plan
from stageline.costs.units import SECONDS_PER_MONTH

_HOUR = 3_600.0


def comes_too_late(plan: Plan) -> str | None:
    """Return why answers that come with the next run do not fit."""
    if plan.objective is not None:
        return f"answers come with the next run, and have to come within {plan.objective.within_seconds:g} s"
    if plan.waits_seconds is None:
        return None
    longest = SECONDS_PER_MONTH / plan.batch.runs_per_month + plan.batch.finish_seconds
    if longest <= plan.waits_seconds:
        return None
    return f"an answer comes up to {longest / _HOUR:.3g} h late, {plan.waits_seconds / _HOUR:.3g} h are allowed"
