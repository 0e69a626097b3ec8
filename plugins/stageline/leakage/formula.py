"""A formula that gives the target: how it reads, and in how many rows it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stageline.tables.floats import rounding_step
from stageline.tables.wording import shown, significant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A formula must hold in this share of the rows; the rest may be typing errors in the source.
HOLDS_IN_SHARE = 0.99
# What counts as equal: single-precision columns agree to about seven digits.
EXACT_WITHIN = 1e-6
# A formula that holds only up to rounding must still explain this share of the target's variance.
ROUNDED_R2 = 0.9999
_MIN_ROWS = 20


@dataclass(frozen=True)
class Formula:
    """`factor·(a ± b) + constant` or `factor·a·b` or `factor·a / b`.

    :param columns: The columns on the right-hand side.
    :param kind: How they are combined.
    :param weights: One factor a column for a sum; a single factor for a product or a ratio.
    :param constant: What is added to a sum.
    """

    columns: tuple[str, ...]
    kind: Literal["sum", "product", "ratio"]
    weights: tuple[float, ...]
    constant: float = 0.0

    def evaluate(self, columns: Mapping[str, "Floats"]) -> "Floats":
        """Return the right-hand side for every row."""
        import numpy as np

        values = [columns[name] for name in self.columns]
        if self.kind == "sum":
            total = np.full(len(values[0]), self.constant)
            for weight, value in zip(self.weights, values, strict=True):
                total += weight * value
            return total
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            both = values[0] * values[1] if self.kind == "product" else values[0] / values[1]
            return self.weights[0] * both

    def text(self, target: str) -> str:
        """Return the formula as a person writes it: `cnt = casual + registered`."""
        if self.kind != "sum":
            sign = " * " if self.kind == "product" else " / "
            return f"{shown(target)} = {_factor(self.weights[0])}{sign.join(map(shown, self.columns))}"
        # The positive terms first: nobody writes -b + a.
        terms = sorted(zip(self.weights, self.columns, strict=True), key=lambda term: term[0] < 0)
        right = ""
        for weight, column in terms:
            sign = (" - " if weight < 0 else " + ") if right else ("-" if weight < 0 else "")
            right += f"{sign}{_factor(abs(weight))}{shown(column)}"
        if self.constant:
            right += f" {'-' if self.constant < 0 else '+'} {abs(self.constant):.9g}"
        return f"{shown(target)} = {right}"


@dataclass(frozen=True)
class Fit:
    """In how many rows a formula holds.

    :param rows: Rows in which nothing is missing.
    :param holding: Those of them in which both sides agree.
    :param exact: Whether they agree as they stand, not only up to rounding.
    """

    rows: int
    holding: int
    exact: bool

    def where(self) -> str:
        """Return the rows as words: `in all 17,379 rows`."""
        rows = f"all {self.rows:,}" if self.holding == self.rows else f"{self.holding:,} of {self.rows:,}"
        return f"in {rows} rows" + ("" if self.exact else ", up to rounding")


def check_formula(formula: Formula, target: "Floats", columns: Mapping[str, "Floats"]) -> Fit | None:
    """Return in how many rows the formula holds, or None if it does not.

    Rows in which both sides are zero prove nothing and are not counted in a product's favour.
    """
    import numpy as np

    found = formula.evaluate(columns)
    complete = np.isfinite(found) & np.isfinite(target)
    values = [columns[name][complete] for name in formula.columns]
    truth, found = target[complete], found[complete]
    telling = (truth != 0) | (found != 0)
    if telling.sum() < _MIN_ROWS or np.ptp(truth) == 0:
        return None
    error = np.abs(truth - found)
    size = np.abs(truth) + np.abs(found)
    slack = rounding_step(truth) / 2
    if formula.kind == "sum":
        for weight, value in zip(formula.weights, values, strict=True):
            size = size + np.abs(weight * value)
            slack += abs(weight) * rounding_step(value) / 2
    exact = error <= EXACT_WITHIN * size
    if exact[telling].mean() >= HOLDS_IN_SHARE:
        return Fit(len(truth), int(exact.sum()), exact=True)
    rounded = error <= slack + EXACT_WITHIN * size
    unexplained = np.var(truth[rounded] - found[rounded]) / np.var(truth) if rounded.any() else 1.0
    if rounded[telling].mean() >= HOLDS_IN_SHARE and unexplained <= 1 - ROUNDED_R2:
        return Fit(len(truth), int(rounded.sum()), exact=False)
    return None


def simplest(formula: Formula, target: "Floats", columns: Mapping[str, "Floats"]) -> tuple[Formula, Fit] | None:
    """Return the formula with as few digits as it needs to hold, or None if it never does."""
    spread = float(max(abs(weight) for weight in formula.weights)) or 1.0
    best: tuple[Formula, Fit] | None = None
    for digits in (1, 2, 3, 4, 6, 9, 17):
        weights = tuple(significant(weight, digits) for weight in formula.weights)
        for constant in dict.fromkeys((0.0, significant(formula.constant, digits))):
            if constant and abs(constant) < EXACT_WITHIN * spread:
                continue
            candidate = Formula(formula.columns, formula.kind, weights, constant)
            fit = check_formula(candidate, target, columns)
            if fit is not None and (best is None or (fit.exact, fit.holding) > (best[1].exact, best[1].holding)):
                best = candidate, fit
    return best


def _factor(weight: float) -> str:
    return "" if weight == 1 else f"{weight:.9g} * "
