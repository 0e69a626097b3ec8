"""Two means, compared within each interval: an asymptotic test that holds however often one looks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.release.rollout.bounds import Bounds, highest, lowest

if TYPE_CHECKING:
    import numpy as np

# Rows of either arm that one block needs: of fewer the variance is hardly known.
LEAST_ROWS = 10


@dataclass(frozen=True)
class Moments:
    """Weighted sums of both arms' means over the intervals so far, each a number or an array of one a look.

    The weights follow from the numbers of rows alone (Mantel and Haenszel): with estimated variances as weights, an
    interval whose few skewed values happen to be small would count most.

    :param weight: Sum of the weights.
    :param canary: Weighted sum of the canary's means.
    :param noise: Its variance, as the canary's own rows show it.
    :param lent: Its variance, were the canary's rows as scattered as the champion's of the same interval.
    """

    weight: "float | np.ndarray"
    canary: "float | np.ndarray"
    champion: "float | np.ndarray"
    noise: "float | np.ndarray"
    champion_noise: "float | np.ndarray"
    lent: "float | np.ndarray"
    champion_lent: "float | np.ndarray"

    @property
    def means(self) -> tuple[float, float]:
        """Return the canary's and the champion's mean, both with the weights of the intervals."""
        return float(self.canary / self.weight), float(self.champion / self.weight)


def moments(canary: Sequence["np.ndarray"], champion: Sequence["np.ndarray"]) -> Moments:
    """Return the sums of blocks of rows, each with at least two of either arm."""
    import numpy as np

    rows, champion_rows = (np.array([float(len(block)) for block in arm]) for arm in (canary, champion))
    mean, champion_mean = (np.array([block.mean() for block in arm]) for arm in (canary, champion))
    scatter, champion_scatter = (np.array([block.var(ddof=1) for block in arm]) for arm in (canary, champion))
    weights = rows * champion_rows / (rows + champion_rows)
    return Moments(
        weight=weights.sum(),
        canary=weights @ mean,
        champion=weights @ champion_mean,
        noise=weights**2 @ (scatter / rows),
        champion_noise=weights**2 @ (champion_scatter / champion_rows),
        lent=weights**2 @ (champion_scatter / rows),
        champion_lent=weights**2 @ (scatter / champion_rows),
    )


def evidence_of_more(told: Moments, increase: float, effect: float) -> "np.ndarray":
    """Return the logarithm of an asymptotic e-process against: the canary's mean is at most so much above.

    The sum S of what exceeds the supposed difference, with an estimated variance V, is in the long run as good as a
    Gaussian walk (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024); exp(λS - λ²V/2) is mixed over λ > 0, half a
    normal distribution (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021). That is the mixture of mSPRT
    (Johari, Koomen, Pekelis and Walsh 2022), its side known. It needs a minimum of rows.

    It would err if the champion's mean were larger than it seems: an arm of few skewed rows that has not shown its
    largest ones yet has too small a mean and too small a variance at once. So that arm is lent the other's variance
    where this is larger.

    :param increase: As a share of the champion's mean.
    :param effect: What is looked for beyond it, likewise: says where the test is sharpest.
    """
    import numpy as np

    slope = 1.0 + increase
    noise = told.noise + np.maximum(slope**2 * told.champion_noise, told.champion_lent)
    return _evidence(told, told.canary - slope * told.champion, noise, effect)


def evidence_of_less(told: Moments, increase: float, effect: float) -> "np.ndarray":
    """Return the same against: it is at least so much above; would err if the canary's mean were larger."""
    import numpy as np

    slope = 1.0 + increase
    noise = np.maximum(told.noise, slope**2 * told.lent) + slope**2 * told.champion_noise
    return _evidence(told, slope * told.champion - told.canary, noise, effect)


def bounds_of(
    told: Moments, *, alphas: tuple[float, float], pivots: tuple[float, float], effects: tuple[float, float]
) -> Bounds:
    """Return by which share the canary's mean lies above the champion's, which is above zero, with its bounds.

    :param alphas: Of the lower and of the upper bound.
    :param pivots: The values that decide, likewise.
    :param effects: What is looked for beyond each.
    """
    canary, champion = told.means
    value = canary / champion - 1.0
    low = lowest(
        lambda tried: float(evidence_of_more(told, tried, effects[0])),
        alpha=alphas[0], value=value, least=-1.0, pivot=pivots[0],
    )  # fmt: skip
    high = highest(
        lambda tried: float(evidence_of_less(told, tried, effects[1])),
        alpha=alphas[1], value=value, most=math.inf, pivot=pivots[1],
    )  # fmt: skip
    return Bounds(value, low, high)


def _evidence(told: Moments, excess: "float | np.ndarray", noise: "float | np.ndarray", effect: float) -> "np.ndarray":
    import numpy as np
    from scipy.special import log_ndtr

    level = told.champion / told.weight
    with np.errstate(divide="ignore", invalid="ignore"):
        # The variance of the bets: such that the effect that is looked for lies one standard deviation out.
        bets = (effect * level * told.weight / noise) ** 2
        share = bets / (1.0 + bets * noise)
        logarithm = (
            math.log(2) - 0.5 * np.log1p(bets * noise) + 0.5 * share * excess**2 + log_ndtr(np.sqrt(share) * excess)
        )
    # Without any variance all rows are the same: nothing asymptotic can be said.
    return np.where(np.isfinite(logarithm) & (noise > 0), logarithm, 0.0)
