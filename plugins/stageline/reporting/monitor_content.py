"""Everything the monitoring page shows, as frozen values: one window of a released model, and the windows before."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from stageline.reporting.content import Count, Link, StepLine, View
from stageline.reporting.quality_content import Recorded
from stageline.verdicts import Check, Verdict


class BoundsView(Recorded):
    """A number with the ends of its interval; what is not known is none.

    :param n: Rows it rests on.
    :param windows: Windows it rests on.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: Count | None = None
    windows: Count | None = None


class SpanView(Recorded):
    """A window: from its start on, before its end."""

    start: AwareDatetime
    end: AwareDatetime


class DistributionView(Recorded):
    """A column's rows in the bins of its reference profile, in the reference and in the window.

    :param cuts: Ends of a number's bins: the first bin is below all of them, the last above.
    :param names: Categories with a bin of their own; the last bin is for all others.
    :param complete: Whether the reference held no other category, so that any other is new.
    """

    kind: Literal["number", "category"]
    cuts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    complete: bool = True
    reference: tuple[Count, ...]
    current: tuple[Count, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        bins = 1 + len(self.cuts if self.kind == "number" else self.names)
        if (len(self.reference), len(self.current)) != (bins, bins):
            found = f"{len(self.reference)} and {len(self.current)}"
            raise ValueError(f"a distribution of {bins} bins has as many counts twice; found {found}")
        return self


class WindowCounts(View):
    """What is known of how many rows came through, from the rows that came in to the good predictions.

    :param rows: Rows of the window.
    :param scored: Predictions that were made of them.
    :param batch_in: Rows that the newest scoring run read: a table may hold more than the window.
    :param batch_left_out: Rows that it could not score.
    :param predicted: Predictions of the window whose labels are due: it may be an older one.
    :param labelled: Those of them that have a label.
    :param judged: Labelled predictions that were judged as good or not.
    :param good: Those that were good.
    """

    rows: Count | None = None
    scored: Count | None = None
    batch_in: Count | None = None
    batch_left_out: Count | None = None
    predicted: Count | None = None
    labelled: Count | None = None
    judged: Count | None = None
    good: Count | None = None


class FunnelView(View):
    """Both windows' counts, and in words over what time each was counted, where it is not the window itself.

    :param before: Of the window before, as far as it is known.
    :param batch_note: Over which rows scoring counted.
    :param labels_note: Over which window labels were counted.
    :param good_note: What counts as good, and over which time.
    :param verdict: Of the KPI, where no share of good predictions is known, with its sentence.
    """

    now: WindowCounts
    before: WindowCounts = WindowCounts()
    batch_note: str = ""
    labels_note: str = ""
    good_note: str = ""
    verdict: Verdict | None = None
    sentence: str = ""


class GoalView(View):
    """What the model is judged by.

    :param max_loss: Largest relative loss against what its release leads one to expect.
    """

    metric: str
    greater_is_better: bool
    goal: float
    unit: str | None = None
    max_loss: float | None = None


class PerformancePoint(View):
    """One window whose labels were due; a window without enough of them has no KPI."""

    start: AwareDatetime
    end: AwareDatetime
    version: Count | None = None
    kpi: BoundsView = BoundsView()
    expected: BoundsView = BoundsView()
    released: BoundsView = BoundsView()
    loss: BoundsView = BoundsView()
    smoothed: BoundsView = BoundsView()


class ReleaseMark(View):
    """A change of what the pipeline serves.

    :param words: In full.
    """

    at: AwareDatetime
    version: Count
    kind: Literal["release", "rollback"] = "release"
    words: str = ""


class EstimatedView(BoundsView):
    """The KPI of predictions that nobody has labelled yet.

    :param how: How it is estimated, in words.
    """

    metric: str = ""
    how: str = ""
    window: SpanView | None = None


class MoneyView(Recorded):
    """What the window's predictions were worth.

    :param lost: Money lost against the released model's own performance.
    """

    amount: float | None = None
    per_1000: float | None = None
    lost: float | None = None
    currency: str = ""


class LabelsView(Recorded):
    """How many of a window's predictions have a label, and where it comes from."""

    uri: str = ""
    scored: Count | None = None
    labelled: Count | None = None
    coverage: float | None = None
    repeated: Count | None = None
    contradictory: Count | None = None


class BurnView(Recorded):
    """How fast a budget is spent: 1 spends it in exactly its period.

    :param long: The long window, as ISO 8601 duration or in seconds.
    :param severity: What happens above the limit: `page` or `ticket`.
    """

    long: str | float = ""
    short: str | float = ""
    rate_long: float | None = None
    rate_short: float | None = None
    limit: float | None = None
    severity: str = ""


class ObjectiveView(Recorded):
    """A service level objective and its error budget.

    :param target: Share of events that has to be good, 0 to 1.
    :param burned: Share of the budget that is used: above 1 there is none left.
    :param exhausted: None: too few events to say.
    """

    sli: str
    target: float | None = None
    period: str | float = ""
    good: float | None = None
    total: float | None = None
    burned: float | None = None
    exhausted: bool | None = None
    burns: tuple[BurnView, ...] = ()


class IncidentView(Recorded):
    """An alert that was opened once and stays until its cause is gone."""

    id: str = ""
    topic: str = ""
    role: str = ""
    owner: str | None = None
    state: str = "open"
    since: AwareDatetime | str | None = None
    windows: Count | tuple[str, ...] | None = None
    sentence: str = ""


class MonitorContent(View):
    """All that one monitoring page shows.

    :param window: The newest window that was looked at; none: no step says.
    :param model_version: Whose window it is; none: nothing was released.
    :param steps: The steps of this run that left a record, in their order.
    :param drift: Checks of the step `drift`.
    :param distributions: By column, as far as they were kept.
    :param no_distributions: Why there are none, if so.
    :param private: Columns of which no value is shown.
    :param performance: Checks of the step `performance`.
    :param matured: The newest window whose labels are due.
    :param history: Windows whose labels were due, of all versions, the oldest first.
    :param marks: Releases and rollbacks, the oldest first.
    :param objectives_checks: Checks of the step `objectives`.
    :param incidents: What was open after the newest alert; none of them known: `incidents_as_of` is none.
    :param incidents_as_of: When that was.
    :param unread: Parts of the records that this version cannot read.
    """

    pipeline: str
    stage: str
    run_id: str
    created_at: AwareDatetime
    package_version: str
    window: SpanView | None = None
    model_version: Count | None = None
    model_digest: str = ""
    steps: tuple[StepLine, ...] = ()
    funnel: FunnelView | None = None
    drift: tuple[Check, ...] = ()
    distributions: Mapping[str, DistributionView] = Field(default_factory=dict)
    no_distributions: str = ""
    private: frozenset[str] = frozenset()
    goal: GoalView | None = None
    performance: tuple[Check, ...] = ()
    matured: SpanView | None = None
    labels: LabelsView | None = None
    history: tuple[PerformancePoint, ...] = ()
    marks: tuple[ReleaseMark, ...] = ()
    estimated: EstimatedView | None = None
    money: MoneyView | None = None
    objectives: tuple[ObjectiveView, ...] = ()
    objectives_checks: tuple[Check, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    incidents_as_of: AwareDatetime | None = None
    unread: tuple[str, ...] = ()
    links: Mapping[str, Link] = Field(default_factory=dict)
