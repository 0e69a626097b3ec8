"""What SageMaker says of an endpoint, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stageline.serving.sagemaker.archive import DIGEST
from stageline.serving.sagemaker.wanted import Recording, Variant


@dataclass(frozen=True)
class Running:
    """A variant as it runs now.

    :param weight: Its part of the traffic now; none: not said.
    :param desired: The part that it was last asked to have; none: not said.
    :param instances: How many run; none: not said.
    :param images: The containers' images as they were named in the model; empty: not said.
    :param stages: What is under way, e.g. `Baking`.
    """

    name: str
    weight: float | None
    desired: float | None
    instances: int | None
    images: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    shadow: bool = False


@dataclass(frozen=True)
class Endpoint:
    """An endpoint at one moment.

    :param status: SageMaker's own word.
    :param configuration: Name of the configuration that it uses; empty: not said.
    :param pending: Name of the configuration that a deployment under way goes to; empty: none is.
    :param since: When that deployment began.
    :param modified: When the endpoint was last modified.
    :param reason: Why it failed, in SageMaker's words; empty: not said.
    """

    name: str
    arn: str
    status: str
    configuration: str
    modified: datetime
    pending: str = ""
    since: datetime | None = None
    reason: str = ""
    running: tuple[Running, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """An endpoint configuration and what its models hold."""

    name: str
    variants: tuple[Variant, ...]
    capture: Recording | None = None


def endpoint_of(answer: Mapping[str, Any]) -> Endpoint:
    """Return what `DescribeEndpoint` says."""
    pending = answer.get("PendingDeploymentSummary") or {}
    running = [
        _running(variant, shadow=shadow)
        for key, shadow in (("ProductionVariants", False), ("ShadowProductionVariants", True))
        for variant in answer.get(key) or ()
    ]
    return Endpoint(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        configuration=answer.get("EndpointConfigName") or "",
        modified=answer["LastModifiedTime"],
        pending=pending.get("EndpointConfigName") or "",
        since=pending.get("StartTime"),
        reason=(answer.get("FailureReason") or "").strip(),
        running=tuple(running),
    )


def _running(variant: Mapping[str, Any], *, shadow: bool) -> Running:
    return Running(
        name=variant["VariantName"],
        weight=variant.get("CurrentWeight"),
        desired=variant.get("DesiredWeight"),
        instances=variant.get("CurrentInstanceCount"),
        images=tuple(
            image["SpecifiedImage"] for image in variant.get("DeployedImages") or () if image.get("SpecifiedImage")
        ),
        stages=tuple(stage["Status"] for stage in variant.get("VariantStatus") or ()),
        shadow=shadow,
    )


def model_names(answer: Mapping[str, Any]) -> set[str]:
    """Return the names of the models that a `DescribeEndpointConfig` names."""
    return {variant.get("ModelName") or "" for variant, _ in _variants(answer)} - {""}


def configuration_of(answer: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> Configuration:
    """Return what `DescribeEndpointConfig` says.

    :param models: What `DescribeModel` says, by name; one that is gone is left out.
    """
    found = []
    for variant, shadow in _variants(answer):
        name = variant.get("ModelName") or ""
        container = models.get(name, {}).get("PrimaryContainer") or {}
        found.append(
            Variant(
                name=variant["VariantName"],
                model=name,
                digest=(container.get("Environment") or {}).get(DIGEST, ""),
                image=container.get("Image") or "",
                instance_type=variant.get("InstanceType") or "",
                instance_count=variant.get("InitialInstanceCount") or 0,
                weight=variant.get("InitialVariantWeight") or 0.0,
                shadow=shadow,
            )
        )
    return Configuration(answer["EndpointConfigName"], tuple(found), _recording(answer.get("DataCaptureConfig") or {}))


def _recording(said: Mapping[str, Any]) -> Recording | None:
    # SageMaker switches it on unless told otherwise.
    if not said.get("EnableCapture", bool(said)):
        return None
    return Recording(said["DestinationS3Uri"], said["InitialSamplingPercentage"])


def _variants(answer: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], bool]]:
    return [
        *((variant, False) for variant in answer.get("ProductionVariants") or ()),
        *((variant, True) for variant in answer.get("ShadowProductionVariants") or ()),
    ]
