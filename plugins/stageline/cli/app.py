"""The command `stageline` and its options."""

from typing import Annotated

import typer

from stageline import __version__
from stageline.cli import costs, pipelines, quality, readiness, releases
from stageline.cli.alerts import alerts
from stageline.cli.history import history
from stageline.cli.monitoring import monitor
from stageline.cli.project import console
from stageline.cli.quarantine import quarantine
from stageline.cli.rollout import rollout
from stageline.cli.serve import serve

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Staged ML pipelines on Apache Airflow: one YAML file per pipeline.",
)  # fmt: skip


def _show_version(value: bool) -> None:
    if value:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Staged ML pipelines on Apache Airflow: one YAML file per pipeline."""


for _command in (
    pipelines.init, pipelines.validate, pipelines.plan, pipelines.run, history, quarantine,
    rollout, releases.rollback, releases.verify, monitor, alerts, serve,
    readiness.readiness, readiness.attest, readiness.graduate, readiness.demote, readiness.card,
):  # fmt: skip
    app.command()(_command)
app.add_typer(quality.app, name="quality")
app.add_typer(costs.app, name="costs")
