"""Reads what readiness rests on from the ledger, and only from there; a chain that does not hold proves nothing."""

from collections.abc import Iterable, Mapping
from functools import partial
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
# People and checks leave these: they are few, and each of a year may count.
_KEPT = ("approval", ATTESTATION, EARNED, FORECAST, GRADUATION)
_MOVES, _INCIDENTS = 200, 100
# Of a step's records: among these, the newest that could decide is looked for.
_NEWEST = 30
# Labels may come in weeks after the hourly windows that wait for them.
_NEWEST_OF = {"performance": 1_000}


def read_facts(ledger: Ledger, pipeline: str, spec: PipelineSpec, *, until: int | None = None) -> Facts:
    """Return what the ledger holds about a pipeline, its chain verified.

    :param until: Newest record that is looked at; none: the newest of all.
    :raises Outage: The ledger cannot be reached.
    """
    try:
        records = [*_records(ledger, pipeline, until)]
    except LedgerError as error:
        faults = [fault.message for fault in ledger.verify(pipeline)]
        if not faults:
            raise  # it is away, not wrong
        return Facts(spec, (), (str(error), *faults))
    # Asked after they were read: what was edited before is found, and what comes after was not read.
    faults = [f"#{fault.position}: {fault.message}" for fault in ledger.verify(pipeline)]
    found = {record.position: fact_of(record) for record in records}
    return Facts(spec, tuple(found[position] for position in sorted(found, reverse=True)), tuple(faults))


def _records(ledger: Ledger, pipeline: str, until: int | None) -> Iterable[Record]:
    read = partial(ledger.records, pipeline, upto=until)
    yield from read(kinds=_KEPT)
    named: set[int] = set()
    # Each kind for itself: the steps of a canary every day must not push a release out.
    for kind in ALL_MOVES:
        for record in read(kinds=(kind,), limit=_MOVES):
            named |= set((record.evidence.get("records") or {}).values())
            yield record
    yield from read(kinds=(INCIDENT,), limit=_INCIDENTS)
    for step in _STEPS:
        yield from read(step=step, kinds=("step",), limit=_NEWEST_OF.get(step, _NEWEST))
    # What a release rests on may be older than the newest.
    yield from read(positions=sorted(each for each in named if isinstance(each, int)))


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
