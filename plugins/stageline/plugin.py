"""The Airflow plugin; kept light, since every task process loads it."""

from airflow.plugins_manager import AirflowPlugin


class StagelinePlugin(AirflowPlugin):
    """Stageline in Airflow's list of plugins."""

    name = "stageline"
