"""How well a model did in a window, beside what its release leads one to expect of the same mix of predictions."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.evaluation import Estimate
from stageline.evaluation.bootstrap import percentile_interval
from stageline.monitoring.losses import relative_loss
from stageline.monitoring.released import Released, ScoredRows, expected_replicates, expected_value
from stageline.monitoring.samples import Sample, time_effect
from stageline.monitoring.strata import shares, with_mix

if TYPE_CHECKING:
    import numpy as np


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


def _spread(replicates: "np.ndarray") -> float:
    import numpy as np

    spread = float(np.nanstd(replicates))
    return spread if math.isfinite(spread) else 0.0
