"""Servers of one's own, bought and written off over their life."""

from stageline.costs.plan import Plan
from stageline.costs.replicas import replicas_for, slots, too_slow, too_small
from stageline.costs.state import Served, State
from stageline.costs.units import HOURS_PER_MONTH
from stageline.costs.usage import HARDWARE, Usage


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return the servers' wear, place and power: once bought they stay, whether the load falls or not."""
    import numpy as np

    server = plan.server
    needed = replicas_for(plan, state, served, max(slots(plan, server.vcpus, server.memory_gib), 1))
    servers = np.maximum.accumulate(needed, axis=-1)
    return {
        (HARDWARE, "server"): servers * server.monthly_share,
        (HARDWARE, "server_hosting_month"): servers,
        (HARDWARE, "electricity_kwh"): servers * server.watts / 1_000 * HOURS_PER_MONTH,
    }


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: the model is too large or too slow."""
    server = plan.server
    return too_small(plan, server.vcpus, server.memory_gib, "the server") or too_slow(
        plan, slots(plan, server.vcpus, server.memory_gib)
    )
