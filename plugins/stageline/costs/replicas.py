"""How many replicas of a machine keep the objective at the peak, and which machines are too small for the model."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from stageline.costs.capacity import ROOM, least_ratio, servers_for
from stageline.costs.plan import Plan
from stageline.costs.queueing import Objective
from stageline.costs.state import Served, State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def slots(plan: Plan, vcpus: int, memory_gib: float) -> int:
    """Return how many requests a machine works on at once: one a vCPU, as far as each process fits into memory."""
    return min(vcpus, math.floor(memory_gib / plan.memory_gib))


def too_small(plan: Plan, vcpus: int, memory_gib: float, name: str) -> str | None:
    """Return why the model cannot run on a machine at all; memory is a hard constraint."""
    if slots(plan, vcpus, memory_gib) >= 1:
        return None
    return f"the model takes {plan.memory_gib:g} GiB, {name} has {memory_gib:g} GiB"


def job_objective(plan: Plan) -> Objective | None:
    """Return the objective without the time that a request waits to be joined with others."""
    if plan.objective is None or plan.joined <= 1:
        return plan.objective
    return replace(plan.objective, within_seconds=max(plan.objective.within_seconds - plan.join_seconds, 1e-9))


def job_seconds(plan: Plan, joined: "NDArray[np.float64] | float", at_once: int) -> "NDArray[np.float64] | float":
    """Return the seconds of what is answered together, on a machine that works on `at_once` of them."""
    rows = plan.traffic.rows_per_request * joined
    alone = plan.service.fixed_seconds + plan.service.per_row_seconds * rows
    return alone * plan.service.slowdown(at_once)


def replicas_for(plan: Plan, state: State, served: Served, at_once: int) -> "NDArray[np.float64]":
    """Return whole replicas, each of `at_once` slots, that keep the objective at the peak.

    Requests that may be joined arrive as λ / n jobs a second of n requests, n = 1 + λ · wait up to `joined`.
    """
    import numpy as np

    together = np.clip(1 + served.peak_per_second * plan.join_seconds, 1.0, plan.joined)
    seconds = np.asarray(job_seconds(plan, together, at_once) * state.latency_times, float)
    servers = servers_for(served.peak_per_second / together, seconds, job_objective(plan), plan.service.variation)
    return np.maximum(np.ceil(servers / at_once), float(plan.least_replicas))


def too_slow(plan: Plan, at_once: int) -> str | None:
    """Return why no number of replicas keeps the objective."""
    objective = job_objective(plan)
    if objective is None or at_once < 1:
        return None
    seconds = float(job_seconds(plan, plan.joined, at_once))
    least = ROOM * least_ratio(1 - objective.share, plan.service.variation) * seconds
    if objective.within_seconds >= least:
        return None
    wait = f" after {plan.join_seconds:g} s of joining" if plan.joined > 1 else ""
    return (
        f"{objective.share:.4g} of the answers within {objective.within_seconds:.3g} s{wait} is out of reach: an "
        f"answer takes {seconds:.3g} s on average, which needs {least:.3g} s"
    )
