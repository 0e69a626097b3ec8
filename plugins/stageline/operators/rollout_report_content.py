"""From the records of a rollout to what its page shows: the ledger alone says all of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, ValidationError

from stageline import __version__
from stageline.ledger.canary import CANARY_END
from stageline.ledger.head import CHANGE, MOVES, ROLLBACK, HeadChange
from stageline.release.rollout import error_rate, kpi_loss, latency, prediction_shift
from stageline.reporting import rollout_content as views
from stageline.reporting.quality_content import Recorded
from stageline.verdicts import Check

if TYPE_CHECKING:
    from stageline.ledger import Ledger, ModelVersion, Record
    from stageline.operators.rollout_story import RolloutStory
    from stageline.spec.rollout import Rollout

KINDS: Mapping[str, views.Kind] = {
    error_rate.INCREASE: "error_rate",
    error_rate.OWN: "error_rate_own",
    latency.INCREASE: "latency",
    latency.OWN: "latency_own",
    prediction_shift.SHIFT: "predictions",
    kpi_loss.LOSS: "kpi",
}
_STEP = "rollout"


class _Effect(Recorded):
    value: float | None = None
    low: float | None = None
    high: float | None = None


class _Tested(Recorded):
    """What a look's record tells of the A/B test."""

    outcome: str
    effect: _Effect | None = None
    unit: str
    rows: Mapping[str, int]
    until: AwareDatetime
    least: float
    stop: bool
    sentence: str
    column: str


def rollout_content(
    ledger: "Ledger",
    pipeline: str,
    story: "RolloutStory",
    *,
    plan: "Rollout | None" = None,
    run_links: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> views.RolloutContent:
    """Return the page's content.

    :param plan: The spec's; none: which steps were planned, and until when, is not told.
    :param run_links: Where MLflow runs can be opened, by their ids.
    :param links: Further addresses, by their names.
    """
    return _Collected(ledger, pipeline, story).content(plan, run_links or {}, links or {})


def models_of(ledger: "Ledger", pipeline: str, story: "RolloutStory") -> "tuple[ModelVersion, ModelVersion | None]":
    """Return the candidate, and the champion that it was tried beside."""
    before = (record for record in ledger.records(pipeline, kinds=MOVES) if record.position < story.sequence)
    newest = next(before, None)
    return story.candidate, HeadChange.model_validate(newest.evidence[CHANGE]).after if newest else None


def checks_of(look: "Record") -> tuple[Check, ...]:
    """Return the checks of a look.

    :raises ValidationError: They are recorded in another form.
    """
    return tuple(Check.model_validate(check) for check in look.evidence["checks"])


class _Collected:
    """What a rollout left on record, and what of it could not be read."""

    def __init__(self, ledger: "Ledger", pipeline: str, story: "RolloutStory") -> None:
        self.ledger, self.pipeline, self.story = ledger, pipeline, story
        self.unread: list[str] = []
        (self.began,) = ledger.records(pipeline, positions=[story.sequence])
        self.back = self._taken_back()
        self.checks = [(look, self._checks(look)) for look in story.looks]

    def content(
        self, plan: "Rollout | None", run_links: Mapping[str, str], links: Mapping[str, str]
    ) -> views.RolloutContent:
        story = self.story
        tried, champion = models_of(self.ledger, self.pipeline, story)
        newest = [*(shift.at for shift in story.shifts), *(look.recorded_at for look in story.looks)]
        newest += [record.recorded_at for record in (story.end, self.back) if record is not None]
        state, reason, actor = self._state()
        waits = story.end is None and plan is not None
        return views.RolloutContent(
            pipeline=self.pipeline, stage=self.began.stage, sequence=story.sequence, state=state, reason=reason,
            actor=actor, began=story.shifts[0].at, as_of=max(newest),
            ended=story.end.recorded_at if story.end else None,
            deadline=story.shifts[-1].at + plan.patience(story.shifts[-1].percent) if waits and plan else None,
            planned=plan.steps if waits and plan else (),
            candidate=_model(tried, run_links), champion=_model(champion, run_links) if champion else None,
            shares=tuple(views.ShareView(at=shift.at, percent=shift.percent) for shift in story.shifts),
            steps=self._steps(), looks=self._looks(), metrics=self._metrics(), ab_test=self._test(),
            approvals=self._approvals(), dag_id=self.began.dag_id, run_id=self.began.run_id, links=links,
            package_version=__version__, unread=tuple(dict.fromkeys(self.unread)),
        )  # fmt: skip

    def _state(self) -> tuple[views.State, str, str]:
        """Return what became of it, why, and the person who ended it, where one did."""
        story, end = self.story, self.back or self.story.end
        if end is None:
            return "under_way", story.looks[-1].evidence["reason"] if story.looks else "", ""
        actor = end.actor if end.step != _STEP else ""
        if self.back is not None:
            return "taken_back", end.sentence, actor
        if story.promoted:
            return "promoted", end.sentence.partition(" is the champion: ")[2] or end.sentence, actor
        if end.kind == CANARY_END:
            return "undone", end.sentence.removeprefix("the rollout is undone: "), actor
        return "superseded", end.sentence, actor

    def _taken_back(self) -> "Record | None":
        """Return the rollback of what was promoted, unless something else was released before it."""
        story = self.story
        if story.end is None or not story.promoted:
            return None
        later = self.ledger.records(self.pipeline, kinds=MOVES, newest_first=False)
        following = next((record for record in later if record.position > story.end.position), None)
        return following if following is not None and following.kind == ROLLBACK else None

    def _checks(self, look: "Record") -> tuple[Check, ...]:
        try:
            return checks_of(look)
        except (ValidationError, KeyError):
            self.unread.append(f"checks of record #{look.position}")
            return ()

    def _looks(self) -> tuple[views.LookView, ...]:
        return tuple(
            views.LookView(
                number=number, position=look.position, at=_at(look), percent=look.evidence["percent"],
                action=look.evidence["action"], reason=look.evidence["reason"],
            )
            for number, look in enumerate(self.story.looks, start=1)
        )  # fmt: skip

    def _steps(self) -> tuple[views.StepView, ...]:
        shifts, end = self.story.shifts, self.story.end
        ends: list[datetime | None] = [*(shift.at for shift in shifts[1:]), end.recorded_at if end else None]
        counted = self._counted()
        return tuple(
            views.StepView(
                percent=shift.percent, began=shift.at, until=until,
                looks=sum(look.evidence["step"] == step for look in self.story.looks),
                canary=counted.get(shift.percent, (None, None))[0],
                champion=counted.get(shift.percent, (None, None))[1],
            )
            for step, (shift, until) in enumerate(zip(shifts, ends, strict=True))
        )  # fmt: skip

    def _counted(self) -> dict[int, tuple[views.ArmView, views.ArmView]]:
        """Return the rows of canary and champion by percentage, as the newest look that knows them counted them."""
        for look, checks in reversed(self.checks):
            for check in checks:
                if KINDS.get(check.code) != "error_rate" or not check.details.get("steps"):
                    continue
                try:
                    return {
                        step["percent"]: (_arm(step["canary"]), _arm(step["champion"]))
                        for step in check.details["steps"]
                    }
                except (ValidationError, KeyError, TypeError):
                    self.unread.append(f"rows of record #{look.position}")
        return {}

    def _metrics(self) -> tuple[views.MetricView, ...]:
        points: dict[tuple[str, str], list[views.MetricPoint]] = {}
        newest: dict[tuple[str, str], Check] = {}
        for look, checks in self.checks:
            for check in checks:
                if check.code in KINDS:
                    points.setdefault((check.code, check.name), []).append(_point(look, check))
                    newest[check.code, check.name] = check
        return tuple(
            views.MetricView(
                kind=KINDS[code], code=code, name=name, points=tuple(found), message=newest[code, name].message,
                by_class=_class_of(newest[code, name]),
            )
            for (code, name), found in points.items()
        )  # fmt: skip

    def _test(self) -> views.AbTestView | None:
        found = [(look, tested) for look in self.story.looks if (tested := self._tested(look)) is not None]
        if not found:
            return None
        newest = found[-1][1]
        points = [views.AbPoint(at=_at(look), **(tested.effect or _Effect()).model_dump()) for look, tested in found]
        try:
            return views.AbTestView(
                **newest.model_dump(include={"column", "unit", "least", "until", "outcome", "stop", "sentence"}),
                rows=(newest.rows.get("canary", 0), newest.rows.get("champion", 0)), points=tuple(points),
            )  # fmt: skip
        except ValidationError:
            self.unread.append(f"A/B test of record #{found[-1][0].position}")
            return None

    def _tested(self, look: "Record") -> _Tested | None:
        given = look.evidence.get("ab_test")
        if not given:
            return None
        try:
            return _Tested.model_validate(given)
        except ValidationError:
            self.unread.append(f"A/B test of record #{look.position}")
            return None

    def _approvals(self) -> tuple[views.ApprovalView, ...]:
        """Return the answers that were given to the evidence on which it began, the oldest first."""
        began = self.began
        answers = self.ledger.records(
            self.pipeline, dag_id=began.dag_id, run_id=began.run_id, kinds=["approval"], newest_first=False
        )
        return tuple(
            views.ApprovalView(
                by=str(answer.evidence.get("by") or answer.actor), at=answer.recorded_at, verdict=answer.verdict,
                sentence=answer.sentence, position=answer.position,
            )
            for answer in answers
            if answer.position < began.position and answer.evidence.get("evidence") == began.evidence.get("evidence")
        )  # fmt: skip


def _model(model: "ModelVersion", run_links: Mapping[str, str]) -> views.TriedModel:
    return views.TriedModel(
        version=model.version, digest=model.digest, mlflow_run=model.mlflow_run, dag_run=model.dag_run,
        link=run_links.get(model.mlflow_run),
    )  # fmt: skip


def _at(look: "Record") -> datetime:
    return datetime.fromisoformat(look.evidence["at"])


def _arm(told: Mapping[str, Any]) -> views.ArmView:
    return views.ArmView(events=told["events"], errors=told["errors"])


def _point(look: "Record", check: Check) -> views.MetricPoint:
    details = check.details
    return views.MetricPoint(
        at=_at(look), verdict=check.verdict, value=_number(check.value), limit=_number(check.limit),
        low=_number(details.get("low")), high=_number(details.get("high")), canary=_number(details.get("canary")),
        champion=_number(details.get("champion")), canary_range=_range(details.get("canary_range")),
        champion_range=_range(details.get("champion_range")),
    )  # fmt: skip


def _class_of(check: Check) -> str | None:
    code = _number(check.details.get("class"))
    return None if code is None else prediction_shift.class_in_words(code)


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if known else None


def _range(value: Any) -> tuple[float, float] | None:
    ends: Sequence[float | None] = [_number(each) for each in value] if isinstance(value, list | tuple) else ()
    low, high = ends if len(ends) == 2 else (None, None)  # noqa: PLR2004 - two ends
    return None if low is None or high is None else (low, high)
