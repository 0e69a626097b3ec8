"""A rollout as the ledger tells it: when each step began, what each look at it found, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from stageline.ledger.canary import CANARY, CANARY_CHANGE, CANARY_END
from stageline.ledger.head import MOVES, PROMOTION
from stageline.verdicts import Check

if TYPE_CHECKING:
    from stageline.ledger import Ledger, ModelVersion, Record
    from stageline.release.rollout.decision import Look

LOOK = "look"


@dataclass(frozen=True)
class Shift:
    """When a canary got a share of the traffic.

    :param at: With a time zone.
    :param position: Of its record.
    """

    at: datetime
    percent: int
    position: int


@dataclass(frozen=True)
class RolloutStory:
    """What is on record of one rollout.

    :param sequence: Record that began it.
    :param shifts: The shares that the canary got, in their order.
    :param looks: Records of the looks, in their order.
    :param end: Record that ended it: its own end, a promotion, a rollback; none: it is under way.
    """

    sequence: int
    candidate: "ModelVersion"
    shifts: tuple[Shift, ...]
    looks: tuple["Record", ...]
    end: "Record | None"

    @classmethod
    def of(cls, ledger: "Ledger", pipeline: str, sequence: int) -> "RolloutStory":
        """Return the story of a rollout that has begun."""
        from stageline.ledger.canary import CanaryChange

        kinds = (CANARY, CANARY_END, LOOK, *MOVES)
        records = [
            record
            for record in ledger.records(pipeline, kinds=kinds, newest_first=False)
            if record.position >= sequence
        ]
        shifts: list[Shift] = []
        looks: list[Record] = []
        candidate, end = None, None
        for record in records:
            if record.kind == CANARY:
                after = CanaryChange.model_validate(record.evidence[CANARY_CHANGE]).after
                if after is not None:
                    candidate = candidate or after.model
                    shifts.append(Shift(record.recorded_at, after.percent, record.position))
            elif record.kind == LOOK:
                looks += [record] if record.evidence.get("sequence") == sequence else []
            else:
                end = record
                break
        if candidate is None:
            raise ValueError(f"record #{sequence} of {pipeline!r} began no rollout")
        return cls(sequence, candidate, tuple(shifts), tuple(looks), end)

    @property
    def promoted(self) -> bool:
        """Whether its canary became the champion."""
        if self.end is None or self.end.kind != PROMOTION:
            return False
        return bool(self.end.evidence["head_change"]["after"]["digest"] == self.candidate.digest)

    @property
    def looked(self) -> bool:
        """Whether somebody looked at the present step: its target was at rest, then."""
        return bool(self.looks) and self.looks[-1].position > self.shifts[-1].position

    @property
    def undone(self) -> "Record | None":
        """The newest look if it decided more than to hold, and that was not done: its process may have died."""
        last = self.looks[-1] if self.looks else None
        if last is None or last.evidence["action"] == "hold":
            return None
        # By their places in the chain: the clocks of two workers may differ.
        return last if last.position > self.shifts[-1].position else None

    @property
    def history(self) -> "tuple[Look, ...]":
        """What the looks found, as the judge takes it."""
        from stageline.release.rollout.ab_test import AbResult
        from stageline.release.rollout.decision import Look

        return tuple(
            Look(
                at=datetime.fromisoformat(look.evidence["at"]),
                step=look.evidence["step"],
                checks=tuple(Check.model_validate(check) for check in look.evidence["checks"]),
                ab_test=AbResult.of(tested) if (tested := look.evidence.get("ab_test")) else None,
            )
            for look in self.looks
        )

    def stretches(self, until: datetime) -> list[tuple[datetime, datetime, int]]:
        """Return the stretches of time between two marks (a share given, or a look), with the share in each.

        :param until: End of the last one.
        """
        looked = [datetime.fromisoformat(look.evidence["at"]) for look in self.looks]
        marks = sorted({*(shift.at for shift in self.shifts), *looked, until})
        return [
            (start, end, next(shift.percent for shift in reversed(self.shifts) if shift.at <= start))
            for start, end in pairwise(marks)
            if start < end <= until
        ]
