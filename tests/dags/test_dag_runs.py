"""Every pipeline and every example of this repository, run by Airflow to its end."""

import pytest
from own_airflow import ROOT

from stageline.costs import default_prices
from stageline.costs.actual import spent
from stageline.ledger import Ledger
from stageline.operators.metered_work import works_of

# Airflow's in-process server warns about its own libraries; our own warnings are errors in the other tests.
pytestmark = pytest.mark.filterwarnings("ignore")

STEPS = ["quality", "features", "train", "evaluate", "report"]


@pytest.mark.parametrize(
    ("file", "dag_id", "verdicts"),
    [
        ("stageline_dags.py", "breast_cancer", ["passed", "passed", "passed", "warned", "warned"]),
        ("stageline_dags.py", "hourly_demand", ["passed"] * 5),
        (
            "stageline_dags.py",
            "hourly_demand_incidents",
            ["failed", "passed", "passed", "failed", "failed"],
        ),
        ("examples/hourly_demand_by_hand.py", "hourly_demand_by_hand", ["passed"] * 5),
        (
            "examples/custom_training.py",
            "custom_training",
            ["passed", "passed", "passed", "warned", "warned"],
        ),
    ],
)
def test_a_dag_runs_to_its_end(run_dag, stageline_home, file, dag_id, verdicts):
    done = run_dag(ROOT / "dags" / file, dag_id)

    assert str(done.state) == "success"
    with Ledger.open(f"sqlite:///{stageline_home / 'ledger.db'}") as ledger:
        records = ledger.records(dag_id=dag_id, run_id=done.run_id, newest_first=False)
        works = works_of(ledger, records[0].pipeline, run_id=done.run_id)
    assert [record.step for record in records] == STEPS
    assert [str(record.verdict) for record in records] == verdicts
    # What a real run takes is on record: of each step, and of the steps what only they know.
    took = {record.step: record.metered for record in records}
    assert all(each["wall_seconds"] > 0 and each["cpu_seconds"] > 0 for each in took.values())
    assert took["evaluate"]["predictions"] == 3 * took["evaluate"]["rows"] > 0
    cost = spent(works, default_prices()).total
    assert 0 < cost < 0.10


def test_before_a_release_there_is_nothing_to_watch(run_dag, stageline_home):
    done = run_dag(ROOT / "dags/examples/monitoring_by_hand.py", "monitoring_by_hand")

    with Ledger.open(f"sqlite:///{stageline_home / 'ledger.db'}") as ledger:
        records = ledger.records(dag_id="monitoring_by_hand", run_id=done.run_id, newest_first=False)
    assert {record.step for record in records} >= {"drift", "performance"}
    assert all("has no champion" in record.sentence for record in records if record.verdict == "errored")
    assert not [record for record in records if record.kind == "incident"]


def test_every_dag_file_is_run():
    files = {path.relative_to(ROOT / "dags").as_posix() for path in (ROOT / "dags").rglob("*.py")}
    run = ("hourly_demand_by_hand", "custom_training", "monitoring_by_hand")
    # From a gate on a person is asked: the same steps are taken in tests/integration/test_demo_production.py.
    examples = {f"examples/{name}.py" for name in (*run, "rollout_by_hand")}
    assert files == {"stageline_dags.py", *examples}
    specs = {path.stem for path in (ROOT / "config/pipelines").glob("*.yaml")}
    # So it is from the pilot on; there is test_demo_pilot.py, too.
    asking = {"hourly_demand_pilot", "hourly_demand_production"}
    assert specs == {"breast_cancer", "hourly_demand", "hourly_demand_incidents"} | asking
