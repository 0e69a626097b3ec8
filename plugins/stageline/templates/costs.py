"""The DAG that adds up every day what a pipeline cost, and tells its owner where that is out of the ordinary."""

from airflow.sdk import DAG

from stageline.operators import AlertOperator, CostReportOperator
from stageline.spec import PipelineSpec
from stageline.templates.people import defaults


def build_costs(spec: PipelineSpec) -> DAG:
    """Return the DAG that reports a pipeline's costs once a day."""
    name = spec.pipeline
    with DAG(
        dag_id=f"{name}.costs",
        description=f"{name}: what it cost, and what was forecast",
        schedule="@daily",
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args={**defaults(spec), "trigger_rule": "all_done"},
        doc_md=__doc__,
    ) as dag:
        costs = CostReportOperator(task_id="costs", pipeline=name)
        costs >> AlertOperator(task_id="alert", pipeline=name, topics=["costs"])
    return dag
