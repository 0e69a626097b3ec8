"""Whether a release is why a model got worse: the champion before it is asked about the same rows."""

import math
from dataclasses import asdict

from stageline.evaluation import Comparison
from stageline.evaluation.wording import doubt, negated, number, with_interval
from stageline.verdicts import Check, Verdict

CAUSE = "SL-M018"


def judge_cause(comparison: Comparison, *, champion: int, before: int, min_n: int, metric: str) -> Check:
    """Judge whether the release of the champion is the cause of a loss (SL-M018).

    Both models are compared on the same labelled rows, which neither was trained on: what changed in the data or in
    the world meets both alike, and only the release tells them apart. It fails where the model before is better
    beyond doubt: a rollback mends the loss. It passes where it is worse beyond doubt: a rollback would not.

    :param comparison: The model before as the candidate, against the champion.
    :param champion: The champion's version.
    :param before: Version of the champion before it.
    :param min_n: Rows below which nothing is decided.
    """
    estimate = comparison.improvement
    both = (
        f"{metric} {_finite(comparison.champion.value)} of version {champion}, and "
        f"{_finite(comparison.candidate.value)} of version {before} on the same rows"
    )
    reason = _too_few(comparison.n, min_n) or doubt(estimate, comparison.n)
    if reason or estimate.low is None or estimate.high is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{both}: whether the release is the cause cannot be told: {reason}"
    elif estimate.low > 0:
        verdict = Verdict.FAILED
        message = f"{both}, better by {with_interval(estimate)}: the release is the cause, roll it back"
    elif estimate.high <= 0:
        verdict = Verdict.PASSED
        message = f"{both}, worse by {with_interval(negated(estimate))}: the release is not the cause"
    else:
        verdict = Verdict.INCONCLUSIVE
        message = f"{both}: the difference of {with_interval(estimate)} includes zero, a rollback is not shown to help"
    return Check(
        code=CAUSE, name="release_is_the_cause", verdict=verdict, message=f"{message} (n = {comparison.n:,})",
        value=estimate.value if math.isfinite(estimate.value) else None, limit=0.0, n=comparison.n,
        details={"champion": champion, "before": before, **asdict(comparison)},
    )  # fmt: skip


def _too_few(rows: int, least: int) -> str | None:
    return f"{rows:,} labelled rows, at least {least:,} are needed" if rows < least else None


def _finite(value: float) -> str:
    return number(value, 0.0) if math.isfinite(value) else "not defined"
