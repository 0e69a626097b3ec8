"""Latency: the canary's slow answers beside the champion's quantile of the same interval, and beside a limit."""

import math
from collections.abc import Iterator

from stageline.release.rollout import quantiles, rates
from stageline.release.rollout.arms import blocks_of, counts, joined, rows_of
from stageline.release.rollout.findings import PERCENT, TRIFLE, Finding, limit_in_percent, rate, rows_in_words, span
from stageline.release.rollout.late_harm import late_harm
from stageline.release.rollout.observed import Observed
from stageline.spec.rollout import Latency

INCREASE, OWN = "SL-R012", "SL-R013"


def latency_findings(metric: Latency, observed: Observed) -> Iterator[Finding]:
    """Yield what is found of each limit on latency."""
    yield _increase(metric, observed)
    if metric.max_ms is not None:
        yield _own(metric.quantile, metric.max_ms, observed)


def _increase(metric: Latency, observed: Observed) -> Finding:
    limit = metric.max_increase
    borne = TRIFLE * limit
    name = f"latency({_quantile(metric.quantile)})"
    why = observed.fault("latency_ms")
    bounds, shown, rows, late = None, name, (0, 0), ""
    beside: dict[str, float] = {}
    if not why:
        rows = rows_of(observed.traffic, "latency_ms")
        # Of fewer of the champion's rows the quantile would be another one: the largest of them.
        champion_rows = math.ceil(1 / (1 - metric.quantile))
        blocks = blocks_of(observed.traffic, "latency_ms", least=(1, champion_rows))
        if not blocks:
            why = observed.broken() or f"the quantile needs {champion_rows:,} latencies of the champion in one step"
        else:
            beyond = quantiles.Beyond(
                metric.quantile, [each.canary for each in blocks], [each.champion for each in blocks]
            )
            bounds = quantiles.bounds_of(beyond, alphas=observed.alphas, pivots=(borne, limit))
            slower = float(beyond.hits(limit).sum() / beyond.rows.sum())
            (canary,), (champion,) = quantiles.side_by_side(beyond.canary, beyond.champion, [metric.quantile])
            beside = {"canary": canary, "champion": champion}
            shown = (
                f"the {_quantile(metric.quantile)} quantile of the canary's latency is {1 + bounds.value:.2f} times "
                f"the champion's {rows_in_words(rows)}, {span(bounds, PERCENT, more='slower', fewer='faster')}, and "
                f"{rate(slower)} of its answers are slower than {1 + limit:.3g} times that"
            )
            starts = [each.start for each in blocks]
            late = observed.late(late_harm(quantiles.gains_above(beyond, limit)), starts)
            why = observed.broken()
    return Finding(
        INCREASE, name, shown, rows, bounds, borne, limit, f"max_increase = {limit_in_percent(limit)}", why=why,
        few="" if why else observed.few("latency_ms"), late=late, beside=beside,
    )  # fmt: skip


def _own(quantile: float, max_ms: float, observed: Observed) -> Finding:
    name = "latency(max_ms)"
    why = observed.fault("latency_ms", canary_only=True)
    bounds, shown, rows, limit = None, name, (0, 0), 1 - quantile
    if not why:
        times = joined(observed.traffic, lambda interval: interval.canary, "latency_ms")
        rows = (len(times), 0)
        slower = float((times > max_ms).mean())
        told = counts([(float((times > max_ms).sum()), len(times), 0, 0)])
        bounds = rates.bounds_of(
            told, told, rates.own, slower, alphas=observed.alphas, pivots=(limit, limit), ends=(0.0, 1.0)
        )
        shown = (
            f"{rate(slower)} of the canary's answers take longer than max_ms = {max_ms:,.6g} (n = {rows[0]:,}), "
            f"between {rate(bounds.low)} and {rate(bounds.high)}"
        )
    return Finding(
        OWN, name, shown, rows, bounds, limit, limit, f"at most {limit_in_percent(limit)} may", why=why,
        few="" if why else observed.few("latency_ms", canary_only=True),
    )  # fmt: skip


def _quantile(quantile: float) -> str:
    return f"{100 * quantile:.6g} %"
