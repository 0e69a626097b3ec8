"""Errors: the canary's share beside the champion's of the same intervals, and beside a limit of its own."""

from collections.abc import Iterator
from typing import Any

from stageline.release.rollout import rates
from stageline.release.rollout.arms import broken, by_step, counts, error_counts, rows_of, together
from stageline.release.rollout.bounds import Bounds
from stageline.release.rollout.findings import POINTS, TRIFLE, Finding, limit_in_percent, rate, rows_in_words, span
from stageline.release.rollout.late_harm import late_harm
from stageline.release.rollout.observed import Observed
from stageline.spec.rollout import ErrorRate

INCREASE, OWN = "SL-R010", "SL-R011"


def error_findings(metric: ErrorRate, observed: Observed) -> Iterator[Finding]:
    """Yield what is found of each limit on errors."""
    yield _increase(metric, observed)
    if metric.max is not None:
        yield _own(metric.max, observed)


def _increase(metric: ErrorRate, observed: Observed) -> Finding:
    limit = metric.max_increase
    borne = TRIFLE * limit
    why = observed.fault()
    bounds, shown, rows, late = None, "error_rate", (0, 0), ""
    beside: dict[str, Any] = {"steps": by_step(observed.traffic)}
    if not why:
        rows = rows_of(observed.traffic)
        told = error_counts(observed.traffic)
        if not len(told.rows):
            why = "the arms were never asked at the same time"
        else:
            canary, champion = (float(each) for each in told.rates)
            beside |= {"canary": canary, "champion": champion}
            # An hour in which the champion was down is none in which the canary did well.
            sound = [each for each in observed.traffic if not broken(each)]
            bounds = rates.bounds_of(
                told, error_counts(sound), rates.difference, canary - champion,
                alphas=observed.alphas, pivots=(borne, limit), ends=(-1.0, 1.0),
            )  # fmt: skip
            shown = (
                f"error_rate of the canary is {rate(canary)} against {rate(champion)} of the champion's "
                f"{rows_in_words(rows)}, {span(bounds, POINTS)}"
            )
            starts = [each.start for each in together(observed.traffic)]
            late = observed.late(late_harm(rates.gains_above(told, rates.difference(limit))), starts)
            why = observed.broken()
    return Finding(
        INCREASE, "error_rate", shown, rows, bounds, borne, limit, f"max_increase = {_points(limit)}", why=why,
        few="" if why else observed.few(), late=late, beside=beside,
    )  # fmt: skip


def _own(limit: float, observed: Observed) -> Finding:
    why = observed.fault(canary_only=True)
    bounds, shown, rows = None, "error_rate", (0, 0)
    if not why:
        rows = (rows_of(observed.traffic)[0], 0)
        told = error_counts(observed.traffic, both=False)
        # Only the canary counts: its rate is that of all its rows.
        told = counts([(float(told.hits.sum()), float(told.rows.sum()), 0, 0)])
        canary = float(told.hits[0] / told.rows[0])
        bounds = rates.bounds_of(
            told, told, rates.own, canary, alphas=observed.alphas, pivots=(limit, limit), ends=(0.0, 1.0)
        )
        shown = f"error_rate of the canary is {rate(canary)} (n = {rows[0]:,}), {_own_span(bounds)}"
    return Finding(
        OWN, "error_rate(max)", shown, rows, bounds, limit, limit, f"max = {limit_in_percent(limit)}", why=why,
        few="" if why else observed.few(canary_only=True),
    )  # fmt: skip


def _own_span(bounds: Bounds) -> str:
    return f"between {rate(bounds.low)} and {rate(bounds.high)}"


def _points(value: float) -> str:
    number = f"{100 * value:.3g}"
    return f"{number} point" if number == "1" else f"{number} points"
