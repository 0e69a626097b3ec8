"""The production stage: a model gets its traffic in steps, each judged, and the way back is rehearsed."""

from airflow.sdk import DAG, Param, TaskGroup

from stageline.operators import (
    ApproveReleaseOperator,
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReportOperator,
    RollbackDrillOperator,
    RolloutOperator,
    TrainOperator,
)
from stageline.spec import PipelineSpec
from stageline.templates.assets import champion_of, retraining_of
from stageline.templates.people import approvers, defaults
from stageline.templates.schedules import by_time_or


def build_train(spec: PipelineSpec) -> DAG:
    """Return the DAG that trains, judges against the champion, asks for approvals and rolls out.

    It runs on the pipeline's schedule, and when the monitoring asks for a new model. Each approval is a task of its
    own, for another person.
    """
    name = spec.pipeline
    asked = [retraining_of(name)] if spec.monitor and spec.monitor.retrain else []
    with DAG(
        dag_id=f"{name}.train",
        description=spec.description or f"{name}: train and roll out",
        schedule=by_time_or(spec.schedule, *asked),
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        params={
            "first_release": Param(False, type="boolean", description="Release without comparing with the champion."),
            "despite_budget": Param(
                False,
                type="boolean",
                description="Release although an error budget is used up, because this model mends what used it up.",
            ),
        },
        default_args=defaults(spec),
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
            approvals = [
                ApproveReleaseOperator(task_id=f"approve_{number}", pipeline=name, approvers=approvers(spec))
                for number in range(1, (spec.release.approvals if spec.release else 1) + 1)
            ]
            rollout = RolloutOperator(task_id="rollout", pipeline=name, outlets=[champion_of(name)])
        expectations >> snapshot >> model >> holdout >> [report, profile, validate]
        for approve in approvals:
            [report, profile, validate] >> approve >> rollout
    return dag


def build_drill(spec: PipelineSpec) -> DAG:
    """Return the DAG that rehearses a rollback, on a head of its own, on the schedule `release.drill`."""
    name = spec.pipeline
    with DAG(
        dag_id=f"{name}.drill",
        description=f"{name}: rehearse a rollback",
        schedule=spec.release.drill if spec.release else None,
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args=defaults(spec),
        doc_md=__doc__,
    ) as dag:
        RollbackDrillOperator(task_id="drill", pipeline=name)
    return dag
