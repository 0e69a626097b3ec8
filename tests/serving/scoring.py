"""A small pipeline whose model scores tables: a snapshot, its reference, and what scoring needs of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from pipeline_specs import spec_of
from pyarrow import csv, parquet

from stageline.features import build_features, model_frame
from stageline.serving import (
    Oracle,
    PredictionsTable,
    Scored,
    Scoring,
    in_this_process,
    open_rows,
    reference_of,
    score_partition,
)
from stageline.training import TrainingRows, fit_model

ROWS = 240
START = datetime(2026, 1, 1)  # noqa: DTZ001 - times without a zone
SHOPS = ("north", "south", None, "west")


def rows_of(begin: int, end: int, **columns: Any) -> pa.Table:
    """Return rows of the source; some columns may be given."""
    numbers = range(begin, end)
    held = {
        "id": pa.array(numbers, pa.int64()),
        "at": pa.array([START + timedelta(hours=7 * row) for row in numbers], pa.timestamp("us")),
        "shop": pa.array([SHOPS[row % 4] for row in numbers]),
        "price": pa.array([None if row % 11 == 5 else row % 17 + 0.25 for row in numbers], pa.float64()),
        "stock": pa.array([row % 23 for row in numbers], pa.int64()),
        "open": pa.array([row % 3 == 0 for row in numbers]),
        "y": pa.array([row % 17 + (row % 4) * 2.0 + row / 50 for row in numbers], pa.float64()),
    }
    return pa.table({**held, **columns})


@dataclass
class Weighted:
    """A model that needs no fitting: the sum of its numbers, nulls as zero, and the length of its texts."""

    def predict(self, frame: Any) -> Any:
        numbers = frame.select_dtypes("number").fillna(0).to_numpy().sum(axis=1)
        texts = frame.select_dtypes("object")
        return numbers + sum(texts[name].map(lambda text: len(text or "")).to_numpy() for name in texts)


@dataclass(frozen=True)
class Case:
    """A trained pipeline in a folder."""

    folder: Path
    features: Any
    scoring: Scoring

    @property
    def table(self) -> PredictionsTable:
        return PredictionsTable(self.folder / "predictions")

    def score(
        self, source: pa.Table | str, *, partition: str = "monday", kind: str = "parquet", **changes: Any
    ) -> Scored:
        """Score a table, after it was written as a file of that kind, or a file by its name."""
        uri = source if isinstance(source, str) else write(source, self.folder, kind)
        confirm = changes.pop("confirm", lambda: None)
        engine = changes.pop("engine", in_this_process)
        scoring = replace(self.scoring, partition=partition, **changes)
        rows = open_rows(uri, self.folder, scoring.reference.csv_types)
        return score_partition(rows, scoring, self.table, engine=engine, confirm=confirm)

    def read(self, partition: str = "monday") -> list[dict[str, Any]]:
        """Return a partition's rows in the order of their ids."""
        if not DeltaTable.is_deltatable(str(self.table.root)):
            return []
        rows = [
            {**row, "partition": file["partition.partition"]}
            for file in pa.table(DeltaTable(str(self.table.root)).get_add_actions(flatten=True)).to_pylist()
            if file["partition.partition"] == partition
            for row in parquet.ParquetFile(self.table.root / file["path"]).read().to_pylist()
        ]
        return sorted(rows, key=lambda row: row["id"])


def case(
    folder: Path,
    *,
    task: str = "regression",
    column: str = "y",
    model: Any = None,
    table: pa.Table | None = None,
    **sections: Any,
) -> Case:
    """Return a pipeline trained on a table; default: rows 0 to 239."""
    spec = spec_of(task, column, **{"source": {"event_time": "at", "keys": ["id"]}, **sections})
    features = build_features(rows_of(0, ROWS) if table is None else table, spec)
    reference = reference_of(
        features.table, spec, version=3, numeric=features.numeric, categorical=features.categorical
    )
    if model is None:
        target = features.table[spec.target.column].to_numpy()
        frame = model_frame(features.table, features.numeric, features.categorical)
        model = fit_model(TrainingRows(frame, target, features.numeric, features.categorical), spec)
    scoring = Scoring(
        oracle=Oracle(model, task == "classification", spec.target.positive),
        reference=reference,
        model_version=7,
        model_digest="sha256:abc",
        partition="monday",
        scored_by="small.score/run-1",
        scored_at=datetime(2026, 11, 21, 6, tzinfo=UTC),
    )
    return Case(folder, features, scoring)


def write(table: pa.Table, folder: Path, kind: str) -> str:
    """Write a table as a file, a folder of them or a Delta table of the project; returns its path."""
    name = f"rows.{kind}"
    if kind == "folder":
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "_SUCCESS").touch()
        for begin in range(0, table.num_rows, 50):
            parquet.write_table(table.slice(begin, 50), folder / name / f"part-{begin:05}.parquet")
    elif kind == "parquet":
        parquet.write_table(table, folder / name)
    elif kind == "csv":
        csv.write_csv(table, folder / name)
    else:
        from deltalake import write_deltalake

        write_deltalake(folder / name, table, mode="overwrite")
    return name


def check_of(scored: Scored, code: str) -> Any:
    """Return the check with this code."""
    (found,) = [check for check in scored.checks if check.code == code]
    return found
