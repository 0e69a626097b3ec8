"""Everything the page of a rollout shows, as frozen values: its steps, its looks, what each found, and its end."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from stageline.reporting.content import Count, Link, View
from stageline.verdicts import Verdict

Action = Literal["hold", "advance", "promote", "roll_back"]
State = Literal["under_way", "promoted", "undone", "taken_back", "superseded"]
Kind = Literal["error_rate", "error_rate_own", "latency", "latency_own", "predictions", "kpi"]
Percent = Annotated[int, Field(ge=0, le=100)]


class TriedModel(View):
    """One of the two models.

    :param dag_run: `DAG/RUN` that trained it.
    :param link: Its MLflow run; none: there is no server to open it at.
    """

    version: Count
    digest: str = ""
    mlflow_run: str = ""
    dag_run: str = ""
    link: Link | None = None


class ShareView(View):
    """From when on the canary got which share of the traffic."""

    at: AwareDatetime
    percent: Percent


class ArmView(View):
    """What one model was asked in a step, in rows.

    :param errors: How many ended in an error, by kind.
    """

    events: Count
    errors: Mapping[str, Count] = Field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Rows that ended in an error."""
        return sum(self.errors.values())


class StepView(View):
    """One step: a share of the traffic, held for some time.

    :param until: When it ended; none: it is under way.
    :param canary: None: no look says how many rows there were.
    """

    percent: Percent
    began: AwareDatetime
    until: AwareDatetime | None = None
    looks: Count = 0
    canary: ArmView | None = None
    champion: ArmView | None = None


class LookView(View):
    """One look, and what was decided.

    :param number: 1, 2, 3 and so on.
    :param position: Of its record.
    """

    number: Count
    position: Count
    at: AwareDatetime
    percent: Percent
    action: Action
    reason: str


class MetricPoint(View):
    """What one look found of one limit, over the whole rollout until then.

    :param value: What is held against the limit; for most metrics a difference of canary and champion.
    :param low: Of the bounds, which hold at every look at once; none: nothing is ruled out on this side.
    :param canary: The metric of the canary itself, in its own unit.
    :param canary_range: Ends of the middle four fifths of its values, where there are such.
    """

    at: AwareDatetime
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    canary: float | None = None
    champion: float | None = None
    canary_range: tuple[float, float] | None = None
    champion_range: tuple[float, float] | None = None


class MetricView(View):
    """One limit of the rollout over all looks.

    :param name: As the checks have it, e.g. `latency(99 %)`.
    :param points: Look by look, the oldest first.
    :param message: What the newest look said of it.
    :param by_class: Whether predictions are classes: canary and champion are shares of the class that differs most.
    """

    kind: Kind
    code: str
    name: str
    points: tuple[MetricPoint, ...]
    message: str = ""
    by_class: str | None = None


class AbPoint(View):
    """What one look found of the A/B test."""

    at: AwareDatetime
    value: float | None = None
    low: float | None = None
    high: float | None = None


class AbTestView(View):
    """The A/B test of a rollout.

    :param column: What came of the answers.
    :param unit: Of the effect: `points` of a rate, or a `share` of the champion's mean.
    :param least: The least effect that matters, in that unit.
    :param until: When its planned time is up.
    :param stop: Whether it is over.
    :param rows: Outcomes of canary and champion.
    """

    column: str
    unit: Literal["share", "points"]
    least: float
    until: AwareDatetime
    outcome: Literal["better", "worse", "no_difference", "undecided"]
    stop: bool
    sentence: str
    rows: tuple[Count, Count]
    points: tuple[AbPoint, ...]


class ApprovalView(View):
    """What one person answered.

    :param at: When the answer was put on record.
    :param position: Of its record.
    """

    by: str
    at: AwareDatetime
    verdict: Verdict
    sentence: str
    position: Count


class RolloutContent(View):
    """All that one page shows.

    :param sequence: Record that began the rollout, whose name this is.
    :param state: `taken_back`: promoted, and rolled back before anything else was released. `superseded`: somebody
        moved the champion while it was under way.
    :param reason: Why it is where it is: of the newest look, or of the record that ended it.
    :param actor: Who ended it, where it was a person.
    :param as_of: Time of its newest record: the page is of that moment.
    :param ended: When the canary left the traffic, or became the champion.
    :param deadline: When the present step is undone unless it is decided; none: over, or the plan is not known.
    :param planned: Percentages of the spec's steps; empty: not known.
    :param shares: The shares that the canary got, the oldest first.
    :param looks: The oldest first.
    :param run_id: DAG run that began it.
    :param unread: Parts of the records that this version cannot read.
    """

    pipeline: str
    stage: str
    sequence: Count
    state: State
    reason: str
    actor: str = ""
    began: AwareDatetime
    as_of: AwareDatetime
    ended: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    planned: tuple[Percent, ...] = ()
    candidate: TriedModel
    champion: TriedModel | None = None
    shares: Annotated[tuple[ShareView, ...], Field(min_length=1)]
    steps: tuple[StepView, ...] = ()
    looks: tuple[LookView, ...] = ()
    metrics: tuple[MetricView, ...] = ()
    ab_test: AbTestView | None = None
    approvals: tuple[ApprovalView, ...] = ()
    dag_id: str = ""
    run_id: str = ""
    links: Mapping[str, Link] = Field(default_factory=dict)
    package_version: str = ""
    unread: tuple[str, ...] = ()
