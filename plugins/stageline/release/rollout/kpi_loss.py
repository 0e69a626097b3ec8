"""KPI: what is lost by answers whose true value is known, the canary's mean beside the champion's."""

from collections.abc import Iterator, Sequence

from stageline.release.rollout import means, rates
from stageline.release.rollout.arms import Block, blocks_of, counts, rows_of
from stageline.release.rollout.bounds import Bounds
from stageline.release.rollout.findings import PERCENT, TRIFLE, Finding, limit_in_percent, rows_in_words, span
from stageline.release.rollout.observed import Observed
from stageline.spec.rollout import KpiLoss

LOSS = "SL-R015"


def loss_findings(metric: KpiLoss, observed: Observed) -> Iterator[Finding]:
    """Yield what is found of the losses.

    Labels come late: it is in the whole rollout that there must be enough of them, not in the present step.
    """
    limit = metric.max_loss
    why = observed.fault("losses")
    bounds, shown, rows = None, "kpi", (0, 0)
    exact, beside = False, dict[str, float]()
    if not why:
        rows = rows_of(observed.traffic, "losses")
        blocks = blocks_of(observed.traffic, "losses", least=(means.LEAST_ROWS, means.LEAST_ROWS))
        # Errors of classes are rates, which are judged exactly.
        parts = [part for each in blocks for part in (each.canary, each.champion)]
        exact = bool(parts) and all(bool(((part == 0) | (part == 1)).all()) for part in parts)
        if not blocks:
            why = observed.broken() or f"at no time have both arms {means.LEAST_ROWS} losses"
        else:
            (canary, champion), bounds = (_of_classes if exact else _of_numbers)(blocks, limit, observed.alphas)
            beside = {"canary": canary, "champion": champion}
            shown = f"the mean loss of the canary is {canary:.4g} against {champion:.4g} of the champion's "
            shown += rows_in_words(rows)
            if bounds is None:
                why = "of a champion that loses nothing there is no share"
            else:
                shown += f", {span(bounds, PERCENT, fewer='less')}"
                why = observed.broken()
    yield Finding(
        LOSS, "kpi", shown, rows, bounds, TRIFLE * limit, limit, f"max_loss = {limit_in_percent(limit)}", why=why,
        exact=exact, few="" if why else observed.few("losses", step=False), beside=beside,
    )  # fmt: skip


Found = tuple[tuple[float, float], Bounds | None]


def _of_numbers(blocks: Sequence[Block], limit: float, alphas: tuple[float, float]) -> Found:
    told = means.moments([each.canary for each in blocks], [each.champion for each in blocks])
    if told.means[1] <= 0:
        return told.means, None
    borne = TRIFLE * limit
    return told.means, means.bounds_of(told, alphas=alphas, pivots=(borne, limit), effects=(limit - borne, limit))


def _of_classes(blocks: Sequence[Block], limit: float, alphas: tuple[float, float]) -> Found:
    told = counts([(each.canary.sum(), len(each.canary), each.champion.sum(), len(each.champion)) for each in blocks])
    canary, champion = (float(each) for each in told.rates)
    if champion <= 0:
        return (canary, champion), None
    bounds = rates.bounds_of(
        told, told, rates.ratio, canary / champion - 1,
        alphas=alphas, pivots=(TRIFLE * limit, limit), ends=(-1.0, float("inf")),
    )  # fmt: skip
    return (canary, champion), bounds
