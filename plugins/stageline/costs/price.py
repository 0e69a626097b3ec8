"""One price: a value or graduated tiers per unit, what is free, and where it was read."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stageline.costs.currencies import check_currency
from stageline.costs.money import Money
from stageline.costs.units import Quantity, check_unit, factor
from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Tier(BaseModel):
    """A part of a month's amount that has a price of its own.

    :param up_to: End of the part, in the price's unit; none: all that is above.
    :param value: Price of one unit of this part only: a discount never reaches back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    up_to: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    value: Amount


class Price(BaseModel):
    """One price with its unit and where it was read.

    :param value: Of one unit; left out where there are tiers.
    :param tiers: Ascending; the last one has no end.
    :param free: Units of each month that cost nothing; they come off the first tier.
    :param unit: Currency, `per`, unit, e.g. `USD per vCPU-hour`.
    :param source: Page it was read from, in words; or that it is an assumption.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    value: Amount | None = None
    tiers: Annotated[tuple[Tier, ...], Field(strict=False)] = ()
    free: Amount = 0.0
    unit: str
    source: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if (self.value is None) == (not self.tiers):
            found = "neither" if self.value is None else "both"
            raise ValueError(f"expected either value or tiers, found {found}")
        ends = [tier.up_to for tier in self.tiers]
        if ends and (ends[-1] is not None or None in ends[:-1]):
            raise ValueError("expected an end (up_to) of every tier but the last, which has none")
        known = [end for end in ends if end is not None]
        if any(later <= earlier for earlier, later in pairwise(known)):
            raise ValueError(f"expected ends that ascend, found {', '.join(f'{end:g}' for end in known)}")
        return self

    @model_validator(mode="after")
    def _names_its_unit(self) -> Self:
        currency, per, unit = self.unit.partition(" per ")
        if not per:
            raise ValueError(f"{self.unit!r} names no unit; expected e.g. 'USD per vCPU-hour'")
        try:
            check_currency(currency)
            check_unit(unit)
        except CostError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def currency(self) -> str:
        """ISO 4217 code."""
        return self.unit.partition(" per ")[0]

    @property
    def per(self) -> str:
        """What one of costs `value`."""
        return self.unit.partition(" per ")[2]

    @property
    def steps(self) -> tuple[tuple[float, float | None, float], ...]:
        """Start, end and price of each part of a month's amount."""
        starts = [0.0, *(tier.up_to for tier in self.tiers if tier.up_to is not None)]
        tiers = self.tiers or (Tier(value=self.value or 0.0),)
        return tuple((start, tier.up_to, tier.value) for start, tier in zip(starts, tiers, strict=True))

    @property
    def first(self) -> float:
        """Price of the first unit that is paid for."""
        return self.steps[0][2]

    def of(self, quantity: Quantity) -> Money:
        """Return what a month's amount costs, in tiers.

        :raises CostError: The quantity measures something else.
        """
        try:
            times = factor(quantity.unit, self.per)
        except CostError as error:
            raise CostError(f"{quantity} cannot be paid at a price in {self.unit}: {error}") from error
        return Money(float(self.amounts(quantity.value * times)), self.currency)

    def amounts(self, values: "NDArray[np.float64] | float") -> "NDArray[np.float64]":
        """Return what each month's amount costs, as numbers in the price's currency.

        :param values: Months' amounts in the price's own unit, any shape, at least 0.
        """
        import numpy as np

        paid = np.maximum(np.asarray(values, dtype=float) - self.free, 0.0) if self.free else np.asarray(values, float)
        if len(self.steps) == 1:
            return np.asarray(paid * self.first)
        # What is free comes off the first tier, as on a bill: the later tiers begin where they would.
        reached = np.asarray(values, dtype=float)
        most = float(reached.max(initial=0.0))
        cost = None
        for start, end, value in self.steps:
            begin = max(start, self.free)
            stop = np.inf if end is None else max(end, self.free)
            if cost is None:
                part = (paid if most <= stop else np.minimum(paid, stop - begin)) * value
            elif begin < most:
                part = np.clip(reached - begin, 0.0, stop - begin) * value
            else:
                break
            cost = part if cost is None else cost + part
        return np.asarray(cost)


def scaled(price: Price, times: float) -> Price:
    """Return the price times a factor, tiers and all: a discount or a rise."""
    changed: Mapping[str, Any] = {
        "value": None if price.value is None else price.value * times,
        "tiers": tuple(Tier(up_to=tier.up_to, value=tier.value * times) for tier in price.tiers),
    }
    return price.model_copy(update=changed)
