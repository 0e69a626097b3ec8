"""What an endpoint should serve, from a head and what the team set: plain values, no call."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.archive import DIGEST, MODEL_FOLDER, RECIPE, serving_environment
from stageline.serving.sagemaker.names import CHAMPION, canary_name, digest_of, resource_name, short_name

if TYPE_CHECKING:
    from stageline.ledger import Head, ModelVersion
    from stageline.spec.sagemaker_target import Fleet, SageMaker

_ALL = 100


@dataclass(frozen=True)
class Variant:
    """One model behind an endpoint.

    :param model: Name of SageMaker's model.
    :param digest: `sha256:…` of the file that it holds; empty: unknown, made by another hand.
    :param weight: Its part of the traffic, as a share of the sum of the weights; of a shadow, of the champion's.
    :param shadow: It is asked, and never answered with.
    """

    name: str
    model: str
    digest: str
    image: str
    instance_type: str
    instance_count: int
    weight: float
    shadow: bool = False

    @property
    def kind(self) -> tuple[object, ...]:
        """All but the weight: what only another configuration changes."""
        return tuple(value for name, value in asdict(self).items() if name != "weight")


@dataclass(frozen=True)
class Recording:
    """Answers that are written to S3.

    :param uri: `s3://…` to write to.
    :param share: Percent of the calls.
    """

    uri: str
    share: int


@dataclass(frozen=True)
class Model:
    """A model as SageMaker keeps it.

    :param environment: What the container is told, without the archive's own address.
    """

    name: str
    version: "ModelVersion"
    image: str
    role: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """What an endpoint should serve.

    :param name: Of the endpoint configuration: `PIPELINE-POSITION-DIGEST`, the digest one of what it holds.
    :param pipeline: What the configurations' names begin with.
    :param position: The head's.
    """

    endpoint: str
    name: str
    pipeline: str
    position: int
    variants: tuple[Variant, ...]
    models: tuple[Model, ...]
    capture: Recording | None = None


def wanted(head: "Head", settings: "SageMaker") -> Wanted:
    """Return what the endpoint should serve.

    :raises TargetError: The head has no champion: nothing was released.
    """
    if head.champion is None:
        raise TargetError(
            f"endpoint {settings.endpoint!r} cannot serve pipeline {head.pipeline!r}: no model was ever released "
            f"(generation {head.generation}); run its training and approve the release first"
        )
    canary = head.canary
    champion_model = _model(head.pipeline, head.champion, settings)
    champion_weight = _ALL - canary.percent if canary else _ALL
    variants = [_variant(CHAMPION, champion_model, settings.champion, champion_weight)]
    models = [champion_model]
    if canary is not None:
        model, fleet = _model(head.pipeline, canary.model, settings), settings.canary or settings.champion
        shadow = canary.percent == 0
        weight = _ALL if shadow else canary.percent
        variants.append(_variant(canary_name(canary.sequence), model, fleet, weight, shadow=shadow))
        models += [model] if model.name != champion_model.name else []
    capture = Recording(settings.capture.uri, settings.capture.share) if settings.capture else None
    recorded = [asdict(capture)] if capture else []
    held = digest_of([head.pipeline, settings.endpoint, [variant.kind for variant in variants], *recorded])
    return Wanted(
        endpoint=settings.endpoint,
        name=resource_name(head.pipeline, head.position, held),
        pipeline=short_name(head.pipeline),
        position=head.position,
        variants=tuple(variants),
        models=tuple(models),
        capture=capture,
    )


def _variant(name: str, model: Model, fleet: "Fleet", weight: float, *, shadow: bool = False) -> Variant:
    return Variant(
        name=name, model=model.name, digest=model.version.digest, image=model.image,
        instance_type=fleet.instance_type, instance_count=fleet.instance_count, weight=float(weight), shadow=shadow,
    )  # fmt: skip


def _model(pipeline: str, version: "ModelVersion", settings: "SageMaker") -> Model:
    environment = {**serving_environment(), **settings.environment, DIGEST: version.digest}
    held: list[Any] = [version.digest, settings.image, settings.role, settings.archives, environment, RECIPE]
    name = resource_name(pipeline, f"v{version.version}", digest_of([*held, MODEL_FOLDER]))
    return Model(name, version, settings.image, settings.role, environment)
