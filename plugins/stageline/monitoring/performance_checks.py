"""A window's performance as checks of a report: a code for what was looked at, and a sentence with its numbers."""

import math
from collections.abc import Sequence

from stageline.evaluation import Estimate
from stageline.evaluation.wording import number, with_interval
from stageline.monitoring.estimation import CALIBRATED, Estimated
from stageline.monitoring.label_checks import LABELS
from stageline.monitoring.losses import judge_goal, judge_loss
from stageline.monitoring.performance import Performance, PerformanceLimits
from stageline.monitoring.released import Released
from stageline.monitoring.smoothing import Smoothed
from stageline.persistence import Persistence, short_name
from stageline.spec.metrics import METRICS
from stageline.spec.models import Kpi
from stageline.verdicts import Check, Severity, Verdict

GOAL, LOSS, SMOOTHED, ESTIMATED, PERSISTENT = (f"SL-M0{number}" for number in range(13, 18))
_LASTING = {
    LABELS: "were not all there, or of classes unknown to the model,",
    GOAL: "missed its goal",
    LOSS: "was above its limit",
    SMOOTHED: "was above its limit",
}


def performance_checks(
    performance: Performance,
    smoothed: Smoothed | None,
    kpi: Kpi,
    limits: PerformanceLimits,
    *,
    why: str = "",
    severity: Severity = Severity.CRITICAL,
) -> tuple[Check, ...]:
    """Judge the KPI against its goal (SL-M013), its loss (SL-M014), and the loss over windows (SL-M015).

    :param why: Why the window is not judged, if so.
    """
    checks = [_goal(performance, kpi, why, severity), _loss(performance, limits, why, severity)]
    if smoothed is not None and smoothed.windows > 1 and not why and performance.loss is not None:
        checks.append(_smoothed(performance.metric, smoothed, performance.loss, limits, severity))
    return tuple(checks)


def answers_check(released: Released) -> Check:
    """Tell that a model answers otherwise than at its release (SL-M014): what it has lost cannot be said.

    That is certain without a single label, so it fails whatever the window shows, and need not come back to count.

    :param released: Whose evaluation is on record.
    """
    holdout, then = released.holdout, released.kpi.value if released.kpi else math.nan
    now = number(released.anew, then) if math.isfinite(released.anew) else "not defined"
    return Check(
        code=LOSS, name=f"loss({holdout.metric})", verdict=Verdict.FAILED, severity=Severity.CRITICAL, n=len(holdout),
        details={"reason": "answers_changed", "recorded": _or_none(then), "anew": _or_none(released.anew)},
        message=f"the model answers otherwise than at its release: on the same {len(holdout):,} rows of its holdout "
        f"{holdout.metric} was {number(then, released.anew)} and is {now} now, from the same file; the loss cannot be "
        "measured: look for what changed around it (versions of libraries, code that it calls, the spec's target)",
    )  # fmt: skip


def estimated_check(estimated: Estimated, kpi: Kpi, limits: PerformanceLimits) -> Check:
    """Warn where the KPI is expected to miss its goal or to lose too much (SL-M016): never a proof."""
    more = METRICS[kpi.metric].greater_is_better
    verdicts = [judge_goal(estimated.kpi, kpi.goal, more=more)]
    if estimated.how == CALIBRATED:
        # What the mix of predictions alone leads one to expect is no loss: a busier season has larger errors.
        verdicts.append(Verdict.INCONCLUSIVE if estimated.loss is None else judge_loss(estimated.loss, limits.max_loss))
    if estimated.n < limits.min_n or not math.isfinite(estimated.kpi.value):
        verdict = Verdict.INCONCLUSIVE
        told = f"{kpi.metric} cannot be estimated: {estimated.why or f'min_n = {limits.min_n:,}'}"
    else:
        verdict = next((each for each in (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WARNED) if each in verdicts),
                       Verdict.PASSED)  # fmt: skip
        told = f"{kpi.metric} is estimated at {with_interval(estimated.kpi, beside=kpi.goal)}"
        if estimated.loss is not None:
            told += f", {_worse(estimated.loss)} than on the holdout"
    return Check(
        code=ESTIMATED, name=f"estimated({kpi.metric})", verdict=verdict, severity=Severity.WARNING, n=estimated.n,
        value=_or_none(estimated.kpi.value), limit=kpi.goal, details={"how": estimated.how, **_bounds(estimated.kpi)},
        message=f"{told} (n = {estimated.n:,}, without labels, from the {estimated.how}; it cannot see a change of "
        "what follows from the same inputs)",
    )  # fmt: skip


def performance_persistence(k: int, n: int) -> Persistence:
    """Return the rule that what is wrong in k of the last n windows is a failure (SL-M017)."""

    def subject(check: Check) -> str:
        return f"{short_name(check)} {_LASTING[check.code]}"

    return Persistence(k, n, PERSISTENT, subject, undecided_warns=False)


def lasting(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return those of the checks that may come back: labels, goal and losses."""
    return tuple(check for check in checks if check.code in _LASTING)


def performance_sentence(checks: Sequence[Check]) -> str:
    """Return what a window's performance comes to: what is gravest, or how the KPI is."""
    order = (Verdict.ERRORED, Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.WARNED)
    certain = [check for check in checks if check.code != ESTIMATED]
    first = next((check for wanted in order for check in certain if check.verdict is wanted), None)
    by_code = {check.code: check for check in certain}
    told = [check.message for code in (LOSS, GOAL) if (check := by_code.get(code)) is not None]
    if first is not None and first.code not in (LOSS, GOAL):
        told = [first.message, *told] if first.code != LABELS or first.verdict is Verdict.WARNED else [first.message]
    return "; ".join(dict.fromkeys(told)) or "nothing is known"


def _goal(performance: Performance, kpi: Kpi, why: str, severity: Severity) -> Check:
    more = METRICS[kpi.metric].greater_is_better
    limit = f"{'min' if more else 'max'} = {kpi.goal:,.15g}"
    verdict = Verdict.INCONCLUSIVE if why else judge_goal(performance.kpi, kpi.goal, more=more)
    defined = performance.n and math.isfinite(performance.kpi.value)
    shown = f"{kpi.metric} {with_interval(performance.kpi, beside=kpi.goal)}" if defined else kpi.metric
    if not math.isfinite(performance.kpi.value):
        why = why or "it is not defined on the labelled rows"
    words = {
        Verdict.PASSED: f"meets the goal {limit}",
        Verdict.WARNED: f"meets the goal {limit}, but its interval reaches beyond it",
        Verdict.FAILED: f"misses the goal {limit}",
    }.get(verdict, f"is not judged against the goal {limit}: {why or 'its interval holds the goal'}")
    return Check(
        code=GOAL, name=f"kpi({kpi.metric})", verdict=verdict, severity=severity, n=performance.n, limit=kpi.goal,
        value=_or_none(performance.kpi.value), message=f"{shown} {words} (n = {performance.n:,})",
        details=_bounds(performance.kpi),
    )  # fmt: skip


def _loss(performance: Performance, limits: PerformanceLimits, why: str, severity: Severity) -> Check:
    metric, loss = performance.metric, performance.loss
    limit = f"max_loss = {limits.max_loss:.3g}"
    why = why or performance.why
    if not why and performance.unlabelled > 1 - limits.min_coverage:
        why = f"{performance.unlabelled:.1%} of the predictions are of a kind of which none has a label"
    if not why and performance.left_out > (1 - limits.min_coverage) * performance.scored:
        why = f"the holdout says nothing of {performance.left_out / performance.scored:.1%} of the predictions"
    verdict = Verdict.INCONCLUSIVE if why or loss is None else judge_loss(loss, limits.max_loss)
    told = metric
    if performance.n and loss is not None:
        told = (
            f"{metric} is {_worse(loss)} than the {number(performance.expected.value, 0.0)} that the release leads one "
            f"to expect of this mix of predictions, {limit}"
        )
    elif performance.n and math.isfinite(performance.expected.value):
        own = performance.compared.value
        shown = number(own, 0.0) if math.isfinite(own) else "is not defined"
        told = f"{metric} {shown}, expected {number(performance.expected.value, 0.0)}"
    told += _beside(performance)
    if verdict is Verdict.INCONCLUSIVE:
        told += f": not judged, {why}" if why else ": the interval holds the limit"
    return Check(
        code=LOSS, name=f"loss({metric})", verdict=verdict, severity=severity, n=performance.n,
        value=None if loss is None else loss.value, limit=limits.max_loss,
        message=f"{told} (n = {performance.n:,})", details={} if loss is None else _bounds(loss),
    )  # fmt: skip


def _smoothed(metric: str, smoothed: Smoothed, own: Estimate, limits: PerformanceLimits, severity: Severity) -> Check:
    verdict = judge_loss(smoothed.estimate, limits.max_loss)
    undecided_ = ": the interval holds the limit" if verdict is Verdict.INCONCLUSIVE else ""
    if verdict is Verdict.FAILED and own.value <= limits.max_loss:
        # A large loss is in the average for long: it has to go on to count.
        verdict, undecided_ = Verdict.INCONCLUSIVE, f": the window's own loss of {_percent(own.value)} is within it"
    return Check(
        code=SMOOTHED, name=f"smoothed_loss({metric})", verdict=verdict, severity=severity, n=smoothed.windows,
        value=smoothed.value, limit=limits.max_loss, details=_bounds(smoothed.estimate),
        message=f"smoothed over {smoothed.windows} windows, {metric} is {_worse(smoothed.estimate)} than expected, "
        f"max_loss = {limits.max_loss:.3g}{undecided_}",
    )  # fmt: skip


def _beside(performance: Performance) -> str:
    told = []
    if performance.reweighted and performance.n:
        told.append(f"the labelled rows weighted to the mix of all {performance.scored:,} predictions")
    if performance.left_out:
        told.append(
            f"{performance.left_out:,} of {performance.scored:,} predictions are beyond all of the holdout's, or of a "
            "kind that it lacks, and left out of the loss"
        )
    return "".join(f"; {each}" for each in told)


def _worse(loss: Estimate) -> str:
    word = "worse" if loss.value >= 0 else "better"
    sign = 1 if loss.value >= 0 else -1
    if not math.isfinite(loss.value):
        return "not defined as a share worse"
    if loss.low is None or loss.high is None:
        return f"{_percent(sign * loss.value)} {word}"
    low, high = sorted((sign * loss.low, sign * loss.high))
    return f"{_percent(sign * loss.value)} {word} (95 % interval {_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    # What rounds to zero has no sign.
    return f"{round(share, 3) + 0.0:.1%}"


def _bounds(estimate: Estimate) -> dict[str, float | None]:
    return {"low": _or_none(estimate.low), "high": _or_none(estimate.high)}


def _or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
