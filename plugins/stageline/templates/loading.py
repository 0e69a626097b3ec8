"""Every spec of a folder as its DAGs."""

from collections.abc import Callable
from pathlib import Path

from airflow.sdk import DAG, get_parsing_context

from stageline.exceptions import Refusal, SpecError
from stageline.spec import PipelineSpec, Stage, find_pipelines_folder, load_spec, pipeline_names
from stageline.templates import pilot, production
from stageline.templates.broken import BrokenSpecDag
from stageline.templates.costs import build_costs
from stageline.templates.poc import build_poc
from stageline.templates.readiness import build_readiness

TEMPLATES: dict[Stage, tuple[Callable[[PipelineSpec], DAG | None], ...]] = {
    Stage.POC: (build_poc,),
    Stage.PILOT: (pilot.build_train, pilot.build_score, pilot.build_monitor, build_readiness, build_costs),
    Stage.PRODUCTION: (
        production.build_train, pilot.build_score, pilot.build_monitor, production.build_drill, build_readiness,
        build_costs,
    ),
}  # fmt: skip


def build_dags(spec: PipelineSpec) -> list[DAG]:
    """Return the DAGs that a spec's stage picks.

    :raises SpecError: Airflow does not take the schedule.
    """
    return build_stage(spec, spec.stage)


def build_stage(spec: PipelineSpec, stage: Stage) -> list[DAG]:
    """Return the DAGs that a spec would have in a stage.

    :raises SpecError: Airflow does not take the schedule.
    """
    # Asked before: a DAG that was begun is Airflow's, and an error of it that of all specs.
    _require_schedule(spec)
    return [dag for build in TEMPLATES[stage] if (dag := build(spec)) is not None]


def load_dags(dag_file: str) -> dict[str, DAG]:
    """Return the DAGs of every spec under `config/pipelines`, by name, for a DAG file's globals.

    In a task's process, which needs one DAG, only that pipeline's spec is read.

    :param dag_file: The DAG file's `__file__`; the specs are looked for in the folders above it.
    :raises SpecError: There is no folder of specs.
    """
    folder = _pipelines_folder(dag_file)
    wanted = get_parsing_context().dag_id
    dags: dict[str, DAG] = {}
    for name in pipeline_names(folder):
        if wanted is None or wanted.partition(".")[0] == name:
            dags |= {f"dag_{dag.dag_id}": dag for dag in _dags_of(folder / f"{name}.yaml")}
    return dags


def _dags_of(path: Path) -> list[DAG]:
    try:
        spec = load_spec(path).spec
    except Refusal as refusal:
        return [BrokenSpecDag(path, str(refusal))]
    try:
        return build_dags(spec)
    except Refusal as refusal:
        return [BrokenSpecDag(path, f"{'/'.join(path.parts[-3:])}: {refusal}")]


def _require_schedule(spec: PipelineSpec) -> None:
    from airflow.sdk.exceptions import AirflowTimetableInvalid

    drill = spec.release.drill if spec.release and spec.stage is Stage.PRODUCTION else None
    for key, schedule in (("schedule", spec.schedule), ("release.drill", drill)):
        try:
            DAG(spec.pipeline, schedule=schedule, catchup=False).timetable.validate()
        except AirflowTimetableInvalid as error:
            raise SpecError(f"{key}: {schedule!r} is no schedule: {error}; write e.g. '0 6 * * *'") from error


def _pipelines_folder(dag_file: str) -> Path:
    from airflow.sdk.configuration import conf

    configured = conf.get("stageline", "pipelines_folder", fallback="")
    return Path(configured).expanduser() if configured else find_pipelines_folder(Path(dag_file))
