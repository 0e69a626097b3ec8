"""A first, honest estimate of what serving costs a month: replicas that keep up, whether busy or not."""

from dataclasses import dataclass

from stageline.costs.capacity import DEFAULT_RATIO, DEFAULT_SHARE, servers_for
from stageline.costs.latency import Latency
from stageline.costs.prices import Prices

HOURS_PER_MONTH = 730
_SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600
PEAK_TO_MEAN = 3.0
VCPU_PER_REPLICA = 1
MEMORY_GIB_PER_REPLICA = 2


@dataclass(frozen=True)
class ServingEstimate:
    """What one load costs.

    :param load: Multiple of today's load.
    :param predictions_per_month: Predictions in 730 hours.
    :param cost_per_month: In the prices' currency.
    """

    load: float
    predictions_per_month: float
    replicas: int
    cost_per_month: float

    @property
    def cost_per_1000(self) -> float | None:
        """Cost of 1,000 predictions; none where there are none."""
        if not self.predictions_per_month:
            return None
        return self.cost_per_month * 1_000 / self.predictions_per_month


def estimate_serving(latency: Latency, predictions_per_month: float, prices: Prices, *, load: float) -> ServingEstimate:
    """Estimate an always-on service that answers one row at a time.

    Replicas: as many as answer 99 % of the peak's requests within ten times the measured time per row, whole and at
    least one (`queueing`: Erlang's formula, times that vary like an exponential distribution). Cost: replicas times
    the price of 1 vCPU and 2 GiB for 730 hours. Left out: bandwidth, logs, people.

    :param predictions_per_month: Today's load.
    :param load: Multiple of it.
    """
    import numpy as np

    predictions = predictions_per_month * load
    peak_per_second = predictions / _SECONDS_PER_MONTH * PEAK_TO_MEAN
    seconds = latency.single_ms / 1_000
    replicas = int(servers_for(np.array([peak_per_second]), np.array(seconds), None, 1.0)[0])
    per_hour = VCPU_PER_REPLICA * prices.vcpu_hour.first + MEMORY_GIB_PER_REPLICA * prices.memory_gib_hour.first
    return ServingEstimate(load, predictions, replicas, replicas * per_hour * HOURS_PER_MONTH)


def serving_assumptions(prices: Prices) -> tuple[str, ...]:
    """Return what the estimate takes for granted, one sentence each."""
    each = (prices.vcpu_hour, prices.memory_gib_hour)
    sources = dict.fromkeys(price.source for price in each)
    size = f"{VCPU_PER_REPLICA} vCPU and {MEMORY_GIB_PER_REPLICA} GiB"
    return (
        (
            f"one row a request, peak {PEAK_TO_MEAN:g} times the mean, {DEFAULT_SHARE:.0%} of its answers within "
            f"{DEFAULT_RATIO:g} times the time of one"
        ),
        f"always-on replicas of {size}, {HOURS_PER_MONTH} hours a month",
        f"{', '.join(f'{price.first:g} {price.unit}' for price in each)} ({'; '.join(sources)}, as of {prices.as_of})",
        "without bandwidth, logs, monitoring and people",
    )
