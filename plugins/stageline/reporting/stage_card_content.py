"""Everything the stage card shows, as frozen values: what a pipeline is for, who answers for it, how ready it is."""

from typing import Literal

from pydantic import AwareDatetime

from stageline.reporting.content import Count, Link, View
from stageline.verdicts import Verdict

# How a role takes part: does it, answers for it, is asked before, is told after.
Part = Literal["R", "A", "R A", "C", "I", ""]
PointState = Literal["earned", "half", "failed", "expired", "missing"]


class LabelledView(View):
    """A fact with its name."""

    label: str
    value: str


class RecordView(View):
    """A record of the ledger that something on the card rests on.

    :param by: Who or what wrote it.
    :param url: Where its DAG run is opened.
    """

    position: Count
    at: AwareDatetime
    what: str
    by: str
    verdict: Verdict
    sentence: str
    digest: str
    url: Link | None = None


class TestView(View):
    """One of the 28 tests.

    :param records: Positions of the records it rests on, or that speak against it.
    :param until: When its points end.
    :param earn: What to do for it; empty where all points are there.
    """

    __test__ = False

    code: str
    number: Count
    title: str
    points: float
    most: float
    state: PointState
    message: str
    owner: str
    records: tuple[Count, ...] = ()
    until: AwareDatetime | None = None
    earn: str = ""


class SectionView(View):
    """One of the four sections of the score."""

    name: str
    points: float
    tests: tuple[TestView, ...]


class RequirementView(View):
    """Something that a stage asks for beside the score.

    :param stage: The stage that asks for it.
    """

    code: str
    title: str
    stage: str
    met: bool
    message: str
    record: Count | None = None


class TodoView(View):
    """One thing to do for the next stage."""

    code: str
    title: str
    why: str
    how: str
    owner: str
    minutes: Count
    needed: bool
    blocked: str = ""


class DutyView(View):
    """One line of the RACI matrix.

    :param parts: Of business, model, data and operations, in this order.
    :param people: Who is meant by those that do or answer.
    """

    duty: str
    parts: tuple[Part, Part, Part, Part]
    people: str


class StepView(View):
    """One change of stage, or one release."""

    at: AwareDatetime
    sentence: str
    record: Count


class StageCard(View):
    """A pipeline on one page.

    :param verdict: Whether the declared stage is earned; errored where the ledger's chain does not hold: then the card
        holds nothing that would rest on it.
    :param disagreement: Where the file's stage is not the newest one on record.
    :param score: None where there is no evidence to give one.
    :param least: Score that the declared stage asks for.
    :param next_stage: The stage above; empty where there is none.
    :param next_sentence: Whether it is earned, and what it lacks.
    :param next_least: Score that it asks for.
    :param owners: Of business, model, data and operations; empty where nobody is named.
    :param upto: Newest record of the ledger that the card knows.
    """

    pipeline: str
    stage: str
    description: str = ""
    created_at: AwareDatetime
    upto: Count
    verdict: Verdict
    sentence: str
    disagreement: str = ""
    score: float | None = None
    band: str = ""
    least: float
    next_stage: str = ""
    next_sentence: str = ""
    next_least: float = 0.0
    owners: tuple[str, str, str, str]
    duties: tuple[DutyView, ...]
    sections: tuple[SectionView, ...] = ()
    requirements: tuple[RequirementView, ...] = ()
    todo: tuple[TodoView, ...] = ()
    kpi: tuple[LabelledView, ...] = ()
    data: tuple[LabelledView, ...] = ()
    model: tuple[LabelledView, ...] = ()
    costs: tuple[LabelledView, ...] = ()
    risks: tuple[str, ...] = ()
    history: tuple[StepView, ...] = ()
    records: tuple[RecordView, ...] = ()
