"""Every spec of a folder as its DAGs."""

from collections.abc import Callable
from pathlib import Path

from airflow.sdk import DAG, get_parsing_context

from stageline.exceptions import Refusal, StageError
from stageline.spec import PipelineSpec, Stage, find_pipelines_folder, load_spec
from stageline.templates.broken import BrokenSpecDag
from stageline.templates.poc import build_poc

TEMPLATES: dict[Stage, tuple[Callable[[PipelineSpec], DAG], ...]] = {Stage.POC: (build_poc,)}


def build_dags(spec: PipelineSpec) -> list[DAG]:
    """Return the DAGs that a spec's stage picks.

    :raises StageError: The stage has no template in this version.
    """
    return build_stage(spec, spec.stage)


def build_stage(spec: PipelineSpec, stage: Stage) -> list[DAG]:
    """Return the DAGs that a spec would have in a stage.

    :raises StageError: The stage has no template in this version.
    """
    if stage not in TEMPLATES:
        raise StageError(
            f"stage: this version of Stageline has no DAGs for {stage.value!r} yet; "
            f"available: {', '.join(known.value for known in TEMPLATES)}"
        )
    return [build(spec) for build in TEMPLATES[stage]]


def load_dags(dag_file: str) -> dict[str, DAG]:
    """Return the DAGs of every spec under `config/pipelines`, by name, for a DAG file's globals.

    In a task's process, which needs one DAG, only that pipeline's spec is read.

    :param dag_file: The DAG file's `__file__`; the specs are looked for in the folders above it.
    """
    folder = _pipelines_folder(dag_file)
    wanted = get_parsing_context().dag_id
    dags: dict[str, DAG] = {}
    for path in sorted(folder.glob("*.yaml")):
        if wanted is not None and wanted.partition(".")[0] != path.stem:
            continue
        try:
            built = build_dags(load_spec(path).spec)
        except Refusal as refusal:
            built = [BrokenSpecDag(path, str(refusal))]
        dags |= {f"dag_{dag.dag_id}": dag for dag in built}
    return dags


def _pipelines_folder(dag_file: str) -> Path:
    from airflow.sdk.configuration import conf

    configured = conf.get("stageline", "pipelines_folder", fallback="")
    return Path(configured) if configured else find_pipelines_folder(Path(dag_file))
