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
    """Weighted sums of both arms' means over the intervals so far.

    The weights follow from the numbers of rows alone (Mantel and Haenszel): with estimated variances as weights, an
    interval whose few skewed values happen to be small would count most.

    :param weight: Sum of the weights; each of these is a number or an array of one number a look.
    :param canary: Weighted sum of the canary's means.
    :param noise: Estimated variance of that.
    """

    weight: "float | np.ndarray"
    canary: "float | np.ndarray"
    champion: "float | np.ndarray"
    noise: "float | np.ndarray"
    champion_noise: "float | np.ndarray"

    @property
    def means(self) -> tuple[float, float]:
        """Return the canary's and the champion's mean, both with the weights of the intervals."""
        return float(self.canary / self.weight), float(self.champion / self.weight)


def moments(canary: Sequence["np.ndarray"], champion: Sequence["np.ndarray"]) -> Moments:
    """Return the sums of blocks of rows, each with at least two of either arm."""
    weights = [len(ours) * len(theirs) / (len(ours) + len(theirs)) for ours, theirs in zip(canary, champion, strict=True)]
    return Moments(
        weight=math.fsum(weights),
        canary=math.fsum(weight * float(block.mean()) for weight, block in zip(weights, canary, strict=True)),
        champion=math.fsum(weight * float(block.mean()) for weight, block in zip(weights, champion, strict=True)),
        noise=math.fsum(_noise(weight, block) for weight, block in zip(weights, canary, strict=True)),
        champion_noise=math.fsum(_noise(weight, block) for weight, block in zip(weights, champion, strict=True)),
    )


def evidence_of_more(told: Moments, increase: float, effect: float, *, relative: bool = True) -> "np.ndarray":
    """Return the logarithm of an asymptotic e-process against: the canary's mean is at most so much above.

    The sum S of what exceeds the supposed difference, with an estimated variance V, is in the long run as good as a
    Gaussian walk (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024); exp(λS - λ²V/2) is mixed over λ > 0, half a
    normal distribution (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021). That is the mixture of mSPRT
    (Johari, Koomen, Pekelis and Walsh 2022), its side known. It needs a minimum of rows.

    :param increase: As a share of the champion's mean; else, unless `relative`, in its unit.
    :param effect: What is looked for beyond it, in the same unit: says where the test is sharpest.
    """
    return _evidence(told, increase, effect, relative=relative, sign=1)


def evidence_of_less(told: Moments, increase: float, effect: float, *, relative: bool = True) -> "np.ndarray":
    """Return the same against: it is at least so much above."""
    return _evidence(told, increase, effect, relative=relative, sign=-1)


def bounds_of(
    told: Moments, *, alphas: tuple[float, float], pivots: tuple[float, float], effects: tuple[float, float],
    relative: bool = True,
) -> Bounds:  # fmt: skip
    """Return by how much the canary's mean lies above the champion's, with its bounds.

    :param alphas: Of the lower and of the upper bound.
    :param pivots: The values that decide, likewise.
    :param effects: What is looked for beyond each.
    """
    canary, champion = told.means
    value = (canary - champion) / (champion if relative else 1.0)
    low = lowest(
        lambda tried: float(evidence_of_more(told, tried, effects[0], relative=relative)),
        alpha=alphas[0], value=value, least=-math.inf, pivot=pivots[0],
    )  # fmt: skip
    high = highest(
        lambda tried: float(evidence_of_less(told, tried, effects[1], relative=relative)),
        alpha=alphas[1], value=value, most=math.inf, pivot=pivots[1],
    )  # fmt: skip
    return Bounds(value, max(low, -1.0) if relative else low, high)


def _noise(weight: float, block: "np.ndarray") -> float:
    return weight**2 * float(block.var(ddof=1)) / len(block)


def _evidence(told: Moments, increase: float, effect: float, *, relative: bool, sign: int) -> "np.ndarray":
    import numpy as np
    from scipy.special import log_ndtr

    level = told.champion / told.weight if relative else 1.0
    slope = 1.0 + increase if relative else 1.0
    excess = sign * (told.canary - slope * told.champion - (0.0 if relative else increase * told.weight))
    noise = told.noise + slope**2 * told.champion_noise
    with np.errstate(divide="ignore", invalid="ignore"):
        # The variance of the bets: such that the effect that is looked for lies one standard deviation out.
        bets = (effect * level * told.weight / noise) ** 2
        share = bets / (1.0 + bets * noise)
        logarithm = (
            math.log(2) - 0.5 * np.log1p(bets * noise) + 0.5 * share * excess**2 + log_ndtr(np.sqrt(share) * excess)
        )
    # Without any variance all rows are the same: nothing asymptotic can be said.
    return np.where(np.isfinite(logarithm) & (noise > 0), logarithm, 0.0)
