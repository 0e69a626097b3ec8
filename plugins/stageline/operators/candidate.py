"""A candidate that passed the gate: who lets it through, the version that it becomes, and its promotion."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import HeadError, SupersededError
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    from stageline.ledger import ModelVersion, Record
    from stageline.operators.release_evidence import ReleaseEvidence
    from stageline.operators.run_context import RunContext

SUPERSEDED = "SL-P002"


def approved_check(evidence: "ReleaseEvidence", needed: int) -> Check:
    """Judge whether enough people approved what is known of the candidate now (SL-A001).

    :param needed: Approvals, each of a person of their own.
    """
    answers = evidence.approvals()
    given = sorted({by for answer in answers if (by := answer.evidence.get("by")) and _counts(answer, evidence)})
    refused = next((answer for answer in answers if not answer.verdict.advances), None)
    old = next((answer for answer in answers if not _counts(answer, evidence)), None)
    if not answers:
        verdict, message = Verdict.INCONCLUSIVE, "nobody approved this candidate"
    elif refused is not None:
        verdict, message = Verdict.FAILED, refused.sentence
    elif len(given) >= needed:
        verdict, message = Verdict.PASSED, f"approved by {' and '.join(given)}"
    elif old is not None:
        verdict, message = Verdict.FAILED, f"{old.sentence}, but a step was run again since: ask again"
    else:
        verdict, message = Verdict.INCONCLUSIVE, f"{len(given)} of {needed} approvals: {', '.join(given)}"
    return Check(code="SL-A001", name="approved", verdict=verdict, message=message)


def _counts(answer: "Record", evidence: "ReleaseEvidence") -> bool:
    return answer.verdict.advances and answer.evidence.get("evidence") == evidence.digest


def frozen(run: "RunContext", evidence: "ReleaseEvidence") -> tuple[Check, ...]:
    """Return whether promotions are frozen; where the head has moved since, no candidate of this run is promoted."""
    from stageline.operators.budget_freeze import frozen_checks

    head = run.ledger.head(run.name)
    return frozen_checks(run, head) if head.generation == evidence.generation else ()


def registered(run: "RunContext", evidence: "ReleaseEvidence") -> "ModelVersion":
    """Return the candidate as a version in MLflow's registry, with its file kept here."""
    from stageline.operators.stored_rows import newest_event_time
    from stageline.release.validation.candidate import require_ready
    from stageline.serving import ModelFiles
    from stageline.tracking import fetch_file
    from stageline.tracking.registry import CHALLENGER, point_alias, register_version
    from stageline.tracking.runs import require_run

    trained = run.evidence("train")
    stored = trained["model"]
    tags = {"stageline.digest": stored["digest"], "stageline.evidence": evidence.digest}
    with tempfile.TemporaryDirectory() as scratch, run.tracking.reach() as client:
        require_run(client, trained["mlflow_run"])
        require_ready(client, stored["id"])
        # Kept here before it is registered, let alone released: scoring and rollback need no MLflow.
        files = ModelFiles(run.settings.tables / run.name / "models")
        if files.find(stored["digest"]) is None:
            files.keep(fetch_file(stored["uri"], Path(scratch)), stored["digest"])
        version = register_version(client, run.name, model=stored["id"], mlflow_run=trained["mlflow_run"], tags=tags)
        point_alias(client, run.name, CHALLENGER, version)
    return evidence.candidate(version, newest_event_time(run))


def promoted(
    run: "RunContext", evidence: "ReleaseEvidence", candidate: "ModelVersion", why: str, step: str
) -> "tuple[Check, Record | None]":
    """Make a candidate the champion, once (SL-P001).

    :param why: Why it may be, for the record.
    :returns: The check, and the record of the promotion; none: the head did not move.
    """
    from stageline.ledger.head import PROMOTION
    from stageline.operators.release_evidence import entry_of

    entry = entry_of(
        run, kind=PROMOTION, step=step, verdict=Verdict.PASSED,
        sentence=f"version {candidate.version} is the champion: {why}",
        evidence={"evidence": evidence.digest, "records": {s: r.position for s, r in evidence.records.items()}},
        key=candidate.digest,
    )  # fmt: skip
    try:
        record = run.ledger.promote(entry, candidate, expected=evidence.generation)
    except SupersededError as error:
        return Check(code=SUPERSEDED, name="superseded", verdict=Verdict.INCONCLUSIVE, message=str(error)), None
    except HeadError as error:
        return Check(code="SL-P001", name="head_moved", verdict=Verdict.FAILED, message=str(error)), None
    return Check(code="SL-P001", name="head_moved", verdict=Verdict.PASSED, message=record.sentence), record
