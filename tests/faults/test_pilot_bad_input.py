"""Bad input on a pilot's way: each case is refused or held with a sentence, nothing is promoted, nothing is lost."""

import errno
import os
import re
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from deltalake import DeltaTable
from operator_fixtures import point_at
from pilot_moments import RUN_2, STEPS, approve, score, take
from pilot_project import PILOT, write_days
from pyarrow import parquet
from small_project import write_spec

from stageline.exceptions import TrackingError
from stageline.ledger import Ledger
from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReleaseOperator,
    RollbackOperator,
)
from stageline.operators.aliases import alias_fault
from stageline.operators.champion import Champion
from stageline.serving import Oracle
from stageline.tracking import Tracking

pytestmark = pytest.mark.xdist_group("pilot")


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def at(shelf, execute):
    """Return a function that brings the stores to a moment."""
    return lambda moment: shelf.go_to(moment, execute)


@pytest.fixture
def unmoved(stores):
    """Return a context in which nothing that users rely on may change."""

    @contextmanager
    def watching():
        before = relied_on(stores)
        yield
        assert relied_on(stores) == before

    return watching


def relied_on(stores):
    """Return the head, the records that moved it, the champion's kept file, and every prediction."""
    with stores.ledger() as ledger:
        assert ledger.verify() == []
        head = ledger.head("small")
        moves = [each.position for each in ledger.records("small") if each.kind in ("promotion", "rollback")]
    kept = kept_file(stores, head.champion)
    return head, moves, kept.read_bytes() if kept and kept.exists() else None, predictions(stores)


def kept_file(stores, model):
    if model is None:
        return None
    return stores.home / "tables/small/models" / f"{model.digest.replace(':', '-')}.skops"


def predictions(stores):
    root = stores.home / "tables/small/predictions"
    if not DeltaTable.is_deltatable(str(root)):
        return {}
    return {
        file["partition.partition"]: parquet.ParquetFile(root / file["path"]).read().to_pylist()
        for file in pa.table(DeltaTable(str(root)).get_add_actions(flatten=True)).to_pylist()
    }


def head(stores):
    return relied_on(stores)[0]


def tracking(stores):
    return Tracking(f"sqlite:///{stores.home / 'mlflow.db'}")


def trained(stores, run_id="run-2"):
    with stores.ledger() as ledger:
        return ledger.newest("small", run_id=run_id, step="train").evidence["evidence"]


def model_file(stores, run_id="run-2"):
    return Path(unquote(urlsplit(trained(stores, run_id)["model"]["uri"]).path))


def newest(stores, step):
    return stores.records(step)[-1]


def ids(stores, run_id, part):
    """Return the keys of one part of a run's snapshot."""
    with stores.ledger() as ledger:
        snapshot = ledger.newest("small", run_id=run_id, step="features").evidence["evidence"]["snapshot"]
    table = DeltaTable(snapshot["table"], version=snapshot["version"])
    rows = [row for file in table.file_uris() for row in parquet.ParquetFile(file).read().to_pylist()]
    return {row["id"] for row in rows if row["stageline_split"] == part}


def version_of(stores, number):
    return stores.mlflow().get_model_version("small", str(number))


@contextmanager
def answering(monkeypatch, status):
    """Put a server in MLflow's place that answers everything with one status; yields the requests it got."""
    asked = []

    class Answering(BaseHTTPRequestHandler):
        def answer(self):
            asked.append(f"{self.command} {self.path.partition('?')[0]}")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the base's names

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with monkeypatch.context() as away:
            address = f"http://127.0.0.1:{server.server_port}"
            away.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", address)
            away.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
            away.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
            yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_23_rows_that_the_champion_was_trained_on_do_not_judge(at, stores, execute, unmoved):
    at("first scored")
    # A holdout that reaches back into what the champion learned from.
    write_spec(stores.project, **PILOT | {"train": "{estimator: sklearn.linear_model.Ridge, holdout: 0.4}"})
    write_days(stores.project, 32)
    with unmoved():
        take(execute, *STEPS[:4], **RUN_2)

    holdout, learned = ids(stores, "run-2", "holdout"), ids(stores, "run-1", "train")
    (check,) = [each for each in newest(stores, "evaluate").evidence["checks"] if each["code"] == "SL-G001"]
    assert holdout & learned
    assert check["n"] == len(holdout - learned) < len(holdout)
    assert f"(n = {len(holdout - learned)})" in check["message"]

    # Another table that holds the rows of its training.
    shutil.copy(stores.project / "data/small.csv", stores.project / "data/new.csv")
    score(execute, "score-2", uri="data/new.csv")
    (told,) = [each for each in newest(stores, "score").evidence["checks"] if each["code"] == "SL-B009"]
    assert (told["verdict"], told["severity"], told["n"]) == ("failed", "warning", 32 * 8)
    assert "240 of 256 rows are no newer than the champion's data" in told["message"]


def test_24_stale_data_are_held(at, stores, execute, unmoved):
    at("first scored")
    write_spec(stores.project, **PILOT | {"quality_gate": "{max_age: P1D}"})
    with unmoved():
        with pytest.raises(GateFailed, match=r"quality failed: at: the newest row is of 2026-01-30 21:00 UTC.*max_age"):
            execute(DataQualityOperator, **RUN_2)
        with pytest.raises(GateFailed, match="release errored: task 'release' needs the step 'features'"):
            execute(ReleaseOperator, **RUN_2)

    # Data that end before the champion's do: recent enough for the spec, and superseded all the same.
    at("first scored")
    write_days(stores.project, 29)
    take(execute, *STEPS, **RUN_2)
    approve(execute, **RUN_2)
    with (
        unmoved(),
        pytest.raises(AirflowSkipException, match=r"these data end at 2026-01-29T21.*, those at 2026-01-30T21"),
    ):
        execute(ReleaseOperator, **RUN_2)


def test_25_a_file_that_changes_while_it_is_read_is_refused(at, stores, execute, unmoved, monkeypatch):
    at("first scored")
    execute(DataQualityOperator, **RUN_2)
    write_days(stores.project, 40)
    with unmoved(), pytest.raises(GateFailed, match=r"'data/small.csv' changed since its quality was checked"):
        execute(FeatureSnapshotOperator, **RUN_2)

    answer = Oracle.answer

    def meanwhile(self, frame):
        write_days(stores.project, 41)
        return answer(self, frame)

    monkeypatch.setattr(Oracle, "answer", meanwhile)
    with unmoved(), pytest.raises(GateFailed, match=r"score errored: 'data/small.csv': changed while it was scored"):
        score(execute, "score-2")
    monkeypatch.setattr(Oracle, "answer", answer)

    load = Champion.load

    def before_it_is_read(self):
        write_days(stores.project, 42)
        return load(self)

    monkeypatch.setattr(Champion, "load", before_it_is_read)
    with unmoved(), pytest.raises(GateFailed, match=r"score errored: 'data/small.csv': changed while it was scored"):
        score(execute, "score-3")


def test_37_without_a_row_that_is_new_to_the_champion_a_candidate_is_held(at, stores, execute, unmoved):
    at("first scored")
    write_days(stores.project, 20)
    with unmoved():
        take(execute, *STEPS[:3], **RUN_2)
        assert ids(stores, "run-2", "holdout") <= ids(stores, "run-1", "train")
        with pytest.raises(
            GateFailed,
            match=r"Gate: mean_absolute_error undefined against undefined of the champion \(version 1\) cannot be judged: "
            r"0 rows of the holdout are new to both models, gates.min_n = 30",
        ):
            execute(EvaluateOperator, **RUN_2)
        with pytest.raises(GateFailed, match=r"release errored: task 'release' needs the step 'validate'"):
            execute(ReleaseOperator, **RUN_2)
    assert newest(stores, "evaluate").verdict == "inconclusive"


def test_38_a_table_without_a_feature_of_the_champion_is_refused(at, stores, execute, unmoved):
    at("first scored")
    write_days(stores.project, 40)
    source = stores.project / "data/small.csv"
    source.write_text(source.read_text("utf-8").replace("colour", "paint"), "utf-8")
    with unmoved():
        take(execute, *STEPS[:3], **RUN_2)
        with pytest.raises(
            GateFailed, match=r"evaluate errored: the champion \(version 1\) needs the feature 'colour', which"
        ):
            execute(EvaluateOperator, **RUN_2)
        with pytest.raises(GateFailed, match="score failed: 'data/small.csv': 1 of 4 columns .* 'colour' is missing"):
            score(execute, "score-2")


def test_39_an_artifact_of_another_digest_is_refused(at, stores, execute, unmoved):
    at("second approved")
    with model_file(stores).open("ab") as edited:
        edited.write(b"more")
    with unmoved():
        # Between the approval and the release: nothing is registered of it either.
        with pytest.raises(GateFailed, match=r"release errored: .* has digest sha256:.*, released was sha256:"):
            execute(ReleaseOperator, **RUN_2)
        with pytest.raises(GateFailed, match=r"validate failed: the file has digest .* it was not opened; train again"):
            execute(ModelValidationOperator, try_number=2, **RUN_2)
        with pytest.raises(GateFailed, match=r"release errored: step 'validate' ended failed"):
            execute(ReleaseOperator, try_number=3, **RUN_2)
    assert len(stores.mlflow().search_model_versions("name = 'small'")) == 1

    # The champion's own: the copy and what it was copied from.
    for file in (kept_file(stores, head(stores).champion), model_file(stores, "run-1")):
        with file.open("ab") as edited:
            edited.write(b"more")
    with unmoved(), pytest.raises(GateFailed, match=r"score errored: .* has digest sha256:.*, released was sha256:"):
        score(execute, "score-2")


def test_40_a_model_newer_than_the_installed_libraries_is_refused(at, stores, execute, unmoved, monkeypatch):
    import stageline.training

    at("first scored")
    write_days(stores.project, 40)
    found = stageline.training.library_versions()
    newer = found | {"scikit-learn": "99.1.0", "tqdm2": "1.0"}
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("stageline.training.library_versions", lambda: newer)
        take(execute, *STEPS[:4], **RUN_2)
    with unmoved():
        with pytest.raises(GateFailed) as refused:
            execute(ModelValidationOperator, **RUN_2)
        with pytest.raises(GateFailed, match="release errored: step 'validate' ended failed"):
            execute(ReleaseOperator, **RUN_2)
    assert str(refused.value) == (
        f"validate failed: scikit-learn {found['scikit-learn']} is installed, the model was trained with 99.1.0: an "
        "older scikit-learn was not made to read what a newer one wrote; install scikit-learn 99.1 here, or train "
        "again; tqdm2 is not installed, the model was trained with 1.0; install tqdm2==1.0"
    )


THRESHOLDS = {
    "gates": ({"gates": None}, "gates: missing; stage 'pilot' requires it"),
    "kpi.max": ({"kpi": "{metric: mean_absolute_error}"}, "kpi.max: missing"),
    "fairness": (
        {"gates": "{fairness: {columns: [colour], measure: error_difference}}"},
        "gates.fairness.max_difference: missing; it is required",
    ),
    "drift": ({"monitor": "{window: P7D, drift: {}}"}, "monitor.drift.fail_above: missing; it is required"),
}


def test_48_a_missing_threshold_is_refused_with_file_and_key(at, stores, execute, unmoved):
    at("second approved")
    records = len(stores.records())
    for changes, sentence in THRESHOLDS.values():
        spec = {key: value for key, value in (PILOT | changes).items() if value is not None}
        write_spec(stores.project, **spec)
        for step in (EvaluateOperator, ReleaseOperator):
            with unmoved(), pytest.raises(GateFailed, match=re.escape(sentence)) as refused:
                execute(step, **RUN_2)
            assert "config/pipelines/small.yaml" in str(refused.value)
    assert len(stores.records()) == records


@pytest.mark.parametrize("status", [401, 403])
def test_50_expired_credentials_leave_nothing_half_deployed(at, stores, execute, unmoved, monkeypatch, status):
    at("second approved")
    with answering(monkeypatch, status) as asked:
        with (
            unmoved(),
            pytest.raises(
                TrackingError,
                match=rf"^MLflow at http://127.0.0.1:\d+: .* {status} .*; it does not accept these credentials: renew "
                r"them \(MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN\)$",
            ),
        ):
            execute(ReleaseOperator, **RUN_2)
        assert len(asked) == 1
        # What is in use needs no credentials.
        assert score(execute, "score-2")["verdict"] in ("passed", "warned")
    assert stores.records("release")[-1].run_id == "run-1"
    assert len(stores.mlflow().search_model_versions("name = 'small'")) == 1

    execute(ReleaseOperator, try_number=2, **RUN_2)
    assert (head(stores).generation, head(stores).champion.version) == (2, 2)


def test_51_mlflow_that_is_down_is_asked_a_bounded_number_of_times(at, stores, execute, unmoved, monkeypatch):
    at("second approved")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with (
        answering(monkeypatch, 503) as asked,
        unmoved(),
        pytest.raises(
            TrackingError, match=r"^MLflow at http://127.0.0.1:\d+: .*; is the server up, and is \[stageline\]"
        ),
    ):
        execute(ReleaseOperator, **RUN_2)
    assert len(asked) == 4
    assert len(set(asked)) == 1

    # Down right after the head moved: it has moved once, and only the alias is late.
    promote = Ledger.promote

    def promote_then_lose_mlflow(self, *arguments, **named):
        record = promote(self, *arguments, **named)
        with closing_database(stores) as database:
            database.execute("ALTER TABLE experiments RENAME TO away")
        return record

    with monkeypatch.context() as lost:
        lost.setattr(Ledger, "promote", promote_then_lose_mlflow)
        result = execute(ReleaseOperator, try_number=2, **RUN_2)
    with closing_database(stores) as database:
        database.execute("ALTER TABLE away RENAME TO experiments")
    assert result["sentence"] == "version 2 is the champion: approved by mo"
    assert head(stores).generation == 2
    assert alias_fault(tracking(stores), head(stores)).startswith(
        "MLflow's alias 'champion' of 'small' points to version 1, the head to version 2"
    )


@contextmanager
def closing_database(stores):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(stores.home / "mlflow.db")) as database, database:
        yield database


def test_52_a_missing_alias_makes_no_first_deployment(at, stores, execute, unmoved):
    at("first approved")
    # The ledger has none: that alone makes it the first.
    (check,) = [each for each in newest(stores, "evaluate").evidence["checks"] if each["code"] == "SL-G005"]
    assert (check["verdict"], check["message"]) == (
        "passed",
        "no champion to compare with: this would be the first release",
    )

    at("first scored")
    stores.mlflow().delete_registered_model_alias("small", "champion")
    assert alias_fault(tracking(stores), head(stores)) == (
        "MLflow's alias 'champion' of 'small' points to no version, the head to version 1; any release or rollback "
        "mends it"
    )
    write_spec(
        stores.project, **PILOT | {"train": "{estimator: sklearn.linear_model.Ridge, params: {alpha: 100000.0}}"}
    )
    write_days(stores.project, 40)
    with unmoved():
        take(execute, *STEPS[:3], **RUN_2)
        # Said by halves is not said.
        for number, said in enumerate(({}, {"first_release": "true"}, {"first_release": 1}), start=1):
            with pytest.raises(GateFailed, match=r"of the champion \(version 1\): worse by"):
                execute(EvaluateOperator, params=said, try_number=number, **RUN_2)
        with pytest.raises(GateFailed) as said_so:
            execute(EvaluateOperator, params={"first_release": True}, **RUN_2)
    assert "of the champion" not in str(said_so.value)
    assert "first_release = true: the champion (version 1) is not compared with" in str(newest(stores, "evaluate"))

    at("second approved")
    stores.mlflow().delete_registered_model_alias("small", "champion")
    execute(ReleaseOperator, **RUN_2)
    assert head(stores).champion.version == 2
    assert alias_fault(tracking(stores), head(stores)) == ""


def test_53_what_was_deleted_in_mlflow_is_named(at, stores, execute, unmoved):
    # The candidate's run, its model, or both for good.
    at("second approved")
    run, model = trained(stores)["mlflow_run"], trained(stores)["model"]["id"]
    for delete, sentence in (
        (
            lambda: stores.mlflow().delete_run(run),
            rf"MLflow's run '{run}' was deleted; restore it \(mlflow runs restore",
        ),
        (
            lambda: stores.mlflow().delete_logged_model(model),
            f"MLflow no longer has the model '{model}': it was deleted; train again",
        ),
    ):
        at("second approved")
        delete()
        with unmoved():
            with pytest.raises(GateFailed, match=f"release errored: {sentence}"):
                execute(ReleaseOperator, **RUN_2)
            with pytest.raises(GateFailed, match=f"validate (errored|failed): {sentence}"):
                execute(ModelValidationOperator, try_number=2, **RUN_2)
        assert len(stores.mlflow().search_model_versions("name = 'small'")) == 1

    # Its registered version, by somebody, after a first try registered it and died: it is registered anew.
    at("second approved")
    client = stores.mlflow()
    client.create_model_version("small", f"models:/{model}", run_id=run, model_id=model)
    client.delete_model_version("small", "2")
    execute(ReleaseOperator, **RUN_2)
    assert head(stores).champion.version == 3

    # The champion's own version: what is in use goes on, and says so.
    client.delete_model_version("small", "3")
    with unmoved():
        assert alias_fault(tracking(stores), head(stores)) == (
            "version 3 of 'small', the champion, was deleted in MLflow; the file kept by digest still scores, and the "
            "ledger still knows it: release a new model, no alias can name this one"
        )
    assert score(execute, "score-2")["verdict"] in ("passed", "warned")
    assert {row["model_version"] for row in predictions(stores)["score-2"]} == {3}
    execute(RollbackOperator(task_id="back", pipeline="small"), run_id="oops")
    assert head(stores).champion.version == 1
    assert alias_fault(tracking(stores), head(stores)) == ""


def test_54_a_version_that_is_ready_without_its_files_is_refused(at, stores, execute, unmoved):
    at("second approved")
    model = trained(stores)["model"]
    made = stores.mlflow().create_model_version(
        "small", f"models:/{model['id']}", run_id=trained(stores)["mlflow_run"], model_id=model["id"]
    )
    shutil.rmtree(model_file(stores).parent)
    assert str(version_of(stores, made.version).status) == "READY"
    missing = rf"'{re.escape(model['uri'])}' is not in MLflow: .*; train again"
    with unmoved():
        with pytest.raises(GateFailed, match=f"release errored: {missing}"):
            execute(ReleaseOperator, **RUN_2)
        with pytest.raises(GateFailed, match=f"validate failed: {missing}"):
            execute(ModelValidationOperator, try_number=2, **RUN_2)
        assert [each["name"] for each in newest(stores, "validate").evidence["checks"]] == ["artifact"]
        with pytest.raises(GateFailed, match="release errored: step 'validate' ended failed"):
            execute(ReleaseOperator, try_number=3, **RUN_2)


def test_59_a_full_disk_leaves_what_was_there(at, stores, execute, unmoved, monkeypatch):
    at("second approved")
    champion, room = head(stores).champion, stores.home / "tables/small"
    there = {path.name for path in (room / "models").iterdir()}

    def full(descriptor):
        if str(room) in str(Path(f"/proc/self/fd/{descriptor}").resolve()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk, unmoved():
        disk.setattr(os, "fsync", full)
        with pytest.raises(
            GateFailed,
            match=r"release errored: the model sha256:\w+ cannot be kept in .*No space left on device.*full\?",
        ):
            execute(ReleaseOperator, **RUN_2)
        with pytest.raises(GateFailed, match=r"score errored: predictions cannot be .*No space left on device.*full\?"):
            score(execute)
        with pytest.raises(GateFailed, match=r"score errored: predictions cannot be .*No space left on device.*full\?"):
            score(execute, "score-2")
        assert kept_file(stores, champion).exists()
        assert {path.name for path in (room / "models").iterdir()} == there

    # With room again, the same run goes on.
    execute(ReleaseOperator, try_number=2, **RUN_2)
    score(execute, "score-2")
    assert {row["model_version"] for row in predictions(stores)["score-2"]} == {2}


def test_60_an_old_run_that_is_cleared_is_superseded(at, stores, execute, unmoved):
    at("second approved")
    execute(ReleaseOperator, **RUN_2)
    # Cleared: the same run, on what the source holds by now, with another try of everything.
    write_days(stores.project, 50)
    with unmoved():
        take(execute, *STEPS, try_number=2)
        approve(execute, try_number=2)
        with pytest.raises(
            AirflowSkipException, match=r"version 3 of 'small' is superseded by version 2 \(record #\d+\): this run"
        ):
            execute(ReleaseOperator, try_number=2)
    assert newest(stores, "release").verdict == "inconclusive"
