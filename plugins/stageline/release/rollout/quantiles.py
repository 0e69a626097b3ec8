"""How often the canary is beyond the champion's own quantile of the same interval: exact, whatever the distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from stageline.release.rollout.bounds import Bounds, highest, lowest
from stageline.release.rollout.rates import log_mean_exp

if TYPE_CHECKING:
    import numpy as np

# The alternatives that are bet on: by which factor more (or fewer) of the canary's answers lie beyond.
_FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 6.0, 15.0, 60.0, 500.0)
_MOST_INCREASE = 1e6


@dataclass(frozen=True)
class Beyond:
    """Blocks of rows in which a canary's values are held against the champion's quantile.

    :param quantile: Of the champion's values, 0 to 1.
    :param canary: Values of either arm, by block; neither is ever empty.
    """

    quantile: float
    canary: Sequence["np.ndarray"]
    champion: Sequence["np.ndarray"]

    @cached_property
    def _sorted(self) -> list["np.ndarray"]:
        import numpy as np

        return [np.sort(block) for block in self.canary]

    @cached_property
    def rows(self) -> "np.ndarray":
        """Return the rows of the canary, shape (blocks,)."""
        import numpy as np

        return np.array([len(block) for block in self.canary])

    @cached_property
    def ranks(self) -> tuple["np.ndarray", "np.ndarray"]:
        """Return how many of the champion's rows there are, and the rank of its quantile; shape (blocks,)."""
        import numpy as np

        rows = np.array([len(block) for block in self.champion])
        return rows, np.clip(np.ceil(self.quantile * rows), 1, rows).astype(int)

    @cached_property
    def limits(self) -> "np.ndarray":
        """Return the champion's quantiles, shape (blocks,)."""
        import numpy as np

        _, ranks = self.ranks
        return np.array(
            [np.partition(block, rank - 1)[rank - 1] for block, rank in zip(self.champion, ranks, strict=True)]
        )

    @property
    def expected(self) -> float:
        """Return how many of the canary's values would lie beyond, were they like the champion's."""
        rows, ranks = self.ranks
        return float((self.rows * (rows - ranks + 1) / (rows + 1)).sum())

    def hits(self, increase: float, *, ties: bool = False) -> "np.ndarray":
        """Return how many of the canary's values lie beyond the champion's quantile and so much; shape (blocks,).

        :param increase: As a share of the quantile.
        :param ties: Whether those count that lie on it.
        """
        import numpy as np

        side: Literal["left", "right"] = "left" if ties else "right"
        return np.array([
            len(block) - np.searchsorted(block, limit * (1 + increase), side=side)
            for block, limit in zip(self._sorted, self.limits, strict=True)
        ])  # fmt: skip


def evidence_above(
    hits: "np.ndarray", rows: "np.ndarray", champion_rows: "np.ndarray", ranks: "np.ndarray", *, each_look: bool = False
) -> "np.ndarray":
    """Return the logarithm of an e-process against: the canary's values are like the champion's, or smaller.

    Of values that are alike, the number beyond the champion's value of rank r of n is Beta-binomial, with a = n - r + 1
    and b = r, whatever their distribution (the exceedance statistic of Epstein 1954). The bets let b be smaller by a
    factor: their ratio to it grows with the number, so it is an e-value against smaller values, too. Blocks are
    independent, so their product is an e-process, and each has its own quantile: no change of level matters.

    :param hits: How many lie beyond, shape (..., blocks).
    :param rows: Of the canary, shape (blocks,).
    """
    return _evidence(gains_of(hits, rows, champion_rows, ranks, above=True), each_look=each_look)


def evidence_below(
    hits: "np.ndarray", rows: "np.ndarray", champion_rows: "np.ndarray", ranks: "np.ndarray", *, each_look: bool = False
) -> "np.ndarray":
    """Return the same against: they are alike, or the canary's are larger."""
    return _evidence(gains_of(hits, rows, champion_rows, ranks, above=False), each_look=each_look)


def bounds_of(beyond: Beyond, *, alphas: tuple[float, float], pivots: tuple[float, float]) -> Bounds:
    """Return by which share the canary's quantile lies above the champion's, with its bounds.

    :param alphas: Of the lower and of the upper bound.
    :param pivots: The values that decide, likewise.
    """
    champion = beyond.ranks
    value = _as_often(beyond)
    low = lowest(
        lambda tried: float(evidence_above(beyond.hits(tried), beyond.rows, *champion)),
        alpha=alphas[0], value=value, least=-1.0, pivot=pivots[0],
    )  # fmt: skip
    high = highest(
        lambda tried: float(evidence_below(beyond.hits(tried, ties=True), beyond.rows, *champion)),
        alpha=alphas[1], value=value, most=float("inf"), pivot=pivots[1],
    )  # fmt: skip
    return Bounds(value, low, high)


def side_by_side(
    canary: Sequence["np.ndarray"], champion: Sequence["np.ndarray"], at: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Return quantiles of both arms over all blocks, each block with the same weight in both.

    The weights are those of rates, after Mantel and Haenszel: how the share of the canary changed from block to block
    makes no difference between the arms.

    :param canary: Values by block; neither arm's block is ever empty.
    :param at: Which quantiles, 0 to 1.
    """
    weights = [len(one) * len(other) / (len(one) + len(other)) for one, other in zip(canary, champion, strict=True)]
    return _quantiles(canary, weights, at), _quantiles(champion, weights, at)


def _quantiles(blocks: Sequence["np.ndarray"], weights: Sequence[float], at: Sequence[float]) -> list[float]:
    import numpy as np

    values = np.concatenate([*blocks])
    each = np.concatenate([np.full(len(block), w / len(block)) for block, w in zip(blocks, weights, strict=True)])
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(each[order])
    # A sum of many weights may miss a share by its last digits.
    places = np.searchsorted(upto, np.array(at) * upto[-1] * (1 - 1e-9))
    return [float(values[order[min(place, len(order) - 1)]]) for place in places]


def _as_often(beyond: Beyond) -> float:
    """Return the increase at which as many of the canary's values lie beyond as of the champion's."""
    expected = beyond.expected
    least, most = -1.0, 1.0
    while beyond.hits(most).sum() > expected and most < _MOST_INCREASE:
        least, most = most, 2 * most + 1
    for _ in range(40):
        middle = (least + most) / 2
        least, most = (middle, most) if beyond.hits(middle).sum() > expected else (least, middle)
    return most


def gains_above(beyond: Beyond, increase: float) -> "np.ndarray":
    """Return what each bet of :func:`evidence_above` gains in each block, the newest first, shape (blocks, bets)."""
    return gains_of(beyond.hits(increase), beyond.rows, *beyond.ranks, above=True)[::-1]


def _evidence(gains: "np.ndarray", *, each_look: bool) -> "np.ndarray":
    import numpy as np

    return log_mean_exp(np.cumsum(gains, axis=-2) if each_look else gains.sum(axis=-2))


def gains_of(
    hits: "np.ndarray", rows: "np.ndarray", champion_rows: "np.ndarray", ranks: "np.ndarray", *, above: bool
) -> "np.ndarray":
    """Return what each bet of the evidence gains in each block, shape (..., blocks, bets)."""
    import numpy as np
    from scipy.special import betaln

    counts = np.asarray(hits)[..., None]
    beyond, within = (champion_rows - ranks + 1)[:, None], ranks[:, None].astype(float)
    factors = np.array(_FACTORS)
    bet = within / factors if above else within * factors
    others = rows[:, None] - counts
    gains: np.ndarray = (
        betaln(counts + beyond, others + bet) - betaln(beyond, bet)
        - betaln(counts + beyond, others + within) + betaln(beyond, within)
    )  # fmt: skip
    return gains
