"""All metrics of a model and its baselines on the same resamples, so that differences have intervals too."""

import itertools
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.evaluation.bootstrap import Blocks, Estimate, percentile_interval, replicate, resample
from stageline.evaluation.metrics import metrics_for, score
from stageline.evaluation.predictions import coded, codes_of
from stageline.exceptions import DataError
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec

if TYPE_CHECKING:
    import numpy as np

    from stageline.evaluation.predictions import Predictions

_RESAMPLES_BESIDE_THE_KPI = 300


@dataclass(frozen=True)
class MetricEstimates:
    """One metric of every model, by the model's name."""

    name: str
    greater_is_better: bool
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True)
class Improvement:
    """By how much the model's KPI is better than another's, in the metric's unit; positive is better.

    :param relative: The improvement as a share of the other's value; none where that is zero.
    """

    over: str
    estimate: Estimate
    relative: float | None


@dataclass(frozen=True)
class Evaluation:
    """What the holdout says.

    :param n: Rows of the holdout.
    :param resampled: What was drawn together for the intervals, in words.
    :param metrics: The KPI's metric first.
    """

    n: int
    resampled: str
    metrics: tuple[MetricEstimates, ...]
    improvements: tuple[Improvement, ...]

    @property
    def kpi(self) -> MetricEstimates:
        """The metric the pipeline is judged by."""
        return self.metrics[0]


def positive_class(spec: PipelineSpec, classes: tuple[Any, ...]) -> Any:
    """Return the class whose probability is meant: the declared one, or the last in sorted order."""
    return spec.target.positive if spec.target.positive is not None else (classes[-1] if classes else None)


def evaluate_models(
    truth: "np.ndarray", models: Mapping[str, "Predictions"], blocks: Blocks, spec: PipelineSpec
) -> Evaluation:
    """Estimate every fitting metric of every model.

    :param truth: True values or labels of the holdout, shape (n,).
    :param models: Predictions by name; `model` is the one that is judged.
    :raises DataError: The KPI is not defined on this holdout.
    """
    classes = models["model"].classes
    names = metrics_for(
        spec,
        classes=len(classes),
        probabilities=all(each.probabilities is not None for each in models.values()),
    )
    positive = positive_class(spec, classes)
    if classes:
        # Metrics on whole numbers are several times faster than on texts.
        truth, positive = codes_of(truth, classes), classes.index(positive)
        models = {who: coded(predictions, classes) for who, predictions in models.items()}
    values, replicates = {}, {}
    for name, who in itertools.product(names, models):

        def statistic(
            weights: "np.ndarray | None", *, name: str = name, predictions: "Predictions" = models[who]
        ) -> float:
            return score(name, truth, predictions, positive=positive, weights=weights)

        try:
            with warnings.catch_warnings():
                # What is not defined comes back as NaN and is judged as that.
                warnings.simplefilter("ignore")
                values[name, who] = statistic(None)
        except ValueError as error:
            if name == spec.kpi.metric:
                raise DataError(f"{name} of the {who} is not defined on the holdout: {error}") from error
            values[name, who] = math.nan
        samples = resample(blocks, seed=spec.train.seed)
        few = None if name == spec.kpi.metric else _RESAMPLES_BESIDE_THE_KPI
        replicates[name, who] = replicate(statistic, itertools.islice(samples, few))
    metrics = tuple(
        MetricEstimates(
            name,
            METRICS[name].greater_is_better,
            {who: percentile_interval(values[name, who], replicates[name, who]) for who in models},
        )
        for name in names
    )
    kpi, sign = names[0], 1 if METRICS[names[0]].greater_is_better else -1
    improvements = tuple(
        Improvement(
            who,
            percentile_interval(
                sign * (values[kpi, "model"] - values[kpi, who]),
                sign * (replicates[kpi, "model"] - replicates[kpi, who]),
            ),
            sign * (values[kpi, "model"] - values[kpi, who]) / abs(values[kpi, who]) if values[kpi, who] else None,
        )
        for who in models
        if who != "model"
    )
    return Evaluation(len(truth), f"{blocks.count:,} {blocks.what}", metrics, improvements)
