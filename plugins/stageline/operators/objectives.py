"""The step `objectives`: how much of each error budget is used, and how fast it burns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.exceptions import Refusal
from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from stageline.operators.objective_events import ObjectiveEvents
    from stageline.operators.run_context import RunContext
    from stageline.spec.operating import Objective


class ObjectivesOperator(MonitoringOperator):
    """Judge the objectives of a pipeline (`slo`) by the events of their periods.

    A budget that is used up fails the step, and freezes promotions until it is not.

    :param pipeline: Name of the pipeline.
    :param until: End of the periods, ISO 8601; default: the time the run stands for, or when it was to start.
    """

    step = "objectives"
    template_fields: Sequence[str] = ("pipeline", "until")

    def __init__(self, *, until: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.until = until

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the model, the time, and how far the stores have come."""
        from stageline.operators.champion import Champion
        from stageline.operators.objective_events import ObjectiveEvents
        from stageline.operators.watched_time import end_of_watch

        champion = Champion.of(run)
        return {
            "model": champion.version.digest,
            "generation": champion.generation,
            "end": end_of_watch(run, self.until).isoformat(),
            **ObjectiveEvents.of(run, self.until).inputs,
        }

    def check(self, run: "RunContext") -> Report:
        """Count the events of each objective, and judge."""
        from stageline.operators.champion import Champion
        from stageline.operators.objective_events import ObjectiveEvents
        from stageline.operators.watched_time import end_of_watch

        version, events = Champion.of(run).version, ObjectiveEvents.of(run, self.until)
        end = end_of_watch(run, self.until)
        start = end - run.spec.monitor.window if run.spec.monitor else end
        judged = [_judge(run, events, objective) for objective in run.spec.slo]
        return Report(
            step=self.step,
            checks=tuple(check for checks, _ in judged for check in checks) or (_nothing_declared(),),
            evidence={
                "window": {"start": start.isoformat(), "end": end.isoformat()},
                "model": {"version": version.version, "digest": version.digest},
                "at": events.at.isoformat(),
                "objectives": [evidence for _, evidence in judged],
            },
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log what is used of each budget, and how fast it burns."""
        from stageline.monitoring.budget_checks import budget_values

        values: dict[str, float] = {}
        for found in report.evidence.get("objectives", ()):
            values |= budget_values(found)
        self.show_values(run, report, mlflow_run, values)


def _judge(
    run: "RunContext", events: "ObjectiveEvents", objective: "Objective"
) -> tuple[tuple[Check, ...], dict[str, Any]]:
    """Return the checks of an objective, and its evidence; that one cannot be counted does not hide the others."""
    from stageline.monitoring.budget_checks import budget_check, budget_evidence, burn_checks, uncounted_check
    from stageline.monitoring.budgets import budget_of, burns_of

    try:
        counted = events.count(objective)
    except Refusal as refusal:
        return (uncounted_check(objective, str(refusal)),), budget_evidence(budget_of((), objective, events.at), ())
    budget = budget_of(counted.buckets, objective, counted.end)
    burns = burns_of(counted.buckets, objective, counted.end)
    checks = (budget_check(budget, run.spec.target.task, counted.note), *burn_checks(burns, objective))
    return checks, {**budget_evidence(budget, burns), **counted.evidence}


def _nothing_declared() -> Check:
    return Check(
        code="SL-O001", name="objectives", verdict=Verdict.INCONCLUSIVE, severity=Severity.WARNING, n=0,
        message="no objectives are declared (slo): nothing says what the pipeline has to keep",
    )  # fmt: skip
