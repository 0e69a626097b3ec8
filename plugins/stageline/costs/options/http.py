"""A server of one's own on rented machines that are always there, sized for the peak."""

from stageline.costs.plan import Plan
from stageline.costs.replicas import replicas_for, slots, too_slow, too_small
from stageline.costs.state import Served, State
from stageline.costs.units import HOURS_PER_MONTH
from stageline.costs.usage import COMPUTE, Usage, answers_sent, cache_memory, merged, rented


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return replicas all month, busy or not, and the answers they send."""
    machine = plan.machine
    replicas = replicas_for(plan, state, served, max(slots(plan, machine.vcpus, machine.memory_gib), 1))
    return merged(
        rented(COMPUTE, replicas * HOURS_PER_MONTH, machine.vcpus, machine.memory_gib, plan.compute_times),
        cache_memory(plan, HOURS_PER_MONTH),
        answers_sent(plan, served),
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: the model is too large or too slow."""
    machine = plan.machine
    return too_small(plan, machine.vcpus, machine.memory_gib, "the rented machine") or too_slow(
        plan, slots(plan, machine.vcpus, machine.memory_gib)
    )
