"""From a spec to its DAGs."""

from stageline.templates.loading import build_dags, load_dags
from stageline.templates.poc import build_poc

__all__ = ["build_dags", "build_poc", "load_dags"]
