"""Every spec under config/pipelines becomes its Airflow DAGs; a broken one shows as its own import error."""

from stageline.templates import load_dags

globals().update(load_dags(__file__))
