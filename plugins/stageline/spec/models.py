"""What a team writes in `config/pipelines/NAME.yaml`, as frozen models that forbid unknown keys."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from stageline.spec.costs import Costs
from stageline.spec.metrics import METRICS, check_metric
from stageline.spec.operating import Gates, Monitor, Objective, QualityGate, Release
from stageline.spec.problems import refuse
from stageline.spec.readiness import Readiness
from stageline.spec.requirements import contradictions
from stageline.spec.row_conditions import as_condition
from stageline.spec.values import Column, Columns, Duration, Finite, FromYaml, Owner, Section, check_schedule
from stageline.verdicts import Severity

_FROM_PYTHON = "from_python"


class Stage(StrEnum):
    """A pipeline's maturity."""

    POC = "poc"
    PILOT = "pilot"
    PRODUCTION = "production"


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
    :param private: Columns whose values stand in no message, record or report.
    """

    uri: str = Field(min_length=1)
    event_time: Column | None = None
    keys: Columns = ()
    private: Columns = ()


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
    task: Annotated[Task, FromYaml]
    positive: str | int | bool | None = None
    label_delay: Duration = timedelta(0)


class Features(Section):
    """What the model sees: every column but keys, target, event time and the excluded ones.

    :param exclude: Columns the model must not see, e.g. because they leak the target.
    :param known_before: Columns that nearly give the target away, but are known before the prediction is made.
    :param calendar: Derive hour, weekday, month and elapsed days from the event time.
    """

    exclude: Columns = ()
    known_before: Columns = ()
    calendar: bool = True


class Expectation(BaseModel):
    """One Great Expectations expectation: its own snake_case name and arguments, and a severity."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    type: str = Field(min_length=1)
    severity: Annotated[Severity, FromYaml] = Severity.CRITICAL

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The expectation's own arguments, as Great Expectations names them."""
        return dict(self.model_extra or {})

    @classmethod
    def from_python(cls, **given: Any) -> Self:
        """Return an expectation that a DAG's author wrote: it may also have a `row_condition`, or be a query.

        Never build one from text that a stranger wrote: `unexpected_rows_expectation` runs its SQL.

        :param given: `type`, `severity` and Great Expectations' own arguments.
        :raises ValidationError: It would not be accepted, or checks nothing.
        """
        condition = as_condition(given.get("row_condition"))
        return cls.model_validate(
            given if condition is None else {**given, "row_condition": condition}, context={_FROM_PYTHON: True}
        )

    @model_validator(mode="after")
    def _known_to_great_expectations(self, info: ValidationInfo) -> Self:
        # Imported late, so that `python -m stageline.spec.expectations` does not import itself twice.
        from stageline.spec.expectations import expectation_problems, python_expectation_problems

        from_python = info.context and info.context.get(_FROM_PYTHON)
        problems = python_expectation_problems if from_python else expectation_problems
        refuse(problems(self.type, self.arguments))
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
    :param false_negative_cost: Money lost by a positive that the model of two classes did not see.
    :param false_positive_cost: Money lost by a negative that it called positive.
    :param currency: ISO 4217 code of that money.
    """

    metric: Annotated[str, AfterValidator(_known_metric)]
    max: Finite | None = None
    min: Finite | None = None
    value_per_unit: Annotated[float, Field(ge=0)] | None = None
    false_negative_cost: Annotated[float, Field(ge=0)] | None = None
    false_positive_cost: Annotated[float, Field(ge=0)] | None = None
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


class PipelineSpec(Section):
    """One pipeline, as its YAML file describes it.

    :param pipeline: Name; also the DAG's id and the MLflow experiment's.
    :param stage: The pipeline's maturity; it picks the DAGs.
    :param schedule: Cron expression, or one of Airflow's presets such as `@daily`; none: run by hand.
    """

    pipeline: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["bike_demand"])
    stage: Annotated[Stage, FromYaml]
    description: str = ""
    schedule: Annotated[str, AfterValidator(check_schedule)] | None = None
    owners: Owners = Owners()
    source: Source
    target: Target
    features: Features = Features()
    quality: Annotated[tuple[Expectation, ...], FromYaml] = ()
    quality_gate: QualityGate = QualityGate()
    train: Train
    kpi: Kpi
    gates: Gates | None = None
    release: Release | None = None
    monitor: Monitor | None = None
    slo: Annotated[tuple[Objective, ...], FromYaml] = ()
    costs: Costs | None = None
    readiness: Readiness = Readiness()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(contradictions(self))
        return self
