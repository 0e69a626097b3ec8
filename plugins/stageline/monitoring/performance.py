"""How well a model did in a window, beside what its release leads one to expect of the same mix of predictions."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.evaluation import Estimate, Predictions
from stageline.evaluation.bootstrap import percentile_interval
from stageline.evaluation.predictions import coded
from stageline.monitoring.samples import Sample, time_effect
from stageline.monitoring.strata import Strata, shares, strata_of, with_mix
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    import numpy as np


# By how much a KPI may differ that is asked anew: another library rounds otherwise, and no more.
_AGREES, _ROUNDING = 0.01, 1e-6


@dataclass(frozen=True)
class PerformanceLimits:
    """What a window needs to be judged, and what it may lose.

    :param max_loss: Largest relative loss of the KPI.
    :param min_n: Labelled predictions below which nothing is decided.
    :param min_coverage: Share of the predictions that need a label, 0 to 1.
    :param smoothing: Weight of the newest window in the moving average of the loss, 0 to 1.
    """

    max_loss: float = 0.10
    min_n: int = 100
    min_coverage: float = 0.9
    smoothing: float = 0.3


@dataclass(frozen=True)
class Released:
    """What is known of a model from its release.

    :param holdout: Rows that its training never saw.
    :param kpi: Its evaluation on them, as the gate saw it; none: not on record.
    :param over_dummy: By how much its KPI was better than the dummy's, in the metric's unit.
    :param classes: The model's classes, whose places are the holdout's codes; none: a regression.
    """

    holdout: Sample
    kpi: Estimate | None = None
    over_dummy: float | None = None
    classes: tuple[Any, ...] = ()

    @cached_property
    def strata(self) -> Strata:
        """The kinds of rows, by what the model says of them."""
        return strata_of(self.holdout.predictions, self.holdout.positive)

    @cached_property
    def anew(self) -> float:
        """The KPI on the holdout as the model answers today."""
        return self.holdout.value()

    @cached_property
    def answers_changed(self) -> bool:
        """Whether the model answers otherwise than at its release: the same rows and the same file have another KPI.

        Then what it says of the holdout today is no measure of what it was released for.
        """
        if self.kpi is None:
            return False
        low, high = self.kpi.low, self.kpi.high
        width = high - low if low is not None and high is not None else 0.0
        # Of a KPI near zero a share is nothing: the scale is then that of its interval, or of the dummy's.
        scale = max(_AGREES * abs(self.kpi.value), _AGREES * width, _ROUNDING * abs(self.over_dummy or 0.0))
        return not abs(self.anew - self.kpi.value) <= scale

    def comparable(self, predictions: Predictions) -> "np.ndarray":
        """Return of which predictions the holdout says something, shape (n,), bool.

        Those beyond all of its own, or of a kind that it lacks, have no expectation.
        """
        held = shares(self.places, self.strata.count) > 0
        known: np.ndarray = self.strata.within(predictions) & held[self.strata.index(predictions)]
        return known

    @cached_property
    def places(self) -> "np.ndarray":
        """The kind of each row of the holdout."""
        return self.strata.index(self.holdout.predictions)


@dataclass(frozen=True)
class ScoredRows:
    """The predictions of a window, and the true values of those that have one.

    :param predictions: All of them, classes as codes.
    :param known: Which have a true value, shape (n,), bool.
    :param labelled: Those.
    """

    predictions: Predictions
    known: "np.ndarray"
    labelled: Sample

    @classmethod
    def of(
        cls,
        spec: PipelineSpec,
        predictions: Predictions,
        truth: "np.ndarray",
        known: "np.ndarray",
        seconds: "np.ndarray | None" = None,
    ) -> "ScoredRows":
        """Return the rows of a window.

        :param predictions: Classes as themselves.
        :param truth: True values of those that are known, shape (known,).
        :param seconds: Event time of each prediction in seconds since 1970-01-01, shape (n,).
        :raises DataError: A true value is of a class that the model does not know.
        """
        at = None if seconds is None else seconds[known]
        sample = Sample.of(spec, truth, predictions.only(known), at)
        said = coded(predictions, predictions.classes) if predictions.classes else predictions
        return cls(said, known, sample)

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.predictions.values)


@dataclass(frozen=True)
class Performance:
    """What a window's labelled rows show.

    :param scored: Predictions.
    :param n: Those with a true value.
    :param kpi: Of the window.
    :param compared: Of those of its rows of whose predictions the holdout says something.
    :param expected: The KPI of the release's holdout with the mix of these predictions.
    :param loss: By how much `compared` is worse than expected, as a share of that; none: not defined, see `why`.
    :param shared: Standard deviation of the loss that comes from the holdout: all windows have it in common.
    :param why: Why there is no loss.
    :param reweighted: Whether the labelled rows were given the mix of all predictions.
    :param unlabelled: Share of the predictions that are of a kind of which no row has a true value.
    :param unexpected: Share of the predictions that are of a kind that the holdout lacks.
    :param outside: Share of the predictions beyond all of the holdout's.
    :param left_out: Predictions of either sort: no part of the loss.
    :param time_effect: By what the interval was widened for errors of one day that resemble each other.
    """

    metric: str
    scored: int
    n: int
    kpi: Estimate
    compared: Estimate
    expected: Estimate
    loss: Estimate | None
    shared: float = 0.0
    why: str = ""
    reweighted: bool = False
    unlabelled: float = 0.0
    unexpected: float = 0.0
    outside: float = 0.0
    left_out: int = 0
    time_effect: float = 1.0


def measure_performance(rows: ScoredRows, released: Released, *, seed: int = 0) -> Performance:
    """Measure the KPI of a window and its loss against what the release leads one to expect.

    Each bootstrap sample of the window is compared with an independent one of the holdout that has the same mix of
    predictions: what only follows from the mix is no loss. Predictions of which the holdout says nothing are left out
    on both sides.

    :param seed: Of the bootstrap.
    """
    import numpy as np

    strata, sample = released.strata, rows.labelled
    here = released.comparable(rows.predictions)
    kinds = strata.index(rows.predictions)
    every, held = shares(kinds, strata.count), shares(released.places, strata.count)
    told: dict[str, Any] = {
        "metric": sample.metric, "scored": len(rows), "n": len(sample), "outside": strata.outside(rows.predictions),
        "left_out": int((~here).sum()), "unexpected": float(every[held == 0].sum()),
    }  # fmt: skip
    if not len(sample):
        nothing = Estimate(math.nan, None, None)
        return Performance(
            kpi=nothing, compared=nothing, expected=nothing, loss=None, why="no prediction has a true value", **told
        )
    reweighted = len(sample) < len(rows)
    effect = time_effect(released.holdout, sample.blocks.what, seed=seed)
    whole = _Mixed(sample, kinds[rows.known], every if reweighted else None)
    value, drawn = whole.value, _widened(whole.value, whole.replicates(sample.draws(seed)), effect)
    part, own, compared = whole, value, drawn
    inside = here[rows.known]
    if not here.all():
        part = _Mixed(
            sample.only(inside), whole.places[inside], shares(kinds[here], strata.count) if reweighted else None
        )
        own = part.value
        compared = _widened(own, part.replicates(weights[inside] for weights in sample.draws(seed)), effect)
    mix = part.of(np.ones(len(part.places)), strata.count)
    mixes = (part.of(weights[inside], strata.count) for weights in sample.draws(seed))
    expected = expected_value(released, mix)
    # Another seed: what the holdout is like has nothing to do with what the window is like.
    expectations = released.holdout.replicates(
        with_mix(weights, released.places, wanted)
        for weights, wanted in zip(released.holdout.draws(seed + 1), mixes, strict=False)
    )
    alone = expected_replicates(released, mix, seed=seed + 1)
    both = min(len(compared), len(expectations))
    loss, why = (
        relative_loss(
            sample.metric, own, percentile_interval(expected, alone), compared[:both], expectations[:both]
        ) if inside.any() else (None, "the holdout says nothing of any prediction that has a label")
    )  # fmt: skip
    return Performance(
        kpi=percentile_interval(value, drawn),
        compared=percentile_interval(own, compared),
        expected=percentile_interval(expected, alone),
        loss=loss,
        shared=_spread(alone / expected * (own / expected)) if loss is not None else 0.0,
        why=why,
        reweighted=reweighted,
        unlabelled=float(every[shares(whole.places, strata.count) == 0].sum()),
        time_effect=effect,
        **told,
    )


@dataclass(frozen=True)
class _Mixed:
    """Labelled rows that stand for all predictions.

    :param places: The kind of each row.
    :param mix: Share of each kind among all predictions; none: each has a label.
    """

    sample: Sample
    places: "np.ndarray"
    mix: "np.ndarray | None"

    @cached_property
    def value(self) -> float:
        """The KPI."""
        import numpy as np

        return self.sample.value(None if self.mix is None else self._weights(np.ones(len(self.sample))))

    def replicates(self, draws: "Iterable[np.ndarray]") -> "np.ndarray":
        """Return the KPI of bootstrap samples, shape (samples,)."""
        return self.sample.replicates(self._weights(drawn) for drawn in draws)

    def of(self, drawn: "np.ndarray", count: int) -> "np.ndarray":
        """Return the mix of a bootstrap sample."""
        return shares(self.places, count, drawn) if self.mix is None else self.mix

    def _weights(self, drawn: "np.ndarray") -> "np.ndarray":
        return drawn if self.mix is None else with_mix(drawn, self.places, self.mix)


def _widened(value: float, replicates: "np.ndarray", effect: float) -> "np.ndarray":
    widened: np.ndarray = value + effect * (replicates - value)
    return widened


def expected_value(released: Released, mix: "np.ndarray") -> float:
    """Return the holdout's KPI with another mix of predictions.

    :param mix: Share of each of the release's strata.
    """
    import numpy as np

    return released.holdout.value(with_mix(np.ones(len(released.holdout)), released.places, mix))


def expected_replicates(released: Released, mix: "np.ndarray", *, seed: int) -> "np.ndarray":
    """Return the same of bootstrap samples of the holdout, shape (samples,)."""
    holdout = released.holdout
    return holdout.replicates(with_mix(weights, released.places, mix) for weights in holdout.draws(seed))


def relative_loss(
    metric: str, value: float, expected: Estimate, values: "np.ndarray", expectations: "np.ndarray"
) -> tuple[Estimate | None, str]:
    """Return by how much a KPI is worse than expected, as a share of what is expected; else why there is none.

    Of a KPI that may be zero or below (an R² of a poor model, the error of a perfect one) there is no share.

    :param values: The KPI of bootstrap samples, shape (samples,).
    :param expectations: What is expected, of independent ones.
    """
    import numpy as np

    if not math.isfinite(value):
        return None, f"{metric} is not defined on the window's labelled rows"
    if not math.isfinite(expected.value) or expected.low is None or not math.isfinite(expected.low):
        return None, f"{metric} is not defined on the release's holdout with this mix of predictions"
    if expected.low <= 0:
        return None, (
            f"{metric} of {expected.low:.3g} to {expected.high:.3g} is expected: of a number that may be zero or "
            "below there is no relative loss"
        )
    sign = -1 if METRICS[metric].greater_is_better else 1
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sign * (values - expectations) / expectations
    loss = percentile_interval(sign * (value - expected.value) / expected.value, replicates)
    if loss.low is None:
        return None, f"{metric} is not defined on most resamples of the window"
    return loss, ""


def judge_loss(loss: Estimate, max_loss: float) -> Verdict:
    """Judge a loss: it fails only beyond doubt, and passes only so.

    :param max_loss: Largest one that is borne.
    """
    if loss.low is None or loss.high is None or not math.isfinite(loss.value):
        return Verdict.INCONCLUSIVE
    if loss.high <= max_loss:
        return Verdict.PASSED
    return Verdict.FAILED if loss.low > max_loss else Verdict.INCONCLUSIVE


def judge_goal(kpi: Estimate, goal: float, *, more: bool) -> Verdict:
    """Judge a KPI against its goal: it fails beyond doubt alone; one that meets it within its interval warns.

    :param more: Whether more is better.
    """
    if kpi.low is None or kpi.high is None or not math.isfinite(kpi.value):
        return Verdict.INCONCLUSIVE
    best, worst = (kpi.high, kpi.low) if more else (-kpi.low, -kpi.high)
    value, limit = (kpi.value, goal) if more else (-kpi.value, -goal)
    if worst >= limit:
        return Verdict.PASSED
    if best < limit:
        return Verdict.FAILED
    return Verdict.WARNED if value >= limit else Verdict.INCONCLUSIVE


def _spread(replicates: "np.ndarray") -> float:
    import numpy as np

    spread = float(np.nanstd(replicates))
    return spread if math.isfinite(spread) else 0.0
