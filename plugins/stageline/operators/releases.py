"""Quarantined rows that a person let in again, as the ledger keeps them."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from stageline import __version__
from stageline.operators.user_code import digest_of
from stageline.verdicts import Mode, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record
    from stageline.spec import LoadedSpec

_STEP = "quarantine_release"


def released_ids(ledger: "Ledger", name: str) -> set[str]:
    """Return the ids of the rows that were let in again.

    :param name: Name of the pipeline.
    """
    return {id_ for record in ledger.records(name, step=_STEP) for id_ in record.evidence["ids"]}


def release_rows(ledger: "Ledger", loaded: "LoadedSpec", ids: Collection[str], *, actor: str) -> "Record":
    """Record that a person let rows in again; the same rows twice are recorded once.

    :param ids: Whole ids.
    :param actor: The person.
    """
    from stageline.ledger import Entry

    listed = sorted(ids)
    rows = f"{len(listed):,} quarantined row{'' if len(listed) == 1 else 's'}"
    name = loaded.spec.pipeline
    return ledger.append(
        Entry(
            pipeline=name, kind="release", step=_STEP, verdict=Verdict.PASSED,
            sentence=f"{actor} let in {rows}: {', '.join(listed)}",
            evidence={"ids": listed}, stage=loaded.spec.stage.value, mode=Mode.ENABLED,
            dag_id="", run_id="", task_id="", actor=actor,
            idempotency_key=f"{_STEP}/{digest_of(repr((name, listed)))}",
            spec_digest=loaded.digest, package_version=__version__,
        )
    )  # fmt: skip
