"""A released pipeline, and servers that are ended with their tests."""

import pytest
from served_project import Running, Served, make


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Served:
    """Give a pipeline whose version 1 is in use."""
    made = make(tmp_path_factory.mktemp("served"))
    made.train(1)
    made.promote(1)
    return made


@pytest.fixture(scope="session")
def server(served) -> Running:
    """Give a server of that pipeline; a model that takes over four seconds is too slow for it."""
    with served.running(limits={"timeout_ms": 4_000.0}) as running:
        yield running
