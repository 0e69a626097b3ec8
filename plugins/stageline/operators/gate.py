"""The base of every operator: resolve the run, check, record, show, and only then stop the run if need be."""

import hashlib
import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from stageline import __version__
from stageline.exceptions import Refusal, SpecError
from stageline.operators.failure import GateFailed
from stageline.operators.links import MlflowRunLink, ReportLink
from stageline.verdicts import Check, Mode, Report, Verdict, shown_verdict

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

PAGE = "report.html"


class GateOperator(BaseOperator):
    """Run one step of a pipeline and stop the run if its report blocks.

    A subclass names its `step`, says in `inputs` what its result depends on, and concludes in `check`. A
    step that already ran on the same inputs returns its recorded result. A report is recorded before
    anything is raised.

    :param pipeline: Name of the pipeline.
    :param mode: `enabled` or `dry_run`; default: dry run in the POC, enabled from the pilot on.
    """

    step: ClassVar[str]
    template_fields: Sequence[str] = ("pipeline",)
    operator_extra_links = (MlflowRunLink(), ReportLink())
    ui_color = "#e8f0fe"

    def __init__(self, *, pipeline: str, mode: str | None = None, **kwargs: Any) -> None:
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

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Show the report in MLflow beyond verdict and sentence; must do no harm when done twice."""

    def execute(self, context: "Context") -> dict[str, Any]:
        """Run the step; returns verdict, sentence and the record's position."""
        from stageline.operators.resolving import resolve_run

        with resolve_run(self.pipeline, context) as run:
            record, report = self._conclude(run)
            self._show(run, report)
        for line in describe(report):
            self.log.info(line)
        if report.blocks or record.verdict is Verdict.ERRORED:
            raise GateFailed(f"{self.step} {report.verdict}: {report.sentence}")
        return {"verdict": str(report.verdict), "sentence": report.sentence, "record": record.position}

    def _conclude(self, run: "RunContext") -> "tuple[Record, Report]":
        try:
            key = self._idempotency_key(run)
            known = run.ledger.find(key)
            if known is not None:
                self.log.info("already recorded as #%d of %s: nothing is done twice", known.position, known.pipeline)
                return known, Report.model_validate(known.evidence)
            report = self.check(run).model_copy(update={"mode": self._mode(run)})
        except Refusal as refusal:
            report = Report(
                step=self.step,
                checks=(Check(code="SL-S001", name=self.step, verdict=Verdict.ERRORED, message=str(refusal)),),
            )
            # The mended input may be tried again: only this try's key is taken.
            key = f"{run.dag_id}/{run.run_id}/{run.task_id}/{run.map_index}/refused/{run.try_number}/{_hash(str(refusal))}"
        return run.ledger.append(self._entry(run, report, key)), report

    def _mode(self, run: "RunContext") -> Mode:
        if self.mode is None:
            return Mode.DRY_RUN if run.spec.stage == "poc" else Mode.ENABLED
        try:
            return Mode(self.mode)
        except ValueError:
            raise SpecError(f"task {run.task_id!r}: mode is {self.mode!r}; allowed: {', '.join(Mode)}") from None

    def _idempotency_key(self, run: "RunContext") -> str:
        parts = (
            __version__,
            self._mode(run),
            run.loaded.digest,
            code_of(type(self)),
            sorted(self.inputs(run).items()),
        )
        return f"{run.dag_id}/{run.run_id}/{run.task_id}/{run.map_index}/{_hash(repr(parts))}"

    def _entry(self, run: "RunContext", report: Report, key: str) -> Any:
        from stageline.ledger import Entry

        return Entry(
            pipeline=run.spec.pipeline, kind="step", step=self.step, verdict=report.verdict,
            sentence=report.sentence, evidence=report.as_json(), stage=run.spec.stage.value,
            mode=report.mode, dag_id=run.dag_id, run_id=run.run_id, task_id=run.task_id,
            map_index=run.map_index, try_number=run.try_number, actor=run.actor, idempotency_key=key,
            spec_digest=run.loaded.digest, package_version=__version__,
        )  # fmt: skip

    def _show(self, run: "RunContext", report: Report) -> None:
        refused = report.verdict is Verdict.ERRORED
        # A refused input leaves no trace in MLflow, unless an earlier step had opened the run.
        mlflow_run = run.tracking.find(run.dag_run) if refused else run.tracking.ensure(run.dag_run)
        if mlflow_run is None:
            return
        if not refused:
            self.attach(run, report, mlflow_run)
        run.tracking.note(
            mlflow_run,
            summary(run),
            {f"stageline.{self.step}": f"{report.verdict}: {report.sentence}"[:5_000]},
        )
        if refused or report.blocks:
            run.tracking.finish(mlflow_run, succeeded=False)
        experiment = run.tracking.experiment_of(mlflow_run)
        self.mlflow_run_url = run.tracking.run_url(mlflow_run, experiment)
        self.report_url = run.tracking.run_url(mlflow_run, experiment, PAGE)


def describe(report: Report) -> list[str]:
    """Return the report as lines for a log: the conclusion, then each check."""
    note = " (dry run: the pipeline goes on)" if report.mode is Mode.DRY_RUN and not report.verdict.advances else ""
    lines = [f"{report.step} {report.verdict}{note}: {report.sentence}"]
    lines += [f"  {check.code} {check.verdict:<12} {check.severity:<8} {check.message}" for check in report.checks]
    return lines


def summary(run: "RunContext") -> str:
    """Return the run's steps so far as a Markdown table."""
    records = run.ledger.records(run.spec.pipeline, dag_id=run.dag_id, run_id=run.run_id, newest_first=False)
    newest = {record.step: record for record in records}
    rows = [
        f"| {step} | **{shown_verdict(record.verdict, record.mode)}** | {_cell(record.sentence)} |"
        for step, record in newest.items()
    ]
    return "\n".join(["| step | verdict | why |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def code_of(thing: Any) -> str:
    """Return a digest of the files in which a user wrote an operator class or a function.

    What Stageline and Airflow ship does not count: their versions are recorded with every step.
    """
    texts = []
    for part in getattr(thing, "__mro__", (thing,)):
        if part.__module__.split(".")[0] in ("stageline", "airflow", "builtins", "abc", "typing"):
            continue
        with suppress(OSError, TypeError):
            texts.append(Path(inspect.getfile(part)).read_text("utf-8"))
    return _hash("\0".join(texts)) if texts else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
