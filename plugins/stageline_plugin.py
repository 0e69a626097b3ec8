"""Load Stageline from this folder, unless the installed package registers itself."""

from importlib.metadata import entry_points

if not any(entry.name == "stageline" for entry in entry_points(group="airflow.plugins")):
    from stageline.plugin import StagelinePlugin  # noqa: F401 - Airflow looks for the class in this module
