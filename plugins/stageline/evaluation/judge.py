"""What an evaluation means: whether there is value."""

import math
from collections.abc import Mapping

from stageline.evaluation.bootstrap import Estimate
from stageline.evaluation.evaluate import Evaluation, Improvement
from stageline.evaluation.wording import doubt, negated, with_interval
from stageline.spec.models import Kpi
from stageline.verdicts import Check, Severity, Verdict, worst


def judge_evaluation(evaluation: Evaluation, kpi: Kpi, baselines: Mapping[str, str]) -> tuple[Check, ...]:
    """Judge the KPI against its goal (SL-E001) and against each baseline (SL-E002, SL-E003).

    Not beating the constant is critical. Not beating the straight line is a warning: the line may be the
    better choice.

    :param baselines: How each baseline is called in messages, by name.
    """
    checks = [_judge_goal(evaluation, kpi)]
    codes = {"dummy": ("SL-E002", Severity.CRITICAL), "linear": ("SL-E003", Severity.WARNING)}
    for improvement in evaluation.improvements:
        code, severity = codes[improvement.over]
        checks.append(_judge_improvement(improvement, evaluation, code, severity, baselines[improvement.over]))
    return tuple(checks)


def value_sentence(checks: tuple[Check, ...]) -> str:
    """Answer the stage's question, is there value, in one sentence with its numbers."""
    by_code = {check.code: check for check in checks}
    goal, dummy, linear = (by_code[code] for code in ("SL-E001", "SL-E002", "SL-E003"))
    verdict = worst([goal.verdict, dummy.verdict])
    if verdict.advances:
        line = linear.message if linear.verdict is Verdict.PASSED else f"however, {linear.message}"
        return f"There is value: {goal.message}; {line}."
    if verdict is Verdict.INCONCLUSIVE:
        deciding = goal if goal.verdict is Verdict.INCONCLUSIVE else dummy
        return f"Value is not shown yet: {deciding.message}."
    deciding = goal if goal.verdict is verdict else dummy
    return f"No value yet: {deciding.message}."


def _judge_goal(evaluation: Evaluation, kpi: Kpi) -> Check:
    estimate = evaluation.kpi.estimates["model"]
    more = evaluation.kpi.greater_is_better
    limit = f"{'min' if more else 'max'} = {kpi.goal:,.15g}"
    text = f"{kpi.metric} {with_interval(estimate, beside=kpi.goal)}"

    def meets(value: float) -> bool:
        return value >= kpi.goal if more else value <= kpi.goal

    if (reason := doubt(estimate, evaluation.n)) is not None:
        shown = text if math.isfinite(estimate.value) else kpi.metric
        verdict, message = Verdict.INCONCLUSIVE, f"{shown} cannot be judged against {limit}: {reason}"
    elif not meets(estimate.value):
        verdict, message = Verdict.FAILED, f"{text} misses the goal {limit} (n = {evaluation.n:,})"
    elif not meets(_pessimistic(estimate, more=more)):
        verdict = Verdict.WARNED
        message = f"{text} meets the goal {limit}, but its interval reaches beyond it (n = {evaluation.n:,})"
    else:
        verdict, message = Verdict.PASSED, f"{text} meets the goal {limit} (n = {evaluation.n:,})"
    return Check(
        code="SL-E001", name=f"kpi({kpi.metric})", verdict=verdict, message=message,
        value=estimate.value if math.isfinite(estimate.value) else None, limit=kpi.goal, n=evaluation.n,
    )  # fmt: skip


def _judge_improvement(
    improvement: Improvement, evaluation: Evaluation, code: str, severity: Severity, called: str
) -> Check:
    estimate = improvement.estimate
    by = f"by {with_interval(estimate)}"
    if (reason := doubt(estimate, evaluation.n)) is not None:
        # What could not be measured holds, even where what was measured would only warn.
        severity = Severity.CRITICAL
        verdict, message = Verdict.INCONCLUSIVE, f"the difference from the {called} cannot be judged: {reason}"
    elif estimate.low is not None and estimate.low > 0:
        verdict, message = Verdict.PASSED, f"it beats the {called} {by}"
    elif estimate.high is not None and estimate.high < 0:
        verdict = Verdict.FAILED
        message = f"the {called} is better by {with_interval(negated(estimate))}"
    else:
        verdict = Verdict.INCONCLUSIVE
        message = f"it is not shown to beat the {called}: the difference of {with_interval(estimate)} includes zero"
    return Check(
        code=code, name=f"beats({called})", verdict=verdict, message=message, severity=severity,
        value=estimate.value if math.isfinite(estimate.value) else None, limit=0.0, n=evaluation.n,
    )  # fmt: skip


def _pessimistic(estimate: Estimate, *, more: bool) -> float:
    bound = estimate.low if more else estimate.high
    return estimate.value if bound is None else bound
