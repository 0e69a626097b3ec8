"""What a rollout does next: a pure function of its plan and of every look that was taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stageline.release.rollout.ab_test import AbResult
from stageline.spec.ab_test import AbTest
from stageline.spec.durations import format_duration
from stageline.spec.rollout import Rollout
from stageline.verdicts import Check, Severity, Verdict

Action = Literal["hold", "advance", "promote", "roll_back"]
_ALL = 100


@dataclass(frozen=True)
class Look:
    """What was seen of a canary at one time.

    :param at: When it was taken, with a time zone; traffic before it was judged.
    :param step: Place of the step in the plan, the first is 0.
    :param ab_test: What the A/B test says by then; none: there is none, or it has not begun.
    """

    at: datetime
    step: int
    checks: tuple[Check, ...]
    ab_test: AbResult | None = None

    @property
    def failed(self) -> Check | None:
        """The first check that failed, if one did."""
        return next((check for check in self.checks if check.effect is Verdict.FAILED), None)


@dataclass(frozen=True)
class Decision:
    """What to do.

    :param reason: One sentence.
    """

    action: Action
    reason: str


def decide(
    plan: Rollout, looks: Sequence[Look], *, step: int, percent: int, step_began: datetime, now: datetime
) -> Decision:
    """Return what a rollout does next.

    In this order: one failed look more than is borne undoes it at once. A step is watched for a whole interval. A look
    of this step in which nothing is undecided moves it on; the last step below 100 is left by a promotion, for which
    every check has to pass. What is still undecided at the deadline is undone. An A/B test holds the last step until it
    says that the candidate is better, or as good where that is enough; otherwise the champion stays.

    :param looks: Of the whole rollout; their order does not matter.
    :param step: Number of the present step, the first is 0: by it looks are told apart.
    :param percent: The canary's share; the next one is the plan's first above it, whatever the plan was before.
    :param step_began: When the canary got its share of the traffic.
    """
    past = sorted((look for look in looks if look.at <= now), key=lambda look: look.at)
    failed = [found for look in past if (found := look.failed) is not None]
    if len(failed) > plan.max_failures:
        return Decision("roll_back", _undone(failed, plan.max_failures))
    following, share = plan.after(percent), f"{percent} %"
    final = following == _ALL
    newest = next((look for look in reversed(past) if look.step == step and look.at >= step_began), None)
    still = _open(newest, plan, share, step_began=step_began, now=now, final=final)
    result = newest.ab_test if newest else None
    if final and plan.ab_test is not None:
        tested = _tested(result, plan.ab_test, over=now - step_began >= plan.ab_test.duration)
        if tested is not None:
            return tested
    if not still and final:
        ruled_out = f"every check passed at {share}: harm of the size of the limits is ruled out"
        return Decision("promote", f"A/B test: {result.sentence}" if result else ruled_out)
    if not still:
        return Decision("advance", f"no check found harm at {share}; the next step is {following} %")
    if now - step_began >= plan.patience(percent):
        return Decision("roll_back", f"undecided at {share} after {format_duration(plan.patience(percent))}: {still}")
    return Decision("hold", still)


def _tested(result: AbResult | None, test: AbTest, *, over: bool) -> Decision | None:
    """Return what an A/B test decides; none: that the candidate may be promoted."""
    if result is None or result.outcome == "undecided":
        told = result.sentence if result else "nobody has looked yet"
        if not over:
            return Decision("hold", f"A/B test: {told}")
        return Decision(
            "roll_back", f"A/B test over after {format_duration(test.duration)}, the champion stays: {told}"
        )
    if result.outcome == "worse" or (result.outcome == "no_difference" and test.no_difference == "keep"):
        return Decision("roll_back", f"A/B test, the champion stays: {result.sentence}")
    return None


def _open(newest: Look | None, plan: Rollout, share: str, *, step_began: datetime, now: datetime, final: bool) -> str:
    """Return what keeps the rollout in its step, in words; empty if nothing does."""
    interval = format_duration(plan.interval)
    if now - step_began < plan.interval:
        return f"{share} of the traffic is watched for {interval} at least"
    if newest is None:
        return f"nobody has looked at {share} yet"
    if newest.at - step_began < plan.interval:
        return f"the newest look at {share} was taken before {interval} were over"
    return _undecided(newest.checks, final=final)


def _undecided(checks: Iterable[Check], *, final: bool) -> str:
    """Return what of a look is undecided, its gravest first, in words; empty if nothing is.

    What is only a warning never keeps it, but for an error; what is only shown does not count.
    """
    counted = [check for check in checks if check.effect is not None]
    enough = (Verdict.PASSED,) if final else (Verdict.PASSED, Verdict.WARNED)
    critical = [check for check in counted if check.severity is Severity.CRITICAL]
    if not critical:
        return "nothing was checked"
    still = [check for check in counted if check.effect is Verdict.ERRORED]
    still += [check for check in critical if check.verdict not in (*enough, Verdict.ERRORED)]
    still.sort(key=lambda check: _ORDER.index(check.verdict))
    return _sentence(still)


_ORDER = (Verdict.FAILED, Verdict.ERRORED, Verdict.INCONCLUSIVE, Verdict.WARNED, Verdict.PASSED)


def _undone(failed: Sequence[Check], borne: int) -> str:
    more = f" ({len(failed)} looks failed, max_failures = {borne})" if borne else ""
    return f"{failed[-1].message}{more}"


def _sentence(checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    more = f" (and {len(checks) - 1} more)" if len(checks) > 1 else ""
    return f"{checks[0].message}{more}"
