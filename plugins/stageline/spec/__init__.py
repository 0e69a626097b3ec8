"""What a team writes: models, strict YAML loader, JSON Schema, stage-aware requirements."""

from stageline.spec.loading import LoadedSpec, find_pipelines_folder, load_pipeline, load_spec, pipeline_names
from stageline.spec.models import Expectation, PipelineSpec, Stage, Task
from stageline.spec.requirements import missing_for

__all__ = [
    "Expectation",
    "LoadedSpec",
    "PipelineSpec",
    "Stage",
    "Task",
    "find_pipelines_folder",
    "load_pipeline",
    "load_spec",
    "missing_for",
    "pipeline_names",
]
