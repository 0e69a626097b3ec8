"""A candidate beside the champion on the same rows: the KPI of both, and their difference with its interval."""

import itertools
import math
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stageline.evaluation.bootstrap import Blocks, Estimate, percentile_interval, replicate, resample
from stageline.evaluation.evaluate import positive_class
from stageline.evaluation.metrics import score
from stageline.evaluation.predictions import Predictions, coded, codes_of
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec

if TYPE_CHECKING:
    import numpy as np

_RESAMPLES_PER_PART = 300


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows.

    :param n: Number of rows.
    :param improvement: By how much the candidate's KPI is better, in the metric's unit; positive is better.
    :param relative: The improvement as a share of the champion's KPI; none where that is zero or undefined.
    """

    n: int
    candidate: Estimate
    champion: Estimate
    improvement: Estimate
    relative: float | None


@dataclass(frozen=True)
class Contest:
    """What two models predicted for the same rows, ready to be compared on all of them or on some.

    :param truth: True values, or codes of classes, shape (n,).
    :param models: `candidate` and `champion`.
    :param positive: Code of the class whose probability is meant.
    """

    spec: PipelineSpec
    truth: "np.ndarray"
    models: Mapping[str, Predictions]
    blocks: Blocks
    positive: Any

    @classmethod
    def of(
        cls, spec: PipelineSpec, truth: "np.ndarray", candidate: Predictions, champion: Predictions, blocks: Blocks
    ) -> "Contest":
        """Return the contest of two models.

        :raises DataError: They know different classes, or the rows hold one that they do not know.
        """
        models, classes = {"candidate": candidate, "champion": champion}, candidate.classes
        positive = positive_class(spec, classes)
        if classes:
            truth, positive = codes_of(truth, classes), classes.index(positive)
            models = {who: coded(predictions, classes) for who, predictions in models.items()}
        return cls(spec, truth, models, blocks, positive)

    def compare(self, rows: "np.ndarray | None" = None) -> Comparison:
        """Compare on all rows, or on those of a mask; the intervals are paired: both models see the same resamples.

        :param rows: Shape (n,), true for the rows to compare on.
        """
        part = self if rows is None else self._only(rows)
        name = self.spec.kpi.metric
        sign = 1 if METRICS[name].greater_is_better else -1
        few = None if rows is None else _RESAMPLES_PER_PART
        values, replicates = {}, {}
        for who in part.models:
            values[who] = part.value_of(who)
            samples = itertools.islice(resample(part.blocks, seed=self.spec.train.seed), few)
            replicates[who] = replicate(partial(part.value_of, who), samples)
        difference = sign * (values["candidate"] - values["champion"])
        base = abs(values["champion"])
        return Comparison(
            n=len(part.truth),
            candidate=percentile_interval(values["candidate"], replicates["candidate"]),
            champion=percentile_interval(values["champion"], replicates["champion"]),
            improvement=percentile_interval(difference, sign * (replicates["candidate"] - replicates["champion"])),
            relative=difference / base if base and math.isfinite(difference) else None,
        )

    def value_of(self, who: str, weights: "np.ndarray | None" = None) -> float:
        """Return a model's KPI; NaN where it is not defined on the rows."""
        # What is not defined comes back as NaN and is judged as that.
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore")
            return score(self.spec.kpi.metric, self.truth, self.models[who], positive=self.positive, weights=weights)
        return math.nan

    def costs(self, who: str) -> "np.ndarray":
        """Return what each row's error costs, shape (n,): absolute error, or what the true class was not given."""
        import numpy as np

        predictions = self.models[who]
        if predictions.probabilities is not None:
            given: np.ndarray = predictions.probabilities[np.arange(len(self.truth)), self.truth]
            return 1 - given
        if predictions.classes:
            return np.asarray(predictions.values != self.truth, dtype=float)
        errors: np.ndarray = np.abs(self.truth - predictions.values)
        return errors

    def _only(self, rows: "np.ndarray") -> "Contest":
        import numpy as np

        ids = np.unique(self.blocks.ids[rows], return_inverse=True)[1]
        models = {who: predictions.only(rows) for who, predictions in self.models.items()}
        blocks = Blocks(ids, int(ids.max()) + 1 if len(ids) else 0, self.blocks.what)
        return Contest(self.spec, self.truth[rows], models, blocks, self.positive)
