"""The command `python -m stageline.standalone demo|up|run|status|stageline|down`, which the Makefile calls."""

import signal
import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from stageline.exceptions import StagelineError
from stageline.standalone import production_story, story, way_up
from stageline.standalone.airflow_api import AirflowApi
from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home
from stageline.standalone.lifecycle import start, status, stop
from stageline.standalone.narrator import Narrator, stageline
from stageline.standalone.runs import failure_logs, follow, trigger

DEMO_DAGS = ("hourly_demand", "hourly_demand_incidents", "breast_cancer")

_RUN_SECONDS = 1200.0
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    home = Home.of(options.project, options.home)
    # `kill` and a closed terminal undo a start just as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return int(options.action(options, home, console))
    except StagelineError as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        left = "`make down` ends what still runs." if home.state.exists() else "Nothing is left running."
        console.print(f"Interrupted. {left}")
        return _INTERRUPTED


def _up(options: Namespace, home: Home, console: Console) -> int:
    running = start(options.project, home, say=console.print)
    console.print(f"  Airflow: {running.airflow_url}\n  MLflow:  {running.mlflow_url}\n`make down` stops them.")
    return 0


def _down(_: Namespace, home: Home, console: Console) -> int:
    stopped = stop(home, say=console.print)
    console.print("Stopped; no process is left." if stopped else "Nothing is running.")
    return 0


def _status(_: Namespace, home: Home, console: Console) -> int:
    found = status(home)
    if found.running is None:
        console.print("Nothing is running.")
        return 1
    for service in found.running.services:
        state = "[red]gone[/]" if service.name in found.gone else "[green]runs[/]"
        console.print(f"  {service.name:14} {service.pid:>8}  {state}")
    if not found.running.ready:
        console.print("The start was cut short.")
    console.print(f"  Airflow: {found.running.airflow_url}\n  MLflow:  {found.running.mlflow_url}")
    sockets = ", ".join(f"{ip}:{port}" for ip, port in found.listening)
    console.print(f"  listening on {sockets or 'nothing'}", soft_wrap=True)
    if not found.complete:
        console.print("`make down` ends what is left.")
    return 0 if found.complete else 1


def _demo(options: Namespace, home: Home, console: Console) -> int:
    with _narrated(options, home, console) as narrator:
        good = _runs_of(narrator, DEMO_DAGS)
        good = story.tell(narrator) and good
        good = production_story.tell(narrator) and good
        good = way_up.tell(narrator) and good
    return 0 if good else 1


def _run(options: Namespace, home: Home, console: Console) -> int:
    with _narrated(options, home, console) as narrator:
        return 0 if _runs_of(narrator, options.dag) else 1


def _stageline(options: Namespace, home: Home, _: Console) -> int:
    running = status(home).running
    if running is None:
        raise StandaloneError("nothing is running: `make demo` or `make up` starts it")
    return stageline(running, home, options.arguments)


@contextmanager
def _narrated(options: Namespace, home: Home, console: Console) -> Iterator[Narrator]:
    running = start(options.project, home, say=console.print)

    def watch() -> None:
        gone = status(home).gone
        if gone:
            raise StandaloneError(f"{', '.join(gone)} has gone; its log is in {str(home.logs)!r}")

    with AirflowApi.connect(running.airflow_url) as api:
        yield Narrator(api, running, home, console, watch, options.seconds)
    console.print("\n`make down` stops Airflow and MLflow.")


def _runs_of(narrator: Narrator, dag_ids: Sequence[str]) -> bool:
    runs = trigger(narrator.api, dag_ids, watch=narrator.watch)
    ended = follow(narrator.api, runs, say=narrator.console.print, watch=narrator.watch, seconds=narrator.seconds)
    for run in runs:
        narrator.show(run)
        for task, log in failure_logs(narrator.api, run).items():
            narrator.console.print(f"[red]{escape(run.dag_id)}  {escape(task)} failed; the end of its log:[/]")
            narrator.console.print(log, markup=False, soft_wrap=True)
    return all(state == "success" for state in ended.values())


def _parser() -> ArgumentParser:
    folders = ArgumentParser(add_help=False)
    folders.add_argument("--project", type=Path, default=Path(), help="folder with dags/ and plugins/ (default: here)")
    folders.add_argument("--home", type=Path, help="folder for all state (default: PROJECT/.demo)")
    parser = ArgumentParser(prog="python -m stageline.standalone", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="demo|up|run|status|stageline|down")
    for name, action, what in (
        ("up", _up, "start Airflow and MLflow on 127.0.0.1"),
        ("demo", _demo, "start both, run the demo's pipelines, show their verdicts"),
        ("run", _run, "start both, run DAGs, show their verdicts"),
        ("stageline", _stageline, "run the command `stageline` on what was started here"),
        ("status", _status, "say what runs; exit code 1 unless everything does"),
        ("down", _down, "stop everything that was started"),
    ):
        added = actions.add_parser(name, parents=[folders], help=what, description=what)
        added.set_defaults(action=action)
        if name == "run":
            added.add_argument("--dag", action="append", required=True, help="DAG to run; may be repeated")
        if name in ("demo", "run"):
            added.add_argument("--seconds", type=float, default=_RUN_SECONDS, help="how long the runs may take")
        if name == "stageline":
            added.add_argument("arguments", nargs=REMAINDER, help="e.g. history hourly_demand_pilot")
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
