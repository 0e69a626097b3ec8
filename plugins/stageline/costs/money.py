"""An amount of money in its currency: two currencies are never added, compared or divided."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self, overload

from stageline.costs.currencies import check_currency
from stageline.exceptions import CostError

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Money:
    """An amount of money.

    :param amount: In whole units of the currency, not in cents.
    :param currency: ISO 4217 code.
    :raises CostError: The amount is not finite, or nobody knows the currency.
    """

    amount: float
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if isinstance(self.amount, bool) or not math.isfinite(self.amount):
            raise CostError(f"found {self.amount!r} {self.currency} as an amount of money; expected a finite number")

    def __str__(self) -> str:
        return f"{self.currency} {self.cents:,}"

    def __add__(self, other: "Money") -> Self:
        return self._like(self.amount + self._same(other, "added to"))

    def __sub__(self, other: "Money") -> Self:
        return self._like(self.amount - self._same(other, "taken from"))

    def __neg__(self) -> Self:
        return self._like(-self.amount)

    def __mul__(self, factor: float) -> Self:
        if isinstance(factor, Money):
            raise CostError(f"{self} times {factor}: money times money is nothing; multiply by a number")
        return self._like(self.amount * factor)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: "Money") -> float: ...
    @overload
    def __truediv__(self, other: float) -> "Money": ...
    def __truediv__(self, other: "Money | float") -> "Money | float":
        divisor = self._same(other, "divided by") if isinstance(other, Money) else other
        if not divisor:
            raise CostError(f"{self} divided by nothing: there is no such share or average")
        return self.amount / divisor if isinstance(other, Money) else self._like(self.amount / divisor)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other, "compared with")

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other, "compared with")

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same(other, "compared with")

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same(other, "compared with")

    @property
    def cents(self) -> Decimal:
        """The amount to the cent, halves up: as a bill shows it."""
        # A float's shortest text first: 1.005 on a bill is 1.01, whatever its binary digits are.
        return Decimal(repr(float(f"{self.amount:.9f}"))).quantize(_CENT, ROUND_HALF_UP)

    def converted(self, rate: float, currency: str) -> Self:
        """Return the amount in another currency.

        :param rate: What one unit of this currency is in the other one; above 0.
        """
        if not (math.isfinite(rate) and rate > 0):
            raise CostError(f"exchange rate {rate!r} from {self.currency} to {currency}; expected a number above 0")
        return type(self)(self.amount * rate, currency)

    def _like(self, amount: float) -> Self:
        return type(self)(amount, self.currency)

    def _same(self, other: object, done: str) -> float:
        if not isinstance(other, Money):
            raise CostError(f"{other!r} {done} {self}: it has no currency; write Money({other!r}, {self.currency!r})")
        if other.currency != self.currency:
            raise CostError(
                f"{other} {done} {self}: two currencies; convert one first with .converted(rate, {self.currency!r})"
            )
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of amounts of one currency; of none, 0.

    :raises CostError: One of them is in another currency.
    """
    result = Money(0.0, currency)
    for amount in amounts:
        result = result + amount
    return result
