"""The step `score`: the released model's predictions for a table, one partition of the pipeline's predictions."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from airflow.sdk.exceptions import AirflowSkipException

from stageline.exceptions import DataError, Outage, SpecError
from stageline.operators.gate import GateOperator
from stageline.spec.operating import ScoreEngine
from stageline.verdicts import Report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext
    from stageline.serving import CanaryScoring, RowSource, Scored, ScoredRows, Scoring, Staging
    from stageline.spec.operating import Batch


class ScoreOperator(GateOperator):
    """Score a table with the model that the ledger's head names, in batches, and replace one partition.

    The model needs no MLflow once its file is kept. Each asset among `outlets` gets an event that tells the
    model version, the rows and the partition; where nothing was written, the task is skipped, so that no asset
    gets one.

    :param pipeline: Name of the pipeline.
    :param uri: What is scored; default: `release.batch.uri`, else the pipeline's own source.
    :param partition: Name of the partition that is replaced; default: what `release.batch.partition` says.
    :param engine: `arrow` (in this process) or `spark`; default: `release.batch.engine`, else `arrow`. The predictions
        are the same.
    """

    step = "score"
    page = ""
    template_fields: Sequence[str] = ("pipeline", "uri", "partition")

    def __init__(
        self,
        *,
        uri: str | None = None,
        partition: str | None = None,
        engine: ScoreEngine | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if engine is not None and engine not in get_args(ScoreEngine):
            raise SpecError(f"task {self.task_id!r}: engine is {engine!r}; allowed: {', '.join(get_args(ScoreEngine))}")
        self.uri = uri
        self.partition = partition
        self.engine = engine
        self._champion: Champion | None = None
        self._rows: RowSource | None = None
        self._told: Mapping[str, Any] | None = None

    def execute(self, context: "Context") -> dict[str, Any]:
        """Score, then tell downstream assets."""
        self._champion = self._rows = self._told = None
        result = super().execute(context)
        if self._told is None:
            raise AirflowSkipException(f"nothing was written, so no asset is told: {result['sentence']}")
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(self._told)
        return result

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the rows, the head and the partition."""
        from stageline.operators.champion import Champion

        champion = self._champion = Champion.of(run)
        canary = champion.canary
        return {
            "source": self._source(run, champion).digest,
            "model": champion.version.digest,
            **({"canary": (canary.sequence, canary.percent)} if canary else {}),
            # After a rollback and back again, a partition may hold another model's predictions.
            "generation": champion.generation,
            "partition": self._partition(run),
        }

    def check(self, run: "RunContext") -> Report:
        """Score the rows and publish them."""
        from stageline.operators.champion import Champion
        from stageline.operators.score_engine import score_engine
        from stageline.serving import PredictionsTable, score_partition

        champion = self._champion or Champion.of(run)
        at = datetime.now(UTC)
        scoring = self._scoring(run, champion, at)
        source = self._source(run, champion)
        table = PredictionsTable(run.settings.tables.absolute() / run.name / "predictions")
        name = self._engine_name(run)
        with score_engine(name, champion) as engine:
            begun = time.perf_counter()
            scored = score_partition(
                source, scoring, table, engine=engine, canary=self._canary(run, champion, at, name),
                confirm=champion.require_current,
            )  # fmt: skip
            seconds = time.perf_counter() - begun
        run.meter.count(
            rows=scored.tally.rows, predictions=scored.tally.scored, bytes_read=source.size_bytes,
            bytes_written=scored.bytes_written,
        )  # fmt: skip
        report = _report(scored, scoring, source, champion, name)
        return report.model_copy(update={"evidence": {**report.evidence, "seconds": round(seconds, 6)}})

    def _scoring(self, run: "RunContext", released: "Champion", at: datetime) -> "Scoring":
        from stageline.serving import Oracle, Scoring
        from stageline.spec import Task

        return Scoring(
            oracle=Oracle(
                released.load(), run.spec.target.task is Task.CLASSIFICATION, positive=run.spec.target.positive
            ),
            reference=released.reference,
            model_version=released.version.version,
            model_digest=released.version.digest,
            partition=self._partition(run),
            scored_by=f"{run.dag_id}/{run.run_id}",
            scored_at=at,
            max_left_out=run.spec.quality_gate.max_quarantined,
            private=frozenset(run.spec.source.private),
            watermark=released.version.watermark,
            own_source=self._uri(run) == run.spec.source.uri,
        )

    def _canary(
        self, run: "RunContext", champion: "Champion", at: datetime, name: ScoreEngine
    ) -> "CanaryScoring | None":
        """Return who answers a share of the rows beside the champion; none: nobody does."""
        from stageline.operators.champion import Champion
        from stageline.operators.score_engine import score_engine
        from stageline.serving import CanaryScoring, Share
        from stageline.serving.split import salt_of

        canary = champion.canary
        if canary is None or not canary.percent:
            return None
        salt = salt_of(run.name, canary.sequence)
        share = Share(tuple(run.spec.source.keys), canary.percent, salt, canary=True)
        tried = Champion(run, canary.model, champion.generation)

        def score(source: "RowSource", scoring: "Scoring", staged: "Staging") -> "ScoredRows":
            with score_engine(name, tried) as engine:
                return engine(source, scoring, staged)

        return CanaryScoring(share, lambda: replace(self._scoring(run, tried, at), share=share), score)

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Tag the MLflow run with what was scored by which model, and close it: scoring has no report step."""
        evidence = report.evidence
        tags = {
            "stageline.scored_by_version": evidence["model"]["version"],
            "stageline.partition": evidence["partition"],
        }
        run.tracking.tag(mlflow_run, {name: str(value) for name, value in tags.items()})
        run.tracking.finish(mlflow_run, succeeded=not report.blocks)

    def _show(self, run: "RunContext", report: Report) -> None:
        self._told = report.evidence.get("event")
        try:
            super()._show(run, report)
        except Outage as outage:
            # The predictions are there and recorded: scoring goes on while MLflow is away.
            self.log.warning("scored and recorded, but not shown in MLflow: %s", outage)

    def _source(self, run: "RunContext", champion: "Champion") -> "RowSource":
        from stageline.serving import open_rows

        if self._rows is None:
            self._rows = open_rows(self._uri(run), run.project, champion.reference.csv_types)
        return self._rows

    def _uri(self, run: "RunContext") -> str:
        batch = self._batch(run)
        return self.uri or (batch.uri if batch else run.spec.source.uri)

    def _engine_name(self, run: "RunContext") -> ScoreEngine:
        batch = self._batch(run)
        return self.engine or (batch.engine if batch else "arrow")

    @staticmethod
    def _batch(run: "RunContext") -> "Batch | None":
        return run.spec.release.batch if run.spec.release else None

    def _partition(self, run: "RunContext") -> str:
        if self.partition is not None:
            if not self.partition.strip():
                raise DataError(f"task {run.task_id!r}: partition is {self.partition!r}; give it a name")
            return self.partition
        batch = self._batch(run)
        if run.logical_date is None or (batch and batch.partition == "run_id"):
            return run.run_id
        return run.logical_date.astimezone(UTC).isoformat()


def _report(scored: "Scored", scoring: "Scoring", source: "RowSource", champion: "Champion", engine: str) -> Report:
    version, published, partition = champion.version, scored.published, scoring.partition
    evidence: dict[str, Any] = {
        "source": {"uri": source.uri, "digest": source.digest},
        "model": {"version": version.version, "digest": version.digest, "generation": champion.generation},
        "snapshot": version.snapshot,
        "partition": partition,
        "engine": engine,
        "rows": {"in": scored.tally.rows, "scored": scored.tally.scored, "left_out": scored.tally.left_out},
        "bounds": scored.bounds,
        "event": None,
    }
    if scored.tried is not None and champion.canary is not None:
        evidence["canary"] = {
            "sequence": champion.canary.sequence, "version": champion.canary.model.version,
            "percent": champion.canary.percent, "events": scored.tried.events, "failure": scored.tried.failure,
            "at": scoring.scored_at.isoformat(),
        }  # fmt: skip
    if published is None:
        return Report(step=ScoreOperator.step, checks=scored.checks, evidence=evidence)
    evidence["table"] = {"path": published.table, "version": published.version}
    evidence["event"] = {
        "pipeline": champion.pipeline, "model_version": version.version, "model_digest": version.digest,
        "rows": published.rows, "left_out": scored.tally.left_out, "partition": partition,
        "table": published.table, "table_version": published.version,
    }  # fmt: skip
    left_out = f", {scored.tally.left_out:,} left out" if scored.tally.left_out else ""
    by = f"model version {version.version}{_beside(scored, champion)}"
    sentence = f"{published.rows:,} rows scored by {by}{left_out}: partition {partition!r}"
    return Report(step=ScoreOperator.step, checks=scored.checks, evidence=evidence, sentence=sentence)


def _beside(scored: "Scored", champion: "Champion") -> str:
    if scored.tried is None or champion.canary is None:
        return ""
    version, events = champion.canary.model.version, scored.tried.events
    if scored.tried.failure:
        return f", also the {events:,} of its canary, version {version}, which failed: {scored.tried.failure}"
    return f", {events:,} of them by its canary, version {version}"
