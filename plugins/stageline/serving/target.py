"""Where a released model answers: the ledger's head says what should be, a target what is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from stageline.ledger import Head
    from stageline.traffic import Traffic


@dataclass(frozen=True)
class Served:
    """What a target answers with, as it says itself.

    :param champion: Digest of the champion's file; empty: none.
    :param canary: Digest of the canary's file; empty: none.
    :param percent: Share of the traffic that the canary gets, 0 to 100.
    :param pending: What is still under way, in words; empty: the target has come to rest.
    """

    champion: str
    canary: str = ""
    percent: int = 0
    pending: str = ""

    def fault(self, head: "Head") -> str:
        """Return how this differs from a head, in words; empty if it does not."""
        canary = head.canary
        wanted = {
            "champion": head.champion.digest if head.champion else "",
            "canary": canary.model.digest if canary else "",
            "percent": canary.percent if canary else 0,
        }
        differing = [name for name, value in wanted.items() if getattr(self, name) != value]
        return "; ".join(
            f"{name} is {getattr(self, name) or 'none'}, not {wanted[name] or 'none'}" for name in differing
        )


class Target(Protocol):
    """A way to serve, registered under the entry-point group `stageline.targets`."""

    def converge(self, head: "Head") -> Served:
        """Make it serve what the head says, and return what it serves; asked again, it does nothing twice.

        It does not wait: what takes long is `pending`, and is asked for again.

        :raises TargetError: It cannot, and asking again changes nothing.
        :raises Outage: It cannot be reached.
        """

    def served(self) -> Served:
        """Return what it serves, and change nothing.

        :raises Outage: It cannot be reached.
        """

    def observe(self, head: "Head", start: "datetime", end: "datetime") -> "Traffic":
        """Return what happened to the champion's and to the canary's requests from `start` to before `end`.

        :raises Outage: It cannot be reached.
        """
