"""Taking back the newest change of what is in use: a rollout that is under way, else the newest champion."""

from typing import TYPE_CHECKING

from stageline.ledger.canary import CANARY_END

if TYPE_CHECKING:
    from stageline.ledger import Entry, Ledger, Record


def undo(ledger: "Ledger", entry: "Entry", version: int | None = None) -> "tuple[Record, str]":
    """Take a canary out of the traffic; where there is none, make an earlier champion the champion again.

    :param entry: Of a rollback; with a key that exists, nothing is done twice.
    :param version: The champion to go back to, whatever is under way; none: the newest change is taken back.
    :returns: The record, and what was done in words.
    :raises HeadError: There is nothing to take back.
    """
    ending = entry.model_copy(update={"kind": CANARY_END, "idempotency_key": f"{entry.idempotency_key}/canary"})
    record = ledger.find(ending.idempotency_key)
    if record is None and version is None and (canary := ledger.head(entry.pipeline).canary) is not None:
        record = ledger.end_canary(ending, sequence=canary.sequence)
    if record is not None:
        change = record.evidence["canary_change"]["before"]
        tried = change["model"]["version"]
        champion = ledger.head(entry.pipeline).champion
        stays = f"; version {champion.version} stays the champion" if champion else ""
        return record, f"version {tried}, tried at {change['percent']} %, is out of the traffic{stays}"
    record = ledger.roll_back(entry, version)
    change = record.evidence["head_change"]
    after, before = change["after"]["version"], change["before"]["version"]
    return record, f"version {after} is the champion again, instead of {before}"
