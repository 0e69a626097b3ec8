"""Whether a candidate may take the champion's place: better as a whole, nowhere much worse."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from stageline.evaluation.against_champion import Comparison
from stageline.evaluation.wording import MIN_HOLDOUT, doubt, negated, number, with_interval
from stageline.spec.operating import Gates
from stageline.verdicts import Check, Severity, Verdict

BETTER, SLICE, FOUND, FIRST = "SL-G001", "SL-G002", "SL-G003", "SL-G005"


def judge_improvement(whole: Comparison, gates: Gates, *, champion: int, metric: str) -> Check:
    """Judge the change against the champion: its whole interval has to reach `min_improvement`.

    A negative `min_improvement` is a margin: so much worse is still as good.

    :param champion: The champion's version.
    """
    limit, estimate = gates.min_improvement, whole.improvement
    asked = f"min_improvement = {number(limit, 0.0)}"
    both = (
        f"{metric} {_finite(whole.candidate.value)} against {_finite(whole.champion.value)} of the champion "
        f"(version {champion})"
    )
    reason = _too_few(whole, gates) or doubt(estimate, whole.n) or _undefined(whole)
    if reason or estimate.low is None or estimate.high is None:
        verdict, message = Verdict.INCONCLUSIVE, f"{both} cannot be judged: {reason}"
    elif estimate.low >= limit:
        verdict, message = Verdict.PASSED, f"{both}: {_direction(whole)}, {asked}"
    elif estimate.high < limit:
        verdict, message = Verdict.FAILED, f"{both}: {_direction(whole)}, which misses {asked}"
    else:
        verdict, message = Verdict.INCONCLUSIVE, f"{both}: {_direction(whole)}, not shown to reach {asked}"
    return Check(
        code=BETTER, name="improves_on_champion", verdict=verdict, message=f"{message} (n = {whole.n:,})", n=whole.n,
        value=estimate.value if math.isfinite(estimate.value) else None, limit=limit, details=asdict(whole),
    )  # fmt: skip


def judge_slices(column: str, slices: Mapping[str, Comparison], gates: Gates, *, metric: str) -> Check:
    """Judge a declared column's slices: none may lose more than `max_slice_regression` beyond doubt.

    A loss that large whose interval reaches zero warns, and so does a slice that is too small to be judged. One of
    30 rows or more on which the KPI is not defined holds the candidate.

    :param slices: By the words for each, e.g. `season = 4`.
    """
    asked = f"max_slice_regression = {_percent(gates.max_slice_regression)}"
    worst = Verdict.PASSED
    told: list[str] = []
    small: list[str] = []
    for words, part in slices.items():
        if part.n >= MIN_HOLDOUT and (reason := _undefined(part)):
            worst = max(worst, Verdict.INCONCLUSIVE, key=_GRAVITY.index)
            told.append(f"{words} (n = {part.n:,}) cannot be judged: {metric}: {reason}")
        elif doubt(part.improvement, part.n) is not None:
            small.append(f"{words} (n = {part.n:,})")
        elif _loss(part) > gates.max_slice_regression:
            sure = part.improvement.high is not None and part.improvement.high < 0
            worst = max(worst, Verdict.FAILED if sure else Verdict.WARNED, key=_GRAVITY.index)
            told.append(f"{words}: {_of_part(part, metric)}{'' if sure else ', though its interval reaches zero'}")
    if not slices or len(small) == len(slices):
        verdict, message = Verdict.INCONCLUSIVE, f"no slice of {column!r} can be judged: {', '.join(small) or 'none'}"
    elif told:
        verdict, message = worst, f"{'; '.join(told)}; {asked}"
    else:
        count = len(slices) - len(small)
        verdict, message = Verdict.PASSED, f"none of {count} slices by {column} loses more than {asked}"
    if small and verdict is Verdict.PASSED:
        verdict = Verdict.WARNED
    if small and len(small) < len(slices):
        message = f"{message}; not judged: {', '.join(small)}"
    return Check(
        code=SLICE, name=f"slices({column})", verdict=verdict, message=message,
        limit=gates.max_slice_regression, n=sum(part.n for part in slices.values()),
        details={"slices": [{"slice": words, **asdict(part)} for words, part in slices.items()]},
    )  # fmt: skip


def judge_found(slices: Mapping[str, Comparison], gates: Gates, *, metric: str) -> Check:
    """Warn of slices that nobody declared, in which the candidate loses beyond doubt on rows not used to find them."""
    unknown = [words for words, part in slices.items() if part.n >= MIN_HOLDOUT and _undefined(part)]
    lost = [
        f"{words}: {_of_part(part, metric)}"
        for words, part in slices.items()
        if words not in unknown
        and doubt(part.improvement, part.n) is None
        and _loss(part) > gates.max_slice_regression
        and part.improvement.high is not None
        and part.improvement.high < 0
    ]
    if lost:
        verdict, message = Verdict.FAILED, f"worse than the champion where {'; where '.join(lost)}"
    elif unknown:
        verdict, message = Verdict.INCONCLUSIVE, f"{metric} is not defined where {'; where '.join(unknown)}"
    else:
        limit = _percent(gates.max_slice_regression)
        verdict, message = Verdict.PASSED, f"no slice found in which it loses more than {limit}"
    return Check(
        code=FOUND, name="slices_found", verdict=verdict, severity=Severity.WARNING,
        message=message, details={"slices": [{"slice": words, **asdict(part)} for words, part in slices.items()]},
    )  # fmt: skip


def judge_first(champion: int | None) -> Check:
    """Say that there is no comparison: nothing was released, or the run asked for none."""
    if champion is None:
        message = "no champion to compare with: this would be the first release"
        return Check(code=FIRST, name="first_release", verdict=Verdict.PASSED, message=message)
    message = f"first_release = true: the champion (version {champion}) is not compared with"
    return Check(code=FIRST, name="first_release", verdict=Verdict.FAILED, severity=Severity.WARNING, message=message)


def gate_sentence(value: str, checks: tuple[Check, ...]) -> str:
    """Return the stage's answer and, where there is a gate, what decides it; what only warns comes second."""
    if not checks:
        return value
    gravest = max(checks, key=lambda check: list(Verdict).index(check.effect or Verdict.PASSED))
    stops = gravest.effect is not None and not gravest.effect.advances
    said = [gravest] if stops or gravest is checks[0] else [checks[0], gravest]
    return f"{value} Gate: {'; '.join(check.message for check in said)}."


_GRAVITY: Sequence[Verdict] = (Verdict.PASSED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.FAILED)


def _too_few(whole: Comparison, gates: Gates) -> str | None:
    if whole.n < gates.min_n:
        return f"{whole.n:,} rows of the holdout are new to both models, gates.min_n = {gates.min_n:,}"
    return None


def _direction(part: Comparison) -> str:
    if part.improvement.value >= 0:
        return f"better by {with_interval(part.improvement)}"
    return f"worse by {with_interval(negated(part.improvement))}"


def _of_part(part: Comparison, metric: str) -> str:
    both = f"{metric} {_finite(part.candidate.value)} against {_finite(part.champion.value)}"
    share = "" if part.relative is None else f"{_percent(-part.relative)} "
    return f"{both}, {share}worse (n = {part.n:,})"


def _loss(part: Comparison) -> float:
    """Return the loss as a share of the champion's KPI; of nothing, any loss is an infinite share."""
    if part.relative is not None:
        return -part.relative
    return math.inf if part.improvement.value < 0 else 0.0


def _undefined(part: Comparison) -> str | None:
    """Return which of the numbers that a comparison rests on is none; its bounds are another question."""
    named = {
        "the candidate's": part.candidate.value,
        "the champion's": part.champion.value,
        "the difference": part.improvement.value,
        "its share": 0.0 if part.relative is None else part.relative,
    }
    bad = [f"{what} is {value}" for what, value in named.items() if value is None or not math.isfinite(value)]
    return ", ".join(bad) or None


def _finite(value: float) -> str:
    return number(value, 0.0) if math.isfinite(value) else "undefined"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
