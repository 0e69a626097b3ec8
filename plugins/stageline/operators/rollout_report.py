"""The page of a rollout, and its numbers look by look, in the MLflow run that trained its candidate."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from stageline.exceptions import StagelineError, TrackingError
from stageline.operators.rollout_report_content import KINDS, checks_of, models_of, rollout_content
from stageline.tracking.reaching import bound_calls

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from stageline.ledger import Record
    from stageline.operators.rollout_story import RolloutStory
    from stageline.operators.run_context import RunContext
    from stageline.spec.rollout import Rollout
    from stageline.tracking import Tracking

PAGE = "rollout/index.html"
_PERCENT = "rollout/percent"
# By what a check is about: the metric of what is held against the limit, and how those of both models begin.
_METRICS: Mapping[str, tuple[str, str]] = {
    "error_rate": ("error_rate_increase", "error_rate"),
    "error_rate_own": ("error_rate_own", ""),
    "latency": ("latency_increase", "latency_ms"),
    "latency_own": ("latency_over_max", ""),
    "predictions": ("predictions_distance", "predictions"),
    "kpi": ("kpi_loss", "loss"),
}
# MLflow takes at most 1,000 metrics at once.
_AT_ONCE = 1_000
# What bounds the calls to MLflow, and how many seconds one may take while a look waits to be acted on.
_BOUNDS, _PATIENCE = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"), 5
_log = logging.getLogger(__name__)


def show_rollout(run: "RunContext", story: "RolloutStory") -> None:
    """Log the page of a rollout and the numbers of its looks; done twice, it adds nothing.

    It never fails: that a rollout is not shown must not leave its canary unwatched. What was not logged, for MLflow
    was away, is logged with the next look; before the end, MLflow is given little time, as a look has to be acted on.
    """
    try:
        with nullcontext() if story.end is not None else _hurrying():
            _log_looks(run.tracking, story)
            _log_page(run, story)
    except StagelineError as error:
        _log.warning("the rollout goes on, but MLflow does not show it yet: %s", error)
    except Exception:  # noqa: BLE001 - a task that failed here would leave its canary unwatched
        _log.exception("the rollout goes on, but its page could not be made")


def rollout_url(run: "RunContext", story: "RolloutStory") -> str | None:
    """Return where people open the page; none without a server, or while MLflow is away."""
    with _hurrying():
        return run_links(run.tracking, [story.candidate.mlflow_run], PAGE).get(story.candidate.mlflow_run)


def run_links(tracking: "Tracking", runs: Iterable[str], artifact: str | None = None) -> dict[str, str]:
    """Return where people open MLflow runs, or an artifact of each; one that MLflow does not give is left out."""
    found: dict[str, str] = {}
    for each in runs:
        # Without an address at which people open MLflow, it is not asked for anything.
        if tracking.run_url(each, "") is None:
            break
        with suppress(TrackingError):
            url = tracking.run_url(each, tracking.experiment_of(each), artifact)
            found |= {each: url} if url else {}
    return found


def planned(run: "RunContext") -> "Rollout | None":
    """Return the spec's plan, where it has one."""
    release = run.spec.release if run.loaded else None
    return release.rollout if release else None


@contextmanager
def _hurrying() -> Iterator[None]:
    """Ask MLflow once, and wait for a few seconds, until the end of the block."""
    before = {name: os.environ.get(name) for name in _BOUNDS}
    bound_calls(retries=0, seconds=_PATIENCE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _log_page(run: "RunContext", story: "RolloutStory") -> None:
    from stageline.reporting.rollout_page import render_rollout_page

    models = models_of(run.ledger, run.name, story)
    content = rollout_content(
        run.ledger, run.name, story,
        plan=planned(run),
        run_links=run_links(run.tracking, [model.mlflow_run for model in models if model is not None]),
        links={"Airflow run": run.airflow_url} if run.airflow_url else {},
    )  # fmt: skip
    page = render_rollout_page(content)
    # By the client, not as the active run: a run that is closed stays closed.
    with run.tracking.reach() as client:
        client.log_text(story.candidate.mlflow_run, page, PAGE)


def _log_looks(tracking: "Tracking", story: "RolloutStory") -> None:
    """Log the looks that are not there yet, a step each."""
    from mlflow.entities import Metric

    mlflow_run = story.candidate.mlflow_run
    with tracking.reach() as client:
        known = _known(client, mlflow_run)
        metrics = [
            Metric(name, value, at, number)
            for number, look in enumerate(story.looks, start=1)
            if (at := _milliseconds(look)) not in known
            for name, value in look_metrics(look).items()
        ]
        for some in _slices(metrics):
            client.log_batch(mlflow_run, metrics=some)


def look_metrics(look: "Record") -> dict[str, float]:
    """Return the numbers of a look by their names in MLflow; what is not known is left out."""
    numbers: dict[str, Any] = {}
    for check in checks_of(look):
        if check.code not in KINDS:
            continue
        held, arms = _METRICS[KINDS[check.code]]
        numbers[held] = check.value
        if arms:
            numbers |= {f"{arms}_{arm}": check.details.get(arm) for arm in ("canary", "champion")}
    tested = look.evidence.get("ab_test") or {}
    numbers["ab_test_effect"] = (tested.get("effect") or {}).get("value")
    found = {
        f"rollout/{name}": float(value)
        for name, value in numbers.items()
        if isinstance(value, int | float) and isfinite(value)
    }
    # The last of them: where it is, the others are, too.
    return {**found, _PERCENT: float(look.evidence["percent"])}


def _known(client: "MlflowClient", mlflow_run: str) -> set[int]:
    """Return the times of the looks that were logged, in milliseconds since 1970."""
    return {metric.timestamp for metric in client.get_metric_history(mlflow_run, _PERCENT)}


def _milliseconds(look: "Record") -> int:
    return int(datetime.fromisoformat(look.evidence["at"]).timestamp() * 1_000)


def _slices(metrics: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (metrics[start : start + _AT_ONCE] for start in range(0, len(metrics), _AT_ONCE))
