"""SageMaker's calls, one method each: plain values in and out, and errors of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from stageline.serving.sagemaker.claims import Claim
from stageline.serving.sagemaker.clients import Clients
from stageline.serving.sagemaker.described import Configuration, Endpoint, configuration_of, endpoint_of, model_names
from stageline.serving.sagemaker.failures import NotAcceptedError, NotThereError, asking
from stageline.serving.sagemaker.wanted import Model, Recording, Wanted

_SEEN, _ENDPOINT = "stageline:seen", "stageline:endpoint"
_PAGE = 100
_MADE_OF = ("ProductionVariants", "ShadowProductionVariants", "DataCaptureConfig")


@dataclass(frozen=True)
class Look:
    """An endpoint as it was at one moment.

    :param endpoint: None: there is none.
    :param configuration: The one that it uses; none: it is gone, or not said.
    :param now: AWS' own time.
    """

    endpoint: Endpoint | None
    configuration: Configuration | None
    now: datetime


def in_words(moment: datetime) -> str:
    """Return a time as a tag holds it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


class Api:
    """SageMaker's calls about one endpoint.

    :param name: The endpoint's.
    """

    def __init__(self, clients: Clients, name: str) -> None:
        self._reading, self._changing = clients.reading, clients.changing
        self._name = name
        self._what = f"endpoint {name!r}"

    # What is there.

    def look(self) -> Look:
        """Return the endpoint, the configuration in use and what its models hold."""
        answer = self._find("DescribeEndpoint", self._what, EndpointName=self._name)
        if answer is None:
            return Look(None, None, datetime.now(UTC))
        endpoint = endpoint_of(answer)
        used = self.configuration(endpoint.configuration) if endpoint.configuration else None
        return Look(endpoint, used, _time_of(answer))

    def configuration(self, name: str) -> Configuration | None:
        """Return a configuration, or none where there is none."""
        what = f"endpoint configuration {name!r}"
        answer = self._find("DescribeEndpointConfig", what, EndpointConfigName=name)
        if answer is None:
            return None
        models = {model: self.model(model) or {} for model in sorted(model_names(answer))}
        return configuration_of(answer, models)

    def model(self, name: str) -> Mapping[str, Any] | None:
        """Return what SageMaker says of a model, or none where there is none."""
        answer: Mapping[str, Any] | None = self._find("DescribeModel", f"model {name!r}", ModelName=name)
        return answer

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of the endpoint or of a configuration."""
        return {
            tag["Key"]: tag["Value"] for tag in self._pages("ListTags", f"tags of {arn!r}", "Tags", ResourceArn=arn)
        }

    def claims(self, pipeline: str) -> list[Claim]:
        """Return the configurations that were made for this endpoint and pipeline to ask for them, the oldest first.

        :param pipeline: What their names begin with.
        """
        found = self._pages(
            "ListEndpointConfigs",
            f"endpoint configurations {pipeline!r}",
            "EndpointConfigs",
            NameContains=pipeline,
            MaxResults=_PAGE,
        )
        claims = []
        for each in found:
            name = each["EndpointConfigName"]
            if not name.startswith(f"{pipeline}-"):
                continue
            tags = self.tags(each["EndpointConfigArn"])
            if tags.get(_ENDPOINT) == self._name:
                claims.append(Claim(name, each["CreationTime"], tags.get(_SEEN, "")))
        return sorted(claims, key=lambda claim: claim.made)

    # What changes it.

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of the endpoint."""
        with asking("AddTags", self._what):
            self._changing.add_tags(ResourceArn=arn, Tags=_tags(tags))

    def make_model(self, model: Model, archive: str) -> None:
        """Make a model; one of that name that is there already stays as it is.

        :param archive: `s3://…` of its archive.
        """
        self._unless_there(
            "CreateModel",
            f"model {model.name!r}",
            lambda: self.model(model.name) is not None,
            ModelName=model.name,
            PrimaryContainer={
                "Image": model.image,
                "ModelDataUrl": archive,
                "Environment": dict(model.environment),
            },
            ExecutionRoleArn=model.role,
        )

    def make_configuration(self, name: str, asked: Wanted, *, seen: str) -> bool:
        """Make an endpoint configuration; return whether it was made now: of several that try, one is told so.

        :param seen: When the endpoint was last modified, in words.
        """
        shown: list[dict[str, Any]] = []
        shadows: list[dict[str, Any]] = []
        for variant in asked.variants:
            (shadows if variant.shadow else shown).append(
                {
                    "VariantName": variant.name,
                    "ModelName": variant.model,
                    "InstanceType": variant.instance_type,
                    "InitialInstanceCount": variant.instance_count,
                    "InitialVariantWeight": variant.weight,
                }
            )
        return self._unless_there(
            "CreateEndpointConfig",
            f"endpoint configuration {name!r}",
            lambda: self.configuration(name) is not None,
            EndpointConfigName=name,
            ProductionVariants=shown,
            **({"ShadowProductionVariants": shadows} if shadows else {}),
            **({"DataCaptureConfig": _capture(asked.capture)} if asked.capture else {}),
            Tags=_tags({_SEEN: seen, _ENDPOINT: self._name}),
        )

    def forget_configuration(self, name: str) -> dict[str, Any]:
        """Delete an endpoint configuration; return what it was made of, nothing where it is gone already."""
        what = f"endpoint configuration {name!r}"
        answer = self._find("DescribeEndpointConfig", what, EndpointConfigName=name)
        try:
            with asking("DeleteEndpointConfig", what):
                self._changing.delete_endpoint_config(EndpointConfigName=name)
        except NotThereError:
            return {}
        return {key: answer[key] for key in _MADE_OF if key in answer} if answer else {}

    def restore_configuration(self, name: str, made_of: Mapping[str, Any], *, seen: str) -> None:
        """Make an endpoint configuration as it was."""
        with asking("CreateEndpointConfig", f"endpoint configuration {name!r}"):
            self._changing.create_endpoint_config(
                EndpointConfigName=name, **made_of, Tags=_tags({_SEEN: seen, _ENDPOINT: self._name})
            )

    def create(self, configuration: str, tags: Mapping[str, str]) -> None:
        """Create the endpoint.

        :raises NotAcceptedError: There is one, or it cannot be made so.
        """
        with asking("CreateEndpoint", self._what):
            self._changing.create_endpoint(EndpointName=self._name, EndpointConfigName=configuration, Tags=_tags(tags))

    def update(self, configuration: str, deployment: Mapping[str, Any]) -> None:
        """Update the endpoint to a configuration.

        :raises NotAcceptedError: It is busy, or cannot be updated so.
        """
        with asking("UpdateEndpoint", self._what):
            self._changing.update_endpoint(
                EndpointName=self._name,
                EndpointConfigName=configuration,
                RetainAllVariantProperties=False,
                DeploymentConfig=dict(deployment),
            )

    def shift(self, weights: Mapping[str, float]) -> None:
        """Change the weights of variants.

        :raises NotAcceptedError: It is busy.
        """
        with asking("UpdateEndpointWeightsAndCapacities", self._what):
            self._changing.update_endpoint_weights_and_capacities(
                EndpointName=self._name,
                DesiredWeightsAndCapacities=[
                    {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
                ],
            )

    def _find(self, call: str, what: str, **asked: Any) -> Any:
        """Return the answer of a call that describes something, or none where there is no such thing."""
        try:
            with asking(call, what):
                return _method(self._reading, call)(**asked)
        except NotThereError:
            return None

    def _pages(self, call: str, what: str, key: str, **asked: Any) -> list[dict[str, Any]]:
        """Return all entries of a call that lists something."""
        found: list[dict[str, Any]] = []
        while True:
            with asking(call, what):
                answer = _method(self._reading, call)(**asked)
            found += answer.get(key) or ()
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]

    def _unless_there(self, call: str, what: str, there: Any, **asked: Any) -> bool:
        """Make something; return whether it was made now, and not by another copy of the step before."""
        try:
            with asking(call, what):
                _method(self._changing, call)(**asked)
        except NotAcceptedError:
            if there():
                return False
            raise
        return True


def _method(client: Any, call: str) -> Any:
    from botocore import xform_name

    return getattr(client, xform_name(call))


def _capture(recording: Recording) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": recording.share,
        "DestinationS3Uri": recording.uri,
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _time_of(answer: Mapping[str, Any]) -> datetime:
    """Return AWS' own time of an answer: our clock may be wrong."""
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(said) if said else datetime.now(UTC)
