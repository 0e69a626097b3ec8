import uuid

import httpx
from waiting import wait_for

from stageline.standalone import Running
from stageline.standalone.commands import mlflow_server
from stageline.standalone.environment import environment
from stageline.standalone.health import local_client, mlflow_is_healthy
from stageline.standalone.keys import keys_of
from stageline.standalone.ports import LOOPBACK, choose_port
from stageline.standalone.processes import end, listening, marked, spawn


def test_the_mlflow_server_starts_keeps_experiments_and_stops(home, tmp_path):
    port = choose_port(1, taken=[1])
    running = Running(
        project=tmp_path,
        token=uuid.uuid4().hex,
        airflow_url="http://127.0.0.1:1",
        mlflow_url=f"http://{LOOPBACK}:{port}",
    )
    service = spawn(mlflow_server(running, home), environment(running, home, keys_of(home)), home.logs)
    try:
        with local_client(base_url=running.mlflow_url) as client:
            wait_for(lambda: mlflow_is_healthy(client, running.mlflow_url), seconds=90)
            made = client.post("/api/2.0/mlflow/experiments/create", json={"name": "bikes"}).json()
            path = "/api/2.0/mlflow/experiments/get-by-name"
            found = client.get(path, params={"experiment_name": "bikes"}).json()["experiment"]
            strange = client.get("/", headers={"Host": "evil.example"})
        assert found["experiment_id"] == made["experiment_id"]
        assert found["artifact_location"].startswith("mlflow-artifacts:/")
        assert strange.status_code == httpx.codes.FORBIDDEN
        assert listening(running.token) == [(LOOPBACK, port)]
    finally:
        end([service], running.token)
    assert marked(running.token) == []
    assert (home.mlflow / "mlflow.db").exists()
