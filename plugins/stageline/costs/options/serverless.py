"""A managed endpoint that is paid for by the millisecond of work, and starts cold after a pause."""

import math

from stageline.costs.plan import Plan
from stageline.costs.replicas import too_slow
from stageline.costs.state import Served, State
from stageline.costs.units import SECONDS_PER_MONTH
from stageline.costs.usage import COMPUTE, Usage, answers_sent, endpoint_data, merged

LARGEST_GIB = 6
# A service time is measured on a whole vCPU, and CPU comes with memory: 1,769 MB bring one (AWS Lambda documentation).
LEAST_GIB = 2
MOST_AT_ONCE = 200  # of one endpoint (AWS SageMaker documentation, "Serverless Inference", quotas)


def memory_gib(plan: Plan) -> int:
    """Return the memory that has to be chosen: whole GiB, and enough for a whole vCPU."""
    return max(LEAST_GIB, math.ceil(plan.memory_gib))


def cold_share(plan: Plan) -> float:
    """Return the share of requests that meet a cold start: exp(-λ · keep warm), no request in all that time.

    It holds for Poisson arrivals and the first container; of the further ones at a peak nothing is said.
    """
    seconds = SECONDS_PER_MONTH * plan.traffic.active_share
    rate = plan.traffic.requests_per_month * plan.sampled_share * (1 - plan.cache_share) / seconds
    return math.exp(-rate * plan.keep_warm_seconds)


def use(plan: Plan, state: State, served: Served) -> Usage:
    """Return GiB-seconds of work, and the data taken in and given out; idle time and cold starts cost nothing."""
    seconds = served.computed * plan.service.seconds(plan.traffic.rows_per_request) * state.latency_times
    return merged(
        {(COMPUTE, "serverless_gib_second"): seconds * memory_gib(plan)},
        endpoint_data(plan, served),
        answers_sent(plan, served),
    )


def misfit(plan: Plan) -> str | None:
    """Return why it does not fit: size, speed, too many at once, or too many cold starts."""
    if plan.memory_gib > LARGEST_GIB:
        return f"the model takes {plan.memory_gib:g} GiB, {LARGEST_GIB} GiB are the most"
    alone = too_slow(plan, 1)
    if alone:
        return alone
    rate = plan.traffic.requests_per_month * plan.sampled_share * (1 - plan.cache_share) * plan.traffic.peak_to_mean
    busy = rate / (SECONDS_PER_MONTH * plan.traffic.active_share) * plan.service.seconds(plan.traffic.rows_per_request)
    if busy > MOST_AT_ONCE:
        return f"the peak keeps {busy:,.0f} requests going at once, {MOST_AT_ONCE} are the most"
    objective, cold = plan.objective, cold_share(plan)
    if objective and plan.cold_start_seconds > objective.within_seconds and cold > 1 - objective.share:
        return (
            f"{cold:.1%} of the requests would meet a cold start of {plan.cold_start_seconds:g} s, and "
            f"{1 - objective.share:.2%} may take longer than {objective.within_seconds:g} s"
        )
    return None
