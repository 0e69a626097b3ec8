"""The options by name."""

from stageline.costs.options import (
    asynchronous,
    batch,
    batch_transform,
    http,
    on_premise,
    realtime,
    serverless,
    vendor,
)
from stageline.costs.options.option import Option
from stageline.exceptions import CostError
from stageline.spec.wording import suggestion

OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("batch", "batches on an own machine", "own", 24, 3, batch.use, batch.misfit),
        Option("http", "an own http server", "own", 120, 10, http.use, http.misfit),
        Option("sagemaker_realtime", "SageMaker real-time", "managed", 60, 5, realtime.use, realtime.misfit),
        Option("sagemaker_serverless", "SageMaker serverless", "managed", 40, 2, serverless.use, serverless.misfit),
        Option("sagemaker_async", "SageMaker asynchronous", "managed", 60, 4, asynchronous.use, asynchronous.misfit),
        Option(
            "sagemaker_batch",
            "SageMaker batch transform",
            "managed",
            32,
            2,
            batch_transform.use,
            batch_transform.misfit,
        ),
        Option("on_premise", "own servers on premise", "own", 200, 20, on_premise.use, on_premise.misfit),
        Option("vendor", "a vendor's API", "vendor", 24, 1, vendor.use, vendor.misfit),
    )
}


def option_named(name: str) -> Option:
    """Return an option.

    :raises CostError: There is none of that name.
    """
    if name not in OPTIONS:
        raise CostError(f"unknown option {name!r}; {suggestion(name, OPTIONS)}")
    return OPTIONS[name]
