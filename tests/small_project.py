"""A project whose one pipeline, `small`, trains in a moment, and what its runs leave behind."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record

ROWS = 200

SPEC = """\
pipeline: small
stage: poc
source: {uri: data/small.csv}
target: {column: y, task: regression}
quality:
  - {type: expect_column_values_to_be_between, column: x, min_value: 0, max_value: 1000, severity: critical}
train: {estimator: sklearn.linear_model.Ridge}
kpi: {metric: mean_absolute_error, max: 5}
"""


def empty_mlflow_database(folder: Path) -> Path:
    """Make an MLflow database to copy: its migrations take seconds."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{folder / 'mlflow.db'}", str(folder / "artifacts"))
    return folder / "mlflow.db"


def write_project(project: Path) -> None:
    """Write the spec, its data and an empty folder of DAGs."""
    for folder in ("config/pipelines", "data", "dags"):
        (project / folder).mkdir(parents=True)
    write_spec(project)
    write_rows(project)


def write_spec(project: Path, **changes: str) -> None:
    """Write the spec anew, with some of its top-level keys replaced."""
    kept = [line for line in SPEC.splitlines() if line.partition(":")[0] not in changes]
    if "quality" in changes:
        kept = [line for line in kept if not line.startswith("  - ")]
    lines = [*kept, *(f"{key}: {value}" for key, value in changes.items())]
    (project / "config/pipelines/small.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_rows(project: Path, *, shift: int = 0) -> None:
    """Write the data anew; `shift` changes the target a little."""
    colours = ("red", "green", "blue")
    rows = [f"{i},{colours[i % 3]},{3 * i + (i * 7 + shift) % 11}" for i in range(ROWS)]
    (project / "data/small.csv").write_text("\n".join(["x,colour,y", *rows]) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Stores:
    """Where the runs of a project leave something."""

    project: Path
    home: Path

    def ledger(self) -> "Ledger":
        from stageline.ledger import Ledger

        return Ledger.open(f"sqlite:///{self.home / 'ledger.db'}")

    def records(self, step: str | None = None) -> "list[Record]":
        with self.ledger() as ledger:
            return ledger.records("small", step=step, newest_first=False)

    def mlflow(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(f"sqlite:///{self.home / 'mlflow.db'}")

    def mlflow_runs(self) -> list[Any]:
        experiment = self.mlflow().get_experiment_by_name("small")
        return [] if experiment is None else list(self.mlflow().search_runs([experiment.experiment_id]))

    def logged_models(self) -> list[Any]:
        experiment = self.mlflow().get_experiment_by_name("small")
        return [] if experiment is None else list(self.mlflow().search_logged_models([experiment.experiment_id]))

    def snapshots(self) -> int:
        """Return how many versions the Delta table of snapshots has."""
        from deltalake import DeltaTable

        folder = str(self.home / "tables/small/features")
        return DeltaTable(folder).version() + 1 if DeltaTable.is_deltatable(folder) else 0
