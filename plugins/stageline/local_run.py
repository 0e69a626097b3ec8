"""One run of a pipeline's DAG in this process: Airflow's own runner, its log in a file, progress on the screen."""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from rich.console import Console
from rich.markup import escape

from stageline.exceptions import LedgerError, Refusal, StageError

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record
    from stageline.settings import Settings

_BUNDLE = "dags-folder"
COLOURS = {
    "passed": "green",
    "warned": "yellow",
    "failed": "red",
    "errored": "red",
    "inconclusive": "magenta",
}
_LOOK_EVERY_SECONDS = 0.2
_SHOWN_LOG_LINES = 25
# The last line of a traceback.
_ERROR = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception): .*$", re.MULTILINE)


@dataclass(frozen=True)
class _Watched:
    """The DAG run whose steps are shown as they end."""

    ledger: "Ledger"
    dag_id: str
    run_id: str
    steps: list[str]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    :param sentence: The newest step's conclusion.
    :param places: Where to look further, by label.
    """

    succeeded: bool
    sentence: str
    places: Mapping[str, str]


def prepare_environment(pipelines: Path, *, logging_level: str = "WARNING") -> None:
    """Point Airflow at the project before it is imported: its home is `.airflow` there unless one is set.

    :param pipelines: The project's folder `config/pipelines`.
    :param logging_level: How much Airflow says.
    """
    project = pipelines.parent.parent
    for name, value in {
        "AIRFLOW_HOME": str(project / ".airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": logging_level,
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
    }.items():
        os.environ.setdefault(name, value)
    # The project that was asked for, whatever the deployment's own is.
    os.environ["AIRFLOW__STAGELINE__PIPELINES_FOLDER"] = str(pipelines)


def run_pipeline(name: str, pipelines: Path, console: Console) -> Outcome:
    """Run the pipeline's DAG with `dag.test()`, in a new DAG run.

    :param pipelines: The project's folder `config/pipelines`.
    :param console: Where progress is shown.
    :raises StagelineError: The spec is broken, or the stage has more DAGs than one.
    """
    from stageline.spec import load_pipeline

    spec = load_pipeline(name, pipelines).spec
    moment = datetime.now(UTC)
    # The name that Airflow's runner gives to a manual run of that moment.
    run_id = f"manual__{moment.isoformat()}"
    log = Path(os.environ["AIRFLOW_HOME"]) / "logs" / f"{name}-{moment:%Y%m%dT%H%M%S}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with _terminal(console) as screen, screen.status("starting Airflow …"), _output_to(log):
        from stageline.ledger import Ledger
        from stageline.operators.configuration import load_settings
        from stageline.templates import build_dags

        _prepare_database()
        dags = build_dags(spec)
        if len(dags) != 1:
            ids = ", ".join(dag.dag_id for dag in dags)
            raise StageError(
                f"stage {spec.stage.value!r} has {len(dags)} DAGs ({ids}), and one of them asks a person; run them in "
                "Airflow: python -m stageline.standalone up"
            )
        dag = dags[0]
        _register(dag)
        settings = load_settings()
        ledger = Ledger.open(settings.ledger_url)
    steps = [task.step for task in dag.topological_sort() if hasattr(task, "step")]
    with ledger, _progress(_Watched(ledger, dag.dag_id, run_id, steps), console), _output_to(log):
        state = str(dag.test(run_after=moment, logical_date=moment).state)
        record = ledger.newest(name, dag_id=dag.dag_id, run_id=run_id)
    return _outcome(settings, record, log, succeeded=state == "success")


def _prepare_database() -> None:
    from airflow import settings
    from airflow.utils.db import check_migrations, initdb
    from sqlalchemy import inspect

    if inspect(settings.engine).has_table("alembic_version"):
        try:
            check_migrations(1)
        except TimeoutError as error:
            # It may be a deployment's own: a run on the side must not change it.
            raise Refusal(
                f"Airflow's database {settings.engine.url!r} was made by another version of Airflow; "
                "run `airflow db migrate`, or unset AIRFLOW_HOME"
            ) from error
    initdb()


def _register(dag: Any) -> None:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    bag = DagBag(dag_folder=os.devnull)
    bag.bag_dag(dag)
    with create_session() as session:
        session.merge(DagBundleModel(name=_BUNDLE))
    sync_bag_to_db(bag, _BUNDLE, None)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send what this process and its children print to a file; Airflow's log is far too long to watch."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, original in enumerate(kept, start=1):
                os.dup2(original, number)
                os.close(original)


@contextmanager
def _terminal(console: Console) -> Iterator[Console]:
    """Give a console that goes on showing while this process's output is sent to a file."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as terminal:
        yield Console(
            file=terminal, highlight=False, soft_wrap=True, force_terminal=console.is_terminal, width=console.width
        )


@contextmanager
def _progress(watched: _Watched, console: Console) -> Iterator[None]:
    """Print each step's verdict as its record appears in the ledger."""
    with _terminal(console) as screen:
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(watched, screen, done), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def _watch(watched: _Watched, screen: Console, done: threading.Event) -> None:
    seen, began = 0, time.monotonic()
    with screen.status("") as status:
        while True:
            ended = done.wait(_LOOK_EVERY_SECONDS)
            try:
                records = watched.ledger.records(dag_id=watched.dag_id, run_id=watched.run_id, newest_first=False)
            except LedgerError:
                records = []  # busy; looked at again in a moment
            for record in records[seen:]:
                screen.print(_line(record, time.monotonic() - began))
                began = time.monotonic()
            seen = max(seen, len(records))
            if ended:
                return
            status.update(f"{watched.steps[min(seen, len(watched.steps) - 1)]} …")


def _line(record: "Record", seconds: float) -> str:
    colour, verdict = COLOURS[record.verdict], str(record.verdict)
    return f"{record.step:<9} [{colour}]{verdict:<12}[/] {seconds:5.1f} s  {escape(record.sentence)}"


def _outcome(settings: "Settings", record: "Record | None", log: Path, *, succeeded: bool) -> Outcome:
    places = {"log": str(log)}
    if record is not None and record.step == "report":
        places = {**_pages(settings, record), **places}
    if record is not None and (succeeded or _stopped(record)):
        return Outcome(succeeded, record.sentence, places)
    where = f"after the record of step {record.step!r}" if record is not None else "before any step left a record"
    text = log.read_text("utf-8", errors="replace")
    reason = _ERROR.findall(text)[-1:] or ["the log ends:", *text.splitlines()[-_SHOWN_LOG_LINES:]]
    return Outcome(False, "\n".join((f"the run failed {where}:", *reason)), places)


def _stopped(record: "Record") -> bool:
    """Return whether it was this record's verdict that ended the run."""
    return record.verdict == "errored" or (record.mode == "enabled" and not record.verdict.advances)


def _pages(settings: "Settings", record: "Record") -> dict[str, str]:
    from stageline.tracking import Tracking

    tracking = Tracking(settings.tracking_uri, ui=settings.tracking_ui)
    mlflow_run = record.evidence["evidence"]["mlflow_run"]
    places = {"report": _plain(f"{tracking.artifact_uri(mlflow_run)}/{record.evidence['evidence']['page']}")}
    if settings.tracking_ui is None:
        places["mlflow"] = f"mlflow server --backend-store-uri {settings.tracking_uri} --host 127.0.0.1"
    else:
        places["mlflow"] = tracking.run_url(mlflow_run, tracking.experiment_of(mlflow_run)) or ""
    return places


def _plain(uri: str) -> str:
    parsed = urlparse(uri)
    return unquote(parsed.path) if parsed.scheme in ("", "file") else uri
