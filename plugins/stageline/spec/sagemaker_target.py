"""What a spec says about serving on Amazon SageMaker: the endpoint, its instances, and what guards an update of it."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from stageline.spec.durations import format_duration
from stageline.spec.problems import refuse
from stageline.spec.values import FromYaml, Section, SomeTime

# SageMaker's own bounds.
_LONGEST_NAME = 63
_LONGEST_WAIT = timedelta(hours=1)
_SHORTEST_DEPLOYMENT, _LONGEST_DEPLOYMENT = timedelta(minutes=10), timedelta(hours=8)
_LEAST_STEP, _LARGEST_STEP = 10, 50
# Set by Stageline itself: what a container is told of its model.
RESERVED = "STAGELINE_"
_SECRET_ENDS = ("SECRET", "PASSWORD", "TOKEN", "_KEY")

_FOLDER = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[a-zA-Z0-9!_.*'()-]+)*$"
_Alarm = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
_Wait = Annotated[SomeTime, Field(le=_LONGEST_WAIT)]


class Fleet(Section):
    """The instances behind one variant.

    :param instance_type: SageMaker's name, e.g. `ml.m5.large`.
    :param instance_count: How many.
    """

    instance_type: str = Field(pattern=r"^ml\.[a-z0-9][a-z0-9-]*\.[a-z0-9-]+$", examples=["ml.m5.large"])
    instance_count: Annotated[int, Field(gt=0)] = 1


class Guardrails(Section):
    """How SageMaker itself moves traffic to new instances when the endpoint is updated, and when it goes back.

    :param policy: `all_at_once`, `canary` (two steps) or `linear` (equal steps) with a second fleet, or `rolling`
        (batches of the same fleet). Where an update changes the variants, SageMaker can only do it all at once.
    :param step: Percent of the instances per step or batch.
    :param wait: Time after each step in which the alarms are watched; at most an hour.
    :param keep: Time for which the old instances are kept after the last step; at most an hour.
    :param timeout: Longest time that an update may take, 10 minutes to 8 hours; then SageMaker goes back.
    :param alarms: Names of CloudWatch alarms, up to 10; one that goes off during an update makes SageMaker go back.
    """

    policy: Literal["all_at_once", "canary", "linear", "rolling"] = "canary"
    step: Annotated[int, Field(ge=_LEAST_STEP, le=_LARGEST_STEP)] = 50
    wait: _Wait = timedelta(minutes=5)
    keep: _Wait = timedelta(minutes=5)
    timeout: Annotated[SomeTime, Field(ge=_SHORTEST_DEPLOYMENT, le=_LONGEST_DEPLOYMENT)] = timedelta(hours=1)
    alarms: Annotated[tuple[_Alarm, ...], Field(strict=False, max_length=10)] = ()

    @model_validator(mode="after")
    def _time_enough(self) -> Self:
        if self.timeout <= self.wait + self.keep:
            timeout, both = format_duration(self.timeout), format_duration(self.wait + self.keep)
            refuse(
                [(("timeout",), f"{timeout} is no longer than wait and keep together ({both}): no update could end")]
            )
        return self


class Capture(Section):
    """Answers that SageMaker writes to S3: the only way to see what the models said.

    :param uri: `s3://BUCKET/PREFIX` to write to.
    :param share: Percent of the calls whose answer is written.
    """

    uri: str = Field(pattern=_FOLDER, max_length=400)
    share: Annotated[int, Field(gt=0, le=100)] = 100


def _variable(name: str) -> str:
    if name.startswith(RESERVED):
        raise ValueError(f"{name!r}: names that begin with {RESERVED} are set by Stageline itself")
    if name.upper().endswith(_SECRET_ENDS):
        raise ValueError(
            f"{name!r} looks like a secret: whoever may describe the model reads it; let the role fetch it instead"
        )
    return name


_Variable = Annotated[
    str, Field(min_length=1, max_length=1024, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$"), AfterValidator(_variable)
]
_VariableValue = Annotated[str, Field(max_length=1024)]


class SageMaker(Section):
    """A real-time endpoint that serves the champion and the canary as two variants.

    :param endpoint: Its name.
    :param region: AWS region, e.g. `eu-central-1`.
    :param role: ARN of the role with which SageMaker fetches image and archive.
    :param image: Container that serves the archives: one made by `mlflow sagemaker build-and-push-container`, or
        AWS' own scikit-learn one with skops added.
    :param archives: `s3://BUCKET/PREFIX` under which the models' archives are put.
    :param champion: Instances of the champion.
    :param canary: Those of the canary; default: the champion's.
    :param connection: Airflow connection of the Amazon provider; none: whatever credentials the worker has.
    :param guardrails: How SageMaker updates the endpoint, and what makes it go back.
    :param capture: Which answers are written to S3; none: predictions are not compared, and NaN is not seen.
    :param environment: Further variables for the container; no secrets.
    :param patience: How long one change of the endpoint may take before it counts as stuck.
    """

    endpoint: str = Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=_LONGEST_NAME, examples=["bike-demand"])
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", examples=["eu-central-1"])
    role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[a-zA-Z_0-9+=,.@/-]+$", max_length=2048)
    image: str = Field(pattern=r"^\S+$", max_length=255)
    archives: str = Field(pattern=_FOLDER, max_length=800)
    champion: Fleet
    canary: Fleet | None = None
    connection: Annotated[str, Field(min_length=1)] | None = None
    guardrails: Guardrails = Guardrails()
    capture: Capture | None = None
    environment: Annotated[dict[_Variable, _VariableValue], FromYaml] = Field(default={}, max_length=80)
    patience: SomeTime = timedelta(hours=2)

    @model_validator(mode="after")
    def _patient_enough(self) -> Self:
        if self.patience <= self.guardrails.timeout:
            patience, timeout = format_duration(self.patience), format_duration(self.guardrails.timeout)
            message = f"{patience} is no longer than guardrails.timeout = {timeout}: an update would be given up midway"
            refuse([(("patience",), message)])
        return self
