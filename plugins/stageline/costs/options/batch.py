"""Batches on a machine of one's own that is rented while they run."""

from typing import TYPE_CHECKING

from stageline.costs.options.waiting import comes_too_late
from stageline.costs.plan import Plan
from stageline.costs.replicas import slots, too_small
from stageline.costs.state import Served, State
from stageline.costs.usage import COMPUTE, STORAGE, Usage, merged, rented

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHORTEST_SECONDS = 60.0  # billed at least, per machine and run (AWS Fargate price page, "Duration")


def machine_hours(
    plan: Plan, state: State, served: Served, *, at_once: int, start_seconds: float, shortest_seconds: float
) -> "NDArray[np.float64]":
    """Return the machine-hours a month of all runs, each machine's start included.

    Work a run = rows · (per_row + fixed / largest_rows) · slowdown / slots; machines a run = ⌈work / (finish - start)⌉,
    at least 1.
    """
    import numpy as np

    runs = np.minimum(plan.batch.runs_per_month, served.computed)
    work = (
        served.rows
        / runs
        * plan.service.batch_row_seconds
        * plan.service.slowdown(at_once)
        / at_once
        * state.latency_times
    )
    machines = np.maximum(np.ceil(work / max(plan.batch.finish_seconds - start_seconds, 1.0)), 1.0)
    seconds = np.maximum(machines * start_seconds + work, machines * shortest_seconds)
    return np.asarray(runs * seconds / 3_600.0)


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return the machine's hours and the objects that each run writes and reads."""
    import numpy as np

    at_once = slots(plan, plan.machine.vcpus, plan.machine.memory_gib)
    hours = machine_hours(
        plan, state, served, at_once=max(at_once, 1), start_seconds=plan.batch.start_seconds,
        shortest_seconds=SHORTEST_SECONDS,
    )  # fmt: skip
    thousands = np.minimum(plan.batch.runs_per_month, served.computed) / 1_000
    return merged(
        rented(COMPUTE, hours, plan.machine.vcpus, plan.machine.memory_gib, plan.interruptible_times),
        {(STORAGE, "put_request"): thousands, (STORAGE, "get_request"): thousands},
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: answers come late, or the model is too large."""
    return comes_too_late(plan) or too_small(plan, plan.machine.vcpus, plan.machine.memory_gib, "the rented machine")
