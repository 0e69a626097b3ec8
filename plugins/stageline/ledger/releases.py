"""Who put what into use, when, why and on what evidence: the changes of a head, with the records they rest on."""

from dataclasses import dataclass

from stageline.ledger.head import CHANGE, MOVES, ROLLBACK, HeadChange
from stageline.ledger.records import Record
from stageline.ledger.store import Ledger


@dataclass(frozen=True)
class Release:
    """One change of a head.

    :param record: What changed it: a promotion or a rollback.
    :param evidence: The records that a promotion names, in their order.
    """

    record: Record
    change: HeadChange
    evidence: tuple[Record, ...] = ()

    @property
    def sentence(self) -> str:
        """What took the place of what."""
        after, before = self.change.after.version, self.change.before
        if self.record.kind == ROLLBACK:
            return f"rolled back to version {after}" + (f" from {before.version}" if before else "")
        return f"version {after} released, " + (f"in the place of {before.version}" if before else "the first")


def releases(ledger: Ledger, pipeline: str, *, limit: int | None = None) -> list[Release]:
    """Return the changes of a pipeline's head, the newest last.

    :param limit: At most so many, the newest.
    """
    moves = ledger.records(pipeline, kinds=MOVES, limit=limit)[::-1]
    return [
        Release(move, HeadChange.model_validate(move.evidence[CHANGE]), tuple(_evidence(ledger, move)))
        for move in moves
    ]


def _evidence(ledger: Ledger, move: Record) -> list[Record]:
    positions = list(move.evidence.get("records", {}).values())
    return ledger.records(move.pipeline, positions=positions, newest_first=False) if positions else []
