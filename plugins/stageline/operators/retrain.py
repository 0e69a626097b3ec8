"""The step `retrain`: a model that got worse asks for its training, unless something else comes first."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Check, Mode, Report, Severity, Verdict

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.ledger import Record
    from stageline.monitoring.retraining import Before, Decision
    from stageline.operators.run_context import RunContext

REQUEST = "retrain"
_CODE = "SL-M019"
STEPS = ("performance", "drift", "cause")
# Records among which a newer window, or a training that did not error, is looked for.
_LOOKED_BACK = 50


class RetrainOperator(MonitoringOperator):
    """Ask for a training when the model got worse; each asset among `outlets` gets an event that says why.

    The task is skipped, so that no asset gets one, unless `monitor.retrain` is set, this run's labels show a loss
    (with `persist`, one that came back), neither labels nor inputs are to be mended first, the release is not the
    cause, and the cooldown since the last request and the last training is over. Of runs that race, one asks.

    :param pipeline: Name of the pipeline.
    """

    step = "retrain"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._told: Mapping[str, Any] | None = None

    def execute(self, context: "Context") -> dict[str, Any]:
        """Decide, then tell the DAG that trains.

        :raises AirflowSkipException: No training is asked for.
        """
        self._told = None
        result = super().execute(context)
        if self._told is None:
            raise AirflowSkipException(f"no training is asked for: {result['sentence']}")
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(self._told)
        return result

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return what the steps before left."""
        from stageline.operators.monitor_records import digests

        return digests(run, STEPS)

    def check(self, run: "RunContext") -> Report:
        """Decide, and record the request."""
        from stageline.operators.monitor_records import watched_model

        records = [record for step in STEPS if (record := run.earlier(step)) is not None]
        decision = self._decide(run)
        told: dict[str, Any] | None = None
        if decision.train:
            decision, told = self._ask(run, decision)
        verdict = Verdict.WARNED if decision.loss and not decision.train else Verdict.PASSED
        return Report(
            step=self.step,
            checks=(
                Check(
                    code=_CODE, name="retrain", message=_message(decision),
                    verdict=verdict if decision.known else Verdict.INCONCLUSIVE,
                    severity=Severity.CRITICAL if decision.known else Severity.WARNING,
                    value=decision.loss.value if decision.loss else None,
                    limit=decision.loss.limit if decision.loss else None,
                ),
            ),
            evidence={**watched_model(records), "request": told},
            sentence=_message(decision),
        )  # fmt: skip

    def _show(self, run: "RunContext", report: Report) -> None:
        self._told = report.evidence.get("request")
        super()._show(run, report)

    def _decide(self, run: "RunContext") -> "Decision":
        from stageline.monitoring.retraining import Decision, Seen, decide
        from stageline.operators.monitor_records import checks_of

        monitor = run.spec.monitor
        if monitor is None or monitor.retrain is None:
            return Decision(False, "monitor.retrain is not set")
        performance, drift, cause = (checks_of(run.earlier(step)) for step in STEPS)
        decision = decide(
            Seen(performance, drift, cause), persist=monitor.persist is not None, cooldown=monitor.retrain.cooldown,
            now=_now(), before=_before(run),
        )  # fmt: skip
        outdated = _outdated(run) if decision.train else ""
        return Decision(False, outdated, decision.loss) if outdated else decision

    def _ask(self, run: "RunContext", decision: "Decision") -> "tuple[Decision, dict[str, Any] | None]":
        """Record the request; returns the decision that stands and what the event tells."""
        from stageline.monitoring.retraining import Decision
        from stageline.operators.release_evidence import entry_of
        from stageline.operators.user_code import digest_of

        if self._mode(run) is Mode.DRY_RUN:
            return Decision(False, f"dry run, or it would be asked for: {decision.why}", decision.loss), None
        before = _newest_request(run)
        if before is None or not _of_this_run(run, before):
            entry = entry_of(
                run, kind=REQUEST, step=self.step, verdict=Verdict.PASSED,
                sentence=f"a training is asked for: {decision.why}", evidence=_request(run, decision), key="",
            )  # fmt: skip
            # The next request of the pipeline, whichever run makes it.
            key = f"{REQUEST}-request/{digest_of(repr((run.name, before.position if before else 0)))}"
            before = run.ledger.append(entry.model_copy(update={"idempotency_key": key}))
        if not _of_this_run(run, before):
            asked = f"{before.dag_id}/{before.run_id}"
            return Decision(False, f"{asked!r} has just asked for it", decision.loss), None
        return decision, {**before.evidence, "record": before.position}


def _message(decision: "Decision") -> str:
    return f"a training is asked for: {decision.why}" if decision.train else decision.why


def _request(run: "RunContext", decision: "Decision") -> dict[str, Any]:
    from stageline.monitoring.incident_topics import PERFORMANCE
    from stageline.monitoring.incidents import incident_id
    from stageline.operators.incident_log import IncidentLog
    from stageline.operators.monitor_records import evidence_of, window_end

    performance = run.earlier("performance")
    seen, end = evidence_of(performance), window_end(performance)
    known = IncidentLog(run.ledger, run.name).newest().get(PERFORMANCE)
    incident = known.incident.id if known and known.incident.is_open else ""
    kpi = seen.get("kpi") or {}
    return {
        "pipeline": run.name, "why": decision.why, "metric": kpi.get("metric"), "kpi": kpi.get("value"),
        "loss": (seen.get("loss") or {}).get("value"), "window": seen.get("window"), "model": seen.get("model"),
        # The step after this one opens it, under this name.
        "incident": incident or (incident_id(run.name, PERFORMANCE, end) if end else ""),
    }  # fmt: skip


def _before(run: "RunContext") -> "list[Before]":
    """Return what the cooldown counts from; a request of this very run, told by a retry, is none."""
    from stageline.monitoring.retraining import Before
    from stageline.operators.monitor_records import errored

    found = []
    asked = _newest_request(run)
    if asked is not None and not _of_this_run(run, asked):
        found.append(Before(f"the request of '{asked.dag_id}/{asked.run_id}'", asked.recorded_at))
    trained = run.ledger.records(run.name, step="train", limit=_LOOKED_BACK)
    newest = next((record for record in trained if not errored(record)), None)
    if newest is not None:
        found.append(Before(f"the training of '{newest.dag_id}/{newest.run_id}'", newest.recorded_at))
    return found


def _outdated(run: "RunContext") -> str:
    """Return why what this run saw is not how things are now; empty if it is."""
    from stageline.operators.monitor_records import evidence_of, window_end

    performance = run.earlier("performance")
    judged, end = (evidence_of(performance).get("model") or {}).get("digest"), window_end(performance)
    champion = run.ledger.head(run.name).champion
    if champion is not None and judged is not None and champion.digest != judged:
        return f"version {champion.version} is in use by now, which this run did not look at"
    newer = [window_end(record) for record in run.ledger.records(run.name, step="performance", limit=_LOOKED_BACK)]
    newest = max((each for each in newer if each is not None), default=None)
    if end is not None and newest is not None and newest > end:
        return (
            f"superseded: the window until {newest:%Y-%m-%d %H:%M} was looked at since, this one ends "
            f"{end:%Y-%m-%d %H:%M}"
        )
    return ""


def _newest_request(run: "RunContext") -> "Record | None":
    found: Sequence[Record] = run.ledger.records(run.name, kinds=(REQUEST,), limit=1)
    return found[0] if found else None


def _of_this_run(run: "RunContext", record: "Record") -> bool:
    return (record.dag_id, record.run_id) == (run.dag_id, run.run_id)


def _now() -> datetime:
    return datetime.now(UTC)
