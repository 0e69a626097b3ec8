"""Whether a release is why a model got worse: the champion before it is asked about the same rows."""

import math
from dataclasses import asdict

from stageline.evaluation import Comparison
from stageline.evaluation.wording import doubt, number, with_interval
from stageline.verdicts import Check, Verdict

CAUSE = "SL-M018"
# Of a loss, what a rollback has to mend for the release to count as its cause.
_MENDED = 0.5


def judge_cause(comparison: Comparison, *, lost: float, champion: int, before: int, min_n: int, metric: str) -> Check:
    """Judge whether the release of the champion is the cause of a loss (SL-M018).

    Both models are compared on the same labelled rows, which neither was trained on: what changed in the data or in
    the world meets both alike, and only the release tells them apart. It fails where the model before would have
    avoided at least half of the loss beyond doubt: a rollback mends it. It passes where it would have avoided less
    beyond doubt. A difference that is sure but small is no reason to roll back.

    :param comparison: The model before as the candidate, against the champion.
    :param lost: By how much the KPI is worse than expected, in its own unit.
    :param champion: The champion's version.
    :param before: Version of the champion before it.
    :param min_n: Rows below which nothing is decided.
    """
    estimate, asked = comparison.improvement, _MENDED * lost
    both = (
        f"{metric} {_finite(comparison.champion.value)} of version {champion}, and "
        f"{_finite(comparison.candidate.value)} of version {before} on the same rows"
    )
    reason = _too_few(comparison.n, min_n) or doubt(estimate, comparison.n) or _no_loss(lost)
    if reason or estimate.low is None or estimate.high is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{both}: whether the release is the cause cannot be told: {reason}"
    else:
        mended = f"{both}: a rollback mends {with_interval(estimate, beside=asked)} of the {number(lost, 0.0)} lost"
        if estimate.low >= asked:
            verdict, message = Verdict.FAILED, f"{mended}: the release is the cause"
        elif estimate.high < asked:
            verdict, message = Verdict.PASSED, f"{mended}: the release is not the cause"
        else:
            verdict = Verdict.INCONCLUSIVE
            message = f"{mended}: whether that is half of it, and the release the cause, cannot be told"
    return Check(
        code=CAUSE, name="release_is_the_cause", verdict=verdict, message=f"{message} (n = {comparison.n:,})",
        value=estimate.value if math.isfinite(estimate.value) else None,
        limit=asked if math.isfinite(asked) else None, n=comparison.n,
        details={"champion": champion, "before": before, "lost": lost, **asdict(comparison)},
    )  # fmt: skip


def _too_few(rows: int, least: int) -> str | None:
    return f"{rows:,} labelled rows, at least {least:,} are needed" if rows < least else None


def _no_loss(lost: float) -> str | None:
    return None if math.isfinite(lost) and lost > 0 else "the window's own loss is not defined, or none"


def _finite(value: float) -> str:
    return number(value, 0.0) if math.isfinite(value) else "not defined"
