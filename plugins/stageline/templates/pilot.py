"""The pilot stage: a model gets in only through the gate, and its predictions come by batch."""

from datetime import timedelta

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, Param, TaskGroup

from stageline.operators import (
    ApproveReleaseOperator,
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    ReportOperator,
    ScoreOperator,
    TrainOperator,
)
from stageline.spec import PipelineSpec


def champion_of(name: str) -> Asset:
    """Return the asset that changes when a pipeline's champion does."""
    return Asset(name=f"{name}.champion", uri=f"stageline://{name}/champion")


def predictions_of(name: str) -> Asset:
    """Return the asset that changes when a pipeline has scored."""
    return Asset(name=f"{name}.predictions", uri=f"stageline://{name}/predictions")


def build_train(spec: PipelineSpec) -> DAG:
    """Return the DAG that trains, judges against the champion, asks for approval and releases."""
    name = spec.pipeline
    with DAG(
        dag_id=f"{name}.train",
        description=spec.description or f"{name}: train and release",
        schedule=spec.schedule,
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        params={
            "first_release": Param(False, type="boolean", description="Release without comparing with the champion.")
        },
        default_args=_defaults(spec),
        doc_md=__doc__,
    ) as dag:
        with TaskGroup("quality"):
            expectations = DataQualityOperator(task_id="expectations", pipeline=name)
        with TaskGroup("features"):
            snapshot = FeatureSnapshotOperator(task_id="snapshot", pipeline=name)
        with TaskGroup("train"):
            model = TrainOperator(task_id="model", pipeline=name)
        with TaskGroup("evaluate"):
            holdout = EvaluateOperator(task_id="holdout", pipeline=name)
        with TaskGroup("monitor"):
            profile = ReferenceProfileOperator(task_id="profile", pipeline=name)
        # Also, and above all, where the gate stops the run.
        report = ReportOperator(task_id="report", pipeline=name, trigger_rule="all_done")
        with TaskGroup("release"):
            validate = ModelValidationOperator(task_id="validate", pipeline=name)
            # Retried: Airflow fails the task if the answer comes in the moment in which it goes to wait.
            approve = ApproveReleaseOperator(task_id="approve", pipeline=name, approvers=_approvers(spec))
            release = ReleaseOperator(task_id="release", pipeline=name, outlets=[champion_of(name)])
        expectations >> snapshot >> model >> holdout >> [report, profile, validate] >> approve >> release
    return dag


def build_score(spec: PipelineSpec) -> DAG:
    """Return the DAG that scores by batch: on the pipeline's schedule, and whenever the champion changes."""
    name = spec.pipeline
    champion = champion_of(name)
    by_time = CronTriggerTimetable(spec.schedule, timezone="UTC") if spec.schedule else None
    with DAG(
        dag_id=f"{name}.score",
        description=f"{name}: score by batch",
        schedule=AssetOrTimeSchedule(timetable=by_time, assets=[champion]) if by_time else [champion],
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args=_defaults(spec),
        doc_md=__doc__,
    ) as dag:
        ScoreOperator(task_id="score", pipeline=name, outlets=[predictions_of(name)])
    return dag


def _approvers(spec: PipelineSpec) -> list[str]:
    roles = spec.release.approvers if spec.release else ()
    return [owner for role in roles if (owner := getattr(spec.owners, role))]


def _defaults(spec: PipelineSpec) -> dict[str, object]:
    return {"owner": spec.owners.model or "stageline", "retries": 2, "retry_delay": timedelta(seconds=10)}
