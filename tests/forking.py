"""Processes of a test's own that find loaded what they need: forked from a server that has opened nothing yet.

A server outlives the test that it was started in, and its processes have the environment of that moment.
"""

import multiprocessing

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(
    [
        "pytest",
        "hypothesis",
        "stageline.ledger",
        "deltalake",
        "pandas",
        "pyarrow.dataset",
        "sklearn.linear_model",
        "mlflow",
    ]
)
