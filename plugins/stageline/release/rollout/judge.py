"""All intervals of a rollout, judged by its metrics: canary beside the champion at the same time."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from stageline.release.rollout.error_rate import error_findings
from stageline.release.rollout.findings import Finding
from stageline.release.rollout.kpi_loss import loss_findings
from stageline.release.rollout.latency import latency_findings
from stageline.release.rollout.observed import Observed, observed
from stageline.release.rollout.prediction_shift import shift_findings
from stageline.spec.rollout import ErrorRate, KpiLoss, Latency, PredictionShift, RolloutMetric
from stageline.traffic import Traffic
from stageline.verdicts import Check


def judge_traffic(
    traffic: Sequence[Traffic], metrics: Sequence[RolloutMetric], *, min_events: int, alpha: float
) -> tuple[Check, ...]:
    """Judge all intervals since a rollout began, one check for each limit.

    A look may be taken after every interval. Of rollouts of models that are as good as the champion, or worse by no
    more than a quarter of each limit at any time, no more than `alpha` are ever failed, by all limits together; a model
    that is always worse than one limit allows is passed by it in no more than `alpha`.

    :param metrics: None: errors and predictions, and latency where it was measured.
    :param min_events: Rows of either arm below which nothing passes; harm beyond doubt needs none.
    """
    metrics = metrics or default_metrics(traffic)
    # Harm may be shown by any of the tests, and is ruled out only by all of them: the first is split, the other not.
    seen = observed(traffic, min_events, (alpha / sum(_tests(metric) for metric in metrics), alpha))
    return tuple(finding.check() for metric in metrics for finding in _findings(metric, seen))


def default_metrics(traffic: Sequence[Traffic]) -> tuple[RolloutMetric, ...]:
    """Return what is judged where a spec does not say."""
    measured = any(len(arm.latency_ms) for interval in traffic for arm in (interval.champion, interval.canary))
    metrics: tuple[RolloutMetric, ...] = (ErrorRate(metric="error_rate"), PredictionShift(metric="predictions"))
    return (*metrics, Latency(metric="latency")) if measured else metrics


def _tests(metric: RolloutMetric) -> int:
    """Return how many tests may show harm: beside the champion over all intervals and over the newest, and alone."""
    match metric:
        case ErrorRate():
            return 2 + (metric.max is not None)
        case Latency():
            return 2 + (metric.max_ms is not None)
        case PredictionShift():
            return 2
        case KpiLoss():
            return 1
        case _:
            assert_never(metric)


def _findings(metric: RolloutMetric, seen: Observed) -> Iterator[Finding]:
    match metric:
        case ErrorRate():
            return error_findings(metric, seen)
        case Latency():
            return latency_findings(metric, seen)
        case PredictionShift():
            return shift_findings(metric, seen)
        case KpiLoss():
            return loss_findings(metric, seen)
        case _:
            assert_never(metric)
