"""Runs the check of a test, and records what it found, whatever it is."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, MissingStepError, Refusal
from stageline.operators.earning import (
    ablation,
    feature_code,
    feature_cost,
    integration,
    new_feature,
    repository,
    retraining,
    skew,
    slices,
    spec_test,
    staleness,
    tuning,
)
from stageline.operators.earning.finding import STEP, Finding, NotRunError
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

Runner = Callable[["RunContext"], Finding]
RUNNERS: dict[str, Runner] = {
    "SL-L102": ablation.run,
    "SL-L103": feature_cost.run,
    "SL-L106": new_feature.run,
    "SL-L107": feature_code.run,
    "SL-L201": repository.run,
    "SL-L203": tuning.run,
    "SL-L204": staleness.run,
    "SL-L206": slices.run,
    "SL-L301": retraining.run,
    "SL-L302": spec_test.run,
    "SL-L303": integration.run,
    "SL-L403": skew.run,
}
DRILL, FORECAST = "SL-L307", "SL-L004"


def earn(run: "RunContext", code: str, now: "datetime") -> "Record":
    """Run a test's check and record the result; one that fails is recorded, and one that something broken stops, too.

    :param run: Of the pipeline; its DAG and run names stand in the record.
    :param code: Of a test, or SL-L004: the forecast of the cost, which production requires.
    :raises DataError: No check can earn this test, or not of such a pipeline.
    :raises MissingStepError: There is nothing to run it on yet.
    :raises Outage: A store is away: that says nothing of the pipeline.
    """
    from stageline.operators.release_evidence import entry_of
    from stageline.readiness import EARNED, test_of
    from stageline.readiness.rule import how_to_earn

    if code == FORECAST:
        from stageline.operators.cost_forecast import record_forecast

        return record_forecast(run, now)
    test = test_of(code)
    if code == DRILL:
        return _drill(run, now)
    if code not in RUNNERS:
        raise DataError(f"{code} ({test.title}) has no check to run; earn it so: {how_to_earn(test, run.spec)}")
    report = _report(run, code)
    entry = entry_of(
        run, kind=EARNED, step=STEP, verdict=report.verdict, sentence=f"{test.title}: {report.sentence}",
        evidence=report.as_json(), key=(code, now.isoformat()),
    )  # fmt: skip
    return run.ledger.append(entry)


def _report(run: "RunContext", code: str) -> Report:
    from stageline.readiness.facts import subject_digest

    try:
        found = RUNNERS[code](run)
    except (MissingStepError, NotRunError):
        raise  # nothing was looked at
    except Refusal as refusal:
        # An earlier pass must not outlive what it was about.
        found = Finding(str(refusal), [("run", Verdict.ERRORED, str(refusal))])
    return replace(found, told={**found.told, "about": subject_digest(run.spec)}).report(code)


def _drill(run: "RunContext", now: "datetime") -> "Record":
    """Hold a rollback drill; its record is the one that the drill's DAG leaves."""
    from stageline.operators.drill import RollbackDrillOperator
    from stageline.operators.release_evidence import entry_of

    operator = RollbackDrillOperator(task_id="drill", pipeline=run.name)
    try:
        report = operator.check(run)
    except Refusal as refusal:
        if run.ledger.head(run.name).champion is None:
            raise  # there is nothing to roll back to: no drill was held
        refused = Check(code="SL-S001", name="drill", verdict=Verdict.ERRORED, message=str(refusal))
        report = Report(step="drill", checks=(refused,))
    return run.ledger.append(
        entry_of(
            run, kind="step", step=operator.step, verdict=report.verdict, sentence=report.sentence,
            evidence=report.as_json(), key=now.isoformat(),
        )
    )  # fmt: skip
