"""How SageMaker is asked to move traffic during an update, and when to go back."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from stageline.serving.sagemaker.wanted import Variant

if TYPE_CHECKING:
    from stageline.spec.sagemaker_target import Guardrails


def deployment_config(
    guardrails: "Guardrails", before: Collection[Variant], after: Collection[Variant]
) -> dict[str, Any]:
    """Return the `DeploymentConfig` of an update.

    Where the variants' names change, SageMaker can only replace them all at once; in batches, only a single one. The
    alarms count either way.

    :param before: Variants of the configuration in use.
    :param after: Those of the one asked for.
    """
    policy = guardrails.policy
    if {(variant.name, variant.shadow) for variant in before} != {
        (variant.name, variant.shadow) for variant in after
    } or (policy == "rolling" and len(after) > 1):
        policy = "all_at_once"
    size = {"Type": "CAPACITY_PERCENT", "Value": guardrails.step}
    wait, timeout = _seconds(guardrails.wait), _seconds(guardrails.timeout)
    config: dict[str, Any] = {}
    if policy == "rolling":
        config["RollingUpdatePolicy"] = {
            "MaximumBatchSize": size,
            "WaitIntervalInSeconds": wait,
            "MaximumExecutionTimeoutInSeconds": timeout,
        }
    else:
        routing = {
            "all_at_once": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait},
            "canary": {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": wait},
            "linear": {"Type": "LINEAR", "LinearStepSize": size, "WaitIntervalInSeconds": wait},
        }[policy]
        config["BlueGreenUpdatePolicy"] = {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": _seconds(guardrails.keep),
            "MaximumExecutionTimeoutInSeconds": timeout,
        }
    if guardrails.alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in guardrails.alarms]}
    return config


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
