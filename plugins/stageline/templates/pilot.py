"""The pilot stage: a model gets in only through the gate, and its predictions come by batch."""

from airflow.sdk import DAG, Param, TaskGroup

from stageline.operators import (
    AlertOperator,
    ApproveReleaseOperator,
    DataQualityOperator,
    DriftCheckOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    MonitorReportOperator,
    ObjectivesOperator,
    PerformanceCheckOperator,
    ReferenceProfileOperator,
    ReleaseCauseOperator,
    ReleaseOperator,
    ReportOperator,
    RetrainOperator,
    ScoreOperator,
    TrainOperator,
)
from stageline.spec import PipelineSpec
from stageline.templates.assets import champion_of, predictions_of, retraining_of
from stageline.templates.people import approvers, defaults
from stageline.templates.schedules import by_time_or


def build_train(spec: PipelineSpec) -> DAG:
    """Return the DAG that trains, judges against the champion, asks for approval and releases.

    It runs on the pipeline's schedule, and when the monitoring asks for a new model.
    """
    name = spec.pipeline
    asked = [retraining_of(name)] if spec.monitor and spec.monitor.retrain else []
    with DAG(
        dag_id=f"{name}.train",
        description=spec.description or f"{name}: train and release",
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
            # Retried: Airflow fails the task if the answer comes in the moment in which it goes to wait.
            approve = ApproveReleaseOperator(task_id="approve", pipeline=name, approvers=approvers(spec))
            release = ReleaseOperator(task_id="release", pipeline=name, outlets=[champion_of(name)])
        expectations >> snapshot >> model >> holdout >> [report, profile, validate] >> approve >> release
    return dag


def build_score(spec: PipelineSpec) -> DAG:
    """Return the DAG that scores by batch: on the pipeline's schedule, and whenever the champion changes."""
    name = spec.pipeline
    with DAG(
        dag_id=f"{name}.score",
        description=f"{name}: score by batch",
        schedule=by_time_or(spec.schedule, champion_of(name)),
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args=defaults(spec),
        doc_md=__doc__,
    ) as dag:
        ScoreOperator(task_id="score", pipeline=name, outlets=[predictions_of(name)])
    return dag


def build_monitor(spec: PipelineSpec) -> DAG | None:
    """Return the DAG that watches the champion: whenever the pipeline has scored, and on its schedule.

    Each step says what it found and goes on, so that the report and the alert always come; the alert fails the run
    while an incident is open. Without a time of its rows, a pipeline has no windows to look at, and no such DAG.
    """
    name = spec.pipeline
    if spec.source.event_time is None:
        return None
    with DAG(
        dag_id=f"{name}.monitor",
        description=f"{name}: watch the champion",
        schedule=by_time_or(spec.schedule, predictions_of(name)),
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        params={
            "until": Param(
                None,
                type=["null", "string"],
                description="End of the window that is looked at, ISO 8601; default: the newest.",
            )
        },
        default_args={**defaults(spec), "trigger_rule": "all_done"},
        doc_md=__doc__,
    ) as dag:
        until = "{{ params.until or '' }}"
        with TaskGroup("monitor"):
            drift = DriftCheckOperator(task_id="drift", pipeline=name, until=until)
            performance = PerformanceCheckOperator(task_id="performance", pipeline=name, until=until)
            objectives = ObjectivesOperator(task_id="objectives", pipeline=name, until=until)
            cause = ReleaseCauseOperator(task_id="cause", pipeline=name)
        report = MonitorReportOperator(task_id="report", pipeline=name)
        with TaskGroup("act"):
            retrain = RetrainOperator(task_id="retrain", pipeline=name, outlets=[retraining_of(name)])
            alert = AlertOperator(task_id="alert", pipeline=name)
        [drift, performance, objectives] >> cause >> retrain >> alert
        [drift, performance, objectives, cause] >> report >> alert
    return dag
