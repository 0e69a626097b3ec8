"""The base of every operator: resolve the run, check, record, show, and only then stop the run if need be."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, BaseOperatorLink

from stageline import __version__
from stageline.exceptions import Outage, Refusal, SpecError
from stageline.operators.failure import GateFailed
from stageline.operators.links import MlflowRunLink, ReportLink
from stageline.operators.showing import describe, newest_steps, summary, tags
from stageline.operators.user_code import code_of, digest_of
from stageline.verdicts import Check, Mode, Report, Verdict

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.ledger import Entry, Record
    from stageline.operators.run_context import RunContext
    from stageline.tracking import DagRun

_REFUSAL = "SL-S001"


class GateOperator(BaseOperator):
    """Run one step of a pipeline and stop the run if its report blocks.

    A subclass names its `step` and the `page` in MLflow that shows it (empty: none does), says in `inputs` what its
    result depends on, and concludes in `check`. A step that already ran on the same inputs returns its recorded
    result, and meters nothing anew. A report is recorded before anything is raised, with what the work took.

    :param pipeline: Name of the pipeline.
    :param mode: `enabled` or `dry_run`; default: dry run in the POC, enabled from the pilot on.
    """

    step: ClassVar[str]
    page: ClassVar[str] = "report.html"
    template_fields: Sequence[str] = ("pipeline",)
    operator_extra_links: tuple[BaseOperatorLink, ...] = (MlflowRunLink(), ReportLink())
    ui_color = "#e8f0fe"

    def __init__(self, *, pipeline: str | None, mode: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline = pipeline
        self.mode = mode
        self.mlflow_run_url: str | None = None
        self.report_url: str | None = None

    @abstractmethod
    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return what the result depends on beside spec and code: digests, not data."""

    @abstractmethod
    def check(self, run: "RunContext") -> Report:
        """Do the step's work and conclude."""

    @property
    def record_as(self) -> str | None:
        """What a run without a spec is recorded under; none: the DAG's id."""
        return None

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Show the report in MLflow beyond verdict and sentence; must do no harm when done twice."""

    def shown_as(self, run: "RunContext", report: Report) -> "DagRun":  # noqa: ARG002 - for a subclass
        """Return what the MLflow run that shows the report stands for."""
        return run.dag_run

    def stop(self, report: Report) -> NoReturn:
        """Stop the run for a report that blocks.

        :raises GateFailed: Always.
        """
        raise GateFailed(f"{self.step} {report.verdict}: {report.sentence}")

    def execute(self, context: "Context") -> dict[str, Any]:
        """Run the step; returns verdict, sentence and the record's position."""
        from stageline.operators.resolving import resolve_run

        with resolve_run(self.pipeline, context, record_as=self.record_as) as run:
            record, report = self._conclude(run)
            for line in describe(report):
                self.log.info(line)
            self._show(run, report)
        if report.blocks:
            self.stop(report)
        return {"verdict": str(record.verdict), "sentence": record.sentence, "record": record.position}

    def _conclude(self, run: "RunContext") -> "tuple[Record, Report]":
        from stageline.costs.metering import metered

        with metered(run.meter):
            try:
                key = self._idempotency_key(run)
                known = run.ledger.find(key)
                if known is not None:
                    self.log.info(
                        "already recorded as #%d of %s: nothing is done twice", known.position, known.pipeline
                    )
                    return known, Report.model_validate(known.evidence)
                report = self.check(run).model_copy(update={"mode": self._mode(run)})
            except Refusal as refusal:
                # Of mode enabled, whatever the stage: there is nothing that a dry run could go on with.
                report = Report(
                    step=self.step,
                    checks=(Check(code=_REFUSAL, name=self.step, verdict=Verdict.ERRORED, message=str(refusal)),),
                )
                # The mended input may be tried again: only this try's key is taken.
                key = self._key(run, "refused", run.try_number, str(refusal))
        record = run.ledger.append(self._entry(run, report, key))
        # Another live copy of this task may have recorded first: what counts is what is recorded.
        return record, Report.model_validate(record.evidence)

    def _mode(self, run: "RunContext") -> Mode:
        if self.mode is None:
            return Mode.DRY_RUN if run.stage == "poc" else Mode.ENABLED
        try:
            return Mode(self.mode)
        except ValueError:
            raise SpecError(f"task {run.task_id!r}: mode is {self.mode!r}; allowed: {', '.join(Mode)}") from None

    def _idempotency_key(self, run: "RunContext") -> str:
        return self._key(
            run, __version__, self._mode(run), run.spec_digest, code_of(type(self)), sorted(self.inputs(run).items())
        )

    def _key(self, run: "RunContext", *parts: Any) -> str:
        # Hashed: the ids alone may be longer than a key may be.
        ids = (run.name, run.dag_id, run.run_id, run.task_id, run.map_index)
        return f"{self.step}/{digest_of(repr((*ids, *map(str, parts))))}"

    def _entry(self, run: "RunContext", report: Report, key: str) -> "Entry":
        from stageline.ledger import Entry

        return Entry(
            pipeline=run.name, kind="step", step=self.step, verdict=report.verdict,
            sentence=report.sentence, evidence=report.as_json(), stage=run.stage,
            mode=report.mode, dag_id=run.dag_id, run_id=run.run_id, task_id=run.task_id,
            map_index=run.map_index, try_number=run.try_number, actor=run.actor, idempotency_key=key,
            spec_digest=run.spec_digest, package_version=__version__, metered=run.meter.evidence(),
        )  # fmt: skip

    def _show(self, run: "RunContext", report: Report) -> None:
        if not _refused(report):
            mlflow_run = run.tracking.ensure(self.shown_as(run, report))
            self.attach(run, report, mlflow_run)
            self._note(run, report, mlflow_run)
            return
        if len(run.ledger.records(run.name, dag_id=run.dag_id, run_id=run.run_id, limit=2)) == 1:
            # A refused input leaves no trace in MLflow, unless an earlier step had opened the run.
            return
        try:
            earlier = run.tracking.find(run.dag_run)
            if earlier is not None:
                self._note(run, report, earlier)
        except Outage as outage:
            # A retry would be refused again: that MLflow is away must not hide why.
            self.log.warning("the refusal is recorded but not shown in MLflow: %s", outage)

    def _note(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        steps = newest_steps(run)
        run.tracking.note(mlflow_run, summary(steps), tags(steps))
        if report.blocks:
            run.tracking.finish(mlflow_run, succeeded=False)
        experiment = run.tracking.experiment_of(mlflow_run)
        self.mlflow_run_url = run.tracking.run_url(mlflow_run, experiment)
        if self.page:
            self.report_url = run.tracking.run_url(mlflow_run, experiment, self.page)


def _refused(report: Report) -> bool:
    return any(check.code == _REFUSAL for check in report.checks)
