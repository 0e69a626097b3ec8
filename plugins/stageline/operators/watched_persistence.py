"""What was found in earlier windows of the same model, so that a finding counts once it stays."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.persistence import EarlierRun, Persistence, check_persistence

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext
    from stageline.verdicts import Check


def persistent(
    run: "RunContext", step: str, checks: "Sequence[Check]", rule: Persistence, *, model: str, end: datetime
) -> "tuple[Check, ...]":
    """Return a failure for each finding that was there in k of the last n windows of this model.

    :param model: Digest of the model.
    :param end: Of this window.
    """
    from stageline.monitoring.replay import MOST_EARLIER

    earlier = [
        EarlierRun(at, at.isoformat(), record.evidence.get("checks") or ())
        for at, record in earlier_windows(run, step, model=model, end=end, limit=MOST_EARLIER * rule.n)
    ]
    return tuple(check_persistence(checks, earlier, rule, run_id=end.isoformat()))


def earlier_windows(
    run: "RunContext", step: str, *, model: str, end: datetime, limit: int
) -> "Iterator[tuple[datetime, Record]]":
    """Yield the records of a step on windows of a model that end before this one, with their ends, the newest first.

    :param limit: Most records that are looked through.
    """
    for record in run.ledger.records(run.name, step=step, limit=limit):
        evidence: Mapping[str, Any] = record.evidence.get("evidence") or {}
        own = (record.dag_id, record.run_id) == (run.dag_id, run.run_id)
        if own or evidence.get("model", {}).get("digest") != model:
            continue
        at = datetime.fromisoformat(evidence["window"]["end"])
        if at < end:
            yield at, record
