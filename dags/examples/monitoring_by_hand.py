"""A released model watched by a DAG of your own: every step says what it found, then whoever has to know is told."""

from airflow.sdk import DAG, BaseNotifier, Context

from stageline.operators import (
    AlertOperator,
    DriftCheckOperator,
    ObjectivesOperator,
    PerformanceCheckOperator,
    ReleaseCauseOperator,
)

PIPELINE = "hourly_demand_pilot"


class OnTheWall(BaseNotifier):
    """Write alerts where everybody sees them; any notifier of Airflow's providers takes its place."""

    def notify(self, context: Context) -> None:
        """Write one alert."""
        alert = context["alert"]
        self.log.warning("%s: %s -> %s\n%s", alert.state, alert.title, alert.owner, alert.text)


with DAG(
    dag_id="monitoring_by_hand",
    schedule="@daily",
    catchup=False,
    # A step that finds something fails; the next ones are to say what they found all the same.
    default_args={"trigger_rule": "all_done"},
    tags=["stageline", "example"],
    doc_md=__doc__,
):
    drift = DriftCheckOperator(task_id="drift", pipeline=PIPELINE)
    performance = PerformanceCheckOperator(task_id="performance", pipeline=PIPELINE)
    objectives = ObjectivesOperator(task_id="objectives", pipeline=PIPELINE)
    # With roll_back=True it does not stop at saying so.
    cause = ReleaseCauseOperator(task_id="cause", pipeline=PIPELINE)
    alert = AlertOperator(task_id="alert", pipeline=PIPELINE, notifiers=[OnTheWall()])

    [drift, performance, objectives] >> cause >> alert
