"""Serving over HTTP: how many answers a second, how fast, and what the way around the model costs.

`python benchmarks/serve.py [--quick]` prints a table, and as its last line one JSON object.

The model is scikit-learn's histogram gradient boosting on 8 floats with nulls, 2 integers and 2 strings, in a pipeline
as Stageline trains it. The peer is `mlflow models serve --env-manager local` with the same estimator, on the same
machine, one process each, with one OpenMP thread a model, as Stageline's server has it (with more, the small batches of
a server wait for threads); both get the same bodies, and must give the same predictions. Stageline's server logs each
answer before it gives it, and makes the features from raw columns; MLflow's does neither.

Closed loop: so many clients that each ask again once they have their answer. Open loop: requests come at a fixed rate,
whoever waits, and a latency counts from the moment a request was due. *Around the model* is what one client waits
beside the time that its model took, which Stageline's server tells with each answer (`Server-Timing`); for MLflow's,
which does not, it is the median latency less that of `predict` alone, in a process of its own. *The split* is what a
canary beside the champion adds to it. All of it in rounds that alternate, and the median of the rounds.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TRAINED_ON = 20_000
CLIENTS = (1, 8, 32)
ROUNDS, SECONDS = 3, 5.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 2.0
THROUGHPUT, ROUTER_MS = 2.0, 1.0
HUNDRED = 100

SPEC = """\
pipeline: served
stage: poc
source: {uri: rows.parquet, keys: [id]}
target: {column: y, task: regression}
train: {estimator: sklearn.ensemble.HistGradientBoostingRegressor}
kpi: {metric: mean_absolute_error, max: 1}
"""


def rows(begin: int, count: int) -> object:
    """Return rows of the table."""
    import numpy as np
    import pyarrow as pa

    draw = np.random.default_rng(begin + 1)
    columns = {"id": pa.array(np.arange(begin, begin + count))}
    columns |= {f"f{name}": pa.array(draw.normal(name, 1, count), mask=draw.random(count) < 0.02) for name in range(8)}
    columns |= {f"i{name}": pa.array(draw.integers(0, 100, count)) for name in range(2)}
    for name, size in (("s0", 5), ("s1", 50)):
        columns[name] = pa.array([f"category {number}" for number in range(size)]).take(
            pa.array(draw.integers(0, size, count))
        )
    return pa.table(columns)


def lay_down(scratch: Path) -> None:
    """Train a model and release it, as a pipeline does, and save the same one for MLflow."""
    import mlflow.sklearn
    import pyarrow as pa
    import pyarrow.compute as pc

    from stageline.features import build_features, model_frame
    from stageline.ledger import Entry, Ledger, ModelVersion
    from stageline.spec import load_pipeline
    from stageline.tables.snapshots import SnapshotStore
    from stageline.training import TrainingRows, fit_model, save_model
    from stageline.verdicts import Mode, Verdict

    folder = scratch / "project/config/pipelines"
    folder.mkdir(parents=True)
    (folder / "served.yaml").write_text(SPEC, encoding="utf-8")
    spec = load_pipeline("served", folder).spec
    table = rows(0, TRAINED_ON)
    y = 2 * pc.fill_null(table["f0"], 0).to_numpy() + table["i0"].to_numpy() / 50
    features = build_features(table.append_column("y", pa.array(y)), spec)
    stored = SnapshotStore(scratch / "tables/served/features").write(features.table, dag_run="served/run")
    frame = model_frame(features.table, features.numeric, features.categorical)
    model = fit_model(TrainingRows(frame, features.table["y"].to_numpy(), features.numeric, features.categorical), spec)
    evidence = {"snapshot": {"version": stored.version, "digest": stored.digest}}
    evidence |= {"numeric": list(features.numeric), "categorical": list(features.categorical)}

    def entry(step: str, **more: object) -> Entry:
        return Entry(**{
            "pipeline": "served", "step": step, "verdict": Verdict.PASSED, "sentence": step, "evidence": {},
            "stage": "poc", "mode": Mode.ENABLED, "dag_id": "served", "run_id": "run", "task_id": step,
            "actor": "benchmark", "idempotency_key": step, "spec_digest": "", "package_version": "0", **more,
        })  # fmt: skip

    path = scratch / "model.skops"
    version = ModelVersion(
        version=1, uri=str(path), digest=save_model(model, path), mlflow_run="r", snapshot=stored.version,
        dag_run="served/run",
    )  # fmt: skip
    with Ledger.open(f"sqlite:///{scratch / 'ledger.db'}") as ledger:
        ledger.append(entry("features", evidence={"evidence": evidence}))
        ledger.promote(entry("release"), version, expected=0)
        canary = version.model_copy(update={"version": 2})
        (scratch / "canary.json").write_text(canary.model_dump_json(), encoding="utf-8")
    small = frame.head(50)
    mlflow.sklearn.save_model(
        model, str(scratch / "mlflow"), signature=mlflow.models.infer_signature(small, model.predict(small)),
        pip_requirements=["scikit-learn"], serialization_format="cloudpickle",
    )  # fmt: skip


def set_canary(scratch: Path, percent: int | None) -> None:
    """Begin a rollout of a copy of the champion, or end it."""
    from stageline.ledger import Entry, Ledger, ModelVersion
    from stageline.verdicts import Mode, Verdict

    moment = str(time.monotonic_ns())
    entry = Entry(
        pipeline="served", step="rollout", verdict=Verdict.PASSED, sentence="", evidence={}, stage="poc",
        mode=Mode.ENABLED, dag_id="served", run_id=moment, task_id="rollout", actor="benchmark",
        idempotency_key=moment, spec_digest="", package_version="0",
    )  # fmt: skip
    with Ledger.open(f"sqlite:///{scratch / 'ledger.db'}") as ledger:
        head = ledger.head("served")
        if percent is not None:
            model = ModelVersion.model_validate_json((scratch / "canary.json").read_text("utf-8"))
            ledger.begin_canary(entry, model, percent, expected=head.generation)
        elif head.canary is not None:
            ledger.end_canary(entry, sequence=head.canary.sequence)


def bodies(count: int, *, each: int) -> list[bytes]:
    """Return requests of so many rows each, as MLflow's clients write them."""
    table = rows(TRAINED_ON, count * each)
    made = []
    for begin in range(0, count * each, each):
        held = table.slice(begin, each).to_pylist()
        data = [list(row.values()) for row in held]
        made.append(json.dumps({"dataframe_split": {"columns": table.column_names, "data": data}}).encode())
    return made


@contextlib.contextmanager
def stageline_server(scratch: Path) -> Iterator[int]:
    from stageline.serving.http import Options, Places
    from stageline.serving.http.options import VARIABLE

    places = Places(scratch / "project", scratch / "tables", f"sqlite:///{scratch / 'ledger.db'}", "sqlite:///no.db")
    environment = {**os.environ, VARIABLE: Options("served", places, port=0, poll_seconds=0.2).as_text()}
    process = subprocess.Popen(
        [sys.executable, "-m", "stageline.serving.http"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        yield int(line.split("127.0.0.1:")[1].split()[0])
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextlib.contextmanager
def mlflow_server(scratch: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "mlflow"), "models", "serve", "-m", str(scratch / "mlflow"),
        "-h", "127.0.0.1", "-p", str(port), "--env-manager", "local", "--workers", "1",
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    log = (scratch / "mlflow.log").open("wb")
    # It starts a shell that starts uvicorn: they end together, as a group of their own.
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mlflow models serve did not start: {(scratch / 'mlflow.log').read_text()[-500:]}")
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        log.close()


class Connection(asyncio.Protocol):
    """One client: what it sends and what comes back, with as little of its own as can be."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._held, self._answer, self.model_seconds = b"", None, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._held = b""
            told = head.partition(b"model;dur=")[2].partition(b"\r\n")[0]
            self.model_seconds = float(told) / 1_000 if told else 0.0
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


def requests_of(made: list[bytes]) -> list[bytes]:
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    return [head % len(body) + body for body in made]


async def connected(port: int, clients: int) -> list[Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(clients)]


async def closed_loop(port: int, requests: list[bytes], clients: int, seconds: float) -> dict[str, float]:
    """Ask from so many clients for so long."""
    connections = await connected(port, clients)
    latencies: list[float] = []
    around: list[float] = []
    begun = time.perf_counter()
    end = begun + seconds

    async def client(connection: Connection, place: int) -> None:
        while time.perf_counter() < end:
            start = time.perf_counter()
            status, body = await connection.ask(requests[place % len(requests)])
            latencies.append(time.perf_counter() - start)
            around.append(latencies[-1] - connection.model_seconds)
            assert status == 200, body
            place += clients

    await asyncio.gather(*(client(each, place) for place, each in enumerate(connections)))
    taken = time.perf_counter() - begun
    for each in connections:
        each.transport.close()
    return {"rate": len(latencies) / taken, **quantiles(latencies), "around": 1_000 * statistics.median(around)}


async def open_loop(port: int, requests: list[bytes], rate: float, seconds: float) -> dict[str, float]:
    """Ask at a rate, whoever waits; a latency counts from when the request was due."""
    connections = await connected(port, 64)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for each in connections:
        free.put_nowait(each)
    latencies: list[float] = []

    async def one(due: float, request: bytes) -> None:
        connection = await free.get()
        status, body = await connection.ask(request)
        latencies.append(time.perf_counter() - due)
        assert status == 200, body
        free.put_nowait(connection)

    begun, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        tasks.append(asyncio.create_task(one(due, requests[number % len(requests)])))
    await asyncio.gather(*tasks)
    taken = time.perf_counter() - begun
    for each in connections:
        each.transport.close()
    return {"rate": len(latencies) / taken, **quantiles(latencies)}


def quantiles(latencies: list[float]) -> dict[str, float]:
    ordered = sorted(latencies)
    return {"p50": 1_000 * ordered[len(ordered) // 2], "p99": 1_000 * ordered[int(len(ordered) * 0.99)]}


def bare(scratch: Path) -> float:
    """Return the median milliseconds of `predict` on one row, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--bare", str(scratch)], capture_output=True, text=True, check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return float(done.stdout)


def print_bare(scratch: Path) -> None:
    from stageline.features import model_frame
    from stageline.training import load_model
    from stageline.training.model_file import digest_file

    path = scratch / "model.skops"
    model = load_model(path, digest=digest_file(path))
    names = model.feature_names_in_.tolist()
    numeric = [name for name in names if not name.startswith("s")]
    frames = [model_frame(rows(TRAINED_ON + at, 1), numeric, ["s0", "s1"])[names] for at in range(50)]
    taken = []
    for number in range(500):
        start = time.perf_counter()
        model.predict(frames[number % 50])
        taken.append(time.perf_counter() - start)
    print(1_000 * statistics.median(taken[100:]))


def run(coroutine: object) -> dict[str, float]:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def predictions(port: int, requests: list[bytes]) -> list[float]:
    async def ask() -> list[float]:
        (connection,) = await connected(port, 1)
        said = []
        for request in requests:
            status, body = await connection.ask(request)
            assert status == 200, body
            said += json.loads(body)["predictions"]
        connection.transport.close()
        return said

    return run(ask())


def compare(scratch: Path, rounds: int, seconds: float) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Ask both servers, in turn."""
    single, hundred = requests_of(bodies(200, each=1)), requests_of(bodies(20, each=HUNDRED))
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    with stageline_server(scratch) as ours, mlflow_server(scratch) as theirs:
        ports = {"stageline": ours, "mlflow": theirs}
        said = {name: predictions(port, [*single[:50], *hundred[:2]]) for name, port in ports.items()}
        assert said["stageline"] == said["mlflow"], "the predictions differ"
        for _ in range(rounds):
            for clients in CLIENTS:
                for kind, requests in (("1 row", single), ("100 rows", hundred)):
                    for name, port in ports.items():
                        case = f"closed loop, {clients} client{'s' if clients > 1 else ''}, {kind}"
                        result = run(closed_loop(port, requests, clients, seconds))
                        found.setdefault((name, case), []).append(result)
            rate = 0.6 * min(each["rate"] for each in found["mlflow", "closed loop, 32 clients, 1 row"])
            for name, port in ports.items():
                found.setdefault((name, "open loop, 1 row"), []).append(run(open_loop(port, single, rate, seconds)))
            found.setdefault(("bare", "predict"), []).append({"p50": bare(scratch)})
            for case, percent in (("split", 50), ("no split", None)):
                set_canary(scratch, percent)
                time.sleep(1.5)
                run(closed_loop(ours, single, 1, 0.5))
                found.setdefault(("stageline", case), []).append(run(closed_loop(ours, single, 1, seconds)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        print_bare(arguments.bare)
        return
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if arguments.quick else (ROUNDS, SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        lay_down(Path(folder))
        found = compare(Path(folder), rounds, seconds)
    middle = {
        key: {name: statistics.median(each[name] for each in results) for name in results[0]}
        for key, results in found.items()
    }
    show(middle)
    found_claims = claims(middle)
    print(json.dumps({"claims": found_claims}))
    sys.exit(0 if all(each["met"] for each in found_claims) else 1)


def show(middle: dict[tuple[str, str], dict[str, float]]) -> None:
    print(f"{'':36}{'requests/s':>22}{'p50 ms':>20}{'p99 ms':>20}")
    print(f"{'':36}{'stageline':>12}{'mlflow':>10}" + f"{'stageline':>12}{'mlflow':>8}" * 2)
    for (name, case), ours in middle.items():
        theirs = middle.get(("mlflow", case))
        if name == "stageline" and theirs is not None:
            print(
                f"{case:36}{ours['rate']:12,.0f}{theirs['rate']:10,.0f}{ours['p50']:12.2f}{theirs['p50']:8.2f}"
                f"{ours['p99']:12.2f}{theirs['p99']:8.2f}"
            )
    print(f"predict alone on one row: {middle['bare', 'predict']['p50']:.2f} ms")
    for name, ms in around(middle).items():
        print(f"around the model, {name}: {ms:.2f} ms")
    print(f"a canary beside the champion adds {split_ms(middle):.2f} ms")


def around(middle: dict[tuple[str, str], dict[str, float]]) -> dict[str, float]:
    one = "closed loop, 1 client, 1 row"
    theirs = middle["mlflow", one]["p50"] - middle["bare", "predict"]["p50"]
    return {"stageline": middle["stageline", one]["around"], "mlflow": theirs}


def split_ms(middle: dict[tuple[str, str], dict[str, float]]) -> float:
    return middle["stageline", "split"]["around"] - middle["stageline", "no split"]["around"]


def claims(middle: dict[tuple[str, str], dict[str, float]]) -> list[dict[str, object]]:
    many = "closed loop, 32 clients, 1 row"
    ours, theirs = middle["stageline", many]["rate"], middle["mlflow", many]["rate"]
    beside = around(middle)
    return [
        {"claim": "requests a second, single rows, 32 clients", "ours": round(ours, 1), "peer": round(theirs, 1),
         "ratio": round(ours / theirs, 2), "target": THROUGHPUT, "met": ours / theirs >= THROUGHPUT},
        {"claim": "milliseconds around the model less than the peer's, p50 of one client",
         "ours": round(beside["stageline"], 3), "peer": round(beside["mlflow"], 3),
         "ratio": round(beside["mlflow"] / beside["stageline"], 2), "target": 1.0,
         "met": beside["stageline"] < beside["mlflow"]},
        {"claim": "milliseconds that a canary beside the champion adds at p50", "ours": round(split_ms(middle), 3),
         "peer": None, "ratio": None, "target": ROUTER_MS, "met": split_ms(middle) < ROUTER_MS},
    ]  # fmt: skip


if __name__ == "__main__":
    main()
