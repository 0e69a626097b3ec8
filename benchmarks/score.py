"""Batch scoring: what checks, bookkeeping and an atomic partition cost on top of the model itself.

`python benchmarks/score.py [--quick]` prints a table, and as its last line one JSON object.

The table has a key, an event time, 8 floats with nulls, 2 integers and 2 strings; the model is scikit-learn's
histogram gradient boosting on 50,000 rows of the kind. The peer is the bare estimator: its pipeline's `predict` on
the frames of pyarrow's batches of the same file, without a digest, a check or anything written. Each run is a process
of its own, and both must predict the same numbers, bit for bit. `run` is from the path to the published partition
(for the peer: to the last prediction), `cpu` the processor time of it, `peak` the most memory the process held.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

SIZES = {"1 M": 1_000_000, "10 M": 10_000_000}
QUICK = {"200 k": 200_000, "1 M": 1_000_000}
ROUNDS = 3
CHUNK = 1_000_000
TRAINED_ON = 50_000
BATCH = 65_536
THROUGHPUT, FLAT = 0.8, 1.2


def part(begin: int, count: int) -> object:
    """Return rows of the table."""
    import numpy as np
    import pyarrow as pa

    draw = np.random.default_rng(begin + 1)
    place = np.arange(begin, begin + count)
    columns = {
        "id": pa.array(place),
        "at": pa.array(np.datetime64("2024-01-01", "us") + place.astype("timedelta64[s]")),
    }
    columns |= {f"f{name}": pa.array(draw.normal(name, 1, count), mask=draw.random(count) < 0.02) for name in range(8)}
    columns |= {f"i{name}": pa.array(draw.integers(0, 100, count)) for name in range(2)}
    for name, size in (("s0", 5), ("s1", 50)):
        columns[name] = pa.array([f"category {number}" for number in range(size)]).take(
            pa.array(draw.integers(0, size, count))
        )
    return pa.table(columns)


def lay_down(path: Path, rows: int) -> None:
    """Write the table, a million rows at a time; training saw none of it."""
    from pyarrow import parquet

    writer = None
    for begin in range(0, rows, CHUNK):
        table = part(TRAINED_ON + begin, min(CHUNK, rows - begin))
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def specification() -> object:
    from stageline.spec.models import PipelineSpec

    return PipelineSpec.model_validate(
        {
            "pipeline": "score",
            "stage": "poc",
            "source": {"uri": "rows.parquet", "event_time": "at", "keys": ["id"]},
            "target": {"column": "y", "task": "regression"},
            "features": {"calendar": False},
            "train": {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"},
            "kpi": {"metric": "mean_absolute_error", "max": 1},
        }
    )


def train(scratch: Path) -> None:
    """Train the model and keep it, and the snapshot, as a pipeline does."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    from stageline.features import build_features, model_frame
    from stageline.training import TrainingRows, fit_model, save_model

    table = part(0, TRAINED_ON)
    y = 2 * pc.fill_null(table["f0"], 0).to_numpy() + table["i0"].to_numpy() / 50
    spec = specification()
    features = build_features(table.append_column("y", pa.array(y)), spec)
    rows = features.table.filter(pc.equal(features.table["stageline_split"], "train"))
    frame = model_frame(rows, features.numeric, features.categorical)
    model = fit_model(TrainingRows(frame, rows["y"].to_numpy(), features.numeric, features.categorical), spec)
    parquet.write_table(features.table, scratch / "snapshot.parquet")
    known = {"digest": save_model(model, scratch / "model.skops")}
    known |= {"numeric": features.numeric, "categorical": features.categorical}
    (scratch / "known.json").write_text(json.dumps(known), encoding="utf-8")


def load(scratch: Path) -> tuple[object, dict[str, object]]:
    from stageline.training import load_model

    known = json.loads((scratch / "known.json").read_text("utf-8"))
    return load_model(scratch / "model.skops", digest=known["digest"]), known


def run_stageline(scratch: Path, path: Path) -> Callable[[], Callable[[], str]]:
    from pyarrow import parquet

    from stageline.serving import Oracle, PredictionsTable, Scoring, open_rows, reference_of, score_partition

    model, known = load(scratch)
    reference = reference_of(
        parquet.read_table(scratch / "snapshot.parquet"), specification(), version=1,
        numeric=tuple(known["numeric"]), categorical=tuple(known["categorical"]),
    )  # fmt: skip
    scoring = Scoring(
        Oracle(model, classify=False), reference, model_version=1, model_digest=str(known["digest"]),
        partition="2026-11-20T00:00:00+00:00", scored_by="score/run", scored_at=datetime.now(UTC),
    )  # fmt: skip

    def work() -> Callable[[], str]:
        rows = open_rows(path.name, path.parent, reference.csv_types)
        scored = score_partition(rows, scoring, PredictionsTable(scratch / "predictions"))
        assert [check.verdict for check in scored.checks] == ["passed"] * len(scored.checks)
        return lambda: digest_of_partition(scratch / "predictions")

    return work


def digest_of_partition(root: Path) -> str:
    """Return a digest of the published predictions, in their order."""
    from deltalake import DeltaTable
    from pyarrow import parquet

    (uri,) = DeltaTable(str(root)).file_uris()
    digest = hashlib.sha256()
    with parquet.ParquetFile(root / uri.rpartition("/")[2]) as content:
        for batch in content.iter_batches(BATCH, columns=["prediction"]):
            digest.update(batch.column(0).to_numpy().tobytes())
    return digest.hexdigest()


def run_bare(scratch: Path, path: Path) -> Callable[[], Callable[[], str]]:
    from pyarrow import parquet

    model, known = load(scratch)
    columns = [*known["numeric"], *known["categorical"]]

    def work() -> Callable[[], str]:
        with parquet.ParquetFile(path) as content:
            batches = content.iter_batches(BATCH, columns=columns)
            said = [model.predict(batch.to_pandas()[columns]) for batch in batches]
        return lambda: hashlib.sha256(b"".join(values.tobytes() for values in said)).hexdigest()

    return work


RUNNERS = {"stageline": run_stageline, "bare estimator": run_bare}


def child(name: str, scratch: Path, path: Path) -> None:
    """Run one contender in this process, and print what it took."""
    work = RUNNERS[name](scratch, path)
    before, start = os.times(), time.perf_counter()
    answer = work()
    seconds, after = time.perf_counter() - start, os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    cpu = after.user + after.system - before.user - before.system
    print(json.dumps({"run": seconds, "cpu": cpu, "peak": peak, "answer": answer()}))


def measure(name: str, scratch: Path, path: Path) -> dict[str, object]:
    """Run one contender in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", name, "--scratch", scratch, "--path", path]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no words"])[-1][:300])
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(scratch: Path, sizes: dict[str, int], rounds: int) -> dict[tuple[str, str], list[dict[str, object]]]:
    """Run both on all tables, in turn, so that what disturbs one disturbs the other."""
    runs: dict[tuple[str, str], list[dict[str, object]]] = {}
    train(scratch)
    for size, rows in sizes.items():
        path = scratch / f"{rows}.parquet"
        lay_down(path, rows)
        for _ in range(rounds):
            for name in RUNNERS:
                runs.setdefault((name, size), []).append(measure(name, scratch, path))
        answers = {run["answer"] for name in RUNNERS for run in runs[name, size]}
        assert len(answers) == 1, f"on {size} rows, the predictions differ"
        path.unlink()
    return runs


def middle(runs: list[dict[str, object]], key: str) -> float:
    return statistics.median(float(run[key]) for run in runs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 k and 1 M rows, each once")
    parser.add_argument("--child", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.scratch, given.path)
        return 0
    sizes = QUICK if given.quick else SIZES
    with tempfile.TemporaryDirectory() as scratch:
        runs = compare(Path(scratch), sizes, 1 if given.quick else ROUNDS)
    print(f"{'gradient boosting, 12 features':32}{'rows':>7}{'run s':>9}{'cpu s':>9}{'rows/s':>11}{'peak MiB':>10}")
    for (name, size), found in runs.items():
        print(
            f"{name:32}{size:>7}{middle(found, 'run'):9.2f}{middle(found, 'cpu'):9.2f}"
            f"{sizes[size] / middle(found, 'run'):11,.0f}{middle(found, 'peak'):10.0f}"
        )
    claims = claim(runs, sizes)
    print(json.dumps({"claims": claims}))
    return 0 if all(item["met"] for item in claims) else 1


def claim(runs: dict[tuple[str, str], list[dict[str, object]]], sizes: dict[str, int]) -> list[dict[str, object]]:
    """Return what is claimed beside the bare estimator, and whether it was met."""
    few, many = list(sizes)
    ours, peer = (sizes[many] / middle(runs[name, many], "run") for name in RUNNERS)
    small, large = (middle(runs["stageline", size], "peak") for size in (few, many))
    return [
        {
            "claim": f"rows a second on {many} rows at least {THROUGHPUT:g}x those of the bare estimator",
            "ours": round(ours),
            "peer": round(peer),
            "ratio": round(ours / peer, 2),
            "target": THROUGHPUT,
            "met": ours / peer >= THROUGHPUT,
        },
        {
            "claim": f"peak memory on {many} rows at most {FLAT:g}x that on {few}",
            "ours": round(large),
            "peer": round(small),
            "ratio": round(large / small, 2),
            "target": FLAT,
            "met": large <= FLAT * small,
        },
    ]


if __name__ == "__main__":
    sys.exit(main())
