"""Plans for the tests of costs."""

from dataclasses import replace

from stageline.costs import default_prices
from stageline.costs.plan import Plan, Traffic
from stageline.costs.queueing import Objective
from stageline.costs.service_time import ServiceTime

PRICES = default_prices()
# 4 ms a request and 0.1 ms a row; answers within 200 ms.
AT_ONCE = Plan(Traffic(1e6), ServiceTime(0.004, 0.0001), objective=Objective(0.2))
LATER = replace(AT_ONCE, objective=None)
EVERY_OPTION = (
    "batch", "http", "sagemaker_realtime", "sagemaker_serverless", "sagemaker_async", "sagemaker_batch", "on_premise",
    "vendor",
)  # fmt: skip
