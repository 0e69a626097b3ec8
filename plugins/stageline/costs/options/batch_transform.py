"""Batches as a cloud's managed jobs."""

from stageline.costs.options.batch import machine_hours
from stageline.costs.options.waiting import comes_too_late
from stageline.costs.plan import Plan
from stageline.costs.replicas import slots, too_small
from stageline.costs.state import Served, State
from stageline.costs.usage import COMPUTE, STORAGE, Usage, merged

START_SECONDS = 240.0  # from the call to the first row, of which most is paid for: an assumption, measure it


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return the instances' hours and the objects that each run writes and reads."""
    import numpy as np

    at_once = max(slots(plan, plan.instance.vcpus, plan.instance.memory_gib), 1)
    hours = machine_hours(
        plan, state, served, at_once=at_once, start_seconds=START_SECONDS, shortest_seconds=1.0,
    )  # fmt: skip
    thousands = np.minimum(plan.batch.runs_per_month, served.computed) / 1_000
    return merged(
        {(COMPUTE, "instance_hour"): hours},
        {(STORAGE, "put_request"): thousands, (STORAGE, "get_request"): thousands},
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: answers come late, or the model is too large."""
    return comes_too_late(plan) or too_small(
        plan, plan.instance.vcpus, plan.instance.memory_gib, "the managed instance"
    )
