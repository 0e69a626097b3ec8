"""The step `alert`: incidents are opened, updated and closed, and their owners told, once for each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from stageline.exceptions import Outage, Refusal
from stageline.operators.failure import GateFailed
from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

    from stageline.monitoring.incidents import StepSeen
    from stageline.operators.run_context import RunContext

STEPS = ("drift", "performance", "objectives", "cause", "retrain", "costs")
_READS_DATA = "drift"
_CRASHED = ("failed", "upstream_failed")
# Alert reports among which the newest window of each topic is looked for: some may have been refused.
_REPORTS = 20


class AlertOperator(MonitoringOperator):
    """Keep one open incident a topic, tell its owner what changed, and fail while one is open.

    It reads what the steps of its DAG run recorded. A step before it that errored, or left no record, is an incident
    itself; where `drift` refused the data it was to read, it is one of the inputs. Where a topic has no open incident
    and nothing of it could be decided, the step warns that nothing is known of it. An owner is told when an incident
    opens and closes, and in between when a check that had not failed joins it, when it gets more severe, or when the
    worst check is twice as far beyond its limit as when they were told.
    What a notifier could not tell is told by the next try or the next run.

    :param pipeline: Name of the pipeline.
    :param notifiers: Airflow notifiers that tell of an alert, whose templates know `alert`; default: what
        `[stageline] notifier` names.
    :param topics: The topics that are followed; default: all but those of a DAG of their own, as `costs`.
    """

    step = "alert"

    def __init__(self, *, notifiers: Sequence[Any] = (), topics: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notifiers = notifiers
        self.topics = tuple(topics)
        self._context: Context | None = None

    def execute(self, context: "Context") -> dict[str, Any]:
        """Judge and record, then tell."""
        self._context = context
        return super().execute(context)

    def stop(self, report: Report) -> NoReturn:
        """Skip the task where there is no model, and fail it while an incident is open.

        :raises AirflowSkipException: No model was ever released.
        :raises GateFailed: Anything else.
        """
        from stageline.operators.incident_report import NOTHING_TO_WATCH

        if any(check.name == NOTHING_TO_WATCH for check in report.checks):
            raise AirflowSkipException(f"{self.step}: {report.sentence}")
        super().stop(report)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return what the steps before left, and whether there is a model."""
        from stageline.operators.monitor_records import digests

        return {
            **digests(run, self._steps()),
            # One that crashed left no digest.
            "problems": [(each.step, each.problem) for each in self._seen(run) if each.problem],
            "released": run.ledger.head(run.name).champion is not None,
        }

    def check(self, run: "RunContext") -> Report:
        """Follow each topic's incident with what this run saw."""
        from stageline.monitoring.incident_topics import owner_of, role_of
        from stageline.monitoring.incidents import looks
        from stageline.monitoring.windows import in_utc
        from stageline.operators.incident_log import IncidentLog
        from stageline.operators.incident_report import Told, quiet, told_sentence, unknown, unreleased
        from stageline.operators.monitor_records import watched_model

        if run.ledger.head(run.name).champion is None:
            return Report(step=self.step, checks=(unreleased(run.name),))
        log, seen = IncidentLog(run.ledger, run.name), _newest_windows(run)
        now = in_utc(run.logical_date or run.run_after)
        found = [look for look in looks(self._seen(run), now) if self._follows(look.topic)]
        known = log.newest()
        for look in found:
            role = role_of(look.topic)
            log.follow(
                run, look, known.get(look.topic), (role, owner_of(role, run.spec.owners)),
                persist=run.spec.monitor is not None and run.spec.monitor.persist is not None,
                seen=seen.get(look.topic),
            )  # fmt: skip
            if look.tells:
                seen[look.topic] = max(look.at, seen.get(look.topic, look.at))
        changes = (
            Told(each, (each.record.dag_id, each.record.run_id) == (run.dag_id, run.run_id))
            for each in log.newest().values()
            if self._follows(each.incident.topic)
        )
        told = [each for each in changes if each.counts]
        wrong = {each.incident.topic for each in told if each.incident.is_open}
        unclear = [look for look in found if look.unknown and look.topic not in wrong]
        steps = [record for step in self._steps() if (record := run.earlier(step)) is not None]
        return Report(
            step=self.step,
            checks=(
                *([each.check for each in told] or [quiet(anything=bool(found))]),
                *(unknown(look) for look in unclear),
            ),
            evidence={
                **watched_model(steps),
                "incidents": [each.evidence for each in told],
                "seen": {topic: at.isoformat() for topic, at in sorted(seen.items())},
            },
            sentence=told_sentence(told, unclear),
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log how many incidents are open."""
        still = sum(each["state"] != "closed" for each in report.evidence.get("incidents") or ())
        self.show_values(run, report, mlflow_run, {"incidents/open": float(still)})

    def _show(self, run: "RunContext", report: Report) -> None:
        """Tell first: an alarm does not wait for MLflow.

        :raises GateFailed: The configuration names no notifier that can be used.
        :raises Outage: A notifier raised: a retry tells what is untold.
        """
        try:
            self._tell(run)
            problem: Exception | None = None
        except (Refusal, Outage) as error:
            problem = error
        super()._show(run, report)
        if problem is not None:
            message = f"{problem}. What happened is recorded, and told once this works: {report.sentence}"
            raise (GateFailed if isinstance(problem, Refusal) else Outage)(message) from problem

    def _tell(self, run: "RunContext") -> None:
        from stageline.operators.alert_message import alert_of
        from stageline.operators.incident_log import IncidentLog
        from stageline.operators.notifying import tell, ways_of

        ways, log = ways_of(run.settings, self.notifiers), IncidentLog(run.ledger, run.name)
        problems: list[Outage] = []
        for untold in log.untold():
            alert = alert_of(untold, run.name, run.airflow_url)
            try:
                tell(alert, ways, self._context or {})
            except Outage as outage:
                problems.append(outage)
                continue
            log.told(run, untold, [way.name for way in ways])
        if problems:
            raise Outage("; ".join(dict.fromkeys(map(str, problems)))) from problems[0]

    def _follows(self, topic: str) -> bool:
        from stageline.monitoring.incident_topics import ELSEWHERE

        return topic in self.topics if self.topics else topic not in ELSEWHERE

    def _steps(self) -> tuple[str, ...]:
        """Return the steps that are looked at: those of the template, and any that stand before this one."""
        return tuple(dict.fromkeys((*STEPS, *sorted(self._before().values()))))

    def _before(self) -> dict[str, str]:
        """Return the step of each task that stands before this one and watches the model, by the task's id."""
        before = self.get_flat_relatives(upstream=True) if self.has_dag() else ()
        return {task.task_id: task.step for task in before if isinstance(task, MonitoringOperator)}

    def _seen(self, run: "RunContext") -> "list[StepSeen]":
        from stageline.monitoring.incidents import StepSeen
        from stageline.operators.monitor_records import checks_of, errored, window_end

        refused = self._refused_at(run)
        records = {step: record for step in self._steps() if (record := run.earlier(step)) is not None}
        found = [
            StepSeen(step, refused, checks_of(record), record.sentence, of_data=True)
            if step == _READS_DATA and refused
            else StepSeen(
                step, window_end(record), checks_of(record), f"errored: {record.sentence}" if errored(record) else ""
            )
            for step, record in records.items()
        ]  # fmt: skip
        missing = {task: step for task, step in self._before().items() if step not in records}
        ended = self._states(run, list(missing)) if missing else {}
        return found + [
            StepSeen(step, None, (), f"left no record: its task {task!r} ended {ended[task]}")
            for task, step in missing.items()
            # A step that was skipped had nothing to do.
            if ended.get(task) in _CRASHED
        ]

    def _refused_at(self, run: "RunContext") -> "datetime | None":
        """Return the end of the window of which the data were refused; none: they were not."""
        from stageline.operators.monitor_records import refused_data, window_end
        from stageline.operators.watched_time import end_of_watch

        batch = run.spec.release.batch if run.spec.release else None
        if not refused_data(run.earlier(_READS_DATA), batch.uri if batch else run.spec.source.uri):
            return None
        # A refusal says no window; this step looks back from the same time.
        return window_end(run.earlier("objectives")) or end_of_watch(run, None)

    def _states(self, run: "RunContext", tasks: list[str]) -> dict[str, str]:
        """Return how tasks of this run ended, as far as Airflow says so."""
        ask = getattr((self._context or {}).get("ti"), "get_task_states", None)
        told = ask(dag_id=run.dag_id, task_ids=tasks, run_ids=[run.run_id]) if ask else {}
        return {task: str(state) for task, state in (told.get(run.run_id) or {}).items()}


def _newest_windows(run: "RunContext") -> "dict[str, datetime]":
    """Return the end of the newest window that told something of each topic, by the reports of earlier runs."""
    from datetime import datetime

    newest: dict[str, datetime] = {}
    for record in run.ledger.records(run.name, step=AlertOperator.step, limit=_REPORTS):
        for topic, text in ((record.evidence.get("evidence") or {}).get("seen") or {}).items():
            at = datetime.fromisoformat(text)
            newest[topic] = max(at, newest.get(topic, at))
    return newest
