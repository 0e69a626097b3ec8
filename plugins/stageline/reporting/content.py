"""Everything the report page shows, as frozen values: the page computes nothing and judges nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from stageline.reporting.links import checked_link
from stageline.verdicts import Check, Mode, Verdict

Link = Annotated[str, AfterValidator(checked_link)]
EstimateName = Literal["model", "linear baseline", "dummy baseline"]
Count = Annotated[int, Field(ge=0)]


class View(BaseModel):
    """Base of every part: frozen and closed to unknown keys; numbers may be NaN and are shown as a dash."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class StepLine(View):
    """One step of the pipeline and what it concluded."""

    step: str
    verdict: Verdict
    mode: Mode = Mode.ENABLED
    sentence: str


class EstimateView(View):
    """A metric of one predictor on the holdout, with the ends of its confidence interval."""

    name: EstimateName
    value: float
    low: float
    high: float


class KpiView(View):
    """The one number the pipeline is judged by, its goal and its baselines.

    :param goal: Value to reach, in the metric's own unit: at least, where greater is better, else at most.
    :param unit: Unit of the metric, if it has one.
    :param confidence: Level of the intervals, as a share.
    :param n: Holdout rows the estimates rest on.
    """

    metric: str
    greater_is_better: bool
    goal: float
    unit: str | None = None
    confidence: float = 0.95
    n: Count
    estimates: tuple[EstimateView, ...]


class MetricRow(View):
    """One more metric, for the same predictors."""

    name: str
    greater_is_better: bool
    estimates: tuple[EstimateView, ...]


class ImprovementView(View):
    """By how much the model is better than a baseline, on the KPI.

    :param over: Name of the baseline.
    :param value: Difference in the metric's own unit; positive means the model is better.
    :param relative: The same as a share of the baseline's KPI.
    """

    over: str
    value: float
    low: float
    high: float
    relative: float
    verdict: Verdict
    message: str


class ValueView(View):
    """Money that 1,000 predictions gain.

    :param amount: In whole units of the currency.
    :param how: How it was computed, as one sentence.
    """

    amount: float
    low: float
    high: float
    currency: str
    how: str


class TimelinePoint(View):
    """One point of the holdout in time, aggregated so that some 300 points cover it."""

    time: datetime
    actual: float
    predicted: float
    baseline: float | None = None


class ConfusionView(View):
    """How often each true class (row) was predicted as each class (column).

    :param counts: Square, in the order of the labels.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]

    @model_validator(mode="after")
    def _square(self) -> Self:
        size = len(self.labels)
        if len(self.counts) != size or any(len(row) != size for row in self.counts):
            shape = [len(row) for row in self.counts]
            raise ValueError(f"counts must be {size} rows of {size}, one per label; found rows of lengths {shape[:20]}")
        return self


class ImportanceView(View):
    """How much the KPI suffers when one feature is shuffled, with the ends of its interval."""

    feature: str
    value: float
    low: float
    high: float


class FailureCase(View):
    """One row that the model got wrong, and what that cost.

    :param key: Names the row in the source.
    :param features: Name to value, as text, the telling ones first.
    """

    key: str
    time: datetime | None = None
    actual: str
    predicted: str
    cost: float
    cost_unit: str
    features: Mapping[str, str] = Field(default_factory=dict)


class FailureGroup(View):
    """Rows sharing one value of a column that carry more cost than their number explains."""

    column: str
    value: str
    n: Count
    share_of_cost: float
    share_of_rows: float


class ServingLine(View):
    """What serving would cost at one load."""

    load: str
    predictions_per_month: float
    replicas: Count
    cost_per_month: float
    cost_per_1000: float


class ServingView(View):
    """What serving would cost at today's load and at multiples of it.

    :param spent: What this run cost by what its steps took; empty: nothing was metered.
    :param latency_ms_single: Milliseconds for one prediction.
    :param latency_ms_per_1000: Milliseconds for a batch of 1,000.
    """

    currency: str
    assumptions: tuple[str, ...] = ()
    lines: tuple[ServingLine, ...]
    spent: str = ""
    latency_ms_single: float | None = None
    latency_ms_per_1000: float | None = None


class DataView(View):
    """What the model was trained and judged on, exact enough to get it again.

    :param source_digest: Digest of the source as it was read.
    :param split: How training and holdout rows were told apart, as one sentence.
    """

    uri: str
    source_digest: str
    rows: Count
    columns: Count
    snapshot_table: str | None = None
    snapshot_version: int | None = None
    snapshot_digest: str | None = None
    train_rows: Count
    holdout_rows: Count
    split: str


class ComparedView(View):
    """The KPI of a candidate and of the champion on some rows of the holdout.

    :param part: Which rows, in words: `all`, or a slice.
    :param change: By how much the candidate is better, in the metric's unit, with the ends of its interval.
    :param relative: The change as a share of the champion's KPI.
    """

    part: str
    n: Count
    candidate: float
    champion: float
    change: float
    low: float
    high: float
    relative: float


class GateView(View):
    """What the gate found, check by check and part by part.

    :param champion: Version of the champion; none: nothing was released yet.
    """

    metric: str
    champion: Count | None = None
    checks: tuple[Check, ...] = ()
    parts: tuple[ComparedView, ...] = ()


class MissingItem(View):
    """One thing the next stage asks for and the pipeline does not have yet."""

    item: str
    why: str
    how: str


class NextStage(View):
    """The stage after this one, and what is missing for it."""

    name: str
    missing: tuple[MissingItem, ...] = ()


class ReportContent(View):
    """All that one report page shows, in the order of the page.

    :param sentence: The conclusion, as the one sentence on top.
    :param same_as: Id of an earlier run whose metrics and snapshot are identical.
    :param target: Name of the predicted column; it labels the charts.
    :param scatter: Pairs of actual and predicted value, for data without an event time.
    :param reliability: Mean predicted probability, observed share and number of rows, bin by bin.
    :param links: Label to address: http, https or relative.
    :param notes: How the numbers were made.
    """

    pipeline: str
    stage: str
    run_id: str
    created_at: AwareDatetime
    package_version: str
    description: str = ""
    owners: Mapping[str, str] = Field(default_factory=dict)
    verdict: Verdict
    sentence: str
    same_as: str | None = None
    target: str | None = None
    kpi: KpiView
    gate: GateView | None = None
    metrics: tuple[MetricRow, ...] = ()
    improvements: tuple[ImprovementView, ...] = ()
    steps: tuple[StepLine, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    scatter: tuple[tuple[float, float], ...] = ()
    confusion: ConfusionView | None = None
    reliability: tuple[tuple[float, float, Count], ...] = ()
    value: ValueView | None = None
    serving: ServingView | None = None
    quality: tuple[Check, ...] = ()
    importance: tuple[ImportanceView, ...] = ()
    importance_note: str = ""
    failures: tuple[FailureCase, ...] = ()
    failures_by: tuple[FailureGroup, ...] = ()
    next_stage: NextStage | None = None
    data: DataView
    links: Mapping[str, Link] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
