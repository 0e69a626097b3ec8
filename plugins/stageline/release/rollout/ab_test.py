"""A/B test: both models answer for a planned time, and an outcome says which is better, however often one looks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from stageline.release.rollout import means, rates
from stageline.release.rollout.arms import counts
from stageline.release.rollout.bounds import Bounds
from stageline.release.rollout.findings import PERCENT, POINTS, rate, rows_in_words, span
from stageline.spec.ab_test import AbTest
from stageline.traffic import Traffic

if TYPE_CHECKING:
    import numpy as np

Conclusion = Literal["better", "worse", "no_difference", "undecided"]
_DIMENSIONS = 1
# Outcomes of canary and champion, and the mean of each with their difference.
Pair = tuple["np.ndarray", "np.ndarray"]
Compared = tuple[tuple[float, float], Bounds | None]
_UNKNOWN = (("value", math.nan), ("low", -math.inf), ("high", math.inf))


@dataclass(frozen=True)
class AbResult:
    """What an A/B test says.

    :param effect: Difference of canary and champion, with bounds that hold at every look; none: not defined.
    :param rows: Outcomes of canary and champion.
    :param stop: Whether it is over: decided, or its time is up.
    """

    outcome: Conclusion
    effect: Bounds | None
    rows: tuple[int, int]
    stop: bool
    sentence: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return what a record tells, as `evidence` put it."""
        rows, effect = told["rows"], told["effect"]
        bounds = None if effect is None else Bounds(*(_known(effect[name], otherwise) for name, otherwise in _UNKNOWN))
        return cls(told["outcome"], bounds, (rows["canary"], rows["champion"]), told["stop"], told["sentence"])

    @property
    def evidence(self) -> dict[str, Any]:
        """What a record tells of it; a bound that is not known is null."""
        effect = self.effect
        return {
            "outcome": self.outcome, "stop": self.stop, "sentence": self.sentence,
            "rows": {"canary": self.rows[0], "champion": self.rows[1]},
            "effect": effect and {
                name: value if math.isfinite(value := getattr(effect, name)) else None for name, _ in _UNKNOWN
            },
        }  # fmt: skip


def _known(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def compare_outcomes(plan: AbTest, traffic: Sequence[Traffic], *, until: datetime, now: datetime) -> AbResult:
    """Return which model is better, so far.

    It is better or worse where a difference is beyond doubt and one of the stated size is not ruled out, either of
    which may be seen after any interval; there is no difference of the stated size where both directions are ruled
    out. Within each interval the arms are compared with each other alone.

    :param traffic: By interval, in the order of time, with what came of the answers of both arms.
    :param until: When its planned time is up.
    """
    over = now >= until
    fault, blocks = _blocks(plan, traffic)
    rows = (sum(len(canary) for canary, _ in blocks), sum(len(champion) for _, champion in blocks))
    unknown = next((interval.outcomes_fault for interval in traffic if interval.outcomes_fault), "")
    fault = fault or ("" if min(rows) else unknown or "an arm has no outcomes")
    if fault:
        return AbResult("undecided", None, rows, over, f"{fault}: nothing is compared")
    (canary, champion), effect = (_rates if plan.outcome.kind == "rate" else _means)(plan, blocks)
    shown = rate if plan.outcome.kind == "rate" else _plain
    told = f"{shown(canary)} with the canary and {shown(champion)} with the champion {rows_in_words(rows)}"
    if effect is None:
        return AbResult("undecided", None, rows, over, f"{told}: of a mean that is not above zero there is no share")
    outcome: Conclusion = "undecided" if min(rows) < plan.min_events else _outcome(plan, effect)
    unit = POINTS if plan.outcome.kind == "rate" else PERCENT
    by = span(effect, unit, fewer="fewer" if plan.outcome.kind == "rate" else "less")
    few = f", min_events = {plan.min_events:,}" if min(rows) < plan.min_events else ""
    words = {
        "better": "the canary is better", "worse": "the canary is worse", "undecided": "undecided",
        "no_difference": f"no difference of {unit(plan.effect)} or more",
    }  # fmt: skip
    return AbResult(
        outcome,
        effect,
        rows,
        over or outcome != "undecided",
        f"{words[outcome]}: {told}, {by}{few}",
    )


def _outcome(plan: AbTest, effect: Bounds) -> Conclusion:
    if -plan.effect < effect.low and effect.high < plan.effect:
        return "no_difference"
    if effect.low >= 0:
        return "better" if plan.more_is_better else "worse"
    if effect.high <= 0:
        return "worse" if plan.more_is_better else "better"
    return "undecided"


def _blocks(plan: AbTest, traffic: Sequence[Traffic]) -> tuple[str, list[Pair]]:
    """Return what is wrong, and the outcomes of canary and champion in blocks that hold enough of both.

    What came of the answers of only one arm is left out: outcomes of another time are nothing to compare it with.
    """
    import numpy as np

    least = means.LEAST_ROWS if plan.outcome.kind == "mean" else 1
    found: list[Pair] = []
    open_: list[list[np.ndarray]] = [[], []]
    for interval in traffic:
        arms: list[np.ndarray] = []
        for name in ("canary", "champion"):
            values = np.asarray(getattr(interval, name).outcomes)
            if values.ndim != _DIMENSIONS or values.dtype.kind not in "biuf":
                return f"the outcomes of the {name} are no numbers in one row", []
            values = values.astype(float)
            if odd := int(np.count_nonzero(~np.isfinite(values))):
                return f"{odd:,} of {len(values):,} outcomes of the {name} are not finite", []
            if plan.outcome.kind == "rate" and (odd := int(np.count_nonzero((values != 0) & (values != 1)))):
                return f"{odd:,} of {len(values):,} outcomes of the {name} are neither 0 nor 1", []
            arms.append(values)
        if not all(map(len, arms)):
            continue
        for parts, values in zip(open_, arms, strict=True):
            parts.append(values)
        canary, champion = (np.concatenate(parts) for parts in open_)
        if min(len(canary), len(champion)) >= least:
            found.append((canary, champion))
            open_ = [[], []]
    return "", found


def _rates(plan: AbTest, blocks: Sequence[Pair]) -> Compared:
    told = counts([(canary.sum(), len(canary), champion.sum(), len(champion)) for canary, champion in blocks])
    canary, champion = (float(each) for each in told.rates)
    bounds = rates.bounds_of(
        told, told, rates.difference, canary - champion,
        alphas=(plan.alpha / 2, plan.alpha / 2), pivots=(0.0, 0.0), ends=(-1.0, 1.0),
    )  # fmt: skip
    return (canary, champion), bounds


def _means(plan: AbTest, blocks: Sequence[Pair]) -> Compared:
    told = means.moments([canary for canary, _ in blocks], [champion for _, champion in blocks])
    if told.means[1] <= 0 or not math.isfinite(told.means[1]):
        return told.means, None
    alphas, effects = (plan.alpha / 2, plan.alpha / 2), (plan.effect, plan.effect)
    return told.means, means.bounds_of(told, alphas=alphas, pivots=(0.0, 0.0), effects=effects)


def _plain(value: float) -> str:
    return f"{value:,.4g}"
