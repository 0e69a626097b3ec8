"""Two streams of yes and no, compared exactly at any number of rows: e-processes against a line between the rates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from stageline.release.rollout.bounds import Bounds, highest, lowest

if TYPE_CHECKING:
    import numpy as np

# The alternatives that are bet on: rates of the champion, and by which factor the canary's odds lie beyond the line.
# What is bet decides how soon something is seen, never how often one errs.
_LEVELS = (5e-4, 2e-3, 8e-3, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9)
_ODDS = (1.06, 1.15, 1.35, 1.8, 3.0, 8.0, 40.0, 1_000.0)
_MOST_STEPS = 80
_PRECISE = 1e-10
_EDGE = 1e-3


@dataclass(frozen=True)
class Line:
    """Supposed rates: the canary's is `slope` times the champion's, plus `shift`.

    :param slope: 1 of a difference, 0 where the champion's rate does not count.
    """

    slope: float
    shift: float


def difference(value: float) -> Line:
    """Return the line on which the canary's rate lies by `value` above the champion's."""
    return Line(1.0, value)


def ratio(value: float) -> Line:
    """Return the line on which it lies above it by the share `value` of it."""
    return Line(1.0 + value, 0.0)


def own(value: float) -> Line:
    """Return the line on which the canary's rate is `value`, whatever the champion's."""
    return Line(0.0, value)


@dataclass(frozen=True)
class Counts:
    """How often something happened to either arm, by interval.

    :param hits: Of the canary, shape (..., intervals).
    :param rows: Rows of the canary, shape (intervals,).
    """

    hits: "np.ndarray"
    rows: "np.ndarray"
    champion_hits: "np.ndarray"
    champion_rows: "np.ndarray"

    @cached_property
    def weights(self) -> "np.ndarray":
        """Return the weights of the intervals, after Mantel and Haenszel; shape (intervals,)."""
        import numpy as np

        together = np.maximum(self.rows + self.champion_rows, 1)
        weights: np.ndarray = self.rows * self.champion_rows / together
        return weights

    @property
    def rates(self) -> tuple["np.ndarray", "np.ndarray"]:
        """Return the canary's and the champion's rates, both with the weights of the intervals; shape (...,)."""
        import numpy as np

        weights = self.weights / self.weights.sum()
        return (
            (self.hits / np.maximum(self.rows, 1)) @ weights,
            (self.champion_hits / np.maximum(self.champion_rows, 1)) @ weights,
        )

    def of(self, intervals: "np.ndarray") -> "Counts":
        """Return those of some of the intervals.

        :param intervals: A mask of shape (intervals,).
        """
        return Counts(
            self.hits[..., intervals], self.rows[intervals],
            self.champion_hits[..., intervals], self.champion_rows[intervals],
        )  # fmt: skip

    def complement(self) -> "Counts":
        """Return how often it did not happen."""
        return Counts(self.rows - self.hits, self.rows, self.champion_rows - self.champion_hits, self.champion_rows)


def evidence_above(counts: Counts, line: Line, *, each_look: bool = False) -> "np.ndarray":
    """Return the logarithm of an e-process against: the canary's rate lies on the line or below, in each interval.

    The mean of bets on alternatives beyond the line; each bet is the likelihood ratio of an alternative and its
    reverse information projection onto the supposed half of the plane, by which no rates in that half, whatever the
    intervals' level, let it grow (Turner, Ly and Grünwald 2024; Turner and Grünwald 2023 for lines). Of an interval
    counts only by how much its own rates differ from the line: no change of level or mix between intervals matters.
    Where both arms were asked the same rows (a shadow), it is smaller, never larger.

    :param each_look: Return it after each interval, shape (..., intervals); else after the last, shape (...,).
    """
    return _evidence(counts, line, each_look=each_look, above=True)


def evidence_below(counts: Counts, line: Line, *, each_look: bool = False) -> "np.ndarray":
    """Return the same against: the canary's rate lies on the line or above, in each interval."""
    return _evidence(counts, line, each_look=each_look, above=False)


def bounds_of(
    counts: Counts,
    ruled_out: Counts,
    line: Callable[[float], Line],
    value: float,
    *,
    alphas: tuple[float, float],
    pivots: tuple[float, float],
    ends: tuple[float, float],
) -> Bounds:
    """Return the estimate with its bounds.

    :param counts: What speaks for the lower bound, shape (intervals,).
    :param ruled_out: What speaks for the upper one.
    :param line: The rates that are supposed at a value.
    :param alphas: Of the lower and of the upper bound.
    :param pivots: The values that decide, likewise.
    :param ends: Least and largest value that there is.
    """
    low = lowest(
        lambda tried: float(evidence_above(counts, line(tried))),
        alpha=alphas[0], value=value, least=ends[0], pivot=pivots[0],
    )  # fmt: skip
    high = highest(
        lambda tried: float(evidence_below(ruled_out, line(tried))),
        alpha=alphas[1], value=value, most=ends[1], pivot=pivots[1],
    )  # fmt: skip
    return Bounds(value, low, high)


def gains_above(counts: Counts, line: Line) -> "Iterator[np.ndarray]":
    """Yield what each bet of :func:`evidence_above` gains in each interval, the newest first, of shape (..., bets)."""
    gains = _gains(counts, line, above=True)
    for place in reversed(range(len(counts.rows) if gains else 0)):
        yield sum(hits[..., place, None] * gain[place] for hits, gain in gains or ())


def _evidence(counts: Counts, line: Line, *, each_look: bool, above: bool) -> "np.ndarray":
    import numpy as np

    gains = _gains(counts, line, above=above)
    if gains is None:
        return np.zeros(counts.hits.shape if each_look else counts.hits.shape[:-1])
    if each_look:
        return log_mean_exp(np.cumsum(np.sum([hits[..., None] * gain for hits, gain in gains], axis=0), axis=-2))
    return log_mean_exp(np.sum([hits @ gain for hits, gain in gains], axis=0))


def _gains(counts: Counts, line: Line, *, above: bool) -> "list[tuple[np.ndarray, np.ndarray]] | None":
    """Return counts with what one of each gains every bet, shape (intervals, bets); none: there is nothing to bet."""
    import numpy as np

    champion, canary = _alternatives(line, above=above)
    if not len(champion):
        return None
    supposed = _projected(champion, canary, counts, line)
    on_line = line.slope * supposed + line.shift
    return [
        (counts.hits, np.log(canary / on_line)),
        (counts.rows - counts.hits, np.log((1 - canary) / (1 - on_line))),
        (counts.champion_hits, np.log(champion / supposed)),
        (counts.champion_rows - counts.champion_hits, np.log((1 - champion) / (1 - supposed))),
    ]


def log_mean_exp(logarithms: "np.ndarray") -> "np.ndarray":
    """Return the logarithm of the mean over the last axis of what has these logarithms."""
    import numpy as np

    most = logarithms.max(axis=-1)
    mean: np.ndarray = most + np.log(np.exp(logarithms - most[..., None]).mean(axis=-1))
    return mean


def _alternatives(line: Line, *, above: bool) -> tuple["np.ndarray", "np.ndarray"]:
    """Return the rates of champion and canary that are bet on, each of shape (bets,)."""
    import numpy as np

    champion = np.repeat(_LEVELS, len(_ODDS))
    factor = np.tile(_ODDS, len(_LEVELS))
    on_line = line.slope * champion + line.shift
    # Beyond a line that no rate lies beyond there is nothing to bet on; where no rate lies on it, everything is beyond.
    some = on_line < 1 if above else on_line > 0
    champion, factor, on_line = champion[some], factor[some], on_line[some]
    on_line = np.where(on_line <= 0, _EDGE, np.where(on_line >= 1, 1 - _EDGE, on_line))
    odds = on_line / (1 - on_line) * (factor if above else 1 / factor)
    return champion, odds / (1 + odds)


def _projected(champion: "np.ndarray", canary: "np.ndarray", counts: Counts, line: Line) -> "np.ndarray":
    """Return the champion's rate at the point of the line that is nearest in relative entropy of an interval's rows.

    :returns: Shape (intervals, bets).
    """
    import numpy as np

    if line.slope == 0:
        return np.broadcast_to(champion, (len(counts.rows), len(champion)))
    asked, place = np.unique(np.stack([counts.rows, counts.champion_rows], axis=1), axis=0, return_inverse=True)
    rows, champion_rows = asked[:, :1], asked[:, 1:]
    low = np.full((len(asked), len(champion)), max(0.0, -line.shift / line.slope))
    high = np.full_like(low, min(1.0, (1 - line.shift) / line.slope))
    point = np.clip(champion, low + _EDGE * (high - low), high - _EDGE * (high - low))
    for _ in range(_MOST_STEPS):
        on_line = line.slope * point + line.shift
        # The relative entropy is convex along the line: its derivative says on which side the least one is.
        derivative = rows * line.slope * ((1 - canary) / (1 - on_line) - canary / on_line)
        derivative += champion_rows * ((1 - champion) / (1 - point) - champion / point)
        second = rows * line.slope**2 * ((1 - canary) / (1 - on_line) ** 2 + canary / on_line**2)
        second += champion_rows * ((1 - champion) / (1 - point) ** 2 + champion / point**2)
        low, high = np.where(derivative > 0, low, point), np.where(derivative > 0, point, high)
        newton = point - derivative / second
        inside = (newton >= low) & (newton <= high)
        following = np.where(inside, newton, (low + high) / 2)
        done = np.abs(following - point) <= _PRECISE * point
        point = following
        if done.all():
            break
    found: np.ndarray = point[place.ravel()]
    return found
