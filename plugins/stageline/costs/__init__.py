"""What serving a model costs, from what was measured of it."""

from stageline.costs.latency import Latency, measure_latency
from stageline.costs.prices import Prices, load_prices
from stageline.costs.serving import ServingEstimate, estimate_serving

__all__ = ["Latency", "Prices", "ServingEstimate", "estimate_serving", "load_prices", "measure_latency"]
