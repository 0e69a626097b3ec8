"""What serving a model costs, from what was measured of it."""

from stageline.costs.latency import Latency, measure_latency
from stageline.costs.money import Money
from stageline.costs.prices import Prices, default_prices, load_prices, outdated
from stageline.costs.serving import ServingEstimate, estimate_serving

__all__ = [
    "Latency",
    "Money",
    "Prices",
    "ServingEstimate",
    "default_prices",
    "estimate_serving",
    "load_prices",
    "measure_latency",
    "outdated",
]
