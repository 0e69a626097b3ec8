"""Performance without labels: what a model's probabilities, or its predictions, lead one to expect of it."""

import itertools
import math
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.evaluation import Estimate, Predictions, blocks_of
from stageline.evaluation.bootstrap import percentile_interval, replicate, resample
from stageline.evaluation.metrics import score
from stageline.evaluation.summed import Summed, summed
from stageline.monitoring.losses import relative_loss
from stageline.monitoring.released import Released, expected_replicates, expected_value
from stageline.monitoring.samples import Sample
from stageline.monitoring.strata import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

CALIBRATED, HOLDOUT = "calibrated probabilities", "holdout of the same mix of predictions"
_RESAMPLES = 200
_BINARY = 2


@dataclass(frozen=True)
class Estimated:
    """The KPI that is expected of rows whose true values are not known.

    :param n: Predictions.
    :param loss: By how much it is worse than on the release's holdout, as a share of that; none: not defined.
    :param how: What it rests on.
    :param why: Why there is no loss.
    """

    metric: str
    n: int
    kpi: Estimate
    loss: Estimate | None
    how: str
    why: str = ""


@dataclass(frozen=True)
class Calibration:
    """How often each class was true at each probability that the model gave it, as steps that never fall.

    :param steps: For each class, what `IsotonicRegression` fitted; none: the class is what the others leave.
    """

    steps: "Sequence[Any]"

    @classmethod
    def of(cls, holdout: Sample, weights: "np.ndarray | None" = None) -> "Calibration":
        """Fit it on rows with known classes: isotonic regression (Zadrozny and Elkan 2002), one class against the rest.

        :param weights: Weight of each row, shape (n,).
        """
        from sklearn.isotonic import IsotonicRegression

        said = holdout.predictions
        steps: list[Any] = [None] * len(said.classes)
        for label in (holdout.positive,) if len(said.classes) == _BINARY else range(len(said.classes)):
            fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
            steps[label] = fitted.fit(said.of_class(label), (holdout.truth == label).astype(float), weights)
        return cls(steps)

    def probabilities(self, said: Predictions) -> "np.ndarray":
        """Return the probability that each class is true, shape (n, classes); rows sum to one."""
        import numpy as np

        told = {
            label: step.predict(said.of_class(label)) for label, step in enumerate(self.steps) if step is not None
        }  # fmt: skip
        left = 1 - sum(told.values())
        found: np.ndarray = np.column_stack([told.get(label, left) for label in range(len(self.steps))])
        total = found.sum(axis=1, keepdims=True)
        chances: np.ndarray = np.divide(found, total, out=np.full_like(found, 1 / len(self.steps)), where=total > 0)
        return chances


def estimate_performance(
    said: Predictions, released: Released, *, seconds: "np.ndarray | None" = None, seed: int = 0
) -> Estimated:
    """Return the KPI that is expected of predictions, without a label.

    Of classes with probabilities by confidence-based performance estimation (NannyML's CBPE): every row is scored
    once as each class, with the calibrated probability of that class as its weight. Otherwise by the loss that the
    holdout has where the model says the same. Both see what changes with the inputs; neither sees a change of what
    follows from the same inputs.

    :param said: Classes as codes.
    :param seconds: Event time of each prediction in seconds since 1970-01-01, shape (n,).
    :param seed: Of the bootstrap.
    """
    if said.probabilities is not None and said.classes:
        return _by_confidence(said, released, seconds, seed)
    import numpy as np

    holdout, mix = released.holdout, shares(released.strata.index(said), released.strata.count)
    if not len(said.values):
        return _nothing(holdout.metric, HOLDOUT)
    expected = expected_value(released, mix)
    replicates = expected_replicates(released, mix, seed=seed + 1)
    base = holdout.replicates(holdout.draws(seed + 1))
    loss, why = relative_loss(
        holdout.metric, expected, percentile_interval(holdout.value(), base), np.asarray(replicates), base
    )
    return Estimated(holdout.metric, len(said.values), percentile_interval(expected, replicates), loss, HOLDOUT, why)


def expected_score(name: str, said: Predictions, chances: "np.ndarray", *, positive: Any) -> "_Expected":
    """Return a metric whose rows are each class in turn, by its chance; call it with weights of the rows.

    :param chances: Probability that each class is true, shape (n, classes).
    """
    import numpy as np

    rows, classes = chances.shape
    truth = np.repeat(np.arange(classes), rows)
    tiled = Predictions(
        np.tile(said.values, classes),
        None if said.probabilities is None else np.tile(said.probabilities, (classes, 1)),
        said.classes,
    )
    return _Expected(name, truth, tiled, chances, positive)


@dataclass(frozen=True)
class _Expected:
    name: str
    truth: "np.ndarray"
    said: Predictions
    chances: "np.ndarray"
    positive: Any

    def value(self, weights: "np.ndarray | None" = None, chances: "np.ndarray | None" = None) -> float:
        """Return the metric.

        :param weights: Weight of each row, shape (n,).
        :param chances: Other ones than at first.
        """
        import numpy as np

        each = self.chances if chances is None else chances
        flat = each.T.ravel() if weights is None else (each * weights[:, None]).T.ravel()
        fast = self._fast
        if fast is not None:
            return fast.value(flat)
        # Classes that no row can be are no classes to scikit-learn: a row of no weight is none.
        here = flat > 0
        mask = np.flatnonzero(here)
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore")
            return score(self.name, self.truth[mask], self.said.only(mask), positive=self.positive, weights=flat[mask])
        return math.nan

    @cached_property
    def _fast(self) -> Summed | None:
        return summed(self.name, self.truth, self.said, positive=self.positive)


def _by_confidence(said: Predictions, released: Released, seconds: "np.ndarray | None", seed: int) -> Estimated:
    holdout = released.holdout
    rows = len(said.values)
    if not rows:
        return _nothing(holdout.metric, CALIBRATED)
    chances = Calibration.of(holdout).probabilities(said)
    expected = expected_score(holdout.metric, said, chances, positive=holdout.positive)
    value = expected.value()
    windows = resample(blocks_of(rows, seconds), seed=seed)

    def again(weights: "np.ndarray") -> float:
        return expected.value(next(windows), Calibration.of(holdout, weights).probabilities(said))

    replicates = replicate(again, itertools.islice(holdout.draws(seed + 1), _RESAMPLES))
    base = holdout.replicates(itertools.islice(holdout.draws(seed + 1), _RESAMPLES))
    loss, why = relative_loss(holdout.metric, value, percentile_interval(holdout.value(), base), replicates, base)
    return Estimated(holdout.metric, rows, percentile_interval(value, replicates), loss, CALIBRATED, why)


def _nothing(metric: str, how: str) -> Estimated:
    return Estimated(metric, 0, Estimate(math.nan, None, None), None, how, "there is no prediction")
