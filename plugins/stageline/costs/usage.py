"""What is used of each thing that has a price, by what it is for."""

from typing import TYPE_CHECKING

from stageline.costs.plan import Plan
from stageline.costs.state import Served, State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPUTE, TRAINING, STORAGE, TRANSFER = "compute", "training", "storage", "transfer"
WATCHING, ANNOTATION, OPERATION = "logs and metrics", "annotation", "operation"
DEVELOPMENT, HARDWARE, VENDOR, LICENCES = "development", "hardware", "vendor", "licences"
CATEGORIES = (
    COMPUTE, HARDWARE, VENDOR, TRANSFER, STORAGE, WATCHING, ANNOTATION, OPERATION, TRAINING, DEVELOPMENT, LICENCES,
)  # fmt: skip
# Building and improving is fixed, maintaining and serving varies with use.
FIXED = frozenset({DEVELOPMENT, TRAINING, HARDWARE, LICENCES})
# What a meter sees of a pipeline's own work (`metering`): the rest is said or bought.
METERED = frozenset({COMPUTE, TRAINING, STORAGE})
PEOPLE = "engineer_hour"

# The unit in which each is counted; a project may price it in another unit of the same dimension.
COUNTED_IN: dict[str, str] = {
    "vcpu_hour": "vCPU-hour", "memory_gib_hour": "GiB-hour", "instance_hour": "instance-hour",
    "processed_gib": "GiB", "serverless_gib_second": "GiB-second", "storage_gib_month": "GiB-month",
    "put_request": "1,000 requests", "get_request": "1,000 requests", "transfer_out_gib": "GiB", "log_gib": "GiB",
    "metric_month": "metric-month", "label": "label", "label_work": "label", "vendor_request": "request",
    "engineer_hour": "engineer-hour", "server": "server", "server_hosting_month": "server-month",
    "electricity_kwh": "kWh",
}  # fmt: skip

_KIB_PER_GIB = 1_024.0**2

# By category and name of the price: amounts a month in the unit they are counted in, as `State`'s arrays.
Usage = dict[tuple[str, str], "NDArray[np.float64]"]


def rented(category: str, hours: "NDArray[np.float64]", vcpus: float, memory_gib: float, times: float) -> Usage:
    """Return a rented machine's use.

    :param hours: Machine-hours a month.
    :param times: What they cost over the list price.
    """
    return {
        (category, "vcpu_hour"): hours * vcpus * times,
        (category, "memory_gib_hour"): hours * memory_gib * times,
    }


def answers_sent(plan: Plan, served: Served) -> Usage:
    """Return what leaves for the internet: the answers, with or without a cache."""
    return {(TRANSFER, "transfer_out_gib"): served.asked * plan.traffic.rows_per_request * _answer_gib(plan)}


def endpoint_data(plan: Plan, served: Served) -> Usage:
    """Return what a managed endpoint takes in and gives out, which is charged by the GiB."""
    each = (plan.traffic.request_kib + plan.traffic.answer_kib) / _KIB_PER_GIB
    return {(TRANSFER, "processed_gib"): served.rows * each}


def cache_memory(plan: Plan, hours: float) -> Usage:
    """Return what a cache in memory takes, all the time."""
    import numpy as np

    return {(COMPUTE, "memory_gib_hour"): np.array(plan.cache_gib * hours)} if plan.cache_gib else {}


def upkeep(plan: Plan, state: State, served: Served) -> Usage:
    """Return what every pipeline with a model of its own keeps, watches, labels and trains."""
    import numpy as np

    kept = plan.upkeep
    rows = served.asked * plan.traffic.rows_per_request
    grown = np.cumsum(np.broadcast_to(rows, np.broadcast_shapes(rows.shape, state.variants.shape)), axis=-1)
    labels = plan.annotation.labels(state.variants, rows)
    hours = kept.trainings_per_month * kept.training_vcpu_hours * state.variants
    return {
        (STORAGE, "storage_gib_month"): kept.stored_gib * state.variants
        + grown * kept.stored_kib_per_row / _KIB_PER_GIB,
        **watching(plan, state, served),
        (ANNOTATION, "label"): labels,
        (ANNOTATION, "label_work"): labels,
        **rented(TRAINING, hours, 1.0, kept.training_memory_gib, plan.interruptible_times),
    }


def watching(plan: Plan, state: State, served: Served) -> Usage:
    """Return logs and metrics, which cost by themselves."""
    return {
        (WATCHING, "log_gib"): served.asked * plan.upkeep.log_kib_per_request / _KIB_PER_GIB,
        (WATCHING, "metric_month"): plan.upkeep.metrics * state.variants,
    }


def merged(*usages: Usage) -> Usage:
    """Return the sum of several uses."""
    result: Usage = {}
    for usage in usages:
        for key, amount in usage.items():
            result[key] = result[key] + amount if key in result else amount
    return result


def _answer_gib(plan: Plan) -> float:
    return plan.traffic.answer_kib / _KIB_PER_GIB
