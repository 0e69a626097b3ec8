"""A rollout that has begun: look once, decide, act on what is on record, and wait."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from stageline.exceptions import HeadError, Outage, SpecError, StagelineError, TargetError
from stageline.operators.candidate import promoted
from stageline.operators.rollout_report import show_rollout
from stageline.operators.rollout_story import LOOK, RolloutStory
from stageline.operators.settling import ASK_AGAIN, settled
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Head, ModelVersion, Record
    from stageline.operators.release_evidence import ReleaseEvidence
    from stageline.operators.run_context import RunContext
    from stageline.release.rollout.ab_test import AbResult
    from stageline.serving.target import Target
    from stageline.spec.rollout import Rollout
    from stageline.traffic import Traffic

STEP = "rollout"
ENDED, UNSEEN = "SL-P005", "SL-P006"
# How late a look at the deadline may come at the most.
_LATE = timedelta(hours=1)


@dataclass(frozen=True)
class RunningRollout:
    """A rollout that has begun, as one try of its task sees it.

    :param sequence: Record that began it.
    :param wait: Gives the worker back until a moment, and never returns.
    """

    run: "RunContext"
    evidence: "ReleaseEvidence"
    sequence: int
    wait: Callable[[datetime], NoReturn]

    def go_on(self) -> Report:
        """Look once if it is time to, and act on what that shows; or wait."""
        from stageline.operators.targets import target_of

        story = RolloutStory.of(self.run.ledger, self.run.name, self.sequence)
        if story.end is not None:
            return self._ended(story)
        plan, now, head = plan_of(self.run), moment_now(), self.run.ledger.head(self.run.name)
        target = target_of(self.run)
        deadline = story.shifts[-1].at + plan.patience(len(story.shifts) - 1)
        if story.undone is not None:
            return self._act(story.undone, story)
        try:
            pending = self._converge(target, head)
        except TargetError as error:
            return self._leave(f"the target refuses: {error}")
        if pending:
            if now >= deadline:
                return self._leave(f"the target did not come to rest by the deadline: {pending}")
            self.wait(min(now + ASK_AGAIN, deadline))
        marks = [story.shifts[-1].at, *(datetime.fromisoformat(look.evidence["at"]) for look in story.looks)]
        due = min(max(marks) + plan.interval, deadline)
        if now < due:
            self.wait(due)
        look = self._look(story, plan, target, head, now)
        return self._act(look, story)

    def _converge(self, target: "Target", head: "Head") -> str:
        """Let the target follow the head; returns what is still under way."""
        try:
            served = target.converge(head)
        except Outage as outage:
            return str(outage)
        return served.pending or served.fault(head)

    def _look(self, story: RolloutStory, plan: "Rollout", target: "Target", head: "Head", now: datetime) -> "Record":
        """Judge what happened until now, and put the look and its decision on record."""
        from stageline.operators.release_evidence import entry_of
        from stageline.release.rollout.decision import Look, decide
        from stageline.release.rollout.judge import judge_traffic

        tested: AbResult | None = None
        step, began, percent = len(story.shifts) - 1, story.shifts[-1].at, story.shifts[-1].percent
        try:
            traffic = [
                replace(target.observe(head, start, end), percent=percent)
                for start, end, percent in story.stretches(now)
            ]
            checks = judge_traffic(traffic, plan.metrics, min_events=plan.min_events, alpha=plan.alpha)
            tested = _tested(plan, traffic, step, began, now)
        except Exception as error:  # noqa: BLE001 - a task that failed here would leave its canary unwatched
            checks = (_unseen(error),)
        decision = decide(
            plan, (*story.history, Look(at=now, step=step, checks=checks, ab_test=tested)),
            step=step, step_began=began, now=now,
        )  # fmt: skip
        verdict = {"roll_back": Verdict.FAILED, "hold": Verdict.INCONCLUSIVE}.get(decision.action, Verdict.PASSED)
        return self.run.ledger.append(
            entry_of(
                self.run, kind=LOOK, step=STEP, verdict=verdict,
                sentence=f"version {story.candidate.version} at {percent} %: {decision.reason}",
                evidence={
                    "sequence": self.sequence, "step": step, "percent": percent, "at": now.isoformat(),
                    "action": decision.action, "reason": decision.reason,
                    "then": plan.steps[step + 1] if decision.action == "advance" else None,
                    "checks": [check.model_dump(mode="json") for check in checks],
                    "ab_test": _told(plan, tested, began),
                },
                key=(self.sequence, len(story.looks)),
            )
        )  # fmt: skip

    def _act(self, look: "Record", story: RolloutStory) -> Report:
        """Do what a look decided; done by another copy of this task already, it is not done twice."""
        action, reason = look.evidence["action"], look.evidence["reason"]
        if action == "roll_back":
            return self._leave(reason)
        if action == "promote":
            return self._promote(story.candidate, reason)
        if action == "advance":
            percent = look.evidence["then"]
            sentence = f"version {story.candidate.version} gets {percent} %: {reason}"
            entry = self._entry("canary", sentence, ("shift", percent), Verdict.PASSED)
            try:
                until = forgotten_from(plan_of(self.run), len(story.shifts))
                self.run.ledger.shift_canary(entry, percent, sequence=self.sequence, until=until)
            except HeadError:
                return self._ended(RolloutStory.of(self.run.ledger, self.run.name, self.sequence))
        show_rollout(self.run, RolloutStory.of(self.run.ledger, self.run.name, self.sequence))
        # What comes next: the target has to follow, and then there is a look to wait for.
        return self.go_on()

    def _promote(self, candidate: "ModelVersion", reason: str) -> Report:
        done, _ = promoted(self.run, self.evidence, candidate, reason, STEP)
        story = RolloutStory.of(self.run.ledger, self.run.name, self.sequence)
        return self._leave(done.message) if story.end is None else self._ended(story)

    def _leave(self, reason: str) -> Report:
        """Take the canary out of the traffic."""
        entry = self._entry("canary", f"the rollout is undone: {reason}", "end", Verdict.FAILED)
        # Where it is over by now, whoever ended it is told of.
        with suppress(HeadError):
            self.run.ledger.end_canary(entry, sequence=self.sequence)
        return self._ended(RolloutStory.of(self.run.ledger, self.run.name, self.sequence))

    def _ended(self, story: RolloutStory) -> Report:
        """Report a rollout that is over: by its own look, or by somebody else."""
        if story.end is None:
            raise AssertionError("only a rollout that ended is told so")
        show_rollout(self.run, story)
        if story.promoted:
            moved = Check(code="SL-P001", name="head_moved", verdict=Verdict.PASSED, message=story.end.sentence)
            return self._report(moved, settled(self.run, story.end, self.wait))
        by = "" if story.end.step == STEP else f"record #{story.end.position} ended the rollout: "
        lag = self._lag(story.end)
        words = f"{by}{story.end.sentence}" + (f"; the target does not follow: {lag}" if lag else "")
        return self._report(Check(code=ENDED, name="rollout_ended", verdict=Verdict.FAILED, message=words))

    def _lag(self, end: "Record") -> str:
        """Wait until the target serves the head without the canary; returns what keeps it from that, if it does."""
        from stageline.operators.targets import target_of

        head, now = self.run.ledger.head(self.run.name), moment_now()
        if head.position != end.position:
            return ""
        try:
            pending = self._converge(target_of(self.run), head)
        except TargetError as error:
            return str(error)
        give_up = end.recorded_at + plan_of(self.run).deadline
        if pending and now < give_up:
            self.wait(min(now + ASK_AGAIN, give_up))
        return pending

    def _report(self, *done: Check) -> Report:
        story = RolloutStory.of(self.run.ledger, self.run.name, self.sequence)
        gravest = next((check for check in done if not check.verdict.advances), done[0])
        last = story.history[-1].checks if story.looks else ()
        beside = tuple(check.model_copy(update={"severity": Severity.INFO}) for check in last)
        evidence = {
            "evidence": self.evidence.digest,
            "candidate": story.candidate.model_dump(mode="json"),
            "sequence": self.sequence,
            "steps": [{"at": shift.at.isoformat(), "percent": shift.percent} for shift in story.shifts],
            "looks": [look.position for look in story.looks],
        }
        return Report(step=STEP, checks=(*done, *beside), evidence=evidence, sentence=gravest.message)

    def _entry(self, kind: str, sentence: str, key: object, verdict: Verdict) -> Any:
        from stageline.operators.release_evidence import entry_of

        return entry_of(
            self.run, kind=kind, step=STEP, verdict=verdict, sentence=sentence,
            evidence={"sequence": self.sequence}, key=(self.sequence, key),
        )  # fmt: skip


def _tested(
    plan: "Rollout", traffic: "Sequence[Traffic]", step: int, began: datetime, now: datetime
) -> "AbResult | None":
    """Return what the A/B test of the last step says; none: there is none, or it has not begun."""
    from stageline.release.rollout.ab_test import compare_outcomes

    if plan.ab_test is None or step < plan.last:
        return None
    since = [interval for interval in traffic if interval.start >= began]
    return compare_outcomes(plan.ab_test, since, until=began + plan.ab_test.duration, now=now)


def _told(plan: "Rollout", tested: "AbResult | None", began: datetime) -> dict[str, Any] | None:
    if tested is None or plan.ab_test is None:
        return None
    rate = plan.ab_test.outcome.kind == "rate"
    return {
        **tested.evidence, "column": plan.ab_test.outcome.column, "unit": "points" if rate else "share",
        "least": plan.ab_test.effect, "until": (began + plan.ab_test.duration).isoformat(),
    }  # fmt: skip


def _unseen(error: Exception) -> Check:
    """Return that a look saw nothing, for whatever reason: the deadline undoes what is never seen."""
    known = isinstance(error, StagelineError)
    return Check(
        code=UNSEEN, name="observed", verdict=Verdict.INCONCLUSIVE if known else Verdict.ERRORED,
        # What other code says may quote a private value.
        message=f"what happened to the requests cannot be seen: {error if known else type(error).__name__}",
    )  # fmt: skip


def moment_now() -> datetime:
    """Return the time that looks and deadlines go by, in UTC."""
    return datetime.now(UTC)


def forgotten_from(plan: "Rollout", step: int) -> datetime:
    """Return from when on a canary leaves the traffic by itself, should its step begin now and nobody look after it.

    :param step: Its place, the first is 0.
    """
    return moment_now() + plan.patience(step) + max(plan.interval, _LATE)


def plan_of(run: "RunContext") -> "Rollout":
    """Return in which steps the pipeline's spec rolls out.

    :raises SpecError: It does not say.
    """
    if run.spec.release is None or run.spec.release.rollout is None:
        raise SpecError(f"pipeline {run.name!r} has no section 'release.rollout', which says in which steps")
    return run.spec.release.rollout
