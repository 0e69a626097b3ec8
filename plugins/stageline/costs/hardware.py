"""What is bought instead of rented, spread over its life: purchase less resale."""

import math
from dataclasses import dataclass

from stageline.exceptions import CostError


@dataclass(frozen=True)
class Server:
    """A server of one's own.

    :param vcpus: Requests it works on at once.
    :param memory_gib: GiB.
    :param watts: Mean draw at the socket, with what cools it.
    :param life_months: Months until it is sold or scrapped.
    :param resale_share: Share of the price that it is sold for then, 0 to below 1.
    """

    vcpus: int = 16
    memory_gib: float = 64.0
    watts: float = 250.0
    life_months: float = 48.0
    resale_share: float = 0.15

    def __post_init__(self) -> None:
        if not 0 <= self.resale_share < 1:
            raise CostError(f"resale_share is {self.resale_share!r}; expected a share of at least 0 and below 1")
        for name in ("vcpus", "memory_gib", "life_months"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise CostError(f"{name} of a server is {value!r}; expected a finite number above 0")
        if not (math.isfinite(self.watts) and self.watts >= 0):
            raise CostError(f"watts of a server is {self.watts!r}; expected a finite number of at least 0")

    @property
    def monthly_share(self) -> float:
        """Share of the purchase price that one month of use costs: (1 - resale) / life, on a straight line."""
        return (1 - self.resale_share) / self.life_months


def book_value(price: float, server: Server, months: float) -> float:
    """Return what a server is still worth after so many months, on a straight line down to its resale.

    :param price: What it was bought for.
    """
    return price * (1 - server.monthly_share * min(months, server.life_months))
