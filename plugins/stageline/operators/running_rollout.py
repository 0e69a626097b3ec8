"""A rollout that has begun: look once, decide, act on what is on record, and wait."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from stageline.exceptions import HeadError, SpecError, StagelineError, TargetError
from stageline.operators.candidate import frozen, promoted
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
_ALL = 100


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
        """Look once if it is time to, act on what that shows, and wait; returns once the rollout is over.

        Whatever goes wrong, a rollout that has begun goes on, to its deadline at the latest: a task that failed would
        leave its canary unwatched.
        """
        while True:
            story = RolloutStory.of(self.run.ledger, self.run.name, self.sequence)
            if story.end is not None:
                return self._ended(story)
            report = self._step(story)
            if report is not None:
                return report

    def _step(self, story: RolloutStory) -> Report | None:
        """Take the next step, or wait for it; none: the canary got another share."""
        from stageline.operators.targets import target_of

        plan, now, head = plan_of(self.run), moment_now(), self.run.ledger.head(self.run.name)
        if head.live(now).canary is None:
            return self._leave("its time was over and nobody looked: the canary left the traffic by itself")
        deadline = story.shifts[-1].at + plan.patience(story.shifts[-1].percent)
        if (undone := story.undone) is not None and _holds(undone, plan, now):
            return self._act(undone, story, deadline)
        target = target_of(self.run)
        pending, refused = self._converge(target, head)
        if refused:
            return self._leave(f"the target refuses: {refused}")
        # Once it was at rest, what is seen of it counts, also while a part of it is away.
        if pending and not story.looked:
            if now >= deadline:
                return self._leave(f"the target did not come to rest by the deadline: {pending}")
            self.wait(min(now + ASK_AGAIN, deadline))
        due = min(self._newest_mark(story) + plan.interval, deadline)
        if now < due:
            self.wait(due)
        return self._act(self._look(story, plan, target, head, now), story, deadline)

    def _newest_mark(self, story: RolloutStory) -> datetime:
        """Return when the step began, or its newest look was over: however long looks take, there is time between."""
        looked = [moment for look in story.looks for moment in (look.recorded_at, _taken(look))]
        return max([story.shifts[-1].at, *looked])

    def _converge(self, target: "Target", head: "Head") -> tuple[str, str]:
        """Let the target follow the head; returns what is still under way, and why it refuses."""
        try:
            served = target.converge(head)
        except TargetError as error:
            return "", str(error)
        except StagelineError as error:
            return str(error), ""
        except Exception as error:  # noqa: BLE001 - of somebody's own target, too
            return f"it fails with {type(error).__name__}", ""
        return served.pending or served.fault(head), ""

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
            tested = _tested(plan, traffic, percent, began, now)
        except Exception as error:  # noqa: BLE001 - a task that failed here would leave its canary unwatched
            checks = (_unseen(error),)
        decision = decide(
            plan, (*story.history, Look(at=now, step=step, checks=checks, ab_test=tested)),
            step=step, percent=percent, step_began=began, now=now,
        )  # fmt: skip
        verdict = {"roll_back": Verdict.FAILED, "hold": Verdict.INCONCLUSIVE}.get(decision.action, Verdict.PASSED)
        return self.run.ledger.append(
            entry_of(
                self.run, kind=LOOK, step=STEP, verdict=verdict,
                sentence=f"version {story.candidate.version} at {percent} %: {decision.reason}",
                evidence={
                    "sequence": self.sequence, "step": step, "percent": percent, "at": now.isoformat(),
                    "action": decision.action, "reason": decision.reason,
                    "then": plan.after(percent) if decision.action == "advance" else None,
                    "checks": [check.model_dump(mode="json") for check in checks],
                    "ab_test": _told(plan, tested, began),
                },
                key=(self.sequence, len(story.looks)),
            )
        )  # fmt: skip

    def _act(self, look: "Record", story: RolloutStory, deadline: datetime) -> Report | None:
        """Do what a look decided; done by another copy of this task already, it is not done twice."""
        action, reason = look.evidence["action"], look.evidence["reason"]
        if action == "roll_back":
            return self._leave(reason)
        if action == "promote":
            return self._promote(story.candidate, reason, deadline)
        if action == "advance":
            percent = look.evidence["then"]
            sentence = f"version {story.candidate.version} gets {percent} %: {reason}"
            entry = self._entry("canary", sentence, ("shift", percent), Verdict.PASSED)
            # Where it is over by now, the next step tells by whom it was ended.
            with suppress(HeadError):
                until = forgotten_from(plan_of(self.run), percent)
                self.run.ledger.shift_canary(entry, percent, sequence=self.sequence, until=until)
        self._show()
        if action == "hold":
            # Always between two looks, so that the worker is given back however long a look takes.
            self.wait(min(moment_now() + plan_of(self.run).interval, max(deadline, moment_now())))
        return None

    def _promote(self, candidate: "ModelVersion", reason: str, deadline: datetime) -> Report:
        """Make the canary the champion, unless promotions were frozen since it was let in."""
        now = moment_now()
        stops = [check for check in frozen(self.run, self.evidence) if check.effect and not check.effect.advances]
        if stops and now < deadline:
            self._show()
            self.wait(min(now + plan_of(self.run).interval, deadline))
        if stops:
            return self._leave(f"promotions are frozen: {stops[0].message}")
        done, _ = promoted(self.run, self.evidence, candidate, reason, STEP)
        story = RolloutStory.of(self.run.ledger, self.run.name, self.sequence)
        return self._leave(done.message) if story.end is None else self._ended(story)

    def _show(self) -> None:
        show_rollout(self.run, RolloutStory.of(self.run.ledger, self.run.name, self.sequence))

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
        self._show()
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
        pending, refused = self._converge(target_of(self.run), head)
        if refused:
            return refused
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
    plan: "Rollout", traffic: "Sequence[Traffic]", percent: int, began: datetime, now: datetime
) -> "AbResult | None":
    """Return what the A/B test of the last step says; none: there is none, or it has not begun."""
    from stageline.release.rollout.ab_test import compare_outcomes

    if plan.ab_test is None or plan.after(percent) != _ALL:
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


def _taken(look: "Record") -> datetime:
    return datetime.fromisoformat(look.evidence["at"])


def _holds(look: "Record", plan: "Rollout", now: datetime) -> bool:
    """Whether what a look decided is still to be done: a promotion for an interval, all else always."""
    return look.evidence["action"] != "promote" or now - _taken(look) <= plan.interval


def forgotten_from(plan: "Rollout", percent: int) -> datetime:
    """Return from when on a canary leaves the traffic by itself, should its step begin now and nobody look after it.

    :param percent: Its share.
    """
    return moment_now() + plan.patience(percent) + max(plan.interval, _LATE)


def plan_of(run: "RunContext") -> "Rollout":
    """Return in which steps the pipeline's spec rolls out.

    :raises SpecError: It does not say.
    """
    if run.spec.release is None or run.spec.release.rollout is None:
        raise SpecError(f"pipeline {run.name!r} has no section 'release.rollout', which says in which steps")
    return run.spec.release.rollout
