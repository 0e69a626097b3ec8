"""The freeze of promotions while an error budget is used up: what the newest record of the objectives says of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Head, Record
    from stageline.operators.run_context import RunContext

FROZEN = "SL-G006"
DESPITE_BUDGET = "despite_budget"
# Older records than these are none of the newest.
_LOOKED_AT = 50
# A budget that was not judged for so many windows is not known any more.
_WINDOWS = 2
# What stands in a record for a run that no person started.
_NOBODY = "airflow:"


def frozen_checks(run: "RunContext", head: "Head") -> tuple[Check, ...]:
    """Return the check whether promotions are frozen; none without objectives, or where nothing is served yet."""
    monitor = run.spec.monitor
    if not run.spec.slo or monitor is None or head.champion is None:
        return ()
    now = datetime.now(UTC)
    record = newest_judgement(run.ledger.records(run.name, step="objectives", limit=_LOOKED_AT), now)
    actor = run.actor if run.params.get(DESPITE_BUDGET) is True else None
    return (
        judge_freeze(
            record, [objective.sli for objective in run.spec.slo], now=now, window=monitor.window, despite=actor
        ),
    )


def newest_judgement(records: Sequence["Record"], now: datetime) -> "Record | None":
    """Return the record that judged the latest time; a look back at an earlier one says nothing of today.

    :param records: Of the step `objectives`, the newest first.
    """
    judged = [(_at(record), record) for record in records if _evidence(record).get("objectives")]
    known = [(at, record.position, record) for at, record in judged if at is not None and at <= now]
    return max(known, key=lambda each: each[:2])[2] if known else None


def judge_freeze(
    record: "Record | None", declared: Sequence[str], *, now: datetime, window: timedelta, despite: str | None
) -> Check:
    """Judge whether promotions are frozen.

    :param record: The newest record of the step `objectives` that judged budgets.
    :param declared: Objectives that the spec names: those it does not name any more freeze nothing.
    :param window: Length of a window of the monitoring.
    :param despite: Who lets the release through nonetheless; none: nobody.
    """
    if record is None:
        return _unknown("no error budget was judged yet: whether one is used up is not known")
    when = f"judged {record.recorded_at:%Y-%m-%d %H:%M} UTC"
    found = {each["sli"]: each for each in _evidence(record)["objectives"] if each["sli"] in declared}
    exhausted = [sli for sli, each in found.items() if each["exhausted"]]
    if now - record.recorded_at > _WINDOWS * window:
        said = f"; it said that of {', '.join(exhausted)} is used up" if exhausted else ""
        return _unknown(f"the error budgets were {when}, more than {_WINDOWS} windows ago{said}: run the monitoring")
    if exhausted:
        return _frozen("; ".join(_sentence(record, sli) for sli in exhausted), when, despite)
    if unknown := [sli for sli in declared if sli not in found or found[sli]["exhausted"] is None]:
        return _unknown(f"whether the error budget of {', '.join(unknown)} is used up is not known ({when})")
    return Check(
        code=FROZEN, name="budget_frozen", verdict=Verdict.PASSED, n=len(found),
        message=f"no error budget is used up ({', '.join(found)}; {when})",
    )  # fmt: skip


def _frozen(why: str, when: str, despite: str | None) -> Check:
    if despite and not despite.startswith(_NOBODY):
        return Check(
            code=FROZEN, name="budget_frozen", verdict=Verdict.FAILED, severity=Severity.WARNING,
            message=f"{despite} lets this release through ({DESPITE_BUDGET} = true), although {why} ({when})",
            details={"despite": despite},
        )  # fmt: skip
    told = "" if despite is None else f", which this run has, but nobody is named who triggered it ({despite})"
    return Check(
        code=FROZEN, name="budget_frozen", verdict=Verdict.FAILED,
        message=f"promotions are frozen: {why} ({when}); rollback stays possible, and a release that mends it goes "
        f"through in a run that a person triggers with {DESPITE_BUDGET} = true{told}",
    )  # fmt: skip


def _unknown(message: str) -> Check:
    return Check(
        code=FROZEN, name="budget_frozen", verdict=Verdict.INCONCLUSIVE, severity=Severity.WARNING, message=message
    )


def _sentence(record: "Record", sli: str) -> str:
    """Return what the record says of a budget, in its own numbers."""
    for check in record.evidence.get("checks") or ():
        if check.get("code") == "SL-O001" and (check.get("details") or {}).get("sli") == sli:
            return str(check["message"])
    return f"the error budget of {sli} is used up"


def _evidence(record: "Record") -> Mapping[str, Any]:
    return record.evidence.get("evidence") or {}


def _at(record: "Record") -> datetime | None:
    try:
        return datetime.fromisoformat(_evidence(record)["at"])
    except (KeyError, ValueError):
        return None
