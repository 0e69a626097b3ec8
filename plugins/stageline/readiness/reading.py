"""Reads what readiness rests on from the ledger, and only from there; a chain that does not hold proves nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from stageline.exceptions import LedgerError
from stageline.ledger import Ledger, Record
from stageline.ledger.head import ALL_MOVES
from stageline.readiness.evidence import ATTESTATION, EARNED, FORECAST, GRADUATION, INCIDENT
from stageline.readiness.facts import Fact, Facts
from stageline.spec import PipelineSpec
from stageline.verdicts import Check

_STEPS = (
    "quality", "features", "train", "evaluate", "validate", "score", "performance", "alert", "drill", "report",
    "costs",
)  # fmt: skip
_KINDS = (*ALL_MOVES, "approval", ATTESTATION, EARNED, FORECAST, GRADUATION)
# Of a step's records: among these, the newest that could decide is looked for.
_NEWEST = 30
_OF_KINDS = 500
_INCIDENTS = 100


def read_facts(ledger: Ledger, pipeline: str, spec: PipelineSpec, *, until: int | None = None) -> Facts:
    """Return what the ledger holds about a pipeline, its chain verified.

    :param until: Newest record that is looked at; none: the newest of all.
    :raises Outage: The ledger cannot be reached.
    """
    try:
        records = [*_records(ledger, pipeline)]
    except LedgerError as error:
        faults = [fault.message for fault in ledger.verify(pipeline)]
        if not faults:
            raise  # it is away, not wrong
        return Facts(spec, (), (str(error), *faults))
    # Asked after they were read: what was edited before is found, and what comes after was not read.
    faults = [f"#{fault.position}: {fault.message}" for fault in ledger.verify(pipeline)]
    found = {record.position: fact_of(record) for record in records if until is None or record.position <= until}
    return Facts(spec, tuple(found[position] for position in sorted(found, reverse=True)), tuple(faults))


def _records(ledger: Ledger, pipeline: str) -> Iterable[Record]:
    named: set[int] = set()
    for record in ledger.records(pipeline, kinds=_KINDS, limit=_OF_KINDS):
        named |= set((record.evidence.get("records") or {}).values())
        yield record
    yield from ledger.records(pipeline, kinds=(INCIDENT,), limit=_INCIDENTS)
    for step in _STEPS:
        yield from ledger.records(pipeline, step=step, kinds=("step",), limit=_NEWEST)
    # What a release rests on may be older than the newest.
    yield from ledger.records(pipeline, positions=sorted(each for each in named if isinstance(each, int)))


def fact_of(record: Record) -> Fact:
    """Return a record as plain values."""
    return Fact(
        position=record.position, digest=record.digest, at=record.recorded_at, kind=record.kind, step=record.step,
        verdict=record.verdict, sentence=record.sentence, mode=record.mode, stage=record.stage,
        run=f"{record.dag_id}/{record.run_id}", actor=record.actor, checks=tuple(_checks(record.evidence)),
        evidence=record.evidence, metered=record.metered,
    )  # fmt: skip


def _checks(evidence: Mapping[str, Any]) -> Iterable[Check]:
    for given in evidence.get("checks") or ():
        try:
            yield Check.model_validate({key: given[key] for key in Check.model_fields if key in given})
        except ValidationError:
            continue  # no check of this version
