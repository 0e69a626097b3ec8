"""Parsing: what a hundred pipelines cost Airflow's DAG processor, against the same DAGs written by hand.

`python benchmarks/parsing.py [--quick]` prints a table, and as its last line one JSON object.

The peer is Airflow itself: a hundred Python files' worth of `airflow.sdk.DAG` with as many `BashOperator`
tasks, built in the same process. Stageline reads YAML and validates it on top of that, so the ratio says
what the YAML costs. The claim: at most 5 ms for each spec after the first.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SPECS, QUICK_SPECS = 100, 20
RUNS = 5
TARGET_MS = 5.0

SPEC = """\
pipeline: {name}
stage: poc
source: {{uri: data/{name}.csv, event_time: at, keys: [id]}}
target: {{column: y, task: regression}}
features: {{exclude: [a, b]}}
quality:
  - {{type: expect_column_values_to_be_between, column: x, min_value: 0, max_value: 1, severity: critical}}
  - {{type: expect_column_values_to_not_be_null, column: y}}
  - {{type: expect_column_values_to_be_unique, column: id}}
train: {{estimator: sklearn.ensemble.HistGradientBoostingRegressor, params: {{max_iter: 100}}}}
kpi: {{metric: mean_absolute_error, max: 10}}
"""


def lay_down(project: Path, count: int) -> Path:
    folder = project / "config" / "pipelines"
    folder.mkdir(parents=True)
    for number in range(count):
        name = f"pipeline_{number:03}"
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name), encoding="utf-8")
    dag_file = project / "dags" / "stageline_dags.py"
    dag_file.parent.mkdir()
    dag_file.touch()
    return dag_file


def by_hand(count: int) -> dict[str, object]:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, TaskGroup

    dags: dict[str, object] = {}
    for number in range(count):
        with DAG(dag_id=f"by_hand_{number:03}", schedule=None) as dag:
            tasks = []
            for group in ("quality", "features", "train", "evaluate"):
                with TaskGroup(group):
                    tasks.append(BashOperator(task_id="step", bash_command="true"))
            tasks.append(BashOperator(task_id="report", bash_command="true"))
            for earlier, later in itertools.pairwise(tasks):
                earlier >> later
        dags[dag.dag_id] = dag
    return dags


def median_seconds(build: Callable[[], dict[str, object]], count: int) -> float:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        built = build()
        seconds.append(time.perf_counter() - start)
        assert len(built) == count, f"{len(built)} DAGs instead of {count}"
    return statistics.median(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SPECS} specs instead of {SPECS}")
    count = QUICK_SPECS if parser.parse_args().quick else SPECS
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["AIRFLOW_HOME"] = str(Path(scratch) / "airflow")
        from stageline.templates import load_dags

        first = lay_down(Path(scratch) / "one", 1)
        start = time.perf_counter()
        load_dags(str(first))
        first_ms = (time.perf_counter() - start) * 1_000
        dag_file = lay_down(Path(scratch) / "many", count)
        by_hand(1)
        ours = median_seconds(lambda: dict(load_dags(str(dag_file))), count) * 1_000 / count
        peer = median_seconds(lambda: by_hand(count), count) * 1_000 / count
    print(f"{'':34}{'ms per DAG':>12}")
    print(f"{'first spec in a process':34}{first_ms:12.2f}")
    print(f"{f'stageline, {count} specs from YAML':34}{ours:12.2f}")
    print(f"{f'airflow, {count} DAGs by hand':34}{peer:12.2f}")
    claim = {
        "claim": f"parsing {count} specs costs at most {TARGET_MS:g} ms each after the first",
        "ours": round(ours, 3),
        "peer": round(peer, 3),
        "ratio": round(ours / peer, 2),
        "target": TARGET_MS,
        "met": ours <= TARGET_MS,
    }
    print(json.dumps({"claims": [claim]}))
    return 0 if claim["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
