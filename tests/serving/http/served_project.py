"""A released pipeline in a folder, and its server as a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import faulty_models
import httpx
import pyarrow as pa
from deltalake import DeltaTable

from stageline.features import build_features, model_frame
from stageline.ledger import Entry, Ledger, ModelVersion
from stageline.serving.http.options import TOKEN_VARIABLE, VARIABLE, Limits, Options, Places
from stageline.spec import load_pipeline
from stageline.tables.snapshots import SnapshotStore
from stageline.training import TrainingRows, fit_model, save_model
from stageline.verdicts import Mode, Verdict

HERE = Path(__file__).parent
COLOURS = ("red", "green", "blue")
SPEC = """\
pipeline: small
stage: pilot
owners: {{business: dana, model: mo, data: di}}
source: {{uri: data/small.csv, keys: [id], event_time: at, private: [salary]}}
features: {{calendar: {calendar}}}
target: {{column: y, task: {task}}}
quality: [{{type: expect_column_to_exist, column: x, severity: critical}}]
train: {{estimator: {estimator}}}
kpi: {{metric: {metric}}}
gates: {{min_n: 30, min_improvement: -1}}
release: {{target: batch, approvers: [model]}}
monitor: {{window: P7D, drift: {{fail_above: 0.1}}}}
readiness: {{enforce: tell}}
"""


def rows_of(begin: int, end: int, *, classes: bool = False) -> pa.Table:
    """Return rows of the source."""
    numbers = range(begin, end)
    y = [3.0 * (n * 37 % 101) + n * 7 % 11 for n in numbers]
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "at": [datetime(2026, 1, 1) + timedelta(hours=3 * n) for n in numbers],  # noqa: DTZ001
            "x": pa.array([n * 37 % 101 for n in numbers], pa.int64()),
            "salary": pa.array([n % 13 * 100.0 for n in numbers]),
            "colour": pa.array([COLOURS[n % 3] for n in numbers]),
            "y": pa.array(["high" if value > 150 else "low" for value in y] if classes else y),
        }
    )


@dataclass
class Served:
    """A released pipeline and its stores."""

    folder: Path
    task: str = "regression"
    models: dict[int, ModelVersion] = field(default_factory=dict)
    fitted: dict[int, Any] = field(default_factory=dict)
    _moves: int = 0

    @property
    def tables(self) -> Path:
        return self.folder / "tables" / "small"

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.folder / 'ledger.db'}"

    def options(self, **changes: Any) -> Options:
        places = Places(
            self.folder / "project", self.folder / "tables", self.ledger_url, "sqlite:////nowhere/mlflow.db",
            (faulty_models.TYPE,),
        )  # fmt: skip
        limits = Limits(**changes.pop("limits", {}))
        given = {"port": 0, "poll_seconds": 0.05, "flush_seconds": 0.5, "limits": limits, **changes}
        return Options("small", places, **given)

    def entry(self, kind: str, **changes: Any) -> Entry:
        self._moves += 1
        return Entry(**{
            "pipeline": "small", "step": kind, "verdict": Verdict.PASSED, "sentence": kind, "evidence": {},
            "stage": "pilot", "mode": Mode.ENABLED, "dag_id": "small", "run_id": "run", "task_id": kind, "actor": "test",
            "idempotency_key": f"{kind}/{self._moves}/{id(self)}", "spec_digest": "", "package_version": "0",
            **changes,
        })  # fmt: skip

    def train(self, version: int, model: Any = None) -> ModelVersion:
        """Keep a model's file, as training does; default: one fitted to the rows."""
        spec = load_pipeline("small", self.folder / "project/config/pipelines").spec
        features = build_features(rows_of(0, 240, classes=self.task == "classification"), spec)
        stored = SnapshotStore(self.tables / "features").write(features.table, dag_run="small/run")
        if model is None:
            frame = model_frame(features.table, features.numeric, features.categorical)
            target = features.table["y"].to_numpy(zero_copy_only=False)
            model = fit_model(TrainingRows(frame, target, features.numeric, features.categorical), spec)
        path = self.folder / f"model-{version}.skops"
        digest = save_model(model, path, trusted_types=[faulty_models.TYPE])
        evidence = {
            "snapshot": {"version": stored.version, "digest": stored.digest},
            "numeric": list(features.numeric), "categorical": list(features.categorical),
        }  # fmt: skip
        with Ledger.open(self.ledger_url) as ledger:
            ledger.append(self.entry("features", run_id=f"run-{version}", evidence={"evidence": evidence}))
        self.fitted[version] = model
        self.models[version] = ModelVersion(
            version=version, uri=str(path), digest=digest, mlflow_run="r", snapshot=stored.version,
            dag_run=f"small/run-{version}",
        )  # fmt: skip
        return self.models[version]

    def promote(self, version: int) -> None:
        with Ledger.open(self.ledger_url) as ledger:
            ledger.promote(self.entry("promote"), self.models[version], expected=ledger.head("small").generation)

    def begin(self, version: int, percent: int, *, until: datetime | None = None) -> int:
        """Try a model as canary; returns the rollout's sequence."""
        with Ledger.open(self.ledger_url) as ledger:
            generation = ledger.head("small").generation
            record = ledger.begin_canary(
                self.entry("canary"), self.models[version], percent, expected=generation, until=until
            )
            return record.position

    def shift(self, sequence: int, percent: int) -> None:
        with Ledger.open(self.ledger_url) as ledger:
            ledger.shift_canary(self.entry("shift"), percent, sequence=sequence)

    def end(self, sequence: int) -> None:
        with Ledger.open(self.ledger_url) as ledger:
            ledger.end_canary(self.entry("end"), sequence=sequence)

    def roll_back(self) -> None:
        with Ledger.open(self.ledger_url) as ledger:
            ledger.roll_back(self.entry("rollback"))

    def begin_trained(self, version: int, percent: int, *, until: datetime | None = None) -> int:
        """Train a model, and try it."""
        self.train(version)
        return self.begin(version, percent, until=until)

    def head(self) -> Any:
        with Ledger.open(self.ledger_url) as ledger:
            return ledger.head("small")

    def logged(self) -> list[dict[str, Any]]:
        """Return the log's rows."""
        folder = str(self.tables / "served")
        if not DeltaTable.is_deltatable(folder):
            return []
        return DeltaTable(folder).to_pyarrow_dataset().to_table().to_pylist()

    @contextlib.contextmanager
    def running(self, **changes: Any) -> "Iterator[Running]":
        """Start the server, give it, and end it by its process id."""
        server = self.start(**changes)
        try:
            yield server
        finally:
            server.kill()

    def start(self, **changes: Any) -> "Running":
        token = changes.pop("token", "")
        environment = {
            **os.environ, VARIABLE: self.options(**changes).as_text(), "PYTHONPATH": str(HERE),
            TOKEN_VARIABLE: token, "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "stageline.serving.http"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return Running(process, token)


class Running:
    """A server's process."""

    def __init__(self, process: "subprocess.Popen[str]", token: str = "") -> None:
        self.process, self.token = process, token
        self.lines: list[str] = []
        self.url = ""
        self.client = httpx.Client(timeout=30)
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if " is served on " in line:
                self.url = line.split(" is served on ")[1].split()[0]
                break
        if not self.url:
            self.client.close()
            self.process.wait(30)
            self.process.stdout.close()
            raise AssertionError(self.lines)
        # Nobody else reads it, and a full pipe would stop the server.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def ask(self, payload: Any, **headers: str) -> httpx.Response:
        return self.client.post(f"{self.url}/invocations", json=payload, headers=self._headers(headers))

    def get(self, path: str) -> httpx.Response:
        return self.client.get(f"{self.url}{path}", headers=self._headers({}))

    def version(self) -> dict[str, Any]:
        headers = self._headers({"Accept": "application/json"})
        return self.client.get(f"{self.url}/version", headers=headers).json()

    def flush(self) -> None:
        assert self.client.post(f"{self.url}/flush", headers=self._headers({})).status_code == 200

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **more}

    def terminate(self) -> int:
        """End it as an operator does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._wait()

    def _wait(self) -> int:
        self.client.close()
        code = self.process.wait(30)
        self._reader.join(5)
        self.process.stdout.close()
        return code


def make(folder: Path, *, task: str = "regression", calendar: bool = False) -> Served:
    """Write a project; nothing is trained yet."""
    (folder / "project/config/pipelines").mkdir(parents=True)
    words = {
        "regression": {"estimator": "sklearn.linear_model.Ridge", "metric": "mean_absolute_error, max: 5"},
        "classification": {
            "estimator": "sklearn.linear_model.LogisticRegression",
            "metric": "accuracy_score, min: 0.5",
        },
    }[task]
    spec = SPEC.format(task=task, calendar=str(calendar).lower(), **words)
    (folder / "project/config/pipelines/small.yaml").write_text(spec, encoding="utf-8")
    return Served(folder, task)


def split(rows: pa.Table, *columns: str) -> dict[str, Any]:
    """Return rows as an MLflow client sends them."""
    names = [name for name in (columns or rows.column_names) if name != "y"]
    data = [
        [value.isoformat() if isinstance(value, datetime) else value for value in row.values()]
        for row in rows.select(names).to_pylist()
    ]
    return {"dataframe_split": {"columns": names, "data": data}}
