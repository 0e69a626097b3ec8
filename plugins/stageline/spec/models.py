"""What a team writes in `config/pipelines/NAME.yaml`, as frozen models that forbid unknown keys."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from stageline.spec.durations import PATTERN, format_duration, parse_duration
from stageline.spec.metrics import METRICS, check_metric
from stageline.spec.problems import refuse
from stageline.spec.requirements import contradictions
from stageline.spec.wording import suggestion
from stageline.verdicts import Severity


class Stage(StrEnum):
    """A pipeline's maturity."""

    POC = "poc"
    PILOT = "pilot"
    PRODUCTION = "production"


def _column(value: str) -> str:
    if not value.strip():
        raise ValueError("a column name may not be blank")
    return value


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("found no time at all, expected a duration above zero, e.g. P7D or PT12H")
    return value


_PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_CRON_FIELDS = 5


def _schedule(value: str) -> str:
    if value.startswith("@"):
        if value not in _PRESETS:
            raise ValueError(f"unknown preset {value!r}; {suggestion(value, _PRESETS)}")
    elif len(value.split()) != _CRON_FIELDS:
        raise ValueError(
            f"{value!r} is neither a cron expression of 5 fields nor a preset; e.g. '0 6 * * *' or '@daily'"
        )
    return value


# A list in YAML is a tuple here: strict=False admits that one conversion, its entries stay strict.
_FromYaml = Field(strict=False)

Column = Annotated[str, Field(min_length=1), AfterValidator(_column)]
Columns = Annotated[tuple[Column, ...], _FromYaml]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Duration = Annotated[
    timedelta,
    BeforeValidator(
        _duration, json_schema_input_type=Annotated[str, Field(pattern=PATTERN, examples=["P7D", "PT12H"])]
    ),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
Owner = Annotated[str, Field(min_length=1, max_length=320)]
Role = Literal["business", "model", "data", "operations"]


class Section(BaseModel):
    """Base of every section: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Owners(Section):
    """Who answers for what; alerts and approvals are routed by these names.

    :param business: Answers for the use case and its KPI.
    :param model: Answers for the model.
    :param data: Answers for the source.
    :param operations: Answers for running it.
    """

    business: Owner | None = None
    model: Owner | None = None
    data: Owner | None = None
    operations: Owner | None = None


class Source(Section):
    """Where the rows come from.

    :param uri: Path inside the project (`data/bikes.csv`, `.parquet`), `sklearn://NAME` or `demo://NAME`.
    :param event_time: Column that says when a row happened; with it, training never sees the future.
    :param keys: Columns that together name a row.
    """

    uri: str = Field(min_length=1)
    event_time: Column | None = None
    keys: Columns = ()


class Task(StrEnum):
    """What kind of value is predicted."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"


class Target(Section):
    """What is predicted.

    :param positive: For two classes, the one whose probability is meant; default the last in sorted order.
    :param label_delay: How long after the event the true value is known.
    """

    column: Column
    task: Annotated[Task, _FromYaml]
    positive: str | int | bool | None = None
    label_delay: Duration = timedelta(0)


class Features(Section):
    """What the model sees: every column but keys, target, event time and the excluded ones.

    :param exclude: Columns the model must not see, e.g. because they leak the target.
    :param calendar: Derive hour, weekday, month and elapsed days from the event time.
    """

    exclude: Columns = ()
    calendar: bool = True


class Expectation(BaseModel):
    """One Great Expectations expectation: its own snake_case name and arguments, and a severity."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    type: str = Field(min_length=1)
    severity: Annotated[Severity, _FromYaml] = Severity.CRITICAL

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The expectation's own arguments, as Great Expectations names them."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _known_to_great_expectations(self) -> Self:
        # Imported late, so that `python -m stageline.spec.expectations` does not import itself twice.
        from stageline.spec.expectations import expectation_problems

        refuse(expectation_problems(self.type, self.arguments))
        return self


class Train(Section):
    """How the model is fitted.

    :param estimator: Import path of a scikit-learn estimator, e.g. `sklearn.linear_model.Ridge`.
    :param params: Its constructor's arguments.
    :param holdout: Share of rows kept for evaluation: the latest ones where there is an event time.
    :param seed: Seed of everything random.
    """

    estimator: str = Field(pattern=r"^sklearn(\.[A-Za-z_]\w*)+$", examples=["sklearn.linear_model.Ridge"])
    params: Mapping[str, Any] = Field(default_factory=dict)
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


def _known_metric(value: str) -> str:
    check_metric(value)
    return value


class Kpi(Section):
    """The one number the pipeline is judged by, and its goal.

    :param metric: scikit-learn's name of the metric, e.g. `mean_absolute_error`.
    :param max: Goal of a metric where less is better.
    :param min: Goal of a metric where more is better.
    :param value_per_unit: Money that one prediction gains per unit by which the KPI is better than the
        dummy baseline's.
    :param currency: ISO 4217 code of that money.
    """

    metric: Annotated[str, AfterValidator(_known_metric)]
    max: Finite | None = None
    min: Finite | None = None
    value_per_unit: Annotated[float, Field(ge=0)] | None = None
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", examples=["EUR"])

    @model_validator(mode="after")
    def _goal_on_the_right_side(self) -> Self:
        better, wrong = ("min", "max") if METRICS[self.metric].greater_is_better else ("max", "min")
        direction = "more" if better == "min" else "less"
        if getattr(self, wrong) is not None:
            refuse(
                [
                    (
                        (wrong,),
                        f"{self.metric}: {direction} is better, so its goal is {better!r}, not {wrong!r}",
                    )
                ]
            )
        if getattr(self, better) is None:
            refuse([((better,), f"missing; {self.metric}: {direction} is better, so its goal is {better!r}")])
        return self

    @property
    def goal(self) -> float:
        """The value to reach, in the metric's own unit."""
        return self.min if self.min is not None else self.max  # type: ignore[return-value]


class Gates(Section):
    """What a candidate must show against the champion.

    :param min_improvement: Least improvement of the KPI over the champion's, in the metric's own unit.
    :param slices: Columns whose values are judged separately.
    :param max_slice_regression: Largest relative loss of the KPI that a slice may show.
    """

    min_improvement: Finite = 0.0
    slices: Columns = ()
    max_slice_regression: Annotated[float, Field(ge=0)] = 0.10


class Rollout(Section):
    """How traffic moves to a new model.

    :param steps: Percent of traffic per step, increasing, the last at most 100.
    :param interval: Least time a step is watched.
    :param max_failures: Failed judgements after which the rollout is undone.
    :param min_events: Events per arm below which nothing is decided.
    :param deadline: Time after which an undecided step is undone.
    """

    steps: Annotated[tuple[Annotated[int, Field(gt=0, le=100)], ...], Field(min_length=1, strict=False)]
    interval: SomeTime
    max_failures: Annotated[int, Field(ge=0)] = 1
    min_events: Annotated[int, Field(gt=0)] = 100
    deadline: SomeTime

    @model_validator(mode="after")
    def _steps_increase(self) -> Self:
        refuse(
            (("steps", index), f"steps must increase, but {later} follows {earlier}")
            for index, (earlier, later) in enumerate(pairwise(self.steps), start=1)
            if later <= earlier
        )
        if self.deadline < self.interval:
            deadline, interval = format_duration(self.deadline), format_duration(self.interval)
            message = f"{deadline} is shorter than interval = {interval}: a step would be undone unwatched"
            refuse([(("deadline",), message)])
        return self


class Release(Section):
    """Where a model goes, and who lets it.

    :param target: Serving target.
    :param approvers: Owner roles that approve a release.
    """

    target: Literal["batch", "http", "sagemaker"]
    approvers: Annotated[tuple[Role, ...], Field(min_length=1, strict=False)]
    rollout: Rollout | None = None


class Persist(Section):
    """How many of the last windows must agree before a finding counts: k of n."""

    k: Annotated[int, Field(gt=0)]
    n: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _k_of_n(self) -> Self:
        if self.k > self.n:
            refuse([(("k",), f"k = {self.k} of n = {self.n} can never happen; k must be at most n")])
        return self


class Drift(Section):
    """How far a column may move from its reference.

    :param measure: Distance between the two distributions.
    :param fail_above: Distance above which the column has drifted.
    """

    measure: Literal["jensen_shannon", "psi", "wasserstein", "kolmogorov_smirnov", "total_variation"] = "jensen_shannon"
    fail_above: Annotated[float, Field(gt=0)]


class Monitor(Section):
    """What is watched after a release.

    :param window: Length of the window that is judged.
    """

    window: SomeTime
    drift: Drift
    persist: Persist | None = None


class PipelineSpec(Section):
    """One pipeline, as its YAML file describes it.

    :param pipeline: Name; also the DAG's id and the MLflow experiment's.
    :param stage: The pipeline's maturity; it picks the DAGs.
    :param schedule: Cron expression, or one of Airflow's presets such as `@daily`; none: run by hand.
    """

    pipeline: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["bike_demand"])
    stage: Annotated[Stage, _FromYaml]
    description: str = ""
    schedule: Annotated[str, AfterValidator(_schedule)] | None = None
    owners: Owners = Owners()
    source: Source
    target: Target
    features: Features = Features()
    quality: Annotated[tuple[Expectation, ...], _FromYaml] = ()
    train: Train
    kpi: Kpi
    gates: Gates | None = None
    release: Release | None = None
    monitor: Monitor | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(contradictions(self))
        return self
