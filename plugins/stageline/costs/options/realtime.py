"""A managed endpoint whose instances are always there, sized for the peak."""

from stageline.costs.plan import Plan
from stageline.costs.replicas import replicas_for, slots, too_slow, too_small
from stageline.costs.state import Served, State
from stageline.costs.units import HOURS_PER_MONTH
from stageline.costs.usage import COMPUTE, Usage, answers_sent, cache_memory, endpoint_data, merged


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return instances all month, busy or not, and the data they take in and give out."""
    at_once = max(slots(plan, plan.instance.vcpus, plan.instance.memory_gib), 1)
    hours = replicas_for(plan, state, served, at_once) * HOURS_PER_MONTH
    return merged(
        {(COMPUTE, "instance_hour"): hours * plan.compute_times},
        cache_memory(plan, HOURS_PER_MONTH),
        endpoint_data(plan, served),
        answers_sent(plan, served),
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: the model is too large or too slow."""
    instance = plan.instance
    return too_small(plan, instance.vcpus, instance.memory_gib, "the managed instance") or too_slow(
        plan, slots(plan, instance.vcpus, instance.memory_gib)
    )
