"""A managed endpoint behind a queue that goes away when nothing comes."""

from stageline.costs.plan import Plan
from stageline.costs.replicas import slots, too_small
from stageline.costs.state import Served, State
from stageline.costs.units import DAYS_PER_MONTH, HOURS_PER_MONTH
from stageline.costs.usage import COMPUTE, STORAGE, TRANSFER, Usage, merged

UTILISATION = 0.8  # of the hours that are paid for: the queue holds what comes too fast
_POINTER_KIB = 2.0  # a request and an answer of 1 KiB each say where the data lie
_KIB_PER_GIB = 1_024.0**2


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return the hours in which instances are there, and the objects that requests and answers are.

    One instance is there for the share 1 - (1 - u) · exp(-λ · cooldown) of the active hours: of an M/G/1 queue, a
    cycle of busy periods s / (1 - u) and pauses 1 / λ ends with the first pause longer than the cooldown, which happens
    with p = exp(-λ · cooldown); its mean length is 1 / (p · λ · (1 - u)), and away is 1 / λ of it. Where one instance
    is not enough, ⌈u / 0.8⌉ are there in all active hours. The pause of a night adds one cooldown a day.
    """
    import numpy as np

    at_once = max(slots(plan, plan.instance.vcpus, plan.instance.memory_gib), 1)
    seconds = plan.service.seconds(plan.traffic.rows_per_request, at_once) * state.latency_times
    busy = served.mean_per_second * seconds / at_once
    instances = np.maximum(np.ceil(busy / UTILISATION), 1.0)
    alone = 1 - (1 - np.minimum(busy, 1.0)) * np.exp(-served.mean_per_second * plan.cooldown_seconds)
    there = np.where(instances > 1, 1.0, alone)
    active = HOURS_PER_MONTH * plan.traffic.active_share
    nights = DAYS_PER_MONTH * plan.cooldown_seconds / 3_600 if plan.traffic.active_share < 1 else 0.0
    hours = instances * np.minimum(active * there + nights, HOURS_PER_MONTH)
    thousands = served.computed * 2 / 1_000
    return merged(
        {(COMPUTE, "instance_hour"): hours},
        {(STORAGE, "put_request"): thousands, (STORAGE, "get_request"): thousands},
        {(TRANSFER, "processed_gib"): served.computed * _POINTER_KIB / _KIB_PER_GIB},
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: answers have to come at once, or the model is too large."""
    if plan.objective is not None:
        return f"answers come from a queue, and have to come within {plan.objective.within_seconds:g} s"
    return too_small(plan, plan.instance.vcpus, plan.instance.memory_gib, "the managed instance")
