"""A real Airflow and a real MLflow: tasks that are killed, a spec that is broken, an MLflow that is down."""

import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from own_airflow import ROOT
from small_project import SPEC, write_project
from waiting_for import wait_for

from stageline.ledger import Ledger
from stageline.standalone import Home, start, status, stop
from stageline.standalone.airflow_api import AirflowApi
from stageline.standalone.runs import follow, trigger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

DAGS = ("small", "fitting_by_hand", "recording_by_hand", "without_mlflow")
BROKEN = "config/pipelines/broken.yaml"


def write_all(project: Path) -> None:
    write_project(project)
    text = SPEC.replace("target: {", "features: {exclude: [colour]}\ntarget: {")
    for name in ("fitting", "recording", "apart"):
        spec = text.replace("pipeline: small", f"pipeline: {name}")
        (project / f"config/pipelines/{name}.yaml").write_text(spec, encoding="utf-8")
    (project / BROKEN).write_text(SPEC.replace("stage: poc", "stage: pock"), encoding="utf-8")
    shutil.copy(ROOT / "dags/stageline_dags.py", project / "dags")
    shutil.copy(Path(__file__).with_name("fault_dags.py.txt"), project / "dags/fault_dags.py")


def nobodys_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    """Start both servers, let Airflow find the broken spec, then run all DAGs to their ends."""
    project = tmp_path_factory.mktemp("project")
    write_all(project)
    home = Home.of(project)
    dead = f"http://127.0.0.1:{nobodys_port()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEAD_MLFLOW", dead)
        running = start(project, home)
    try:
        with AirflowApi.connect(running.airflow_url) as api:
            errors = wait_for(api.import_errors, seconds=60)
            runs = trigger(api, DAGS, watch=lambda: _require(home))
            ended = follow(api, runs, say=print, watch=lambda: _require(home), seconds=300)
            yield SimpleNamespace(
                project=project,
                home=home,
                api=api,
                errors=errors,
                mlflow=running.mlflow_url,
                dead=dead,
                runs={run.dag_id: run for run in runs},
                states={run.dag_id: state for run, state in ended.items()},
            )
    finally:
        stop(home)


def _require(home: Home) -> None:
    # Nothing is deferred here; and on SQLite a busy machine costs Airflow its triggerer now and then.
    assert set(status(home).gone) <= {"triggerer"}


def records(deployment, pipeline):
    with Ledger.open(f"sqlite:///{deployment.home.stageline / 'ledger.db'}") as ledger:
        assert ledger.verify(pipeline) == []
        return ledger.records(pipeline, newest_first=False)


def tries(deployment, dag_id):
    return {task.task_id: task.try_number for task in deployment.api.tasks(deployment.runs[dag_id])}


@pytest.mark.parametrize("pipeline", ["fitting", "recording"])
def test_a_killed_training_leaves_everything_once(deployment, pipeline):
    from deltalake import DeltaTable
    from mlflow import MlflowClient

    dag_id = f"{pipeline}_by_hand"
    assert (deployment.project / f"{pipeline}.killed").exists()
    assert deployment.states[dag_id] == "success"
    assert tries(deployment, dag_id) == {"features": 1, "train": 2}

    assert [(record.step, record.verdict) for record in records(deployment, pipeline)] == [
        ("features", "passed"), ("train", "passed"),
    ]  # fmt: skip
    client = MlflowClient(deployment.mlflow)
    experiment = client.get_experiment_by_name(pipeline).experiment_id
    (run,) = client.search_runs([experiment])
    (model,) = client.search_logged_models([experiment])
    trained = records(deployment, pipeline)[1].evidence["evidence"]
    assert trained["mlflow_run"] == run.info.run_id
    assert trained["model"]["id"] == model.model_id
    assert DeltaTable(str(deployment.home.stageline / "tables" / pipeline / "features")).version() == 0


def test_a_broken_spec_does_not_stop_the_others(deployment):
    # Airflow forgets the errors of files that are no DAG files whenever it lists its DAG files, and finds them
    # again when it next reads the one that names them.
    wait_for(deployment.api.import_errors, seconds=60)
    (error,) = deployment.errors
    assert f"{BROKEN}:2: stage: found 'pock'" in error
    assert deployment.states["small"] == "success"
    assert deployment.api.knows("small")
    assert not any("broken" in dag_id for dag_id in deployment.api.dag_ids())


def test_the_links_of_a_task_lead_to_mlflow(deployment):
    for task_id, page_name in (("quality.expectations", "quality.html"), ("report", "report.html")):
        links = deployment.api.links(deployment.runs["small"], task_id)
        assert set(links) == {"MLflow run", "Report"}
        run_id = links["MLflow run"].rpartition("/")[2]
        assert links["Report"] == f"{links['MLflow run']}/artifacts/{page_name}"
        assert links["MLflow run"].startswith(f"{deployment.mlflow}/#/experiments/")
        with httpx.Client(base_url=deployment.mlflow, trust_env=False) as client:
            answer = client.get("/api/2.0/mlflow/runs/get", params={"run_id": run_id})
            page = client.get("/get-artifact", params={"run_uuid": run_id, "path": page_name})
        assert answer.status_code == page.status_code == 200
        assert answer.json()["run"]["info"]["status"] == "FINISHED"
        assert page.text.startswith("<!doctype html>")


def test_an_mlflow_that_is_down_is_tried_again(deployment):
    run = deployment.runs["without_mlflow"]
    (task,) = deployment.api.tasks(run)
    assert (deployment.states["without_mlflow"], task.try_number) == ("failed", 2)
    log = "\n".join(deployment.api.log(run, task))
    assert f"TrackingError: MLflow at {deployment.dead}: " in log
    assert "GateFailed" not in log
    # The verdict was recorded on the first try, and found again on the second.
    assert [record.verdict for record in records(deployment, "apart")] == ["passed"]


def test_a_mended_spec_loses_its_error_and_gets_its_dag(deployment):
    mended = SPEC.replace("pipeline: small", "pipeline: broken")
    (deployment.project / BROKEN).write_text(mended, encoding="utf-8")
    wait_for(lambda: deployment.api.knows("broken") and deployment.api.import_errors() == [], seconds=60)
