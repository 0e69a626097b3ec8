"""Load in Airflow's scheduler what each task imports: its workers and their tasks are forked from it."""

import importlib
import sys

# Airflow last: it sets up the logging, and Great Expectations says much as it is imported.
_MODULES = (
    "great_expectations", "pandas", "pyarrow.parquet", "deltalake", "duckdb", "scipy.stats", "sklearn.ensemble",
    "skops.io", "altair", "vl_convert", "mlflow.sklearn", "stageline.operators",
)  # fmt: skip

if "scheduler" in sys.orig_argv:
    for _name in _MODULES:
        importlib.import_module(_name)
