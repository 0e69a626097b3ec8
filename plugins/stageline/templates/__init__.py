"""From a spec to its DAGs."""

from stageline.templates.loading import TEMPLATES, build_dags, build_stage, load_dags
from stageline.templates.poc import build_poc

__all__ = ["TEMPLATES", "build_dags", "build_poc", "build_stage", "load_dags"]
