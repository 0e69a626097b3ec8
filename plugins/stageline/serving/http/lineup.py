"""Who answers at one moment: champion and canary as the head had them, and which rows of a request each gets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.serving.split import in_canary, salt_of, share_of
from stageline.serving.target import Served

if TYPE_CHECKING:
    from stageline.ledger import Head
    from stageline.serving.http.answerer import Answerer
    from stageline.serving.http.protocol import AskedRows

_SHARES = 100
_FEW = 16


@dataclass(frozen=True)
class Lineup:
    """What is served of a head; it is replaced as a whole.

    :param canary: None: no rollout is under way, or its model could not be loaded, which `absent` says.
    """

    head: "Head"
    champion: "Answerer"
    canary: "Answerer | None" = None
    absent: str = ""

    @property
    def percent(self) -> int:
        """Share of the traffic that the canary gets."""
        return self.head.canary.percent if self.head.canary else 0

    @property
    def sequence(self) -> int:
        """Record that began the rollout; 0: none is under way."""
        return self.head.canary.sequence if self.head.canary else 0

    @property
    def served(self) -> Served:
        """What is answered with."""
        return Served(
            champion=self.champion.model.digest,
            canary=self.canary.model.digest if self.canary else "",
            percent=self.percent if self.canary else 0,
        )

    @property
    def answerers(self) -> "tuple[Answerer, ...]":
        """All that answer."""
        return (self.champion, self.canary) if self.canary else (self.champion,)

    def canary_places(self, rows: "AskedRows", keys: Sequence[str], caller_key: str | None) -> list[int]:
        """Return which rows are the canary's: by their keys, else by the caller's, else at random.

        :param keys: The columns that together name an entity.
        :param caller_key: What the caller says that all rows belong to.
        """
        if self.percent == _SHARES:
            return list(range(rows.count))
        if not self.percent:
            return []
        salt = salt_of(self.head.pipeline, self.sequence)
        if keys and all(name in rows.columns for name in keys):
            columns = {name: rows.columns[name] for name in keys}
            if rows.count > _FEW:
                return [at for at, chosen in enumerate(in_canary(columns, self.percent, salt).tolist()) if chosen]
            return [
                at
                for at in range(rows.count)
                if share_of({name: values[at] for name, values in columns.items()}, salt) < self.percent
            ]
        if caller_key is not None:
            return list(range(rows.count)) if share_of({"key": caller_key}, salt) < self.percent else []
        return [at for at in range(rows.count) if random.randrange(_SHARES) < self.percent]  # noqa: S311 - no secret
