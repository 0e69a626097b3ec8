"""From what is known of a quantity to a check: harm by its size, and a pass only where harm is ruled out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stageline.release.rollout.bounds import Bounds
from stageline.verdicts import Check, Verdict

# Share of what a metric allows up to which a difference is none: such a canary fails as seldom as one that has none.
TRIFLE = 0.25


@dataclass(frozen=True)
class Finding:
    """What was found of one limit.

    :param shown: The numbers, as the beginning of a sentence.
    :param rows: What it rests on, of the canary and of the champion.
    :param bounds: None: there is no estimate.
    :param borne: Value up to which there is no harm.
    :param allowed: The limit as it reads in the spec, e.g. `max_increase = 1 point`.
    :param why: Why it is not judged at all, if so.
    :param few: Why it can neither pass nor warn, if so.
    :param late: Since when there is harm that began later than the rollout, if so.
    :param exact: Whether harm may be shown by however few rows.
    :param beside: Further numbers that the rollout's page shows: those of canary and champion beside each other.
    """

    code: str
    name: str
    shown: str
    rows: tuple[int, int]
    bounds: Bounds | None
    borne: float
    limit: float
    allowed: str
    why: str = ""
    few: str = ""
    late: str = ""
    exact: bool = True
    beside: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> Check:
        """Return it as a check.

        It fails where harm is beyond doubt, and harm of the size of the limit not ruled out; it passes where that is.
        The two cannot meet: as rows come in, one of both is reached, whatever the truth is. It fails, too, where the
        newest intervals alone are beyond the limit, beyond doubt: what went well before does not make up for that.
        """
        verdict, words = self._verdict()
        details: dict[str, Any] = {"canary_rows": self.rows[0], "champion_rows": self.rows[1]}
        if self.bounds is not None:
            details |= {"low": _or_none(self.bounds.low), "high": _or_none(self.bounds.high)}
        return Check(
            code=self.code, name=self.name, verdict=verdict, message=f"{self.shown}, {self.allowed}{words}",
            n=sum(self.rows), value=_or_none(self.bounds.value if self.bounds else None), limit=self.limit,
            details={**details, **self.beside},
        )  # fmt: skip

    def _verdict(self) -> tuple[Verdict, str]:
        if self.why or self.bounds is None:
            return Verdict.INCONCLUSIVE, f": not judged, {self.why or 'nothing is known'}"
        # A bound that reaches the value that decides was found by the evidence against just that value.
        ruled_out = self.bounds.high <= self.limit
        if self.bounds.low >= self.borne and not ruled_out and (self.exact or not self.few):
            return Verdict.FAILED, ": harm beyond doubt"
        if self.late:
            return Verdict.FAILED, f"; {self.late}: harm beyond doubt"
        if self.few:
            return Verdict.INCONCLUSIVE, f": not judged, {self.few}"
        if ruled_out:
            return Verdict.PASSED, ""
        return Verdict.WARNED, ": no harm is shown, and harm of that size is not ruled out yet"


def span(bounds: Bounds, shown: "Shown", *, more: str = "more", fewer: str = "fewer") -> str:
    """Return the bounds in words, e.g. `1.2 to 2.6 points more` or `0.3 points fewer to 0.8 points more`."""
    low, high = bounds.low, bounds.high
    below, above = math.isfinite(low) and low > shown.least, math.isfinite(high) and high < shown.most
    if not below and not above:
        return "by how much is not known yet"
    if not below:
        return f"at most {shown(high)} {more}" if high >= 0 else f"at least {shown(-high)} {fewer}"
    if not above:
        return f"at least {shown(low)} {more}" if low >= 0 else f"at most {shown(-low)} {fewer}"
    if low >= 0:
        return f"{shown.bare(low)} to {shown(high)} {more}"
    if high <= 0:
        return f"{shown.bare(-high)} to {shown(-low)} {fewer}"
    return f"{shown(-low)} {fewer} to {shown(high)} {more}"


@dataclass(frozen=True)
class Shown:
    """How a number reads.

    :param factor: What it is multiplied by, e.g. 100 of a share that reads in percent.
    :param unit: With its blank, e.g. ` points`.
    :param least: A lower bound at or below this says nothing.
    """

    factor: float
    unit: str
    least: float = -math.inf
    most: float = math.inf

    def bare(self, value: float) -> str:
        """Return it without its unit: two digits, one after the point at least where there is one."""
        scaled = value * self.factor
        digits = 1 if not scaled or abs(scaled) >= 1 else 1 - math.floor(math.log10(abs(scaled)))
        return f"{scaled:,.{min(digits, 6)}f}"

    def __call__(self, value: float) -> str:
        """Return it with its unit."""
        return f"{self.bare(value)}{self.unit}"


POINTS = Shown(100, " points", least=-1.0, most=1.0)
PERCENT = Shown(100, " %", least=-1.0)


def rate(value: float) -> str:
    """Return a share as percent, e.g. `4.0 %`."""
    return PERCENT(value)


def limit_in_percent(value: float) -> str:
    """Return a limit as percent, e.g. `20 %`: as it was written, not as it was measured."""
    return f"{100 * value:.6g} %"


def rows_in_words(rows: tuple[int, int]) -> str:
    """Return the rows of both arms, e.g. `(n = 1,200 and 4,800)`."""
    return f"(n = {rows[0]:,} and {rows[1]:,})"


def _or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
