"""The share of the rows that a canary answers, or that is left to the champion."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.serving.split import in_canary

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Share:
    """Rows by their keys: one entity always meets the same model while a rollout goes on.

    :param keys: Columns that together name an entity.
    :param percent: The canary's share, 0 to 100.
    :param salt: What tells one rollout's split from another's.
    :param canary: Whether the canary's rows are meant, or those that are left to the champion.
    """

    keys: tuple[str, ...]
    percent: int
    salt: str
    canary: bool

    @property
    def other(self) -> "Share":
        """The rows that are not in this share."""
        return Share(self.keys, self.percent, self.salt, not self.canary)

    def of(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """Return the rows of a batch that belong to this share."""
        import pyarrow as pa

        chosen = in_canary(pa.Table.from_batches([batch]).select(list(self.keys)), self.percent, self.salt)
        return batch.filter(pa.array(chosen == self.canary))
