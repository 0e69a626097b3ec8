"""What a pipeline serves: a head that moves by promotions and rollbacks, as a pure fold over the log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stageline.exceptions import HeadError, LedgerError
from stageline.ledger.canary import CANARY_CHANGE, CANARY_MOVES, Canary, CanaryChange
from stageline.ledger.model_version import ModelVersion
from stageline.ledger.records import Record

PROMOTION, ROLLBACK = "promotion", "rollback"
# What gives a pipeline another champion; a canary beside it changes none.
MOVES = (PROMOTION, ROLLBACK)
ALL_MOVES = (*MOVES, *CANARY_MOVES)
CHANGE = "head_change"
# No pipeline's name holds a dot: a head called so is a drill's, and nothing outside the ledger follows it.
DRILL = ".drill"


class HeadChange(BaseModel):
    """One change of a head, as its record holds it.

    :param generation: The head's after the change: 1, 2, 3 and so on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: Annotated[int, Field(ge=1)]
    before: ModelVersion | None
    after: ModelVersion


class Head(BaseModel):
    """What a pipeline serves now.

    :param generation: How often it changed; 0: nothing was ever released.
    :param promoted: The newest model that was ever promoted, and the record that did it: an older one is superseded,
        even after a rollback.
    :param earlier: The champions before this one that were not rolled back, the newest last.
    :param canary: The candidate that is tried beside the champion; none: no rollout is under way.
    :param position: Record of the last change; 0 before the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: str
    generation: int = 0
    champion: ModelVersion | None = None
    promoted: tuple[ModelVersion, int] | None = None
    earlier: tuple[ModelVersion, ...] = ()
    canary: Canary | None = None
    position: int = 0

    def live(self, now: datetime) -> "Head":
        """Return the head as it is to be served at a time: a canary whose time is over gets no traffic any more.

        :param now: With a time zone.
        """
        if self.canary is None or self.canary.until is None or now < self.canary.until:
            return self
        return self.model_copy(update={"canary": None})

    def superseded(self, candidate: ModelVersion) -> str:
        """Return why a candidate is older than what was promoted already; empty if it is not."""
        if self.promoted is None:
            return ""
        newest, position = self.promoted
        by = f"superseded by version {newest.version} (record #{position})"
        if candidate.as_of < newest.as_of:
            return f"{by}: this run stands for {candidate.as_of or 'no time'}, that one for {newest.as_of}"
        if candidate.watermark < newest.watermark:
            return f"{by}: these data end at {candidate.watermark or 'no time'}, those at {newest.watermark}"
        if candidate.version <= newest.version:
            return f"{by}: version {candidate.version} is no newer one"
        return ""

    def promote(self, candidate: ModelVersion, position: int) -> "Head":
        """Return the head after a promotion, which ends a rollout."""
        kept = (*self.earlier, self.champion) if self.champion else self.earlier
        return Head(
            pipeline=self.pipeline, generation=self.generation + 1, champion=candidate,
            promoted=(candidate, position), earlier=kept, position=position,
        )  # fmt: skip

    def roll_back(self, version: int | None, position: int) -> "Head":
        """Return the head after a rollback to an earlier champion; without a version, to the one before.

        It ends a rollout, too: its canary was tried beside the champion that is left.

        :raises HeadError: There is no such earlier champion.
        """
        if not self.earlier:
            what = "nothing was released yet" if self.champion is None else "there is no champion before this one"
            raise HeadError(f"pipeline {self.pipeline!r} cannot be rolled back: {what}")
        known = [model.version for model in self.earlier]
        if version is not None and version not in known:
            listed = ", ".join(map(str, known))
            raise HeadError(
                f"pipeline {self.pipeline!r} cannot be rolled back to version {version}: it was no champion before "
                f"this one; these were: {listed}"
            )
        place = len(known) - 1 if version is None else len(known) - 1 - known[::-1].index(version)
        return Head(
            pipeline=self.pipeline, generation=self.generation + 1, champion=self.earlier[place],
            promoted=self.promoted, earlier=self.earlier[:place], position=position,
        )  # fmt: skip

    def try_out(self, canary: Canary | None, position: int) -> "Head":
        """Return the head with another canary, or with none; the champion stays.

        :param canary: One without a sequence begins here.
        """
        if canary is not None and not canary.sequence:
            canary = canary.model_copy(update={"sequence": position})
        return self.model_copy(update={"canary": canary, "position": position})


def change_of(before: Head, after: Head) -> dict[str, Any]:
    """Return what a record's evidence says of a change of the head.

    :raises LedgerError: The head after it has no champion.
    """
    if after.generation == before.generation:
        canaries = CanaryChange(generation=after.generation, before=before.canary, after=after.canary)
        return {CANARY_CHANGE: canaries.model_dump(mode="json")}
    if after.champion is None:
        raise LedgerError(f"the head of pipeline {after.pipeline!r} cannot change to nothing")
    change = HeadChange(generation=after.generation, before=before.champion, after=after.champion)
    return {CHANGE: change.model_dump(mode="json")}


def replay(pipeline: str, records: Iterable[Record]) -> Head:
    """Return the head that a pipeline's log gives.

    :param records: In the order of their positions; those that change no head are passed over.
    :raises LedgerError: A change does not follow from the one before.
    """
    head = Head(pipeline=pipeline)
    for record in records:
        if record.kind not in ALL_MOVES:
            continue
        if record.kind in CANARY_MOVES:
            head = _tried_out(head, record)
            continue
        change = HeadChange.model_validate(record.evidence.get(CHANGE))
        if record.kind == PROMOTION:
            after = head.promote(change.after, record.position)
        else:
            after = head.roll_back(change.after.version, record.position)
        if (after.generation, after.champion, head.champion) != (change.generation, change.after, change.before):
            raise LedgerError(
                f"record #{record.position} of pipeline {pipeline!r} says that the head became generation "
                f"{change.generation}, version {change.after.version}; the records before it give generation "
                f"{after.generation}"
            )
        head = after
    return head


def _tried_out(head: Head, record: Record) -> Head:
    change = CanaryChange.model_validate(record.evidence.get(CANARY_CHANGE))
    if (head.generation, head.canary) != (change.generation, change.before):
        raise LedgerError(
            f"record #{record.position} of pipeline {head.pipeline!r} changes the canary of another head than the "
            f"records before it give (generation {head.generation})"
        )
    return head.try_out(change.after, record.position)
