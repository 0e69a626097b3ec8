"""What the steps of one monitoring run left in the ledger; any of them may be missing or have errored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stageline.monitoring.incident_topics import REFUSED
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext


def checks_of(record: "Record | None") -> tuple[Check, ...]:
    """Return the checks of a step's record; what is no check of this version is left out."""
    found = []
    for given in record.evidence.get("checks") or () if record else ():
        try:
            found.append(Check.model_validate({key: given[key] for key in Check.model_fields if key in given}))
        except ValidationError:
            continue
    return tuple(found)


def evidence_of(record: "Record | None") -> Mapping[str, Any]:
    """Return what a step put in evidence; nothing for one that is missing or errored."""
    return (record.evidence.get("evidence") or {}) if record else {}


def window_end(record: "Record | None") -> datetime | None:
    """Return the end of the window that a step looked at, in UTC; none where it says none."""
    from stageline.monitoring.windows import in_utc

    end = (evidence_of(record).get("window") or {}).get("end")
    return in_utc(datetime.fromisoformat(end)) if end else None


def errored(record: "Record | None") -> bool:
    """Whether a step did not do all of its work."""
    return record is None or record.verdict is Verdict.ERRORED


def refused_data(record: "Record | None", uri: str) -> bool:
    """Whether a step refused the data it was to read: its refusal names their table or one of their columns.

    :param uri: Of the table.
    """
    refusals = (check.message for check in checks_of(record) if check.code == REFUSED)
    return any(repr(uri) in message or message.startswith("column ") for message in refusals)


def digests(run: "RunContext", steps: Sequence[str]) -> dict[str, str]:
    """Return the digest of each step's newest record in this run."""
    return {step: record.digest for step in steps if (record := run.earlier(step)) is not None}


def watched_model(records: "Sequence[Record]") -> dict[str, Any]:
    """Return model and window, as evidence has them, of the first record that says both; empty if none does."""
    for record in records:
        evidence = evidence_of(record)
        if evidence.get("model") and evidence.get("window"):
            return {"model": dict(evidence["model"]), "window": dict(evidence["window"])}
    return {}
