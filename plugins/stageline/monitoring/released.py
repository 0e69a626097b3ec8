"""What is known of a model from its release, and the rows of a window that are held against it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.evaluation import Estimate, Predictions
from stageline.evaluation.predictions import coded
from stageline.monitoring.samples import Sample
from stageline.monitoring.strata import Strata, shares, strata_of, with_mix
from stageline.spec.models import PipelineSpec

if TYPE_CHECKING:
    import numpy as np


# By how much a KPI may differ that is asked anew: another library rounds otherwise, and no more.
_AGREES, _ROUNDING = 0.01, 1e-6


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
