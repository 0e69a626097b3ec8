"""Rows with their true values and what a model said of them, whose KPI can be asked for again and again."""

import itertools
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.evaluation.bootstrap import PERIODS, Blocks, blocks_of, replicate, resample
from stageline.evaluation.evaluate import positive_class
from stageline.evaluation.metrics import score
from stageline.evaluation.predictions import Predictions, coded, codes_of
from stageline.evaluation.summed import Summed, summed
from stageline.spec.models import PipelineSpec

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 500
# A ratio of two spreads beyond this is chance: some twenty blocks do not tell more.
_MOST_EFFECT = 5.0


@dataclass(frozen=True)
class Sample:
    """Labelled rows.

    :param metric: Name of the KPI's metric.
    :param truth: True values, or codes of classes, shape (n,).
    :param predictions: What the model said, classes as codes.
    :param positive: Code of the class whose probability is meant.
    :param seconds: Event time of each row in seconds since 1970-01-01, shape (n,); none without times.
    """

    metric: str
    truth: "np.ndarray"
    predictions: Predictions
    positive: Any
    seconds: "np.ndarray | None" = None

    @classmethod
    def of(
        cls, spec: PipelineSpec, truth: "np.ndarray", predictions: Predictions, seconds: "np.ndarray | None"
    ) -> "Sample":
        """Return the sample of what a model said of rows.

        :raises DataError: The rows hold a class that the model does not know.
        """
        classes, positive = predictions.classes, positive_class(spec, predictions.classes)
        if classes:
            truth, positive = codes_of(truth, classes), classes.index(positive)
            predictions = coded(predictions, classes)
        return cls(spec.kpi.metric, truth, predictions, positive, seconds)

    def only(self, rows: "np.ndarray") -> "Sample":
        """Return some of the rows.

        :param rows: Shape (n,), true for the rows to keep.
        """
        seconds = None if self.seconds is None else self.seconds[rows]
        return Sample(self.metric, self.truth[rows], self.predictions.only(rows), self.positive, seconds)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.truth)

    @cached_property
    def blocks(self) -> Blocks:
        """What is drawn together."""
        return blocks_of(len(self), self.seconds)

    @cached_property
    def _summed(self) -> Summed | None:
        return summed(self.metric, self.truth, self.predictions, positive=self.positive)

    def value(self, weights: "np.ndarray | None" = None) -> float:
        """Return the KPI; NaN where it is not defined.

        :param weights: Weight of each row, shape (n,).
        """
        if not len(self):
            return math.nan
        if self._summed is not None:
            return self._summed.value(weights)
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore")
            return score(self.metric, self.truth, self.predictions, positive=self.positive, weights=weights)
        return math.nan

    def draws(self, seed: int) -> "Iterator[np.ndarray]":
        """Yield the rows' weights of one bootstrap sample after another; the same for the same seed."""
        return itertools.islice(resample(self.blocks, seed=seed), RESAMPLES)

    def replicates(self, weights: "Iterable[np.ndarray]") -> "np.ndarray":
        """Return the KPI of bootstrap samples, shape (samples,)."""
        return replicate(self.value, iter(weights))


def time_effect(holdout: Sample, what: str, *, seed: int) -> float:
    """Return by how much the KPI spreads more than blocks of a kind show, at least 1: a design effect (Kish 1965).

    A window of few days is resampled by the hour, though errors of one day resemble each other. The holdout is
    longer: there, days can be drawn beside hours, and tell how much is missed.

    :param what: What a block of the window is, as `Blocks` names it.
    """
    import numpy as np

    if holdout.seconds is None or holdout.blocks.what == what or not len(holdout):
        return 1.0
    length = PERIODS.get(what.removeprefix("whole "))
    if holdout.blocks.what == "single rows":
        return 1.0
    ids = (
        np.arange(len(holdout))
        if length is None
        else np.unique(holdout.seconds // length, return_inverse=True)[1]
    )  # fmt: skip
    short = Blocks(ids, int(ids.max()) + 1, what)
    if short.count <= holdout.blocks.count:
        return 1.0
    draws = itertools.islice(resample(short, seed=seed), RESAMPLES)
    spreads = [np.nanstd(found) for found in (holdout.replicates(holdout.draws(seed)), holdout.replicates(draws))]
    ratio = spreads[0] / spreads[1] if spreads[1] > 0 else 1.0
    return float(min(max(ratio, 1.0), _MOST_EFFECT)) if math.isfinite(ratio) else 1.0
