"""What a person sees when the runs have ended: verdicts, the conclusion, addresses to open."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urljoin

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stageline.ledger import Ledger, Record
from stageline.ledger.head import ALL_MOVES
from stageline.local_run import COLOURS
from stageline.operators.incident_log import INCIDENT, NOTIFIED
from stageline.operators.release_evidence import REQUEST
from stageline.standalone.airflow_api import AirflowApi, DagRun
from stageline.standalone.health import local_client
from stageline.standalone.home import Home
from stageline.standalone.state import Running
from stageline.verdicts import shown_verdict

_CONCLUSION = "report"


def records_of(run: DagRun, home: Home) -> list[Record]:
    """Return what a run wrote into the local ledger, oldest first; nothing when there is no ledger."""
    if not home.ledger.exists():
        return []
    with Ledger.open(f"sqlite:///{home.ledger}") as ledger:
        return ledger.records(dag_id=run.dag_id, run_id=run.run_id, newest_first=False)


def show_run(console: Console, run: DagRun, records: Sequence[Record]) -> None:
    """Print the verdicts of one run as a table, and the report's conclusion below."""
    if not records:
        console.print(f"{escape(run.dag_id)} recorded no verdicts.")
        return
    table = Table(title=escape(run.dag_id), title_justify="left", title_style="bold")
    table.add_column("step", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("sentence")
    for record in records:
        # Beside these kinds there is a step's record; the report's is the conclusion below.
        if record.kind in (REQUEST, INCIDENT, NOTIFIED, *ALL_MOVES) or record.step == _CONCLUSION:
            continue
        shown = shown_verdict(record.verdict, record.mode)
        table.add_row(escape(record.step), f"[{COLOURS[record.verdict]}]{shown}[/]", escape(record.sentence))
    console.print(table)
    conclusion = next((record for record in reversed(records) if record.step == _CONCLUSION), None)
    if conclusion is not None:
        console.print(f"[bold]{escape(conclusion.sentence)}[/]")


def show_addresses(console: Console, api: AirflowApi, running: Running, run: DagRun, records: Sequence[Record]) -> None:
    """Print where to look at a run: in Airflow, in MLflow, and what its tasks link to."""
    for name, url in _addresses(api, running, run, records):
        # Never folded: a terminal opens only a whole address.
        console.print(f"  {escape(name)}: {url}", soft_wrap=True, highlight=False, markup=False)


def _addresses(api: AirflowApi, running: Running, run: DagRun, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    yield "Airflow", f"{running.airflow_url}/dags/{quote(run.dag_id)}/runs/{quote(run.run_id)}"
    for pipeline in dict.fromkeys(record.pipeline for record in records):
        experiment = _experiment(running.mlflow_url, pipeline)
        if experiment is not None:
            yield "MLflow", f"{running.mlflow_url}/#/experiments/{experiment}"
    links: dict[str, str] = {}
    for task_id in dict.fromkeys(record.task_id for record in records):
        links |= api.links(run, task_id)
    for name, url in links.items():
        yield name, urljoin(f"{running.airflow_url}/", url)


def _experiment(url: str, name: str) -> str | None:
    with local_client(base_url=url) as client:
        answer = client.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": name})
    return str(answer.json()["experiment"]["experiment_id"]) if answer.is_success else None
