"""What a spec says about running a pipeline: quality gate, gates, release, monitoring, objectives."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stageline.spec.durations import format_duration
from stageline.spec.http_target import Http
from stageline.spec.problems import refuse
from stageline.spec.rollout import Rollout
from stageline.spec.sagemaker_target import SageMaker
from stageline.spec.values import Column, Columns, Finite, Role, Section, SomeTime


class Persist(Section):
    """How many of the last windows must agree before a finding counts: k of n."""

    k: Annotated[int, Field(gt=0)]
    n: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _k_of_n(self) -> Self:
        if self.k > self.n:
            refuse([(("k",), f"k = {self.k} of n = {self.n} can never happen; k must be at most n")])
        return self


class QualityGate(Section):
    """How much bad data a run may go on with.

    :param max_quarantined: Largest share of rows that may be left out, 0 to 1; above it the run is blocked.
    :param max_age: How old the newest event time may be when the run starts; none: not looked at.
    :param persist: In how many of the last runs a warning has to come back to count as a failure.
    """

    max_quarantined: Annotated[float, Field(ge=0, lt=1)] = 0.0
    max_age: SomeTime | None = None
    persist: Persist | None = None


class Fairness(Section):
    """How differently a candidate may treat groups.

    :param columns: Columns whose values are the groups.
    :param measure: Fairlearn's name of it; for a regression `error_difference`, the difference between the groups'
        mean absolute errors as a share of that of all.
    :param max_difference: Largest difference between any two groups, 0 to 1 for classes.
    """

    columns: Annotated[Columns, Field(min_length=1)]
    measure: Literal["demographic_parity_difference", "equalized_odds_difference", "error_difference"]
    max_difference: Annotated[float, Field(ge=0)]


class Gates(Section):
    """What a candidate must show against the champion.

    :param min_improvement: Least improvement of the KPI over the champion's, in the metric's own unit.
    :param slices: Columns whose values are judged separately.
    :param max_slice_regression: Largest relative loss of the KPI that a slice may show.
    :param min_n: Rows of the holdout, new to both models, below which nothing is decided.
    :param fairness: How differently it may treat groups; judged from the first release on.
    :param max_latency_ms: Milliseconds within which 99 of 100 answers on a single row have to come.
    :param max_memory_mb: Most memory, in millions of bytes, that a process may take to load and ask the model.
    """

    min_improvement: Finite = 0.0
    slices: Columns = ()
    max_slice_regression: Annotated[float, Field(ge=0)] = 0.10
    min_n: Annotated[int, Field(gt=0)] = 100
    fairness: Fairness | None = None
    max_latency_ms: Annotated[float, Field(gt=0)] | None = None
    max_memory_mb: Annotated[float, Field(gt=0)] | None = None


ScoreEngine = Literal["arrow", "spark"]


class Batch(Section):
    """What a released model scores.

    :param uri: Path of a file, of a Delta table's folder or of a folder of Parquet files inside the project,
        `sklearn://NAME` or `demo://NAME`.
    :param partition: What names the partition of the predictions that a run writes; a run without a logical date
        is named by its id.
    :param engine: What reads the rows and asks the model: `arrow`, batch by batch in the step's own process, or
        `spark`, in as many tasks as Spark runs at a time.
    """

    uri: str = Field(min_length=1)
    partition: Literal["logical_date", "run_id"] = "logical_date"
    engine: ScoreEngine = "arrow"


class Release(Section):
    """Where a model goes, and who lets it.

    :param target: Serving target.
    :param approvers: Owner roles that approve a release.
    :param approvals: How many of them have to, each a person of their own; in production.
    :param batch: What is scored; default: the pipeline's own source.
    :param http: Where servers answer, of the target `http`.
    :param sagemaker: The endpoint, of the target `sagemaker`.
    :param rollout: How traffic moves to a new model; in production.
    :param drill: When a rollback is rehearsed in production, a cron expression or preset.
    """

    target: Literal["batch", "http", "sagemaker"]
    approvers: Annotated[tuple[Role, ...], Field(min_length=1, strict=False)]
    approvals: Annotated[int, Field(gt=0)] = 1
    batch: Batch | None = None
    http: Http | None = None
    sagemaker: SageMaker | None = None
    rollout: Rollout | None = None
    drill: str = "@weekly"


class Drift(Section):
    """How far a column may move from its reference.

    :param measure: Distance between the two distributions.
    :param fail_above: Distance above which the column has drifted.
    """

    measure: Literal["jensen_shannon", "psi", "wasserstein", "kolmogorov_smirnov", "total_variation"] = "jensen_shannon"
    fail_above: Annotated[float, Field(gt=0)]


class Labels(Section):
    """Where the true values come from, once they are known.

    :param uri: Table that holds the source's keys and the true values; default: the pipeline's own source.
    :param column: Its column of true values; default: `target.column`.
    :param arrived: Its column that says when a label came: of several for one row, the newest counts.
    :param min_coverage: Share of a window's predictions that need a label for the window to be judged, 0 to 1.
    """

    uri: Annotated[str, Field(min_length=1)] | None = None
    column: Column | None = None
    arrived: Column | None = None
    min_coverage: Annotated[float, Field(gt=0, le=1)] = 0.9


class Performance(Section):
    """How much worse than at its release a model may get.

    :param max_loss: Largest relative loss of the KPI against what its evaluation at release leads one to expect of
        the same mix of predictions, e.g. 0.1 for ten per cent.
    :param min_n: Labelled predictions in a window below which nothing is decided.
    :param smoothing: Weight of the newest window in the exponentially weighted moving average of the loss, 0 to 1.
    """

    max_loss: Annotated[float, Field(ge=0)] = 0.10
    min_n: Annotated[int, Field(gt=0)] = 100
    smoothing: Annotated[float, Field(gt=0, le=1)] = 0.3


class Retrain(Section):
    """When a model that gets worse is trained anew; its candidate goes through the normal gate.

    :param cooldown: Least time between two trainings that were asked for.
    """

    cooldown: SomeTime


class Monitor(Section):
    """What is watched after a release.

    :param window: Length of the window that is judged.
    :param retrain: When to train anew; none: only on schedule and by hand.
    """

    window: SomeTime
    drift: Drift
    persist: Persist | None = None
    labels: Labels = Labels()
    performance: Performance = Performance()
    retrain: Retrain | None = None


_SHORTEST_PERIOD = timedelta(days=1)


class Objective(Section):
    """A service level objective: which share of events has to be good over a period.

    An event is a labelled prediction (`kpi`), a row's first prediction (`freshness`), a row that came in (`quality`),
    or a run of the scoring (`latency`; over HTTP, a row that servers were asked about).

    :param sli: What is counted, the service level indicator.
    :param target: Share of good events, above 0 and below 1; the rest is the error budget.
    :param period: Time over which the budget is spent, at least a day; the windows of the burn rates scale with it.
    :param max_error: `kpi` of a regression: largest absolute error of a good prediction, in the target's unit; a
        classification's is good if it names the true class.
    :param max_age: `freshness`: largest time from an event to its prediction.
    :param max_latency_ms: `latency`: most milliseconds that a good scoring run, or a good answer, takes per prediction.
    :param min_events: Events in a window below which nothing is decided.
    """

    sli: Literal["kpi", "latency", "freshness", "quality"]
    target: Annotated[float, Field(gt=0, lt=1)]
    period: SomeTime = timedelta(days=30)
    max_error: Annotated[float, Field(gt=0)] | None = None
    max_age: SomeTime | None = None
    max_latency_ms: Annotated[float, Field(gt=0)] | None = None
    min_events: Annotated[int, Field(gt=0)] = 100

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.period < _SHORTEST_PERIOD:
            period = format_duration(self.period)
            message = f"{period} is shorter than a day: its shortest window, one 8,640th, would be under 10 seconds"
            refuse([(("period",), message)])
        return self
