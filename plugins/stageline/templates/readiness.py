"""The DAG that looks every day whether the stage is still earned."""

from airflow.sdk import DAG

from stageline.operators import ReadinessOperator
from stageline.spec import PipelineSpec
from stageline.templates.people import defaults


def build_readiness(spec: PipelineSpec) -> DAG:
    """Return the DAG that judges the pipeline's readiness once a day and writes its stage card."""
    name = spec.pipeline
    with DAG(
        dag_id=f"{name}.readiness",
        description=f"{name}: is its stage still earned?",
        schedule="@daily",
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args=defaults(spec),
        doc_md=__doc__,
    ) as dag:
        ReadinessOperator(task_id="readiness", pipeline=name)
    return dag
