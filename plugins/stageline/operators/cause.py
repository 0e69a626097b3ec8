"""The step `cause`: whether the release is why a model got worse, and in production the way back."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from stageline.exceptions import Outage
from stageline.operators.monitoring import MonitoringOperator
from stageline.operators.same_rows import NotComparableError
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Head, ModelVersion
    from stageline.monitoring.windows import Window
    from stageline.operators.run_context import RunContext


class ReleaseCauseOperator(MonitoringOperator):
    """Ask the champion before this one about the rows on which this one lost, and roll back if that mends the loss.

    It follows the step `performance` of the same run and is skipped where that found no loss, or, with `persist`, none
    that stays. What changed in the
    data or in the world meets both models alike; only the release tells them apart.

    :param pipeline: Name of the pipeline.
    :param roll_back: Whether to roll back at once where the release is the cause; default: in production only.
    """

    step = "cause"

    def __init__(self, *, pipeline: str | None, roll_back: bool | None = None, **kwargs: Any) -> None:
        super().__init__(pipeline=pipeline, **kwargs)
        self.roll_back = roll_back

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the loss, and the head.

        :raises AirflowSkipException: There is no loss to explain.
        """
        record = run.earlier("performance")
        if record is None or not _is_lost(record.evidence.get("checks") or ()):
            found = f"the step 'performance' ended {record.verdict}" if record else "there is no step 'performance'"
            raise AirflowSkipException(f"no loss to explain: {found}")
        return {"performance": record.digest, "roll_back": self._rolls_back(run)}

    def check(self, run: "RunContext") -> Report:
        """Compare both models on the same labelled rows; the head is left if the release is the cause."""
        looked_at = run.evidence("performance")
        head = run.ledger.head(run.name)
        evidence = {name: looked_at[name] for name in ("window", "model")}
        if head.champion is None or head.champion.digest != looked_at["model"]["digest"]:
            now = f"version {head.champion.version}" if head.champion else "no model"
            return self._undecided(
                evidence, f"version {looked_at['model']['version']} is not the champion any more, {now} is"
            )
        if not head.earlier:
            return self._undecided(
                evidence, f"version {head.champion.version} is the first release: there is none to compare it with"
            )
        try:
            judged = _judge(run, head, _window(looked_at["window"]), _lost(looked_at))
        except NotComparableError as error:
            return self._undecided(evidence, str(error))
        if judged.verdict is not Verdict.FAILED or not self._rolls_back(run):
            return Report(step=self.step, checks=(judged,), evidence=evidence, sentence=judged.message)
        back = _roll_back(run, head, judged)
        return Report(
            step=self.step, checks=(judged, back), evidence=evidence, sentence=f"{judged.message}; {back.message}"
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Let MLflow's alias follow the head, which may have been rolled back."""
        from stageline.operators.aliases import converge
        from stageline.operators.targets import let_follow

        del mlflow_run
        if any(check.code == "SL-P003" for check in report.checks):
            if lag := let_follow(run):
                self.log.warning("rolled back, but the target does not follow yet: %s", lag)
            try:
                converge(run.tracking, run.ledger.head(run.name))
            except Outage as outage:
                self.log.warning("rolled back, but MLflow does not show it yet: %s", outage)

    def _rolls_back(self, run: "RunContext") -> bool:
        return run.stage == "production" if self.roll_back is None else self.roll_back

    def _undecided(self, evidence: Mapping[str, Any], why: str) -> Report:
        check = Check(
            code="SL-M018", name="release_is_the_cause", verdict=Verdict.INCONCLUSIVE, severity=Severity.WARNING,
            message=f"whether the release is the cause cannot be told: {why}",
        )  # fmt: skip
        return Report(step=self.step, checks=(check,), evidence=evidence, sentence=check.message)


def _is_lost(checks: Sequence[Mapping[str, Any]]) -> bool:
    from stageline.monitoring.incident_topics import is_loss

    told = [Check.model_validate(check) for check in checks]
    return any(is_loss(check) and check.effect is Verdict.FAILED for check in told)


def _lost(found: Mapping[str, Any]) -> float:
    """Return by how much the KPI is worse than expected, in its own unit; of the window, else of the moving average."""
    expected = (found.get("expected") or {}).get("value")
    shares = [(found.get(name) or {}).get("value") for name in ("loss", "smoothed")]
    share = next((each for each in shares if each is not None and each > 0), None)
    return math.nan if expected is None or share is None else share * abs(expected)


def _window(edges: Mapping[str, str]) -> "Window":
    from datetime import datetime

    from stageline.monitoring.windows import Window

    return Window(*(datetime.fromisoformat(edges[edge]) for edge in ("start", "end")))


def _judge(run: "RunContext", head: "Head", window: "Window", lost: float) -> Check:
    from stageline.evaluation import Contest, blocks_of
    from stageline.monitoring.cause import judge_cause
    from stageline.operators.same_rows import same_labelled_rows
    from stageline.spec.operating import Performance

    champion, before = _models(head)
    rows = same_labelled_rows(run, before, champion, head.generation, window)
    contest = Contest.of(run.spec, rows.truth, *rows.predictions, blocks_of(len(rows.truth), rows.seconds))
    least = run.spec.monitor.performance.min_n if run.spec.monitor else Performance().min_n
    return judge_cause(
        contest.compare(), lost=lost, champion=champion.version, before=before.version, min_n=least,
        metric=run.spec.kpi.metric,
    )  # fmt: skip


def _models(head: "Head") -> "tuple[ModelVersion, ModelVersion]":
    if head.champion is None:
        raise ValueError(f"the head of {head.pipeline!r} has no champion")
    return head.champion, head.earlier[-1]


def _roll_back(run: "RunContext", head: "Head", judged: Check) -> Check:
    from stageline.ledger.head import ROLLBACK
    from stageline.operators.release_evidence import entry_of

    entry = entry_of(
        run, kind=ROLLBACK, step=ReleaseCauseOperator.step, verdict=Verdict.PASSED, sentence=judged.message,
        evidence={"reason": judged.message}, key=(head.generation,),
    )  # fmt: skip
    record = run.ledger.roll_back(entry, expected=head.generation)
    change = record.evidence["head_change"]
    message = f"version {change['after']['version']} is the champion again, instead of {change['before']['version']}"
    return Check(code="SL-P003", name="rolled_back", verdict=Verdict.PASSED, message=message)
