"""Moving a head: compare and swap, and its record, in one transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from stageline.exceptions import HeadError, SupersededError
from stageline.ledger.canary import Canary
from stageline.ledger.chain import canonical_json
from stageline.ledger.head import Head, change_of
from stageline.ledger.model_version import ModelVersion
from stageline.ledger.records import Entry, Record
from stageline.ledger.schema import HEAD

Append = Callable[[Connection, Entry], Record]


def read_head(connection: Connection, pipeline: str, *, for_update: bool = False) -> Head:
    """Return a pipeline's head; one that was never moved has generation 0.

    :param for_update: Whether other writers have to wait for this transaction.
    """
    query = select(HEAD.c.state).where(HEAD.c.pipeline == pipeline)
    state = connection.execute(query.with_for_update() if for_update else query).scalar()
    return Head(pipeline=pipeline) if state is None else Head.model_validate_json(state)


def promote_in(connection: Connection, entry: Entry, candidate: ModelVersion, expected: int, append: Append) -> Record:
    """Move a head to a candidate and append the record of it.

    :param expected: Generation of the head that the candidate was judged against.
    :raises SupersededError: The candidate is older than what was promoted.
    :raises HeadError: The head moved since, or another model is being rolled out.
    """
    before = read_head(connection, entry.pipeline, for_update=True)
    _require_judged(before, candidate, expected)
    if before.canary is not None and before.canary.model.digest != candidate.digest:
        raise _under_way(before, before.canary)
    return _move(connection, entry, before, lambda position: before.promote(candidate, position), append)


def begin_canary_in(connection: Connection, entry: Entry, canary: Canary, expected: int, append: Append) -> Record:
    """Try a candidate beside the champion and append the record of it, whose position names the rollout.

    :param expected: Generation of the head that the candidate was judged against.
    :raises SupersededError: The candidate is older than what was promoted.
    :raises HeadError: The head moved since, there is no champion, or a rollout is under way.
    """
    before = read_head(connection, entry.pipeline, for_update=True)
    _require_judged(before, canary.model, expected)
    if before.champion is None:
        raise HeadError(
            f"pipeline {entry.pipeline!r} has no champion to try version {canary.model.version} beside: the first "
            "model is released without a rollout"
        )
    if before.canary is not None:
        raise _under_way(before, before.canary)
    return _move(connection, entry, before, lambda position: before.try_out(canary, position), append)


def change_canary_in(
    connection: Connection, entry: Entry, sequence: int, share: tuple[int, datetime | None] | None, append: Append
) -> Record:
    """Give a canary another share of the traffic and append the record of it.

    :param sequence: The rollout's.
    :param share: Percent, and until when; none: it is tried no more.
    :raises HeadError: That rollout is over.
    """
    before = read_head(connection, entry.pipeline, for_update=True)
    if before.canary is None or before.canary.sequence != sequence:
        now = f"rollout #{before.canary.sequence} is under way" if before.canary else "none is under way"
        raise HeadError(f"rollout #{sequence} of {entry.pipeline!r} is over since record #{before.position}: {now}")
    after = share and before.canary.model_copy(update={"percent": share[0], "until": share[1]})
    return _move(connection, entry, before, lambda position: before.try_out(after, position), append)


def _under_way(head: Head, canary: Canary) -> HeadError:
    return HeadError(
        f"rollout #{canary.sequence} of {head.pipeline!r} is under way: version {canary.model.version} at "
        f"{canary.percent} %; wait for its end, or undo it"
    )


def _require_judged(before: Head, candidate: ModelVersion, expected: int) -> None:
    if reason := before.superseded(candidate):
        raise SupersededError(f"version {candidate.version} of {before.pipeline!r} is {reason}")
    if before.generation != expected:
        champion = f"version {before.champion.version}" if before.champion else "none"
        raise HeadError(
            f"the head of {before.pipeline!r} moved from generation {expected} to {before.generation} (champion: "
            f"{champion}) since version {candidate.version} was judged; evaluate it against the present champion"
        )


def roll_back_in(
    connection: Connection, entry: Entry, version: int | None, expected: int | None, append: Append
) -> Record:
    """Move a head back to an earlier champion and append the record of it.

    :param version: Which; none: the champion before this one.
    :param expected: Generation of the head that is to be left; none: whatever it is.
    :raises HeadError: There is no such champion, or the head moved since.
    """
    before = read_head(connection, entry.pipeline, for_update=True)
    if expected is not None and before.generation != expected:
        raise HeadError(
            f"the head of {entry.pipeline!r} moved from generation {expected} to {before.generation} meanwhile: "
            "nothing was rolled back"
        )
    return _move(connection, entry, before, lambda position: before.roll_back(version, position), append)


def _move(
    connection: Connection, entry: Entry, before: Head, after_at: Callable[[int], Head], append: Append
) -> Record:
    # The record knows the change, and the head its record's position: the change is the same at any position.
    evidence = {**entry.evidence, **change_of(before, after_at(0))}
    record = append(connection, entry.model_copy(update={"evidence": evidence}))
    after = after_at(record.position)
    row = {
        "generation": after.generation,
        "position": after.position,
        "state": canonical_json(after.model_dump(mode="json")),
    }
    if before.position == 0:
        connection.execute(insert(HEAD).values(pipeline=entry.pipeline, **row))
        return record
    moved = connection.execute(
        update(HEAD).where(HEAD.c.pipeline == entry.pipeline, HEAD.c.position == before.position).values(row)
    )
    if moved.rowcount != 1:
        raise HeadError(f"the head of {entry.pipeline!r} moved while it was read; try again")
    return record
