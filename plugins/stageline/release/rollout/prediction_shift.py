"""Predictions: how differently the models answer, at points of the numbers or by class, within the same intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.release.rollout import quantiles, rates
from stageline.release.rollout.arms import Block, blocks_of, rows_of
from stageline.release.rollout.bounds import Bounds, highest, lowest
from stageline.release.rollout.findings import TRIFLE, Finding, rows_in_words
from stageline.release.rollout.late_harm import late_harm
from stageline.release.rollout.observed import Observed
from stageline.release.rollout.rates import Counts
from stageline.spec.rollout import PredictionShift

if TYPE_CHECKING:
    import numpy as np

SHIFT = "SL-R014"
# Points of the distribution that are compared; more classes than that are numbers.
POINTS = 64
# Quantiles of the predictions that the rollout's page shows.
_SHOWN = (0.1, 0.5, 0.9)
# Codes of texts are far larger, but for one in a quarter of a million.
_TOLD_BELOW = 1e9


@dataclass(frozen=True)
class Shares:
    """Shares of both arms at some points: below a number, or of a class.

    :param counts: Of each point, and then of what is left over of each, shape (2 * points, blocks).
    :param points: Numbers or codes of classes, shape (points,).
    :param classes: Whether they are classes.
    """

    counts: Counts
    points: "np.ndarray"
    classes: bool

    def distance(self) -> tuple[float, float]:
        """Return the largest difference, and the point where it is."""
        canary, champion = self.counts.rates
        differences = abs(canary - champion)[: len(self.points)]
        place = int(differences.argmax())
        return float(differences[place]), float(self.points[place])

    def bounds(self, value: float, *, alphas: tuple[float, float], pivots: tuple[float, float]) -> Bounds:
        """Return the distance with its bounds.

        That it is at most so large is rejected by the mean of the evidence at all points, in either direction; that it
        is as large somewhere is rejected only if it is at every point, in either direction.
        """
        low = lowest(
            lambda tried: float(rates.log_mean_exp(rates.evidence_above(self.counts, rates.difference(tried)))),
            alpha=alphas[0], value=value, least=0.0, pivot=pivots[0],
        )  # fmt: skip
        high = highest(
            lambda tried: float(rates.evidence_below(self.counts, rates.difference(tried)).min()),
            alpha=alphas[1], value=value, most=1.0, pivot=pivots[1],
        )  # fmt: skip
        return Bounds(value, low, high)


def shift_findings(metric: PredictionShift, observed: Observed) -> Iterator[Finding]:
    """Yield what is found of the shift of the predictions."""
    limit = metric.max_distance
    borne = TRIFLE * limit
    why = observed.fault("predictions")
    bounds, shown, rows, late = None, "predictions", (0, 0), ""
    beside: dict[str, Any] = {}
    if not why:
        rows = rows_of(observed.traffic, "predictions")
        blocks = blocks_of(observed.traffic, "predictions")
        if not blocks:
            why = observed.broken() or "the arms never answered at the same time"
        else:
            shares = shares_of(blocks, classes=_are_classes(observed))
            distance, place = shares.distance()
            beside = _beside(shares, blocks, place)
            bounds = shares.bounds(distance, alphas=observed.alphas, pivots=(borne, limit))
            where = f"in the share of {class_in_words(place)}" if shares.classes else f"at {place:.4g}"
            shown = (
                f"the predictions of the canary and of the champion {rows_in_words(rows)} differ by {distance:.2f}, "
                f"most {where}, between {bounds.low:.2f} and {bounds.high:.2f}"
            )
            gains = rates.gains_above(shares.counts, rates.difference(limit))
            late = observed.late(late_harm(gains), [each.start for each in blocks])
            why = observed.broken()
    yield Finding(
        SHIFT, "predictions", shown, rows, bounds, borne, limit, f"max_distance = {limit:.3g}", why=why,
        few="" if why else observed.few("predictions"), late=late, beside=beside,
    )  # fmt: skip


def class_in_words(code: float) -> str:
    """Return how a class is called; the hash that stands for a text says nothing to anybody, nor who may read it."""
    return f"class {code:.0f}" if abs(code) < _TOLD_BELOW else "one class"


def _beside(shares: Shares, blocks: Sequence[Block], place: float) -> dict[str, Any]:
    """Return the shares of the class that differs most; of numbers the medians, and the middle four fifths."""
    if shares.classes:
        canary, champion = (rates_[: len(shares.points)] for rates_ in shares.counts.rates)
        where = int(shares.points.searchsorted(place))
        return {"class": place, "canary": float(canary[where]), "champion": float(champion[where])}
    tried, used = quantiles.side_by_side([each.canary for each in blocks], [each.champion for each in blocks], _SHOWN)
    return {
        "canary": tried[1], "champion": used[1], "canary_range": tried[::2], "champion_range": used[::2],
    }  # fmt: skip


def shares_of(blocks: Sequence[Block], *, classes: bool) -> Shares:
    """Return the shares of both arms, by block, at points of all rows together: which arm they are of does not matter.

    :param classes: Whether the values are codes of classes, of which there may be too many to be such.
    """
    import numpy as np

    together = np.concatenate([part for block in blocks for part in (block.canary, block.champion)])
    points = np.unique(together) if classes else together
    classes = classes and len(points) <= POINTS
    if not classes:
        at = np.arange(1, POINTS + 1) / (POINTS + 1)
        points = np.unique(np.quantile(together, at, method="inverted_cdf"))
    hits, rows = _counted([block.canary for block in blocks], points, classes=classes)
    champion_hits, champion_rows = _counted([block.champion for block in blocks], points, classes=classes)
    return Shares(Counts(hits, rows, champion_hits, champion_rows), points, classes)


def _counted(
    parts: Sequence["np.ndarray"], points: "np.ndarray", *, classes: bool
) -> tuple["np.ndarray", "np.ndarray"]:
    """Return how many values of one arm lie at each point, and how many do not, and how many there are; by block."""
    import numpy as np

    rows = np.array([float(len(part)) for part in parts])
    hits = np.array([_hits(part, points, classes=classes) for part in parts], dtype=float).T
    return np.concatenate([hits, rows - hits]), rows


def _hits(values: "np.ndarray", points: "np.ndarray", *, classes: bool) -> "np.ndarray":
    import numpy as np

    ordered = np.sort(values)
    upto = np.searchsorted(ordered, points, side="right")
    return upto - np.searchsorted(ordered, points, side="left") if classes else upto


def _are_classes(observed: Observed) -> bool:
    import numpy as np

    arms = [arm for interval in observed.traffic for arm in (interval.champion, interval.canary)]
    kinds = {np.asarray(arm.predictions).dtype.kind for arm in arms if len(arm.predictions)}
    return kinds <= set("biu")
