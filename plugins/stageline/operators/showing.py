"""How a step's conclusion reads in the task's log and in MLflow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stageline.verdicts import Mode, Report, shown_verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

# MLflow cuts a description at 8,000 characters; five steps of this length fit.
_CELL = 1_000
_TAG = 5_000


def describe(report: Report) -> list[str]:
    """Return the report as lines for a log: the conclusion, then each check."""
    note = " (dry run: the pipeline goes on)" if report.mode is Mode.DRY_RUN and not report.verdict.advances else ""
    lines = [f"{report.step} {report.verdict}{note}: {report.sentence}"]
    lines += [f"  {check.code} {check.verdict:<12} {check.severity:<8} {check.message}" for check in report.checks]
    return lines


def newest_steps(run: "RunContext") -> "Mapping[str, Record]":
    """Return the newest record of each step that the DAG run has taken so far, in their order."""
    records = run.ledger.records(run.name, dag_id=run.dag_id, run_id=run.run_id, newest_first=False)
    return {record.step: record for record in records}


def summary(steps: "Mapping[str, Record]") -> str:
    """Return a run's steps as a Markdown table."""
    return "\n".join(["| step | verdict | why |", "|---|---|---|", *map(_row, steps.values())])


def tags(steps: "Mapping[str, Record]") -> dict[str, str]:
    """Return an MLflow tag for each step: its verdict and why."""
    return {f"stageline.{step}": f"{record.verdict}: {record.sentence}"[:_TAG] for step, record in steps.items()}


def _row(record: "Record") -> str:
    return f"| {record.step} | **{shown_verdict(record.verdict, record.mode)}** | {_cell(record.sentence)} |"


def _cell(text: str) -> str:
    short = text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"
    return short.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
