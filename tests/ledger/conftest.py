"""An empty ledger on each database, and entries to put into it."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stageline.ledger import Entry, Ledger


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")]),
    ]
)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    psycopg = pytest.importorskip("psycopg")
    server = request.getfixturevalue("postgres_url")
    schema = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}?options=-csearch_path%3D{schema}"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger.open(ledger_url) as opened:
        yield opened


@pytest.fixture
def entry() -> Callable[..., Entry]:
    def make(key: str, **changes: object) -> Entry:
        return Entry.model_validate(
            {
                "pipeline": "bikes",
                "step": "quality",
                "verdict": "passed",
                "sentence": "4 of 4 checks passed",
                "evidence": {"rows": 17_379},
                "stage": "poc",
                "mode": "enabled",
                "dag_id": "bikes",
                "run_id": "manual__1",
                "task_id": "quality.check",
                "idempotency_key": key,
                "spec_digest": "ab12",
                "package_version": "0.1.0",
                **changes,
            }
        )

    return make
